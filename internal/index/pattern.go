package index

import (
	"slices"

	"github.com/mewshq/mews/internal/query"
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

// A window is a part of a pattern that lies inside one column wherever the whole
// occurs.
type window struct {
	pattern
	at    int     // in the whole
	grams []place // of bytes that are known
	forks []fork
}

// A place is a gram of a pattern and the byte it ends with.
type place struct {
	gram
	end int
}

// windows splits a pattern; the parts overlap, so that no gram is lost between
// them.
func (p pattern) windows(span int) []window {
	var out []window
	step := span - gramSpan + 1
	for at := 0; ; at += step {
		at = max(0, min(at, len(p.bytes)-span))
		w := window{pattern: p.from(at, min(at+span, len(p.bytes))), at: at}
		w.grams, w.forks = w.known(), w.forksOf()
		out = append(out, w)
		if at+span >= len(p.bytes) {
			return out
		}
	}
}

// filters tells whether the index can say anything of the window.
func (w *window) filters() bool { return len(w.grams) > 0 || len(w.forks) > 0 }

// known returns the grams that every column with p has, whatever the bits that
// do not matter are. Grams that end far from each other come first: neighbours
// are seldom independent.
func (p pattern) known() []place {
	var out []place
	seen := map[gram]bool{}
	add := func(e int, g gram) {
		if !seen[g] {
			seen[g] = true
			out = append(out, place{g, e})
		}
	}
	text, exact, folded := p.runs()
	for e := range p.bytes {
		longGrams(text[folded[e]:e+1], func(g gram) { add(e, g) })
		shortGramsAt(p.bytes[exact[e]:e+1], func(g gram) { add(e, g) })
	}
	return out
}

// shortGramsAt calls add for the g3 and g4 that end with b.
func shortGramsAt(b []byte, add func(gram)) {
	n := len(b)
	if n >= 3 {
		add(gram{short, hashG3(uint32(lowKey(b[n-3:])))})
	}
	if n >= 4 {
		add(gram{middle, hashG4(uint32(lowKey(b[n-4:])))})
	}
}

// runs gives the bytes as the long grams see them. For each byte it tells where
// the run of known bytes that ends with it starts, in the eyes of the short
// grams and of the long ones; past the byte when that is not known itself.
func (p pattern) runs() (text []byte, exact, folded []int) {
	text = make([]byte, len(p.bytes))
	exact, folded = make([]int, len(p.bytes)), make([]int, len(p.bytes))
	from, fromFolded := 0, 0
	for i, c := range p.bytes {
		text[i] = foldByte(c)
		if p.mask[i] != 0xFF {
			from = i + 1
		}
		if !p.caseless(i) {
			fromFolded = i + 1
		}
		exact[i], folded[i] = from, fromFolded
	}
	return text, exact, folded
}

// caseless tells whether the byte is known but for its case.
func (p pattern) caseless(i int) bool {
	return p.mask[i] == 0xFF || p.mask[i] == anyCase && isLetter(p.bytes[i])
}
