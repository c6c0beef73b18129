// Package facts keeps what the engine's own modules say of samples (import hash,
// machine type, certificates, ...), so that a hunt looks it up instead of reading
// files. Facts are made in the background, newest samples first, by the same
// program that scans. A file whose facts are not known satisfies every question:
// facts make hunts cheaper, never narrower.
package facts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
)

// Deps are what a Service stands on. All but Log and Limits must be set.
type Deps struct {
	DB     *store.DB
	Search *search.Engine
	Yara   *yara.Engine
	Keys   *blob.Keyring
	Log    *slog.Logger // default: discards
	Limits Limits
}

// Limits say when the describer works. A zero field stands for its default.
type Limits struct {
	// Quiet is how long every file must have been indexed before files are
	// described. Default 10 s.
	Quiet time.Duration
	// MaxWait is how long the describer holds still while files keep coming;
	// then it describes some all the same. Default 5 min.
	MaxWait time.Duration
	// Retry is the pause before a file that failed is tried again. Default 1 h.
	Retry time.Duration
}

func (l Limits) orDefault() Limits {
	for field, value := range map[*time.Duration]time.Duration{&l.Quiet: 10 * time.Second, &l.MaxWait: 5 * time.Minute, &l.Retry: time.Hour} {
		if *field <= 0 {
			*field = value
		}
	}
	return l
}

// A Service answers what is known of files, and lets more become known while
// Run runs. Resolve may be called from many goroutines.
type Service struct {
	db     *store.DB
	search *search.Engine
	yara   *yara.Engine
	key    [32]byte
	log    *slog.Logger
	limits Limits

	resting atomic.Bool // there was nothing left to describe
}

// New makes the service.
func New(d Deps) *Service {
	s := &Service{db: d.DB, search: d.Search, yara: d.Yara, key: d.Keys.Secret("facts"), log: d.Log, limits: d.Limits.orDefault()}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s
}

// hash is what is stored of a fact. Two facts of the same hash are taken for one
// another, which can only add files to an answer.
func (s *Service) hash(cid store.CID, name, value string) int64 {
	h := hmac.New(sha256.New, s.key[:])
	h.Write([]byte(string(cid) + "\x00" + name + "\x00" + value))
	return int64(binary.BigEndian.Uint64(h.Sum(nil)))
}

// Status tells how far the describer is.
type Status struct {
	Version string // that the facts were made by; "" before the first
	Unknown int    // files of which nothing is known
	Failed  int    // of them, those that could not be described
	Resting bool   // the describer has nothing left to do
}

// Status counts files, so it takes a moment.
func (s *Service) Status(ctx context.Context) (Status, error) {
	st := Status{Resting: s.resting.Load()}
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if st.Version, err = version(tx); err != nil {
			return err
		}
		if st.Failed, err = countFailed(tx); err != nil {
			return err
		}
		for _, cid := range s.search.Customers() {
			known, err := knownRanges(tx, cid)
			if err != nil {
				return err
			}
			n, err := countFiles(tx, cid, known.complement())
			if err != nil {
				return err
			}
			st.Unknown += n
		}
		return nil
	})
	return st, err
}
