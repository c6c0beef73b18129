package query

import (
	"math"
	"math/bits"
	"slices"
)

// A Strength sorts trees by what a search for them must read.
type Strength string

const (
	// Strong trees leave little of a corpus to read.
	Strong Strength = "strong"
	// Weak trees have only short strings: some percent of a corpus is read.
	Weak Strength = "weak"
	// Metadata trees narrow by size, type or first bytes, not by strings.
	Metadata Strength = "metadata"
	// Unplanned trees select every file.
	Unplanned Strength = "none"
)

// strongShare is the share of a corpus that a strong tree leaves to read.
const strongShare = 0.01

// StrengthOf judges a tree by itself: how common its strings are in a corpus is
// not known here, so it takes them for strings that no file holds.
func StrengthOf(n Node) Strength {
	n = Simplify(n)
	switch {
	case Indexable(n) && shareOf(n) <= strongShare:
		return Strong
	case Indexable(n):
		return Weak
	case Simplify(besideStrings(n)) == Node(All{}):
		return Unplanned
	}
	return Metadata
}

// besideStrings is the tree for files in which no string is that the index could
// look up, and every other.
func besideStrings(n Node) Node {
	each := func(kids []Node) []Node {
		out := make([]Node, len(kids))
		for i, k := range kids {
			out[i] = besideStrings(k)
		}
		return out
	}
	switch n := n.(type) {
	case Pattern:
		if Indexable(n) {
			return None{}
		}
		return All{}
	case And:
		return And{Kids: each(n.Kids)}
	case Or:
		return Or{Kids: each(n.Kids)}
	case MinOf:
		return MinOf{K: n.K, Kids: each(n.Kids)}
	}
	return n
}

// shareOf is the share of a corpus that the index is expected to leave to read.
func shareOf(n Node) float64 {
	switch n := n.(type) {
	case None, Hash, Files:
		return 0
	case Fact:
		if !n.Broad {
			return 0
		}
	case Literal:
		if n.Fold && hasLetter(n.Bytes) {
			return shareOfRun(float64(len(n.Bytes) - 1)) // one filter of three knows folded text
		}
		return shareOfRun(float64(len(n.Bytes)))
	case Masked:
		return shareOfRun(n.known())
	case And:
		least := 1.0
		for _, k := range n.Kids {
			least = min(least, shareOf(k))
		}
		return least
	case Or:
		return shareOfMin(1, n.Kids)
	case MinOf:
		return shareOfMin(n.K, n.Kids)
	}
	return 1
}

// shareOfRun follows what was measured for absent literals: 5 % at four bytes,
// and each byte more divides by four (docs/performance.md).
func shareOfRun(n float64) float64 {
	if n < MinLiteral {
		return 1
	}
	return .05 / math.Pow(4, n-MinLiteral)
}

// shareOfMin: each file that is left takes up k of the kids' shares, and at
// least one of all but the k-1 most common kids.
func shareOfMin(k int, kids []Node) float64 {
	if k <= 0 {
		return 1
	}
	if k > len(kids) {
		return 0
	}
	var shares []float64
	sum := 0.0
	for _, kid := range kids {
		s := shareOf(kid)
		shares, sum = append(shares, s), sum+s
	}
	slices.Sort(shares)
	rest := 0.0
	for _, s := range shares[:len(shares)-k+1] {
		rest += s
	}
	return min(1, rest, sum/float64(k))
}

// known is how long a literal would be that filters as much: the longest run of
// bytes of which something is known, half a byte counting half, and of every other
// run what its grams of three bytes add.
func (m Masked) known() float64 {
	var longest, others, run float64
	end := func() {
		if run > longest {
			longest, run = run, longest
		}
		others += max(0, run-2)
		run = 0
	}
	for _, mask := range m.Mask {
		switch bits.OnesCount8(mask) {
		case 8:
			run++
		case 4, 5, 6, 7:
			run += .5
		default:
			end()
		}
	}
	end()
	return longest + others
}
