package sample

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/store"
)

// chunk is how many samples one statement names.
const chunk = 500

// Get gives the record of one sample. Another customer's is not found, nor is
// one that records hold without searches seeing it.
func (s *Service) Get(ctx context.Context, who store.Actor, sha256 string) (Record, error) {
	sum, err := ParseSHA256(sha256)
	if err != nil {
		return Record{}, err
	}
	return s.get(ctx, who.CID, sum, visible)
}

func (s *Service) get(ctx context.Context, cid store.CID, sum [32]byte, in func(state int) bool) (rec Record, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		rec, err = live(tx, cid, sum, in)
		return err
	})
	if err != nil {
		return Record{}, fmt.Errorf("get sample: %w", err)
	}
	return rec, nil
}

// live is find for those to whom a sample is there only in some states.
func live(tx *store.Tx, cid store.CID, sum [32]byte, in func(state int) bool) (Record, error) {
	rec, state, ok, err := find(tx, cid, sum)
	if err == nil && (!ok || !in(state)) {
		err = NotFound(fmt.Sprintf("%x", sum))
	}
	return rec, err
}

// Many gives the records of those of shas that searches may see, by lower-case hash.
// A malformed hash is an error.
func (s *Service) Many(ctx context.Context, cid store.CID, shas []string) (map[string]Record, error) {
	args := make([]any, len(shas))
	for i, sha := range shas {
		sum, err := ParseSHA256(sha)
		if err != nil {
			return nil, err
		}
		args[i] = sum[:]
	}
	return many(ctx, s.db, cid, bySHA256, args, func(r Record) string { return r.SHA256 })
}

// BySeq gives the records of those numbers that searches may still see.
func (s *Service) BySeq(ctx context.Context, cid store.CID, seqs []uint64) (map[uint64]Record, error) {
	found, missing, changes := s.records.pick(cid, seqs)
	if len(missing) == 0 {
		return found, ctx.Err()
	}
	args := make([]any, len(missing))
	for i, seq := range missing {
		args[i] = int64(seq)
	}
	read, err := many(ctx, s.db, cid, bySeq, args, func(r Record) uint64 { return r.Seq })
	if err != nil {
		return nil, err
	}
	s.records.put(read, changes)
	maps.Copy(found, read)
	return found, nil
}

func many[K comparable](ctx context.Context, db *store.DB, cid store.CID, where string, args []any, key func(Record) K) (map[K]Record, error) {
	out := make(map[K]Record, len(args))
	err := db.Read(ctx, func(tx *store.Tx) error {
		for len(args) > 0 {
			n := min(len(args), chunk)
			recs, err := list(tx, cid, where, args[:n]...)
			if err != nil {
				return err
			}
			for _, r := range recs {
				out[key(r)] = r
			}
			args = args[n:]
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("get samples: %w", err)
	}
	return out, nil
}

// Download opens a sample's bytes, be they in the corpus or held. The audit row is durable before it returns;
// without it nothing is given out. The caller closes the reader.
func (s *Service) Download(ctx context.Context, who store.Actor, sha256 string) (*blob.Reader, Record, error) {
	sum, err := ParseSHA256(sha256)
	if err != nil {
		return nil, Record{}, err
	}
	rec, err := s.get(ctx, who.CID, sum, kept)
	if err != nil {
		return nil, Record{}, err
	}
	r, rec, err := s.open(ctx, rec)
	if err != nil {
		return nil, Record{}, err
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if _, err := live(tx, rec.CID, sum, kept); err != nil {
			return err // deleted meanwhile
		}
		return tx.Audit(audit(who, "sample.download", "", rec.SHA256))
	})
	if err != nil {
		r.Close()
		return nil, Record{}, outward(fmt.Errorf("download sample: %w", err))
	}
	return r, rec, nil
}

// open finds the bytes of rec, or of the sample that has come in its place since
// it was read.
func (s *Service) open(ctx context.Context, rec Record) (*blob.Reader, Record, error) {
	r, err := s.blobs.Get(rec.blobName())
	switch {
	case err == nil:
		return r, rec, nil
	case errors.Is(err, blob.ErrNotFound):
		now, gone := s.get(ctx, rec.CID, rec.blobName().SHA256, kept)
		if gone != nil {
			return nil, rec, gone
		}
		if now.Seq != rec.Seq {
			return s.open(ctx, now)
		}
	case !errors.Is(err, blob.ErrCorrupt):
		return nil, rec, fmt.Errorf("download sample: %w", err)
	}
	s.log.Error("sample cannot be read", "sha256", rec.SHA256, "cause", err)
	return nil, rec, damaged(rec.SHA256, err)
}
