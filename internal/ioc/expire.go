package ioc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// expireStep is how many indicators are marked as expired in one transaction.
const expireStep = 1000

// expire marks what of a customer's indicators has ended, so that filters find
// it by what it shows. Every read and every change by filter calls it before.
func (s *Service) expire(ctx context.Context, cid store.CID) error {
	now := s.now().UnixMicro()
	for {
		var due bool
		err := s.db.Read(ctx, func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM ioc WHERE cid = ? AND expired = 0 AND expires IS NOT NULL AND expires <= ?)`,
				string(cid), now).Scan(&due)
		})
		if err != nil || !due {
			return err
		}
		err = s.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE ioc SET expired = 1, action = ? WHERE cid = ? AND seq IN (
				SELECT seq FROM ioc WHERE cid = ? AND expired = 0 AND expires IS NOT NULL AND expires <= ? ORDER BY expires LIMIT ?)`,
				mews.IndicatorNoAction, string(cid), string(cid), now, expireStep)
			return err
		})
		if err != nil {
			return fmt.Errorf("mark expired indicators: %w", err)
		}
	}
}

// read runs fn on a snapshot in which what has expired is marked. Where nothing
// can be written any more, reads still work.
func (s *Service) read(ctx context.Context, cid store.CID, fn func(*store.Tx) error) error {
	err := s.expire(ctx, cid)
	if errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrFailed) {
		s.log.LogAttrs(ctx, slog.LevelWarn, "expired indicators are not marked", slog.String("error", err.Error()))
		err = nil
	}
	if err != nil {
		return err
	}
	return s.db.ReadWide(ctx, fn)
}

// expireEvery is how often Run looks for what has expired.
const expireEvery = time.Minute

// Run marks what expires until ctx ends, so that the first read after many
// indicators have ended does not wait for that.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(expireEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.expireAll(ctx); err != nil && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelError, "mark expired indicators", slog.String("error", err.Error()))
		}
	}
}

func (s *Service) expireAll(ctx context.Context) error {
	var cids []store.CID
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		cids, err = tx.CIDs(`SELECT cid FROM ioc_customer`)
		return err
	})
	for _, cid := range cids {
		err = errors.Join(err, s.expire(ctx, cid))
	}
	return err
}

// micros is a time of the tables.
func micros(n int64) time.Time { return time.UnixMicro(n).UTC() }
