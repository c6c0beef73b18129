package index

import (
	"cmp"
	"slices"

	"github.com/mewshq/mews/internal/query"
)

// Case variants of one gram that are looked up as alternatives. Texts of six
// bytes and more have folded grams, so only nearly fixed ones are worth it.
const (
	variantsShort = 16
	variantsLong  = 2
)

// A term holds for a column when one of its grams does: a single gram, or the
// case variants of one.
type term []gram

// windows splits a literal so that each part lies inside one column wherever
// the whole occurs; parts overlap, so that no gram is lost between them.
func windows(b []byte, span int) [][]byte {
	if len(b) <= span {
		return [][]byte{b}
	}
	var out [][]byte
	step := span - gramSpan + 1
	for at := 0; ; at += step {
		if at+span >= len(b) {
			return append(out, b[len(b)-span:])
		}
		out = append(out, b[at:at+span])
	}
}

// terms returns what every column that holds b must satisfy.
func terms(b []byte, folded bool) []term {
	if folded {
		return foldedTerms(b)
	}
	var out []term
	seen := map[gram]bool{}
	grams(b, 0, func(g gram) {
		if !seen[g] {
			seen[g] = true
			out = append(out, term{g})
		}
	})
	return out
}

// foldedTerms is terms for text whose case is unknown.
func foldedTerms(lit []byte) []term {
	b := slices.Clone(lit)
	for i, c := range b {
		b[i] = foldByte(c)
	}
	var out []term
	seen := map[gram]bool{}
	for e := range b {
		longGrams(b[:e+1], func(g gram) {
			if !seen[g] {
				seen[g] = true
				out = append(out, term{g})
			}
		})
	}
	limit := variantsLong
	if len(b) < 6 {
		limit = variantsShort
	}
	for e := range b {
		for _, n := range []int{3, 4} {
			if e+1 >= n {
				if t := caseTerm(b[e+1-n:e+1], limit); t != nil && !seen[t[0]] {
					seen[t[0]] = true
					out = append(out, t)
				}
			}
		}
	}
	return out
}

// caseTerm returns the case variants of a raw gram of lower case, or nil when
// there are more than limit.
func caseTerm(b []byte, limit int) term {
	variants := [][]byte{slices.Clone(b)}
	for i, c := range b {
		if c < 'a' || c > 'z' {
			continue
		}
		if 2*len(variants) > limit {
			return nil
		}
		for _, v := range variants {
			upper := slices.Clone(v)
			upper[i] = c &^ 0x20
			variants = append(variants, upper)
		}
	}
	var t term
	for _, v := range variants {
		if len(b) == 3 {
			t = append(t, gram{short, hashG3(uint32(lowKey(v)))})
		} else {
			t = append(t, gram{middle, hashG4(uint32(lowKey(v)))})
		}
	}
	return t
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
		for _, g := range t {
			r := c.shape.at(g)
			n := logValue(c.counts[r])
			k.density += float64(n) / float64(c.columns)
			if n > 0 {
				k.rows = append(k.rows, r)
			}
		}
		out = append(out, k)
	}
	slices.SortStableFunc(out, func(a, b test) int {
		return cmp.Or(cmp.Compare(a.density, b.density), cmp.Compare(a.filter, b.filter))
	})
	return out
}

// needed returns the least length of a piece that can hold the part of a
// literal that its pieces are found by.
func (s *Segment) needed(lit query.Literal) int {
	return min(s.foot.params.Overlap+1, len(lit.Bytes))
}
