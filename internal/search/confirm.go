package search

import (
	"cmp"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/query"
)

// Confirm decides whether the plan holds for the candidate's bytes, as
// query.Match defines it, and tells how many plain bytes it decoded. Only
// frames in which a literal may be are opened, and no more than the answer
// needs. A file that was deleted meanwhile does not match.
func (c *Candidate) Confirm(ctx context.Context) (ok bool, read int64, err error) {
	v := &view{c: c, scan: newScanner(ctx, c)}
	ok, err = query.Match(v.scan.byCost(c.plan), v)
	err = errors.Join(err, v.err, v.scan.close())
	if err == nil {
		return ok, v.scan.read, nil
	}
	if errors.Is(err, blob.ErrNotFound) && !c.eng.alive(c.cid, c.file.Seq) {
		return false, v.scan.read, nil
	}
	return false, v.scan.read, fmt.Errorf("confirm file %d: %w", c.file.Seq, err)
}

// A view answers a plan's leaves from the stored bytes.
type view struct {
	c    *Candidate
	scan *scanner
	err  error // of a method that cannot return one
}

func (v *view) Seq() uint64  { return v.c.file.Seq }
func (v *view) Size() uint64 { return uint64(v.c.file.Size) }
func (v *view) Type() string { return v.c.file.Type }

func (v *view) Head() []byte {
	if v.c.tail && v.c.head == nil && v.c.file.Size > 0 {
		head, err := v.scan.head(query.HeadLen)
		v.c.head, v.err = head, errors.Join(v.err, err)
	}
	return v.c.head
}

func (v *view) Digest(algo string) []byte {
	var h hash.Hash
	switch algo {
	case "sha256":
		return v.c.file.SHA256[:]
	case "sha1":
		h = sha1.New()
	case "md5":
		h = md5.New()
	default:
		return nil
	}
	if err := v.scan.digest(h); err != nil {
		v.err = errors.Join(v.err, err)
		return nil
	}
	return h.Sum(nil)
}

func (v *view) Contains(p query.Pattern) (bool, error) { return v.scan.contains(p) }

// byCost puts kids that are cheaper to decide before the others.
func (s *scanner) byCost(n query.Node) query.Node {
	n = withKids(n, s.byCost)
	if kids, ok := query.Kids(n); ok {
		slices.SortStableFunc(kids, func(a, b query.Node) int { return cmp.Compare(s.cost(a), s.cost(b)) })
	}
	return n
}

// cost is the most bytes that deciding n alone can read.
func (s *scanner) cost(n query.Node) int64 {
	if p, ok := n.(query.Pattern); ok {
		if w := s.wants[key(p)]; w != nil {
			return w.in.bytes
		}
	}
	var sum int64
	kids, _ := query.Kids(n)
	for _, k := range kids {
		sum += s.cost(k)
	}
	return sum
}

// digest hashes the whole file.
func (s *scanner) digest(h hash.Hash) error {
	if err := s.open(); err != nil {
		return err
	}
	n, err := io.Copy(h, s.blob.Plain())
	s.read += n
	return err
}
