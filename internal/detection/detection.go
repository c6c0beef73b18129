// Package detection keeps which hosts have met custom IOCs while these were to
// be detected or prevented: one record for each IOC and host, in which what
// hosts tell later is added up. It is told by the room that takes telemetry in,
// inside the transaction that makes a batch known, so that a batch and its
// detections appear together; and it hands what is new to a webhook.
package detection

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
)

// Deps are what a Service stands on. DB, IOCs, Hosts and Keys must be set.
type Deps struct {
	DB    *store.DB
	IOCs  *ioc.Service
	Hosts *host.Service
	Keys  *blob.Keyring
	Log   *slog.Logger     // default: discards
	Now   func() time.Time // default: DB.Now
	// Window bounds offset+limit of a query; 0: no bound.
	Window int
	// UnknownField is what a filter gets that names a field which detections lack.
	UnknownField collection.UnknownField
	// Tell has new detections wait for a webhook.
	Tell bool
	// Repeat has a detection that goes on wait again after this time; 0: never.
	Repeat time.Duration
}

// A Service keeps the detections of all customers. Its methods may be called
// from many goroutines; each sees those of its customer alone.
type Service struct {
	db         *store.DB
	iocs       *ioc.Service
	hosts      *host.Service
	detections *collection.Collection
	log        *slog.Logger
	now        func() time.Time
	tell       bool
	repeat     time.Duration
	waiting    chan struct{}
}

// New makes the service.
func New(d Deps) (*Service, error) {
	s := &Service{
		db: d.DB, iocs: d.IOCs, hosts: d.Hosts, log: d.Log, now: d.Now, tell: d.Tell, repeat: d.Repeat,
		waiting: make(chan struct{}, 1),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = d.DB.Now
	}
	tokens := d.Keys.Secret("detection page tokens")
	var err error
	s.detections, err = collection.New(schema(d), collection.SQLite, collection.Options{TokenKey: tokens[:], Now: s.now})
	if err != nil {
		return nil, fmt.Errorf("open detections: %w", err)
	}
	return s, nil
}

var _ sighting.Watch = (*Service)(nil)

// Candidates gives a quick test for observables that Record may find to be
// active IOCs. It may say yes too often and never misses one that was committed
// before.
func (s *Service) Candidates(ctx context.Context, cid store.CID) (func(observable.Observable) bool, error) {
	return s.iocs.Candidates(ctx, cid)
}
