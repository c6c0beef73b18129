package sample

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// A Holding is one record's claim on the bytes of one sample. While any stands
// the bytes stay; a sample that is in the corpus stays without one.
type Holding struct {
	SHA256 string // any case
	Holder string // the record's id, at most MaxHolder bytes
}

// Bounds of what a holder gives along with the bytes.
const (
	MaxHolder = 256
	MaxSealed = 32 << 10
)

// ErrUnwanted is what the function of OnAdopt answers, alone or wrapped, when
// its room does not want the bytes any more: then they are destroyed.
var ErrUnwanted = errors.New("the bytes are not wanted any more")

// An Adopter makes the holder of a blob that has no row: its Put was cut off
// before it was answered. It runs in the transaction that makes the row, and the
// hold for PutOptions.Hold; sealed is what PutOptions.Sealed was. With ErrUnwanted
// the blob is destroyed; with any other error it stays without a row until the
// next Recover.
type Adopter func(tx *store.Tx, rec Record, sealed []byte) error

// OnAdopt sets what Recover calls for blobs that were stored for a holder. It
// must be called before Recover. Without it such a blob gets its row and its
// hold, and waits for the holder to be reported again; it never becomes part of
// the corpus.
func (s *Service) OnAdopt(fn Adopter) { s.adopter = fn }

// Hold lets a record hold bytes that are stored already, in the corpus or by
// another holder. ok is false when they are not, or are being destroyed: then
// they must be Put. To hold twice is to hold once.
func (s *Service) Hold(tx *store.Tx, cid store.CID, sha256, holder string) (ok bool, err error) {
	sum, err := ParseSHA256(sha256)
	if err != nil {
		return false, err
	}
	there, err := present(tx, cid, sum[:])
	if err != nil || len(there) == 0 {
		return false, wrapHold(err)
	}
	return true, wrapHold(insertHold(tx, cid, sum, holder))
}

// Unhold ends one holding; see UnholdAll.
func (s *Service) Unhold(tx *store.Tx, cid store.CID, sha256, holder string) (gone bool, err error) {
	all, err := s.UnholdAll(tx, cid, []Holding{{sha256, holder}})
	return len(all) > 0, err
}

// UnholdAll ends holdings, known or not. Samples that nobody holds any more and
// that are not in the corpus are gone with the commit: no answer knows them, and
// they are returned for FinishDeletes, which destroys their bytes.
func (s *Service) UnholdAll(tx *store.Tx, cid store.CID, holdings []Holding) (gone []string, err error) {
	ends, err := endings(holdings)
	if err != nil {
		return nil, err
	}
	free, err := endHolds(tx, cid, ends)
	if err != nil {
		return nil, wrapHold(err)
	}
	for part := range slices.Chunk(free, chunk) {
		// Apart, because only what searches saw must leave the index.
		for _, state := range []int{shown, held} {
			marked, err := markDeleting(tx, cid, state, part)
			if err != nil {
				return nil, wrapHold(err)
			}
			for _, m := range marked {
				gone = append(gone, hex.EncodeToString(m.sum))
				if state == shown {
					if err := s.leaveIndex(tx, cid, m.seq); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return gone, nil
}

// An ending is a holding to be ended.
type ending struct {
	sum    [32]byte
	holder string
}

// endings reads holdings and sorts them as their table does, so that of many
// each page is visited once.
func endings(holdings []Holding) ([]ending, error) {
	out := make([]ending, len(holdings))
	for i, h := range holdings {
		sum, err := ParseSHA256(h.SHA256)
		if err != nil {
			return nil, err
		}
		out[i] = ending{sum, h.Holder}
	}
	slices.SortFunc(out, func(a, b ending) int {
		return cmp.Or(bytes.Compare(a.sum[:], b.sum[:]), cmp.Compare(a.holder, b.holder))
	})
	return out, nil
}

// endHolds ends holdings and gives the samples that nobody holds any more, by
// rising number. Those of the corpus are among them.
func endHolds(tx *store.Tx, cid store.CID, ends []ending) (free []freed, err error) {
	for part := range slices.Chunk(ends, chunk) {
		if err := deleteHolds(tx, cid, part); err != nil {
			return nil, err
		}
		some, err := unheld(tx, cid, part)
		if err != nil {
			return nil, err
		}
		free = append(free, some...)
	}
	slices.SortFunc(free, func(a, b freed) int { return cmp.Compare(a.seq, b.seq) })
	return free, nil
}

// leaveIndex takes a sample out of what searches see.
func (s *Service) leaveIndex(tx *store.Tx, cid store.CID, seq uint64) error {
	s.records.forgetAfter(tx, Record{CID: cid, Seq: seq})
	return s.index.Forget(tx, cid, seq)
}

// Held tells of which samples Download would give the bytes. The keys are
// lower-case; what is absent is false.
func (s *Service) Held(tx *store.Tx, cid store.CID, shas []string) (map[string]bool, error) {
	out := make(map[string]bool, len(shas))
	for part := range slices.Chunk(shas, chunk) {
		sums := make([]any, len(part))
		for i, sha := range part {
			sum, err := ParseSHA256(sha)
			if err != nil {
				return nil, err
			}
			sums[i] = sum[:]
		}
		there, err := present(tx, cid, sums...)
		if err != nil {
			return nil, wrapHold(err)
		}
		for _, sum := range there {
			out[hex.EncodeToString(sum)] = true
		}
	}
	return out, nil
}

// notHeld refuses to delete what records hold.
func notHeld(tx *store.Tx, cid store.CID, sum [32]byte) error {
	n, err := countHolders(tx, cid, sum)
	if err != nil || n == 0 {
		return err
	}
	files := fmt.Sprintf("%d quarantined files hold", n)
	if n == 1 {
		files = "a quarantined file holds"
	}
	sha := hex.EncodeToString(sum[:])
	return mews.Errorf(mews.ErrConflict, "sample %s cannot be deleted: %s it; delete the quarantined files first (action delete)", sha, files).WithID(sha)
}

func wrapHold(err error) error {
	if err != nil {
		return fmt.Errorf("hold samples: %w", err)
	}
	return nil
}
