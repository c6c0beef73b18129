// Package intel keeps intelligence indicators: what feeds say of hashes,
// domains, addresses, URLs and other things, joined into one record for each.
// Each feed, and each event or object within it, has its own statement of an
// indicator; the record is what the statements say together, and is deleted
// when no feed stands for it any more.
//
// Whenever what answers show of a record changes, it gets a new marker, greater
// than all before it. So who has read all records up to a marker has only to ask
// for what comes after it. What is imported again and says the same changes
// nothing.
package intel

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

// Deps are what a Service stands on. DB and Keys must be set.
type Deps struct {
	DB   *store.DB
	Keys *blob.Keyring
	Log  *slog.Logger     // default: discards
	Now  func() time.Time // default: DB.Now
	Rand io.Reader        // of the names of imports; default: crypto/rand
	// Window bounds offset+limit of a query; 0: no bound.
	Window int
	// UnknownField is what a filter gets that names a field which indicators lack.
	UnknownField collection.UnknownField
}

// A Service keeps the intelligence indicators of all customers. Its methods may
// be called from many goroutines; each sees those of its customer alone.
type Service struct {
	db      *store.DB
	records *collection.Collection
	log     *slog.Logger
	now     func() time.Time
	rand    io.Reader
	turns   turns
}

// New makes the service.
func New(d Deps) (*Service, error) {
	s := &Service{db: d.DB, log: d.Log, now: d.Now, rand: d.Rand, turns: newTurns()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = d.DB.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	tokens := d.Keys.Secret("intel page tokens")
	var err error
	s.records, err = collection.New(schema(d), collection.SQLite, collection.Options{TokenKey: tokens[:], Now: s.now})
	if err != nil {
		return nil, fmt.Errorf("open intel indicators: %w", err)
	}
	return s, nil
}
