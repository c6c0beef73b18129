package vuln

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// Steps of what is done in the background, one transaction each.
const (
	expireStep = 100  // scopes
	removeStep = 1000 // vulnerabilities
)

// stale tells whether what a scan of that time left open has expired.
func (s *Service) stale(at time.Time) bool {
	return s.expireAfter > 0 && at.Before(s.now().Add(-s.expireAfter))
}

// expire marks what has not been scanned for long. Every read calls it before.
func (s *Service) expire(ctx context.Context, cid store.CID) error {
	if s.expireAfter == 0 {
		return nil
	}
	now := s.now()
	before := now.Add(-s.expireAfter).UnixMicro()
	for {
		var due []int64
		err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
			due, err = seqs(tx, `SELECT seq FROM vuln_scope WHERE cid = ? AND expired = 0 AND scanned < ? ORDER BY scanned LIMIT ?`,
				string(cid), before, expireStep)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		err = s.db.Write(ctx, func(tx *store.Tx) error { return expireScopes(tx, cid, due, before, now.UnixMicro()) })
		if err != nil {
			return fmt.Errorf("mark expired vulnerabilities: %w", err)
		}
	}
}

// expireScopes asks for the time of the last scan again: one may have come.
func expireScopes(tx *store.Tx, cid store.CID, due []int64, before, now int64) error {
	list := store.List(due)
	_, err := tx.Exec(`UPDATE vulnerability SET status = ?, updated = ? WHERE cid = ? AND status IN (?, ?)
		AND scope IN (SELECT seq FROM vuln_scope WHERE cid = ? AND scanned < ? AND seq IN `+store.Listed+`)`,
		mews.VulnerabilityExpired, now, string(cid), mews.VulnerabilityOpen, mews.VulnerabilityReopen, string(cid), before, list)
	if err == nil {
		_, err = tx.Exec(`UPDATE vuln_scope SET expired = 1 WHERE cid = ? AND scanned < ? AND seq IN `+store.Listed, string(cid), before, list)
	}
	return err
}

// runEvery is how often Run looks for what has to be done.
const runEvery = 10 * time.Minute

// Run marks what expires, and removes what has been kept for long enough, until
// ctx ends.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(runEvery)
	defer tick.Stop()
	for {
		if err := s.Tidy(ctx); err != nil && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelError, "tidy vulnerabilities", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Tidy does once, for all customers, what Run does again and again.
func (s *Service) Tidy(ctx context.Context) error {
	var cids []store.CID
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		cids, err = tx.CIDs(`SELECT DISTINCT cid FROM vuln_scope`)
		return err
	})
	for _, cid := range cids {
		err = errors.Join(err, s.expire(ctx, cid), s.remove(ctx, cid))
	}
	return err
}

// remove deletes what has been closed or expired for longer than it is kept, and
// then what only that stood on.
func (s *Service) remove(ctx context.Context, cid store.CID) error {
	if s.retention == 0 {
		return nil
	}
	before := s.now().Add(-s.retention).UnixMicro()
	for removed := false; ; removed = true {
		var due []int64
		err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
			due, err = seqs(tx, `SELECT seq FROM vulnerability WHERE cid = ? AND updated < ? AND status IN (?, ?) ORDER BY updated LIMIT ?`,
				string(cid), before, mews.VulnerabilityClosed, mews.VulnerabilityExpired, removeStep)
			return err
		})
		if err == nil && len(due) > 0 {
			err = s.db.Write(ctx, func(tx *store.Tx) error {
				_, err := tx.Exec(`DELETE FROM vulnerability WHERE cid = ? AND updated < ? AND status IN (?, ?) AND seq IN `+store.Listed,
					string(cid), before, mews.VulnerabilityClosed, mews.VulnerabilityExpired, store.List(due))
				return err
			})
		}
		if err == nil && len(due) == 0 && removed {
			err = s.db.WriteLarge(ctx, func(tx *store.Tx) error { return sweep(tx, cid, before) })
		}
		if err != nil {
			return fmt.Errorf("remove old vulnerabilities: %w", err)
		}
		if len(due) == 0 {
			return nil
		}
	}
}

// sweep deletes scopes and texts that no vulnerability stands on any more. A
// scope that was scanned since is kept: the next report has to be compared with
// the last one's time.
func sweep(tx *store.Tx, cid store.CID, before int64) error {
	_, err := tx.Exec(`DELETE FROM vuln_about WHERE cid = ? AND seq NOT IN (SELECT about FROM vulnerability WHERE cid = ?)`, string(cid), string(cid))
	if err == nil {
		_, err = tx.Exec(`DELETE FROM vuln_scope WHERE cid = ? AND scanned < ? AND seq NOT IN (SELECT scope FROM vulnerability WHERE cid = ?)`,
			string(cid), before, string(cid))
	}
	return err
}
