package ioc

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Known tells whether an observable is a custom IOC of the customer, active or
// not.
func (s *Service) Known(ctx context.Context, cid store.CID, o observable.Observable) (known bool, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM ioc WHERE cid = ? AND id = ? AND deleted = 0)`, string(cid), idOf(cid, o)).Scan(&known)
	})
	return known, outward.Error("look up an indicator", err)
}

// A Hit is an active indicator that a host has met.
type Hit struct {
	ID          string
	Action      string
	Severity    string // "": none was given
	Description string
	Tags        []string
}

// Hits tells which of some observables are active indicators at a time: they are
// to be detected or prevented, are not deleted, and have not expired.
func (s *Service) Hits(tx *store.Tx, cid store.CID, some []observable.Observable, at time.Time) (map[observable.Observable]Hit, error) {
	ids := make([]string, len(some))
	of := make(map[string]observable.Observable, len(some))
	for i, o := range some {
		ids[i] = idOf(cid, o)
		of[ids[i]] = o
	}
	known, err := load(tx, cid, `id IN `+store.Listed+` AND `+watched+` AND (expires IS NULL OR expires > ?)`, store.List(ids), at.UnixMicro())
	if err != nil {
		return nil, err
	}
	out := make(map[observable.Observable]Hit, len(known))
	for id, r := range known {
		out[of[id]] = Hit{ID: id, Action: r.action, Severity: r.severity, Description: r.text, Tags: r.tags}
	}
	return out, nil
}

// Candidates gives a quick test for observables that may be active indicators. It
// is in memory and selects too much rather than too little: it passes every
// indicator that was active by a commit before the call. Hits knows exactly.
func (s *Service) Candidates(ctx context.Context, cid store.CID) (func(observable.Observable) bool, error) {
	s.mu.Lock()
	w := s.watchers[cid]
	if w == nil {
		w = &watcher{}
		s.watchers[cid] = w
	}
	s.mu.Unlock()
	set, err := w.follow(ctx, s, cid)
	if err != nil {
		return nil, outward.Error("read active indicators", err)
	}
	return func(o observable.Observable) bool { return set.has(s.fingerprint(o)) }, nil
}

// fingerprint stands for an observable in memory.
func (s *Service) fingerprint(o observable.Observable) uint64 { return maphash.Comparable(s.seed, o) }

// A watcher keeps the fingerprints of a customer's active indicators. What it
// holds is a copy of the table up to a revision, and is brought up to date
// before every use: other nodes change the table, too.
type watcher struct {
	mu    sync.Mutex
	rev   int64 // the table's, up to which set is complete
	set   *set
	stale int // fingerprints in set of what is no longer active, about
}

// follow gives the set of all indicators that are active by now.
func (w *watcher) follow(ctx context.Context, s *Service, cid store.CID) (*set, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		var rev int64
		err := tx.QueryRow(`SELECT rev FROM ioc_customer WHERE cid = ?`, string(cid)).Scan(&rev)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		switch {
		case w.set == nil || w.stale > max(w.set.n/2, maxStale):
			err = w.readAll(tx, s, cid)
		case rev != w.rev:
			err = w.readNew(tx, s, cid)
		default:
			return nil
		}
		if err == nil {
			w.rev = rev
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read active indicators: %w", err)
	}
	return w.set, nil
}

// maxStale is how many fingerprints of no use are kept in any case.
const maxStale = 1000

// readAll begins anew.
func (w *watcher) readAll(tx *store.Tx, s *Service, cid store.CID) error {
	w.set, w.stale = newSet(0), 0
	err := tx.Each(func(rows *sql.Rows) error {
		o, err := scanObservable(rows)
		w.set = w.set.with(s.fingerprint(o))
		return err
	}, `SELECT type, value FROM ioc WHERE cid = ? AND `+watched+` AND (expires IS NULL OR expires > ?)`, string(cid), s.now().UnixMicro())
	if err != nil {
		w.set = nil
	}
	return err
}

// readNew adds what changed since. Of what is no longer active the fingerprints
// stay until there are too many of them.
func (w *watcher) readNew(tx *store.Tx, s *Service, cid store.CID) error {
	return tx.Each(func(rows *sql.Rows) error {
		var active bool
		o, err := scanObservable(rows, &active)
		if err != nil {
			return err
		}
		if active {
			w.set = w.set.with(s.fingerprint(o))
		} else {
			w.stale++
		}
		return nil
	}, `SELECT type, value, `+watched+` FROM ioc WHERE cid = ? AND rev > ?`, string(cid), w.rev)
}

func scanObservable(rows *sql.Rows, more ...any) (observable.Observable, error) {
	var typ, value string
	if err := rows.Scan(append([]any{&typ, &value}, more...)...); err != nil {
		return observable.Observable{}, err
	}
	return observable.Parse(typ, value)
}
