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
// frames in which a pattern may be are opened, and no more than the answer
// needs. A file that was deleted meanwhile does not match.
func (c *Candidate) Confirm(ctx context.Context) (ok bool, read int64, err error) {
	r, err := c.Examine(ctx)
	if errors.Is(err, blob.ErrNotFound) && c.Gone() {
		err = nil
	}
	if r == nil {
		return false, 0, err
	}
	ok, read = r.Holds(), r.Read()
	return ok, read, r.Close()
}

// Gone tells that the file was deleted since the search looked.
func (c *Candidate) Gone() bool { return !c.eng.alive(c.cid, c.file.Seq) }

// Examine is Confirm for those who want the whole file when the plan holds: what
// was decoded to decide is not decoded again. The Reading must be closed, and
// belongs to one goroutine at a time. With an error there is none.
func (c *Candidate) Examine(ctx context.Context) (*Reading, error) {
	r, ok := c.eng.readings.Get().(*Reading)
	if !ok {
		r = &Reading{}
	}
	r.begin(ctx, c)
	holds, err := query.Match(r.byCost(c.plan.tree), (*view)(r))
	if err = errors.Join(err, r.err); err != nil {
		return nil, errors.Join(fmt.Errorf("confirm file %d: %w", c.file.Seq, err), r.Close())
	}
	r.holds = holds
	return r, nil
}

// A view answers a plan's leaves from the stored bytes.
type view Reading

func (v *view) Seq() uint64  { return v.c.file.Seq }
func (v *view) Size() uint64 { return uint64(v.c.file.Size) }
func (v *view) Type() string { return v.c.file.Type }

func (v *view) Head() []byte {
	if v.c.tail && v.head == nil && v.c.file.Size > 0 {
		head, err := (*Reading)(v).firstBytes(query.HeadLen)
		v.head, v.err = head, errors.Join(v.err, err)
	}
	return v.head
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
	if _, err := io.Copy(h, (*Reading)(v).Plain()); err != nil {
		v.err = errors.Join(v.err, err)
		return nil
	}
	return h.Sum(nil)
}

func (v *view) Contains(p query.Pattern) (bool, error) { return (*Reading)(v).contains(p) }

// byCost puts kids that are cheaper to decide before the others.
func (r *Reading) byCost(n query.Node) query.Node {
	if r.single() {
		return n // every pattern costs the one frame
	}
	n = withKids(n, r.byCost)
	if kids, ok := query.Kids(n); ok {
		slices.SortStableFunc(kids, func(a, b query.Node) int { return cmp.Compare(r.cost(a), r.cost(b)) })
	}
	return n
}

// cost is the most bytes that deciding n alone can read.
func (r *Reading) cost(n query.Node) int64 {
	if p, ok := n.(query.Pattern); ok {
		if at, ok := r.c.plan.byBytes[identify(p)]; ok {
			return r.wants[at].in.bytes
		}
	}
	var sum int64
	kids, _ := query.Kids(n)
	for _, k := range kids {
		sum += r.cost(k)
	}
	return sum
}
