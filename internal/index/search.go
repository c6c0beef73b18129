package index

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/mewshq/mews/internal/query"
)

// The cost model that decides whether another row pays: what a false column
// costs the verifier, a read, and a byte of a row, in seconds.
const (
	columnCost = 90e-6
	readCost   = 2e-6
	byteCost   = 0.5e-9

	// Rows stop when this many false columns are still expected, given how many
	// rows in sequence dropped none. The rows of a literal are not independent: a
	// column that holds most of it passes most of them. So there must be many.
	doubt = 1.0 / (1 << 24)
)

// A Hit is a file that may satisfy the plan.
type Hit struct {
	FileNo int
	found  *finding
}

// Cols returns, for each leaf in the order of query.Leaves(plan), the pieces of
// the file where it may be, by rising offset. For a pattern: every occurrence of
// its first min(Overlap+1, len) bytes lies wholly inside one of the pieces, so no
// pieces means that the pattern is not in the file. When nothing is known, the
// one piece is the whole file. For other leaves there are no pieces.
func (h Hit) Cols() [][]Piece {
	out := make([][]Piece, len(h.found.leaves))
	for i, leaf := range h.found.leaves {
		if p, ok := leaf.(query.Pattern); ok {
			out[i] = h.found.pieces(h.FileNo, p)
		}
	}
	return out
}

// A finding is what one search learned; its hits share it.
type finding struct {
	seg    *Segment
	leaves []query.Node
	known  map[patternKey]*columnSet // absent: the pattern may be anywhere
}

type patternKey struct{ bytes, mask string }

func (p pattern) key() patternKey { return patternKey{string(p.bytes), string(p.mask)} }

func (f *finding) pieces(file int, leaf query.Pattern) []Piece {
	s := f.seg
	p, _ := patternOf(leaf)
	set := f.known[p.key()]
	if set == nil {
		return []Piece{{Len: s.files[file].Size}}
	}
	var out []Piece
	for _, i := range s.fileParts[s.fileStart[file]:s.fileStart[file+1]] {
		p := s.parts[i]
		if int(p.len) >= s.needed(leaf) && set.has(int(s.partCol[i])) {
			out = append(out, Piece{Off: p.off, Len: int64(p.len), Lead: s.lead(p)})
		}
	}
	slices.SortFunc(out, func(a, b Piece) int { return cmp.Compare(a.Off, b.Off) })
	return out
}

// A columnSet is a set of columns: a list while it is sparse.
type columnSet struct {
	list []uint32
	bits bitmap
}

func newColumnSet(b bitmap) *columnSet {
	if n := popcount(b); n < len(b)*2 {
		list := make([]uint32, 0, n)
		b.each(func(i int) { list = append(list, uint32(i)) })
		return &columnSet{list: list}
	}
	return &columnSet{bits: b}
}

func (c *columnSet) has(col int) bool {
	if c.bits != nil {
		return c.bits.has(col)
	}
	_, ok := slices.BinarySearch(c.list, uint32(col))
	return ok
}

func (c *columnSet) each(fn func(col int)) {
	if c.bits != nil {
		c.bits.each(fn)
		return
	}
	for _, col := range c.list {
		fn(int(col))
	}
}

// Search returns the files that may satisfy the plan, by rising number: all
// that do satisfy it, and possibly more. alive, if not nil, tells which files
// to consider. st, if not nil, is added to.
func (s *Segment) Search(ctx context.Context, plan query.Node, alive func(fileNo int) bool, st *Stats) ([]Hit, error) {
	if st == nil {
		st = new(Stats)
	}
	q := &searcher{Segment: s, st: st, found: &finding{seg: s, leaves: query.Leaves(plan), known: map[patternKey]*columnSet{}}}
	files, err := q.files(ctx, plan)
	if err != nil {
		return nil, err
	}
	var hits []Hit
	files.each(func(no int) {
		if alive == nil || alive(no) {
			hits = append(hits, Hit{FileNo: no, found: q.found})
		}
	})
	return hits, nil
}

type searcher struct {
	*Segment
	st    *Stats
	found *finding
	row   []byte
	union []byte
}

// files returns the files that may satisfy n.
func (q *searcher) files(ctx context.Context, n query.Node) (bitmap, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case query.None:
		return newBitmap(len(q.Segment.files)), nil
	case query.Pattern:
		return q.pattern(ctx, n)
	case query.And:
		return q.all(ctx, n.Kids)
	case query.Or:
		return q.any(ctx, n.Kids)
	case query.MinOf:
		return q.some(ctx, n.K, n.Kids)
	}
	return q.meta(n), nil
}

// all intersects the kids, the cheap ones first, and stops when no file is left.
func (q *searcher) all(ctx context.Context, kids []query.Node) (bitmap, error) {
	out := fullBitmap(len(q.Segment.files))
	kids = slices.Clone(kids)
	slices.SortStableFunc(kids, func(a, b query.Node) int { return cmp.Compare(cost(a), cost(b)) })
	for _, k := range kids {
		f, err := q.files(ctx, k)
		if err != nil {
			return nil, err
		}
		if out.and(f); out.empty() {
			break
		}
	}
	return out, nil
}

// cost orders the kids of an And: metadata, then patterns from long to short,
// then trees.
func cost(n query.Node) int {
	switch n := n.(type) {
	case query.Pattern:
		return 1 + max(0, 1<<16-n.Len())
	case query.And, query.Or, query.MinOf:
		return 1 << 20
	}
	return 0
}

func (q *searcher) any(ctx context.Context, kids []query.Node) (bitmap, error) {
	out := newBitmap(len(q.Segment.files))
	for _, k := range kids {
		f, err := q.files(ctx, k)
		if err != nil {
			return nil, err
		}
		out.or(f)
	}
	return out, nil
}

func (q *searcher) some(ctx context.Context, k int, kids []query.Node) (bitmap, error) {
	counts := make([]int32, len(q.Segment.files))
	for _, kid := range kids {
		f, err := q.files(ctx, kid)
		if err != nil {
			return nil, err
		}
		f.each(func(no int) { counts[no]++ })
	}
	out := newBitmap(len(counts))
	for no, n := range counts {
		if int(n) >= k {
			out.set(no)
		}
	}
	return out, nil
}

// meta answers from the file table; what it does not hold selects every file.
func (q *searcher) meta(n query.Node) bitmap {
	var holds func(f *entry) bool
	switch n := n.(type) {
	case query.Size:
		holds = func(f *entry) bool { return uint64(f.Size) >= n.Min && uint64(f.Size) <= n.Max }
	case query.Type:
		holds = func(f *entry) bool { return slices.Contains(n.Names, f.Type) }
	case query.Hash:
		if n.Algo == "sha256" {
			holds = func(f *entry) bool { return bytes.Equal(f.SHA256[:], n.Digest) }
		}
	case query.Files:
		holds = func(f *entry) bool { return n.Has(f.Seq) }
	case query.Head:
		if n.Offset >= 0 && n.Offset <= headLen-len(n.Bytes) {
			holds = func(f *entry) bool {
				end := n.Offset + len(n.Bytes)
				return (f.Size >= int64(end) && bytes.Equal(f.head[n.Offset:end], n.Bytes)) != n.Not
			}
		}
	}
	if holds == nil {
		return fullBitmap(len(q.Segment.files))
	}
	out := newBitmap(len(q.Segment.files))
	for no := range q.Segment.files {
		if holds(&q.Segment.files[no]) {
			out.set(no)
		}
	}
	return out
}

// pattern finds the columns that may hold each window of a pattern and returns
// the files that have one for every window. The columns of the first window are
// kept for the hits.
func (q *searcher) pattern(ctx context.Context, leaf query.Pattern) (bitmap, error) {
	out := fullBitmap(len(q.Segment.files))
	p, ok := patternOf(leaf)
	if !ok {
		return out, nil
	}
	for i, w := range p.windows(q.foot.params.Overlap + 1) {
		ts := w.terms()
		if len(ts) == 0 {
			continue
		}
		key := w.key()
		if i == 0 {
			key = p.key()
		}
		set := q.found.known[key]
		if set == nil {
			var err error
			if set, err = q.columns(ctx, ts); err != nil {
				return nil, err
			}
			if i == 0 {
				q.found.known[key] = set
			}
		}
		q.st.Columns += set.size()
		f := newBitmap(len(q.Segment.files))
		set.each(func(col int) {
			for _, part := range q.parts[q.partStart[col]:q.partStart[col+1]] {
				if int(part.len) >= len(w.bytes) && q.Segment.files[part.file].Size >= int64(leaf.Len()) {
					f.set(int(part.file))
				}
			}
		})
		if out.and(f); out.empty() {
			break
		}
	}
	return out, nil
}

func (c *columnSet) size() int {
	if c.bits != nil {
		return popcount(c.bits)
	}
	return len(c.list)
}

// columns returns the columns that satisfy all terms, and every unfilled one.
func (q *searcher) columns(ctx context.Context, ts []term) (*columnSet, error) {
	out := newBitmap(q.Segment.columns)
	for _, c := range q.classes {
		if c.columns == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		live := fullBitmap(c.columns)
		if err := q.narrow(c, live, c.tests(ts)); err != nil {
			return nil, err
		}
		copy(out[c.base/64:], live)
	}
	for col := q.rest; col < q.Segment.columns; col++ {
		out.set(col)
	}
	return newColumnSet(out), nil
}

// narrow clears from live the columns that fail a test, until another row would
// cost more than the columns it can be expected to save.
func (q *searcher) narrow(c *rows, live bitmap, tests []test) error {
	left, passed := c.columns, 1.0
	lo, hi := 0, len(live)
	for _, t := range tests {
		for lo < hi && live[lo] == 0 {
			lo++
		}
		for lo < hi && live[hi-1] == 0 {
			hi--
		}
		if lo == hi {
			return nil
		}
		size := 8 * (hi - lo)
		price := float64(len(t.rows)) * (readCost + byteCost*float64(size))
		if float64(left)*(1-t.density)*columnCost < price {
			continue
		}
		if float64(left)*passed < doubt {
			return nil
		}
		if err := q.readTest(c, t, int64(8*lo), size); err != nil {
			return err
		}
		dropped := live[lo:hi].andBytes(q.row[:size])
		left -= dropped
		if passed *= t.density; dropped > 0 {
			passed = 1
		}
	}
	return nil
}

// readTest puts the union of a test's rows into q.row.
func (q *searcher) readTest(c *rows, t test, lo int64, n int) error {
	q.row, q.union = grow(q.row, n), grow(q.union, n)
	clear(q.row[:n])
	for i, r := range t.rows {
		if i == 0 {
			if err := q.readRow(c, r, lo, q.row[:n], q.st); err != nil {
				return err
			}
			continue
		}
		if err := q.readRow(c, r, lo, q.union[:n], q.st); err != nil {
			return err
		}
		for k, b := range q.union[:n] {
			q.row[k] |= b
		}
	}
	return nil
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
