// Package quarantine keeps the records of files that hosts have put in
// quarantine: it takes reports in, finds and counts records, releases,
// unreleases and deletes them, and hands the hosts what they are to do.
//
// The words: a report tells of a file that a host took; a record is what is
// known of one file of one host; a change is one call that altered records; an
// event is that change in one record's history; a host action is what the host
// is asked to do about it. Record, history, host action and audit row share one
// transaction. A record's bytes are a sample that the record holds.
//
// Names and paths are evidence: text that is kept and compared, and never part
// of a file's path here.
package quarantine

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"log/slog"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

// Deps are what a Service stands on. DB, Samples, Hosts and Keys must be set.
type Deps struct {
	DB      *store.DB
	Samples *sample.Service
	Hosts   *host.Service
	Keys    *blob.Keyring
	Log     *slog.Logger     // default: discards
	Now     func() time.Time // default: DB.Now
	// Window bounds offset+limit of a query; 0: no bound.
	Window int
	// UnknownField is what a filter gets that names a field which records lack.
	UnknownField collection.UnknownField
	// Searchable is a customer's setting until he chooses.
	Searchable bool
	// MaxUpdate bounds the records that one update by query may change; default
	// 100,000.
	MaxUpdate int
}

// Bounds of a call.
const (
	maxIDs       = 5000 // of an update or a read
	maxText      = 4096 // bytes of a name or path
	maxComment   = 4096 // runes
	maxPaths     = 100  // of a record, and of a report
	maxBehaviors = 100
	maxLinks     = 100 // detect ids; alert ids
	maxImport    = 10_000
)

// A Service keeps the records of all customers. Its methods may be called from
// many goroutines; each sees the records of its actor's customer alone.
type Service struct {
	db         *store.DB
	samples    *sample.Service
	hosts      *host.Service
	records    *collection.Collection
	log        *slog.Logger
	now        func() time.Time
	searchable bool
	maxUpdate  int
	actionIDs  cipher.Block
	work       chan struct{} // wakes Run
}

// New makes the service.
func New(d Deps) (*Service, error) {
	s := &Service{
		db: d.DB, samples: d.Samples, hosts: d.Hosts, log: d.Log, now: d.Now, searchable: d.Searchable, maxUpdate: d.MaxUpdate,
		work: make(chan struct{}, 1),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = d.DB.Now
	}
	if s.maxUpdate <= 0 {
		s.maxUpdate = 100_000
	}
	key := d.Keys.Secret("host action ids")
	var err error
	if s.actionIDs, err = aes.NewCipher(key[:]); err != nil {
		return nil, fmt.Errorf("open quarantine: %w", err)
	}
	tokens := d.Keys.Secret("quarantine page tokens")
	s.records, err = collection.New(schema(d), collection.SQLite, collection.Options{TokenKey: tokens[:], Now: s.now})
	if err != nil {
		return nil, fmt.Errorf("open quarantine: %w", err)
	}
	return s, nil
}

// A Page is one page of a query. Next is the offset of the page that follows,
// After the token that leads there, empty when this is the last one.
type Page struct {
	IDs         []string
	Total       int
	Limit, Next int
	After       string
}

// An Update is what became of an update: how many records it changed, and which
// of the ids it was given are not known. Repeating an action changes nothing
// and is no error.
type Update struct {
	Affected int
	Known    int // of the ids
	Unknown  []string
}
