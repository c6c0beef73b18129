// Package host knows the hosts that have reported: it gives each an id and a
// number, takes in what telemetry and quarantine say of them, and finds and
// shows them as devices.
//
// The words: a report says that a host was there between two times, and perhaps
// some facts of it; a device is what all reports of a host add up to. Reports
// share the transaction of whatever they came with and are folded into the
// devices later, many at a time, and before anybody looks.
package host

import (
	"fmt"
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
	// Window bounds offset+limit of Query; 0: no bound.
	Window int
	// UnknownField is what a filter gets that names a field which devices lack.
	UnknownField collection.UnknownField
	// Pause is how long reports wait for others before Run folds them; default
	// 10 s.
	Pause time.Duration
}

// A Service knows the hosts of all customers. Its methods may be called from
// many goroutines.
type Service struct {
	db      *store.DB
	log     *slog.Logger
	pause   time.Duration
	window  int
	idKey   [32]byte
	devices *collection.Collection
	scroll  *collection.Collection // the same, with the bounds of a scroll
	facts   []fact
	numbers *cache[uint32]
	told    *cache[told]
	folding chan struct{} // holds a token while nobody folds
	work    chan struct{} // wakes Run
}

// New makes the service.
func New(d Deps) (*Service, error) {
	s := &Service{
		db: d.DB, log: d.Log, pause: d.Pause, window: d.Window,
		// Quarantine was the first to name hosts so, and ids must stay what they are.
		idKey: d.Keys.Secret("quarantine hosts"),
		facts: factTable(), numbers: newCache[uint32](maxNumbers), told: newCache[told](maxTold),
		folding: make(chan struct{}, 1), work: make(chan struct{}, 1),
	}
	s.folding <- struct{}{}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.pause == 0 {
		s.pause = 10 * time.Second
	}
	now := d.Now
	if now == nil {
		now = d.DB.Now
	}
	var err error
	tokens := d.Keys.Secret("device page tokens")
	if s.devices, err = collection.New(schema(d), collection.SQLite, collection.Options{TokenKey: tokens[:], Now: now}); err != nil {
		return nil, fmt.Errorf("open hosts: %w", err)
	}
	tokens = d.Keys.Secret("device scroll tokens")
	s.scroll, err = collection.New(scrollSchema(d), collection.SQLite, collection.Options{TokenKey: tokens[:], TokenLife: scrollLife, Now: now})
	if err != nil {
		return nil, fmt.Errorf("open hosts: %w", err)
	}
	return s, nil
}
