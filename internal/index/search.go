package index

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"github.com/mewshq/mews/internal/query"
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
	out := make([][]Piece, len(h.found.plan.leaves))
	for i, leaf := range h.found.plan.leaves {
		if leaf != nil {
			out[i] = h.found.pieces(h.FileNo, leaf)
		}
	}
	return out
}

// Packed tells that all that is known of the file are columns it shares with
// others: it is more often a candidate in error than other files are.
func (h Hit) Packed() bool {
	s := h.found.seg
	for _, i := range s.fileParts[s.fileStart[h.FileNo]:s.fileStart[h.FileNo+1]] {
		col := s.partCol[i]
		if s.partStart[col+1]-s.partStart[col] == 1 {
			return false
		}
	}
	return true
}

// A finding is what one search learned; its hits share it.
type finding struct {
	seg   *Segment
	plan  *Plan
	known map[*wanted]*spots // absent: the pattern may be anywhere
}

// The spots of a pattern are the parts it may begin in, of the files that were
// looked at; a nil bitmap stands for all files.
type spots struct {
	parts  idSet
	within bitmap
}

func (k *spots) covers(within bitmap) bool {
	return k.within == nil || within != nil && within.inside(k.within)
}

func (f *finding) pieces(file int, w *wanted) []Piece {
	s := f.seg
	k := f.known[w]
	if k == nil || k.within != nil && !k.within.has(file) {
		return []Piece{{Len: s.files[file].Size}}
	}
	var out []Piece
	for _, i := range s.fileParts[s.fileStart[file]:s.fileStart[file+1]] {
		if k.parts.has(i) {
			p := s.parts[i]
			out = append(out, Piece{Off: p.off, Len: int64(p.len), Lead: s.lead(p)})
		}
	}
	slices.SortFunc(out, func(a, b Piece) int { return cmp.Compare(a.Off, b.Off) })
	return out
}

// Search returns the files that may satisfy the plan, by rising number: all
// that do satisfy it, and possibly more. alive, if not nil, tells which files
// to consider. st, if not nil, is added to.
func (s *Segment) Search(ctx context.Context, plan *Plan, alive func(fileNo int) bool, st *Stats) ([]Hit, error) {
	if st == nil {
		st = new(Stats)
	}
	q := &searcher{Segment: s, ctx: ctx, st: st, found: &finding{seg: s, plan: plan, known: map[*wanted]*spots{}}}
	files, err := q.files(plan.root, nil)
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

// A searcher evaluates a plan over a segment. It serves one search.
type searcher struct {
	*Segment
	ctx   context.Context
	st    *Stats
	found *finding
	cache rowCache
	cols  bitmap   // scratch of columnsWith
	order []uint32 // scratch of narrow
}

// files returns the files that may satisfy s, of those within; nil are all.
func (q *searcher) files(s *step, within bitmap) (bitmap, error) {
	if err := q.ctx.Err(); err != nil {
		return nil, err
	}
	switch n := s.node.(type) {
	case query.None:
		return newBitmap(len(q.Segment.files)), nil
	case query.Pattern:
		return q.pattern(s.want, within)
	case query.And:
		return q.all(s.kids, within)
	case query.Or, query.MinOf:
		return q.some(s.need, s.kids, within)
	default:
		return q.meta(n, within), nil
	}
}

// either returns within, or all files.
func (q *searcher) either(within bitmap) bitmap {
	if within != nil {
		return slices.Clone(within)
	}
	return fullBitmap(len(q.Segment.files))
}

// all intersects the kids, the cheap and selective ones first. Each looks only
// at the files that the ones before have left.
func (q *searcher) all(kids []*step, within bitmap) (bitmap, error) {
	kids = slices.Clone(kids)
	rank := map[*step]float64{}
	for _, k := range kids {
		rank[k] = q.rank(k)
	}
	slices.SortStableFunc(kids, func(a, b *step) int { return cmp.Compare(rank[a], rank[b]) })
	for _, k := range kids {
		f, err := q.files(k, within)
		if err != nil {
			return nil, err
		}
		if within = f; within.empty() {
			return within, nil
		}
	}
	return q.either(within), nil
}

// rank orders the kids of an And: what the file table knows, then patterns, those
// first that few columns seem to hold, then trees.
func (q *searcher) rank(s *step) float64 {
	const metadata, trees = -1e9, 1e9
	switch {
	case len(s.kids) > 0:
		return trees
	case s.want == nil:
		return metadata
	}
	least := 0.0
	for _, w := range s.want.cut(q.foot.params.Overlap + 1) {
		sum := 0.0 // log of the share of columns, times eight
		i := slices.IndexFunc(q.classes, func(c *rows) bool { return c.columns > 0 })
		if i < 0 {
			break
		}
		c := q.classes[i]
		for _, g := range w.grams {
			sum += float64(c.counts[c.shape.at(g.gram)]) - float64(logCode(c.columns))
		}
		least = min(least, sum)
	}
	return least
}

// some returns the files for which at least need kids hold. A kid looks only at
// files that can still come to so many.
func (q *searcher) some(need int, kids []*step, within bitmap) (bitmap, error) {
	if need <= 0 {
		return q.either(within), nil
	}
	counts := make([]int32, len(q.Segment.files))
	for i, kid := range kids {
		f, err := q.files(kid, within)
		if err != nil {
			return nil, err
		}
		f.each(func(no int) { counts[no]++ })
		if left := len(kids) - 1 - i; left < need {
			within = q.either(within)
			within.each(func(no int) {
				if int(counts[no])+left < need {
					within.clear(no)
				}
			})
		}
	}
	if len(kids) == 0 {
		return newBitmap(len(counts)), nil
	}
	return within, nil
}

// meta answers from the file table; what it does not hold selects every file.
func (q *searcher) meta(n query.Node, within bitmap) bitmap {
	out := q.either(within)
	holds := metaTest(n)
	if holds == nil {
		return out
	}
	out.each(func(no int) {
		if !holds(&q.Segment.files[no]) {
			out.clear(no)
		}
	})
	return out
}

// metaTest is nil for what the file table does not tell.
func metaTest(n query.Node) func(f *entry) bool {
	switch n := n.(type) {
	case query.Size:
		return func(f *entry) bool { return uint64(f.Size) >= n.Min && uint64(f.Size) <= n.Max }
	case query.Type:
		return func(f *entry) bool { return slices.Contains(n.Names, f.Type) }
	case query.Files:
		return func(f *entry) bool { return n.Has(f.Seq) }
	case query.Hash:
		if n.Algo == "sha256" {
			return func(f *entry) bool { return bytes.Equal(f.SHA256[:], n.Digest) }
		}
	case query.Head:
		if n.Offset >= 0 && n.Offset <= headLen-len(n.Bytes) {
			return func(f *entry) bool {
				end := n.Offset + len(n.Bytes)
				return (f.Size >= int64(end) && bytes.Equal(f.head[n.Offset:end], n.Bytes)) != n.Not
			}
		}
	}
	return nil
}

// pattern returns the files within that may hold a pattern, and keeps the parts
// it may begin in for the hits.
func (q *searcher) pattern(w *wanted, within bitmap) (bitmap, error) {
	if w == nil {
		return q.either(within), nil
	}
	k := q.found.known[w]
	if k == nil || !k.covers(within) {
		if k != nil {
			within = nil // asked from several places: once for all of them
		}
		parts, ok, err := q.locate(w, within)
		if err != nil {
			return nil, err
		}
		if !ok {
			return q.either(within), nil
		}
		k = &spots{parts, within}
		q.found.known[w] = k
	}
	out := newBitmap(len(q.Segment.files))
	k.parts.each(func(i uint32) { out.set(int(q.parts[i].file)) })
	if within != nil {
		out.and(within)
	}
	return out, nil
}

// locate returns the parts, of files within, in which a pattern may begin; ok is
// false when nothing can be said. Each window of a long pattern must have a part
// at the right distance.
func (q *searcher) locate(w *wanted, within bitmap) (parts idSet, ok bool, err error) {
	begins := -1 // the window that parts are of
	for _, win := range w.cut(q.foot.params.Overlap + 1) {
		if !win.filters() {
			continue
		}
		cols, err := q.columnsWith(&win, q.columnsOf(within))
		if err != nil {
			return parts, false, err
		}
		q.st.Columns += cols.size()
		these := q.partsIn(cols, len(win.bytes), len(w.bytes), within)
		if begins < 0 {
			parts, begins = these, win.at
		} else {
			parts = q.joined(parts, these, int64(win.at-begins), int64(len(win.bytes)))
		}
		within = q.filesOf(parts)
		if within.empty() {
			break
		}
	}
	if begins > 0 { // what comes before may lie in another part
		all := newBitmap(len(q.parts))
		within.each(func(no int) {
			for _, i := range q.fileParts[q.fileStart[no]:q.fileStart[no+1]] {
				all.set(int(i))
			}
		})
		parts = newIDSet(all)
	}
	return parts, begins >= 0, nil
}

// columnsOf returns the columns that hold parts of the files within, nil for all.
func (q *searcher) columnsOf(within bitmap) bitmap {
	if within == nil {
		return nil
	}
	out := newBitmap(q.Segment.columns)
	within.each(func(no int) {
		for _, i := range q.fileParts[q.fileStart[no]:q.fileStart[no+1]] {
			out.set(int(q.partCol[i]))
		}
	})
	return out
}

// partsIn lists the parts in columns that are long enough for a window, of files
// within that are long enough for the whole.
func (q *searcher) partsIn(cols idSet, window, whole int, within bitmap) idSet {
	var list []uint32
	cols.each(func(col uint32) {
		for i := q.partStart[col]; i < q.partStart[col+1]; i++ {
			p := &q.parts[i]
			if int(p.len) >= window && q.Segment.files[p.file].Size >= int64(whole) && (within == nil || within.has(int(p.file))) {
				list = append(list, i)
			}
		}
	})
	return listed(list, len(q.parts))
}

func (q *searcher) filesOf(parts idSet) bitmap {
	out := newBitmap(len(q.Segment.files))
	parts.each(func(i uint32) { out.set(int(q.parts[i].file)) })
	return out
}

// mostJoined bounds the work of joined: beyond it distances are not looked at.
const mostJoined = 4096

// joined keeps the parts in which something may begin that goes on, shift bytes
// later, with a window of length n in one of the others.
func (q *searcher) joined(begin, other idSet, shift, n int64) idSet {
	near := begin.size() <= mostJoined
	files := q.filesOf(other)
	var list []uint32
	begin.each(func(i uint32) {
		p := &q.parts[i]
		if !files.has(int(p.file)) {
			return
		}
		fits := func(k uint32) bool {
			o := &q.parts[k]
			return other.has(k) && p.off+shift <= o.off+int64(o.len)-n && o.off <= p.off+int64(p.len)+shift
		}
		if !near || slices.ContainsFunc(q.fileParts[q.fileStart[p.file]:q.fileStart[p.file+1]], fits) {
			list = append(list, i)
		}
	})
	return listed(list, len(q.parts))
}
