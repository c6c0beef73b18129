// Package sighting knows which hosts and processes have met which observable,
// when and how often: it takes telemetry in, rolls it up, and answers for
// every observable that was ever seen, not only for those that somebody
// registered.
//
// The words: a sighting is one observable of one event; a run is an immutable
// sorted file of one customer, named in the catalog, which is a table of the
// database; the shelf is what the catalog holds of one customer; a view is the
// shelf at one instant. One ingest call writes one run, and becomes true with
// one transaction: run, answer for repetitions, host reports and detections.
// Entries of the same key join in any order, so that runs are merged in the
// background in any order too.
package sighting

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/sstable"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
	"github.com/mewshq/mews/internal/vfs"
)

// A Registry knows which observables somebody has registered as indicators.
type Registry interface {
	Known(ctx context.Context, cid store.CID, o observable.Observable) (bool, error)
}

// A Watch looks for indicators in what comes in.
type Watch interface {
	// Candidates gives a quick test that may say yes too often and never misses
	// an indicator that was committed before.
	Candidates(ctx context.Context, cid store.CID) (func(observable.Observable) bool, error)
	// Record keeps those of the candidates that are real, in the transaction that
	// makes them known, and tells how many sightings of indicators they are.
	Record(tx *store.Tx, cid store.CID, seen []Seen) (matches int, err error)
}

// A Seen is what one call tells of one observable on one host.
type Seen struct {
	Observable  observable.Observable
	AID         string
	Process     uint64 // the last one that met it; 0: none was named
	First, Last int64  // unix microseconds
	Count       int64
	Kinds       telemetry.Kind
}

// Deps are what a Service stands on. DB, FS and Hosts must be set.
type Deps struct {
	DB        *store.DB
	FS        vfs.FS
	Hosts     *host.Service
	IOCs      Registry         // nil: nothing is registered
	Watch     Watch            // nil: nothing is looked for
	Log       *slog.Logger     // default: discards
	Now       func() time.Time // default: DB.Now
	Retention time.Duration    // how long after it was last met something is kept; 0: for ever
	Limits    Limits
}

// Limits bound what calls may take. Zero fields have their defaults.
type Limits struct {
	MaxLines  int           // of a call; default mews.MaxIngestLines
	MaxLine   int           // bytes of one line; default mews.MaxIngestLine
	Memory    int64         // bytes that all calls at work may hold; default 512 MiB
	Patience  time.Duration // how long a call waits for others and for merges; default 10 s
	FanIn     int           // runs of about one size that are merged; default 8
	Backlog   int           // runs that wait to be merged before calls do; default 48
	MaxRun    int64         // bytes beyond which runs are not merged into one; default 8 GiB
	Cache     int64         // bytes of decoded blocks in memory; default 64 MiB
	KeepCalls time.Duration // how long the repetition of a call is known; default 24 h
}

func (l Limits) orDefault() Limits {
	set := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
	}
	setSize := func(n *int64, v int64) {
		if *n <= 0 {
			*n = v
		}
	}
	setTime := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&l.MaxLines, mews.MaxIngestLines)
	set(&l.MaxLine, mews.MaxIngestLine)
	setSize(&l.Memory, 512<<20)
	setTime(&l.Patience, 10*time.Second)
	set(&l.FanIn, 8)
	set(&l.Backlog, 48)
	setSize(&l.MaxRun, 8<<30)
	setSize(&l.Cache, 64<<20)
	setTime(&l.KeepCalls, 24*time.Hour)
	return l
}

// A Service holds the sightings of all customers. Its methods may be called from
// many goroutines; each sees those of its actor's customer alone.
type Service struct {
	db        *store.DB
	fs        vfs.FS
	hosts     *host.Service
	iocs      Registry
	watch     Watch
	log       *slog.Logger
	now       func() time.Time
	retention time.Duration
	limits    Limits
	cache     *sstable.Cache
	budget    *budget
	lastID    atomic.Uint64 // of a run

	mu      sync.Mutex
	shelves map[store.CID][]*run
	changed chan struct{} // closed and made anew when a shelf changes
}

// Open loads the catalog and removes the files that it does not name. The caller
// must hold the folder's lock, and call Close at the end.
func Open(ctx context.Context, d Deps) (*Service, error) {
	s := &Service{
		db: d.DB, fs: d.FS, hosts: d.Hosts, iocs: d.IOCs, watch: d.Watch, log: d.Log, now: d.Now,
		retention: d.Retention, limits: d.Limits.orDefault(),
		shelves: map[store.CID][]*run{}, changed: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = d.DB.Now
	}
	s.cache = sstable.NewCache(s.limits.Cache)
	s.budget = newBudget(s.limits.Memory)
	if err := s.recover(ctx); err != nil {
		return nil, fmt.Errorf("open sightings: %w", err)
	}
	return s, nil
}

// Close closes the runs. Run and all calls must have returned.
func (s *Service) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, shelf := range s.shelves {
		for _, r := range shelf {
			errs = append(errs, r.close())
		}
	}
	clear(s.shelves)
	return errors.Join(errs...)
}

// cutoff is the time before which what was last seen has expired.
func (s *Service) cutoff() int64 {
	if s.retention <= 0 {
		return 0
	}
	return s.now().Add(-s.retention).UnixMicro()
}
