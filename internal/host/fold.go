package host

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// maxFold bounds the reports that are folded together, in bytes of their rows.
const maxFold = 8 << 20

// afterError is how long Run waits before it tries again.
const afterError = 30 * time.Second

// Run folds reports into devices until the context ends. It lets reports wait
// for more, so that a host which reports all the time costs little.
func (s *Service) Run(ctx context.Context) error {
	for {
		var again <-chan time.Time
		if err := s.CatchUp(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("reports of hosts are not folded; trying again later", "cause", err)
			again = time.After(afterError)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.work:
		case <-again:
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(s.pause):
		}
	}
}

// CatchUp folds all reports that were acknowledged before into devices.
func (s *Service) CatchUp(ctx context.Context) error {
	var cids []store.CID
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		cids, err = tx.CIDs(`SELECT DISTINCT cid FROM host_report`)
		return err
	})
	for _, cid := range cids {
		if err == nil {
			err = s.catchUp(ctx, cid)
		}
	}
	return outward.Error("fold reports of hosts", err)
}

// CatchUpOf is CatchUp for one customer: for rooms whose filters look at devices.
func (s *Service) CatchUpOf(ctx context.Context, cid store.CID) error {
	return outward.Error("fold reports of hosts", s.catchUp(ctx, cid))
}

// catchUp is CatchUp for one customer. Folding a report twice changes nothing,
// so that what a crash cuts off is simply done again.
func (s *Service) catchUp(ctx context.Context, cid store.CID) error {
	last, err := s.lastReport(ctx, cid)
	if err != nil || last == 0 {
		return err
	}
	select {
	case <-s.folding:
		defer func() { s.folding <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		b, err := s.gather(ctx, cid, last)
		if err != nil || len(b.rows) == 0 {
			return err
		}
		if err := s.settle(ctx, cid, b); err != nil {
			return err
		}
	}
}

// lastReport is the number of the youngest row of reports, 0 when all are folded.
func (s *Service) lastReport(ctx context.Context, cid store.CID) (last int64, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT coalesce(max(seq), 0) FROM host_report WHERE cid = ?`, string(cid)).Scan(&last)
	})
	return last, err
}

// A batch is what some rows of reports say, host by host.
type batch struct {
	rows  []int64
	hosts map[string]*sum
}

// A sum is what several reports of one host add up to.
type sum struct {
	first, last int64
	known       statements // nil: nothing
}

// gather reads the oldest rows up to last, as many as fit.
func (s *Service) gather(ctx context.Context, cid store.CID, last int64) (batch, error) {
	b := batch{hosts: map[string]*sum{}}
	size := 0
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT seq, reports FROM host_report WHERE cid = ? AND seq <= ? ORDER BY seq`, string(cid), last)
		if err != nil {
			return err
		}
		defer rows.Close()
		for size < maxFold && rows.Next() {
			var seq int64
			var text []byte
			if err := rows.Scan(&seq, &text); err != nil {
				return err
			}
			if err := b.add(text); err != nil {
				return fmt.Errorf("row %d: %w", seq, err)
			}
			b.rows, size = append(b.rows, seq), size+len(text)
		}
		return rows.Err()
	})
	if err != nil {
		return b, fmt.Errorf("read host reports: %w", err)
	}
	return b, nil
}

func (b *batch) add(text []byte) error {
	var entries []entry
	if err := json.Unmarshal(text, &entries); err != nil {
		return err
	}
	for _, e := range entries {
		h := b.hosts[e.AID]
		if h == nil {
			h = &sum{first: e.First, last: e.Last}
			b.hosts[e.AID] = h
		}
		h.first, h.last = min(h.first, e.First), max(h.last, e.Last)
		for name, text := range e.Facts {
			if h.known == nil {
				h.known = statements{}
			}
			h.known.learn(name, statement{text, e.Last})
		}
	}
	return nil
}

// settle brings a batch into the devices, some at a time because all writers
// wait, and drops its rows together with the last of them.
func (s *Service) settle(ctx context.Context, cid store.CID, b batch) error {
	aids := slices.Sorted(maps.Keys(b.hosts))
	for len(aids) > maxRow {
		err := s.db.Write(ctx, func(tx *store.Tx) error { return s.apply(tx, cid, b, aids[:maxRow]) })
		if err != nil {
			return err
		}
		aids = aids[maxRow:]
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		if err := s.apply(tx, cid, b, aids); err != nil {
			return err
		}
		// By number and not up to one: a row may become visible after a later one.
		_, err := tx.Exec(`DELETE FROM host_report WHERE cid = ? AND seq IN `+store.Listed, string(cid), store.List(b.rows))
		if err != nil {
			return fmt.Errorf("drop host reports: %w", err)
		}
		return nil
	})
}

// apply brings some hosts of a batch up to date.
func (s *Service) apply(tx *store.Tx, cid store.CID, b batch, aids []string) error {
	devices, err := loadSeen(tx, cid, aids)
	if err != nil {
		return err
	}
	if err := loadFacts(tx, cid, devices, func(aid string) bool { return b.hosts[aid].known != nil }); err != nil {
		return err
	}
	now := tx.Now().UnixMicro()
	for _, aid := range aids {
		d, known := devices[aid]
		if !known {
			d = &device{aid: aid}
		}
		if err := s.write(tx, cid, d, d.take(b.hosts[aid]), now); err != nil {
			return err
		}
	}
	return nil
}
