package search

import "github.com/mewshq/mews/internal/query"

// A prepared plan is what the candidates of one search share: its patterns, each
// once, so that confirming a file compares none of them with another.
type prepared struct {
	tree     query.Node
	patterns []query.Pattern
	byLeaf   []int            // leaf of tree -> place in patterns, -1 for other leaves
	byBytes  map[identity]int // pattern -> place in patterns
}

// An identity tells patterns apart by where their bytes lie: nodes are immutable,
// and a leaf keeps its bytes wherever its tree is rebuilt.
type identity struct {
	bytes, mask *byte
	n           int
	folded      bool
}

func identify(p query.Pattern) (id identity) {
	var bytes, mask []byte
	switch p := p.(type) {
	case query.Literal:
		bytes, id.folded = p.Bytes, p.Fold
	case query.Masked:
		bytes, mask = p.Bytes, p.Mask
	}
	if len(bytes) > 0 {
		id.bytes, id.n = &bytes[0], len(bytes)
	}
	if len(mask) > 0 {
		id.mask = &mask[0]
	}
	return id
}

func prepare(plan query.Node) *prepared {
	p := &prepared{tree: plan, byBytes: map[identity]int{}}
	known := map[string]int{}
	for _, leaf := range query.Leaves(plan) {
		at := -1
		if pat, ok := leaf.(query.Pattern); ok {
			if at, ok = known[key(pat)]; !ok {
				at = len(p.patterns)
				p.patterns = append(p.patterns, pat)
				known[key(pat)] = at
			}
			p.byBytes[identify(pat)] = at
		}
		p.byLeaf = append(p.byLeaf, at)
	}
	return p
}

// key tells patterns apart by what they look for.
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
