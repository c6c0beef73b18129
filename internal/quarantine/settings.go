package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Settings gives a customer's choices.
func (s *Service) Settings(ctx context.Context, who store.Actor) (out mews.QuarantineSettings, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = s.settings(tx, who.CID)
		return err
	})
	return out, outward.Error("get quarantine settings", err)
}

func (s *Service) settings(tx *store.Tx, cid store.CID) (out mews.QuarantineSettings, err error) {
	if out.Searchable, err = s.isSearchable(tx, cid); err == nil {
		out.Pending, err = s.samples.Unsettled(tx, cid, out.Searchable)
	}
	return out, err
}

// SetSearchable chooses whether searches see quarantined files. Files that are
// there already follow in the background; Pending counts them.
func (s *Service) SetSearchable(ctx context.Context, who store.Actor, on bool) (out mews.QuarantineSettings, err error) {
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		before, err := s.isSearchable(tx, who.CID)
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO quarantine_setting (cid, searchable) VALUES (?,?)
			ON CONFLICT (cid) DO UPDATE SET searchable = excluded.searchable`, string(who.CID), on)
		if err != nil {
			return fmt.Errorf("save setting: %w", err)
		}
		if before != on {
			if err := tx.Audit(audit(who, "quarantine.settings", fmt.Sprintf("searchable: %t", on), "")); err != nil {
				return err
			}
		}
		out, err = s.settings(tx, who.CID)
		return err
	})
	if err != nil {
		return mews.QuarantineSettings{}, outward.Error("set quarantine settings", err)
	}
	s.wake()
	return out, nil
}

// isSearchable is the sample room's switch.
func (s *Service) isSearchable(tx *store.Tx, cid store.CID) (bool, error) {
	var on sql.NullBool
	err := tx.QueryRow(`SELECT searchable FROM quarantine_setting WHERE cid = ?`, string(cid)).Scan(&on)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, fmt.Errorf("read setting: %w", err)
	}
	if !on.Valid {
		return s.searchable, nil
	}
	return on.Bool, nil
}

// welcome notes that a customer has records, so that Run knows him.
func (s *Service) welcome(tx *store.Tx, cid store.CID) error {
	_, err := tx.Exec(`INSERT INTO quarantine_setting (cid, searchable) VALUES (?, NULL) ON CONFLICT DO NOTHING`, string(cid))
	if err != nil {
		return fmt.Errorf("note customer: %w", err)
	}
	return nil
}

// wake has Run look for work. Many calls before it looks are one.
func (s *Service) wake() {
	select {
	case s.work <- struct{}{}:
	default:
	}
}

// afterError is how long Run waits before it tries again what failed.
const afterError = time.Minute

// Run does what updates leave behind, until the context ends: it destroys the
// bytes of purged files, and lets held files follow the switch. What an earlier
// run left unfinished is done first.
func (s *Service) Run(ctx context.Context) error {
	for {
		var again <-chan time.Time
		if err := s.catchUp(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("work on quarantined files is not finished; trying again later", "cause", err)
			again = time.After(afterError)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.work:
		case <-again:
		}
	}
}

// catchUp does all that is to be done, for every customer.
func (s *Service) catchUp(ctx context.Context) error {
	var cids []store.CID
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		cids, err = tx.CIDs(`SELECT cid FROM quarantine_setting`)
		return err
	})
	for _, cid := range cids {
		if err == nil {
			err = s.samples.FinishDeletes(ctx, cid, nil)
		}
		if err == nil {
			_, err = s.samples.ShowHeld(ctx, cid, func(tx *store.Tx) (bool, error) { return s.isSearchable(tx, cid) })
		}
	}
	return err
}
