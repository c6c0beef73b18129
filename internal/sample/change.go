package sample

import (
	"context"
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/store"
)

// Update changes the metadata of those of shas that searches see and tells how
// many they are; none at all is an error.
func (s *Service) Update(ctx context.Context, who store.Actor, shas []string, c Change) (n int, err error) {
	if err := c.check(); err != nil {
		return 0, err
	}
	sums := make([][32]byte, len(shas))
	for i, sha := range shas {
		if sums[i], err = ParseSHA256(sha); err != nil {
			return 0, err
		}
	}
	for len(sums) > 0 {
		part := sums[:min(len(sums), chunk)]
		sums = sums[len(part):]
		done, err := s.updateSome(ctx, who, part, c)
		n += done
		if err != nil {
			return n, outward(fmt.Errorf("update samples: %w", err))
		}
	}
	if n == 0 {
		return 0, mews.Errorf(mews.ErrNotFound, "none of the samples is stored")
	}
	return n, nil
}

// updateSome is one transaction: the writer must not be held for long.
func (s *Service) updateSome(ctx context.Context, who store.Actor, sums [][32]byte, c Change) (int, error) {
	var done []string
	err := s.db.Write(ctx, func(tx *store.Tx) error {
		done = nil
		for _, sum := range sums {
			rec, state, ok, err := find(tx, who.CID, sum)
			if err != nil {
				return err
			}
			if !ok || !visible(state) {
				continue
			}
			if err := rec.apply(c); err != nil {
				return err
			}
			s.records.forgetAfter(tx, rec)
			if err := update(tx, rec); err != nil {
				return err
			}
			done = append(done, rec.SHA256)
		}
		if len(done) == 0 {
			return nil
		}
		return tx.Audit(audit(who, "sample.update", "", done...))
	})
	if err != nil {
		return 0, err
	}
	return len(done), nil
}

// Delete takes a sample out of every answer, for good, and destroys its bytes.
// What quarantined files hold is theirs to destroy.
// Once it returned nil no crash brings the sample back. An error after the
// first step leaves the sample gone, and Recover finishes the rest.
func (s *Service) Delete(ctx context.Context, who store.Actor, sha256 string) error {
	sum, err := ParseSHA256(sha256)
	if err != nil {
		return err
	}
	name := blob.Name{CID: string(who.CID), SHA256: sum}
	defer s.locks.lock(s.blobs.FileID(name))()
	var rec Record
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		var state int
		var ok bool
		if rec, state, ok, err = find(tx, who.CID, sum); err != nil {
			return err
		}
		if !ok {
			return NotFound(fmt.Sprintf("%x", sum))
		}
		if state == deleting {
			return nil // a second try goes on where the first one failed
		}
		if err := notHeld(tx, who.CID, sum); err != nil {
			return err
		}
		if err := setState(tx, rec, deleting); err != nil {
			return err
		}
		if err := s.leaveIndex(tx, rec.CID, rec.Seq); err != nil {
			return err
		}
		return tx.Audit(audit(who, "sample.delete", "", rec.SHA256))
	})
	if err == nil {
		err = s.purge(ctx, []Record{rec})
	}
	if err != nil {
		return outward(fmt.Errorf("delete sample: %w", err))
	}
	return nil
}
