package search

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/query"
)

// A want is a pattern that is looked for.
type want struct {
	pat    query.Pattern
	found  bool
	absent bool // known without looking
	in     *hunt
}

// want fixes where each pattern of the plan is looked for. Patterns that may be
// in the same places are looked for together.
func (r *Reading) want() {
	plan := r.c.plan
	n := len(plan.patterns)
	r.wants = slices.Grow(r.wants[:0], n)[:n]
	for i, pat := range plan.patterns {
		r.wants[i] = want{pat: pat}
	}
	if r.single() && n <= fewPatterns {
		return
	}
	var cols [][]index.Piece
	if r.c.cols != nil {
		cols = r.c.cols()
	}
	r.hunts = slices.Grow(r.hunts[:0], n+1)
	r.hunts = append(r.hunts, hunt{spans: []span{{end: r.c.file.Size}}, bytes: r.c.file.Size})
	for leaf, at := range plan.byLeaf {
		if at < 0 || r.wants[at].in != nil {
			continue
		}
		w := &r.wants[at]
		w.in = &r.hunts[0]
		if cols != nil && !coversAll(cols[leaf], r.c.file.Size) {
			r.hunts = append(r.hunts, hunt{spans: spansOf(cols[leaf], int64(w.pat.Len()), int64(r.c.eng.params.Overlap), r.c.file.Size)})
			w.in = &r.hunts[len(r.hunts)-1]
			w.absent = len(w.in.spans) == 0
			for _, sp := range w.in.spans {
				w.in.bytes += sp.end - sp.start - sp.lead
			}
		}
		w.in.longest = max(w.in.longest, w.pat.Len())
		w.in.wants = append(w.in.wants, w)
	}
}

// fewPatterns are looked for in a small file without asking which of them the
// index rules out.
const fewPatterns = 8

func coversAll(pieces []index.Piece, size int64) bool {
	return len(pieces) == 1 && pieces[0] == index.Piece{Len: size}
}

// contains tells whether a pattern of the plan occurs in the file.
func (r *Reading) contains(p query.Pattern) (bool, error) {
	at, ok := r.c.plan.byBytes[identify(p)]
	if !ok {
		return false, fmt.Errorf("pattern %v is not of the plan", p)
	}
	w := &r.wants[at]
	switch {
	case w.found || w.absent:
		return w.found, nil
	case r.single():
		all, err := r.Bytes()
		w.found = err == nil && w.pat.Find(all) >= 0
		w.absent = err == nil && !w.found
		return w.found, err
	}
	for !w.found {
		more, err := r.step(w.in)
		if err != nil {
			return false, err
		}
		if !more {
			break
		}
	}
	return w.found, nil
}

// A span is a byte range in which a pattern may be. What lies within the first
// lead bytes alone need not be looked for: it is part of another span, or the
// file does not hold it.
type span struct{ start, end, lead int64 }

// spansOf joins the pieces in which a pattern of some length may be into
// disjoint spans. A pattern too long for the overlap of columns is only known
// to begin in a piece.
func spansOf(pieces []index.Piece, length, overlap, size int64) []span {
	var out []span
	pieces = slices.Clone(pieces)
	slices.SortFunc(pieces, func(a, b index.Piece) int { return cmp.Compare(a.Off, b.Off) })
	for _, p := range pieces {
		next := span{p.Off, p.Off + p.Len, int64(p.Lead)}
		if length > overlap+1 {
			next.end = min(next.end+length, size)
		}
		if n := len(out); n > 0 && next.start <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, next.end)
			continue
		}
		out = append(out, next)
	}
	return out
}

// A hunt is the search of some patterns through the same spans. It can stop
// after any frame and go on later.
type hunt struct {
	wants   []*want
	spans   []span // still to do; disjoint, in order
	longest int    // pattern, in bytes
	bytes   int64  // in all spans
	at      int    // the next frame
	running bool   // at is inside the first span
	tail    []byte // the bytes just before frame at, as many as can begin a pattern
}

// step searches the next frame. more is false when every span is done.
func (r *Reading) step(h *hunt) (more bool, err error) {
	if len(h.spans) == 0 {
		return false, nil
	}
	if err := r.ctx.Err(); err != nil {
		return false, err
	}
	if err := r.open(); err != nil {
		return false, err
	}
	sp := h.spans[0]
	first := !h.running
	if first {
		h.at, h.tail, h.running = r.frameAt(sp.start+sp.lead), nil, true
	}
	if h.at == len(r.frames) || r.frames[h.at].Offset >= sp.end {
		h.spans, h.running = h.spans[1:], false
		return true, nil
	}
	plain, err := r.frame(h.at)
	if err != nil {
		return false, err
	}
	if first && h.maySpill(plain) {
		from := r.frames[h.at].Offset
		if h.tail, err = r.bytesBefore(from, int(min(int64(h.longest-1), max(from-sp.start, 0)))); err != nil {
			return false, err
		}
	}
	h.look(plain)
	h.at++
	return true, nil
}

// maySpill tells whether some pattern that is still wanted could begin before
// a frame and end in it, going by the frame's first bytes.
func (h *hunt) maySpill(plain []byte) bool {
	return slices.ContainsFunc(h.wants, func(w *want) bool { return !w.found && w.pat.Spills(plain) })
}

// look searches a frame together with the bytes before it.
func (h *hunt) look(plain []byte) {
	// Patterns inside the frame, without copying it; then those across its
	// first border.
	border := append(h.tail, plain[:min(len(plain), max(h.longest-1, 0))]...)
	for _, w := range h.wants {
		if w.found {
			continue
		}
		w.found = w.pat.Find(plain) >= 0 || len(h.tail) > 0 && w.pat.Find(border) >= 0
	}
	h.tail = lastBytes(h.tail, plain, h.longest-1)
}

// lastBytes gives the last n bytes of a followed by b, as a copy.
func lastBytes(a, b []byte, n int) []byte {
	n = max(n, 0)
	if len(b) >= n {
		return bytes.Clone(b[len(b)-n:])
	}
	keep := min(n-len(b), len(a))
	return slices.Concat(a[len(a)-keep:], b)
}
