package sample

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/store"
)

const (
	// deletesAtStart is how many interrupted deletions Recover finishes.
	deletesAtStart = 1000
	// purgeBatch is how many samples are destroyed between two transactions.
	purgeBatch = 64
)

// FinishDeletes destroys the bytes of samples that are marked as being deleted:
// of those of shas, or of all of the customer when shas is nil. Others are left
// alone. It may be called again, and by several at a time; once it returned nil
// the bytes are gone for good.
func (s *Service) FinishDeletes(ctx context.Context, cid store.CID, shas []string) error {
	var err error
	if shas == nil {
		err = s.finishPending(ctx, cid, 0)
	} else {
		err = s.finishNamed(ctx, cid, shas)
	}
	if err != nil {
		return outward(fmt.Errorf("finish deletes: %w", err))
	}
	return nil
}

func (s *Service) finishNamed(ctx context.Context, cid store.CID, shas []string) error {
	names := make([]blob.Name, len(shas))
	for i, sha := range shas {
		sum, err := ParseSHA256(sha)
		if err != nil {
			return err
		}
		names[i] = blob.Name{CID: string(cid), SHA256: sum}
	}
	return s.finishAll(ctx, names)
}

// finishPending finishes deletions: of one customer, or of all when cid is
// empty, and no more than most when it is not 0.
func (s *Service) finishPending(ctx context.Context, cid store.CID, most int) error {
	var pending []blob.Name
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		pending, err = doomed(tx, cid, most)
		return err
	})
	if err != nil {
		return err
	}
	return s.finishAll(ctx, pending)
}

func (s *Service) finishAll(ctx context.Context, names []blob.Name) error {
	for batch := range slices.Chunk(names, purgeBatch) {
		if err := s.finishSome(ctx, batch); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s *Service) finishSome(ctx context.Context, names []blob.Name) error {
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = s.blobs.FileID(name)
	}
	defer s.locks.lockAll(ids)()
	var left []Record // else it was stored anew, or is done
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		for _, name := range names {
			rec, state, ok, err := find(tx, store.CID(name.CID), name.SHA256)
			switch {
			case errors.Is(err, errDamagedRow):
				s.log.Error("a delete cannot be finished", "cause", err)
			case err != nil:
				return err
			case ok && state == deleting:
				left = append(left, rec)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.purge(ctx, left)
}

// purge destroys the bytes of samples that are marked as being deleted, and then
// their rows. Their names are locked.
func (s *Service) purge(ctx context.Context, recs []Record) (err error) {
	done := 0
	for ; done < len(recs) && err == nil; done++ {
		if err = ctx.Err(); err == nil {
			err = s.blobs.Delete(recs[done].blobName())
		}
	}
	if err != nil {
		done--
	}
	if done == 0 {
		return err
	}
	return errors.Join(err, s.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		for _, rec := range recs[:done] {
			if err := remove(tx, rec); err != nil {
				return err
			}
		}
		return nil
	}))
}
