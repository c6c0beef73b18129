package index

import (
	"cmp"
	"slices"

	"github.com/mewshq/mews/internal/query"
)

// Variants of one gram that are looked up as alternatives, for bytes of which
// some bits do not matter. Beside a gram that is fully known only nearly fixed
// ones are worth it.
const (
	variantsShort = 16
	variantsLong  = 2
)

// A pattern is a run of bytes of which only the bits of mask matter; bytes has
// no others.
type pattern struct{ bytes, mask []byte }

// anyCase is the mask of an ASCII letter of either case.
const anyCase = 0xDF

// patternOf gives the pattern of a leaf.
func patternOf(p query.Pattern) (out pattern, ok bool) {
	switch p := p.(type) {
	case query.Literal:
		out = pattern{slices.Clone(p.Bytes), make([]byte, len(p.Bytes))}
		for i, c := range p.Bytes {
			out.mask[i] = 0xFF
			if p.Fold && isLetter(c) {
				out.mask[i] = anyCase
				out.bytes[i] &= anyCase
			}
		}
		return out, true
	case query.Masked:
		return pattern{p.Bytes, p.Mask}, len(p.Bytes) == len(p.Mask)
	}
	return pattern{}, false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func (p pattern) from(lo, hi int) pattern { return pattern{p.bytes[lo:hi], p.mask[lo:hi]} }

// fixed tells whether every bit matters.
func (p pattern) fixed() bool {
	return !slices.ContainsFunc(p.mask, func(m byte) bool { return m != 0xFF })
}

// A term holds for a column when one of its grams does: a single gram, or the
// variants of one.
type term []gram

// A window is a part of a pattern that lies inside one column wherever the whole
// occurs.
type window struct {
	pattern
	at int // in the pattern
}

// windows splits a pattern; the parts overlap, so that no gram is lost between
// them.
func (p pattern) windows(span int) []window {
	if len(p.bytes) <= span {
		return []window{{p, 0}}
	}
	var out []window
	step := span - gramSpan + 1
	for at := 0; ; at += step {
		at = min(at, len(p.bytes)-span)
		out = append(out, window{p.from(at, at+span), at})
		if at+span == len(p.bytes) {
			return out
		}
	}
}

// terms returns what every column that holds p must satisfy.
func (p pattern) terms() []term {
	var out []term
	seen := map[gram]bool{}
	add := func(t term) {
		if len(t) > 0 && !seen[t[0]] {
			seen[t[0]] = true
			out = append(out, t)
		}
	}
	text, start := p.folded()
	longest := 0
	for e := range text {
		longGrams(text[min(start[e], e+1):e+1], func(g gram) { add(term{g}) })
		longest = max(longest, e+1-start[e])
	}
	limit := variantsShort
	if longest >= 6 {
		limit = variantsLong
	}
	for e := range text {
		for _, n := range []int{3, 4} {
			if e+1 >= n {
				add(p.from(e+1-n, e+1).variants(limit))
			}
		}
	}
	return out
}

// folded gives the bytes as the long grams see them, and for each the start of
// the run of known ones that ends with it; it is past the byte when that is not
// known.
func (p pattern) folded() (text []byte, start []int) {
	text, start = make([]byte, len(p.bytes)), make([]int, len(p.bytes))
	at := 0
	for i, c := range p.bytes {
		switch {
		case p.mask[i] == 0xFF:
			text[i] = foldByte(c)
		case p.mask[i] == anyCase && isLetter(c):
			text[i] = c | 0x20
		default:
			at = i + 1
		}
		start[i] = at
	}
	return text, start
}

// variants returns the grams that p, which is as long as a g3 or g4, may stand
// for, or nil when there are more than limit.
func (p pattern) variants(limit int) term {
	var t term
	n := p.each(limit, func(b []byte) {
		key := uint32(lowKey(b))
		if len(b) == 3 {
			t = append(t, gram{short, hashG3(key)})
		} else {
			t = append(t, gram{middle, hashG4(key)})
		}
	})
	if n > limit {
		return nil
	}
	return t
}

// each calls fn for every run of bytes that p stands for, unless there are more
// than limit, and returns how many there are.
func (p pattern) each(limit int, fn func([]byte)) int {
	n := 1
	for _, m := range p.mask {
		for free := ^m; free != 0 && n <= limit; free &= free - 1 {
			n *= 2
		}
	}
	if n > limit {
		return n
	}
	b := slices.Clone(p.bytes)
	var vary func(i int)
	vary = func(i int) {
		if i == len(b) {
			fn(b)
			return
		}
		free := ^p.mask[i]
		for sub := free; ; sub = (sub - 1) & free { // every subset of the free bits
			b[i] = p.bytes[i] | sub
			vary(i + 1)
			if sub == 0 {
				return
			}
		}
	}
	vary(0)
	return n
}

// A test is a term made concrete for one class: rows of which one must be set.
type test struct {
	rows    []uint32
	filter  uint8
	density float64 // share of columns that pass, about
}

// tests turns terms into rows, the most selective first.
func (c *rows) tests(ts []term) []test {
	out := make([]test, 0, len(ts))
	for _, t := range ts {
		k := test{filter: t[0].filter}
		none := 1.0 // share of columns that no variant is in, about
		for _, g := range t {
			r := c.shape.at(g)
			if n := logValue(c.counts[r]); n > 0 {
				none *= 1 - float64(n)/float64(c.columns)
				k.rows = append(k.rows, r)
			}
		}
		k.density = 1 - none
		out = append(out, k)
	}
	slices.SortStableFunc(out, func(a, b test) int {
		return cmp.Or(cmp.Compare(a.density, b.density), cmp.Compare(a.filter, b.filter))
	})
	return out
}

// needed returns the least length of a piece that can hold the part of a
// pattern that its pieces are found by.
func (s *Segment) needed(p query.Pattern) int {
	return min(s.foot.params.Overlap+1, p.Len())
}
