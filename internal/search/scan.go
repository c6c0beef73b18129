package search

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/query"
)

// A scanner looks for the patterns of one plan in one stored file. Patterns
// that may be in the same places are looked for together.
type scanner struct {
	ctx    context.Context
	c      *Candidate
	blob   *blob.Reader // nil until the first byte is needed
	frames []blob.Frame
	cache  frameCache
	read   int64 // plain bytes decoded
	wants  map[string]*want
}

// A want is a pattern that is looked for.
type want struct {
	pat   query.Pattern
	found bool
	in    *hunt
}

// key tells patterns apart.
func key(p query.Pattern) string {
	switch p := p.(type) {
	case query.Literal:
		if p.Fold {
			return "f" + string(p.Bytes)
		}
		return "x" + string(p.Bytes)
	case query.Masked:
		return "m" + string(p.Bytes) + string(p.Mask)
	}
	return "?" + p.String()
}

func newScanner(ctx context.Context, c *Candidate) *scanner {
	s := &scanner{ctx: ctx, c: c, wants: map[string]*want{}, cache: frameCache{limit: c.eng.limits.FrameCache}}
	whole := &hunt{}
	var cols [][]index.Piece
	if c.cols != nil {
		cols = c.cols()
	}
	for i, leaf := range query.Leaves(c.plan) {
		pat, ok := leaf.(query.Pattern)
		if !ok || s.wants[key(pat)] != nil {
			continue
		}
		w := &want{pat: pat, in: whole}
		if cols != nil && !coversAll(cols[i], c.file.Size) {
			w.in = &hunt{spans: spansOf(cols[i], int64(pat.Len()), int64(c.eng.params.Overlap), c.file.Size)}
		}
		w.in.longest = max(w.in.longest, pat.Len())
		w.in.wants = append(w.in.wants, w)
		s.wants[key(pat)] = w
	}
	whole.spans = []span{{end: c.file.Size}}
	for _, w := range s.wants {
		w.in.bytes = 0
		for _, sp := range w.in.spans {
			w.in.bytes += sp.end - sp.start - sp.lead
		}
	}
	return s
}

func coversAll(pieces []index.Piece, size int64) bool {
	return len(pieces) == 1 && pieces[0] == index.Piece{Len: size}
}

// close gives the frames back: no bytes of this confirmation are valid any more.
func (s *scanner) close() error {
	for _, plain := range s.cache.frames {
		s.c.eng.frames.Put(&plain)
	}
	s.cache.frames = nil
	if s.blob == nil {
		return nil
	}
	return s.blob.Close()
}

func (s *scanner) open() (err error) {
	if s.blob == nil {
		s.blob, err = s.c.Open()
		if err == nil {
			s.frames = s.blob.Frames()
		}
	}
	return err
}

// contains tells whether a pattern of the plan occurs in the file.
func (s *scanner) contains(p query.Pattern) (bool, error) {
	w := s.wants[key(p)]
	for !w.found {
		more, err := s.step(w.in)
		if err != nil {
			return false, err
		}
		if !more {
			break
		}
	}
	return w.found, nil
}

// head gives the first bytes of the file, at most n.
func (s *scanner) head(n int) ([]byte, error) {
	if err := s.open(); err != nil {
		return nil, err
	}
	return s.bytesBefore(min(int64(n), s.c.file.Size), n)
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
func (s *scanner) step(h *hunt) (more bool, err error) {
	if len(h.spans) == 0 {
		return false, nil
	}
	if err := s.ctx.Err(); err != nil {
		return false, err
	}
	if err := s.open(); err != nil {
		return false, err
	}
	sp := h.spans[0]
	first := !h.running
	if first {
		h.at, h.tail, h.running = s.frameAt(sp.start+sp.lead), nil, true
	}
	if h.at == len(s.frames) || s.frames[h.at].Offset >= sp.end {
		h.spans, h.running = h.spans[1:], false
		return true, nil
	}
	plain, err := s.frame(h.at)
	if err != nil {
		return false, err
	}
	if first && h.maySpill(plain) {
		from := s.frames[h.at].Offset
		if h.tail, err = s.bytesBefore(from, int(min(int64(h.longest-1), max(from-sp.start, 0)))); err != nil {
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

// frameAt is the frame that holds the byte at off, or the number of frames.
func (s *scanner) frameAt(off int64) int {
	return sort.Search(len(s.frames), func(i int) bool {
		return s.frames[i].Offset+int64(s.frames[i].Length) > off
	})
}

// bytesBefore gives up to n bytes that end at off.
func (s *scanner) bytesBefore(off int64, n int) ([]byte, error) {
	var out []byte
	for n > len(out) && off > 0 {
		i := s.frameAt(off - 1)
		plain, err := s.frame(i)
		if err != nil {
			return nil, err
		}
		plain = plain[:off-s.frames[i].Offset]
		out = lastBytes(plain, out, n)
		off = s.frames[i].Offset
	}
	return out, nil
}

// frame decodes a frame. The bytes are valid for this file's confirmation.
func (s *scanner) frame(i int) ([]byte, error) {
	if plain, ok := s.cache.get(i); ok {
		return plain, nil
	}
	var room []byte
	if old, ok := s.c.eng.frames.Get().(*[]byte); ok {
		room = (*old)[:0]
	}
	plain, err := s.blob.ReadFrame(i, room)
	if err != nil {
		return nil, err
	}
	s.read += int64(len(plain))
	s.cache.put(i, plain)
	return plain, nil
}

// A frameCache keeps decoded frames, the latest used ones, up to a number of
// bytes.
type frameCache struct {
	limit, used int64
	frames      map[int][]byte
	order       []int // least recently used first
}

func (c *frameCache) get(i int) ([]byte, bool) {
	plain, ok := c.frames[i]
	if ok {
		c.touch(i)
	}
	return plain, ok
}

func (c *frameCache) touch(i int) {
	if at := slices.Index(c.order, i); at >= 0 {
		c.order = slices.Delete(c.order, at, at+1)
	}
	c.order = append(c.order, i)
}

func (c *frameCache) put(i int, plain []byte) {
	if c.frames == nil {
		c.frames = map[int][]byte{}
	}
	c.frames[i] = plain
	c.used += int64(len(plain))
	c.touch(i)
	for c.used > c.limit && len(c.order) > 1 {
		old := c.order[0]
		c.order = c.order[1:]
		c.used -= int64(len(c.frames[old]))
		delete(c.frames, old)
	}
}
