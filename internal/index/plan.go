package index

import (
	"bytes"

	"github.com/mewshq/mews/internal/query"
)

// A Plan is a query made ready for segments: the grams of its patterns are
// worked out once for all of them. It is safe for concurrent use.
type Plan struct {
	root   *step
	leaves []*wanted // per leaf of the query; nil for a leaf that is no pattern
}

// A step is a node of the query with its patterns made ready.
type step struct {
	node query.Node
	want *wanted // of a pattern
	need int     // how many kids must hold
	kids []*step
}

// A wanted is a pattern of a plan, however often it occurs there.
type wanted struct {
	pattern
	span    int // for which the windows are
	windows []window
}

// Compile makes a query ready. Patterns of one meaning become one.
func Compile(n query.Node) *Plan {
	p := &Plan{}
	p.root = p.step(n, map[string]*wanted{})
	return p
}

func (p *Plan) step(n query.Node, known map[string]*wanted) *step {
	s := &step{node: n}
	switch n := n.(type) {
	case query.Pattern:
		s.want = wantedOf(n, known)
	case query.And:
		s.need = len(n.Kids)
	case query.Or:
		s.need = 1
	case query.MinOf:
		s.need = n.K
	}
	kids, ok := query.Kids(n)
	for _, k := range kids {
		s.kids = append(s.kids, p.step(k, known))
	}
	if !ok {
		p.leaves = append(p.leaves, s.want)
	}
	return s
}

func wantedOf(leaf query.Pattern, known map[string]*wanted) *wanted {
	p, ok := patternOf(leaf)
	if !ok {
		return new(wanted) // of no window: it may be anywhere
	}
	key := string(bytes.Join([][]byte{p.bytes, p.mask}, nil))
	w := known[key]
	if w == nil {
		span := DefaultParams().Overlap + 1
		w = &wanted{pattern: p, span: span, windows: p.windows(span)}
		known[key] = w
	}
	return w
}

// cut gives the windows for segments whose columns share span-1 bytes.
func (w *wanted) cut(span int) []window {
	if span == w.span {
		return w.windows
	}
	return w.pattern.windows(span)
}
