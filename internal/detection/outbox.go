package detection

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// MaxTold is how many detections a webhook is told of at a time.
const MaxTold = 100

// post has detections wait for the webhook: those it was never told of, and
// those it was told of long ago. One that waits already stays in its place.
func (s *Service) post(tx *store.Tx, cid store.CID, sums []sum, now int64) error {
	if !s.tell || len(sums) == 0 {
		return nil
	}
	before := int64(0)
	if s.repeat > 0 {
		before = now - s.repeat.Microseconds()
	}
	for some := range slices.Chunk(sums, 1000) {
		ids := make([]string, len(some))
		for i, one := range some {
			ids[i] = one.id
		}
		const due = ` WHERE cid = ? AND id IN ` + store.Listed + ` AND (told = 0 OR told <= ?)`
		put, err := tx.Exec(`INSERT INTO detection_outbox (cid, detection, at) SELECT cid, seq, ? FROM detection`+due+
			` ON CONFLICT (cid, detection) DO NOTHING`, now, string(cid), store.List(ids), before)
		if err != nil {
			return fmt.Errorf("put detections into the outbox: %w", err)
		}
		if n, err := put.RowsAffected(); err == nil && n == 0 {
			continue
		}
		if _, err := tx.Exec(`UPDATE detection SET told = ?`+due, now, string(cid), store.List(ids), before); err != nil {
			return fmt.Errorf("mark detections as told: %w", err)
		}
		tx.OnCommit(s.wake)
	}
	return nil
}

func (s *Service) wake() {
	select {
	case s.waiting <- struct{}{}:
	default:
	}
}

// Waiting gets a value when something was put into the outbox. Whoever uses it
// must look once at the start, too.
func (s *Service) Waiting() <-chan struct{} { return s.waiting }

// An Untold is what a webhook is to be told next: detections of one customer.
type Untold struct {
	CID        store.CID
	Detections []mews.Detection
	rows       []int64
}

// Untold gives the detections that have waited longest, none when nothing
// waits. They wait until Told is called with them.
func (s *Service) Untold(ctx context.Context) (Untold, error) {
	var next Untold
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		err := tx.QueryRow(`SELECT cid FROM detection_outbox ORDER BY at, cid LIMIT 1`).Scan(&next.CID)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		list, err := load(tx, `JOIN detection_outbox o ON o.cid = d.cid AND o.detection = d.seq
			WHERE d.cid = ? ORDER BY o.at, d.seq LIMIT ?`, string(next.CID), MaxTold)
		for _, r := range list {
			next.rows = append(next.rows, r.seq)
			next.Detections = append(next.Detections, r.wire())
		}
		return err
	})
	if err == nil {
		err = s.name(ctx, store.Actor{CID: next.CID}, next.Detections)
	}
	return next, outward.Error("read the outbox of detections", err)
}

// Told takes detections out of the outbox.
func (s *Service) Told(ctx context.Context, done Untold) error {
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM detection_outbox WHERE cid = ? AND detection IN `+store.Listed, string(done.CID), store.List(done.rows))
		return err
	})
	return outward.Error("clear the outbox of detections", err)
}
