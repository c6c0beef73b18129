package query

import (
	"bytes"
	"slices"
)

// The shortest literals that an index can look up. Folded text is kept in
// longer grams only, so a short folded literal filters nothing by itself.
const (
	MinLiteral = 4
	MinFolded  = 6
)

// Indexable tells whether every way to satisfy n needs a literal long enough to
// look up, a digest or a rare fact. Any other tree means reading the whole corpus.
func Indexable(n Node) bool {
	switch n := n.(type) {
	case None, Hash, Files:
		return true
	case Fact:
		return !n.Broad
	case Literal:
		return len(n.Bytes) >= MinFolded || len(n.Bytes) >= MinLiteral && !(n.Fold && hasLetter(n.Bytes))
	case Masked:
		return n.anchored()
	case And:
		return slices.ContainsFunc(n.Kids, Indexable)
	case Or:
		return !slices.ContainsFunc(n.Kids, func(k Node) bool { return !Indexable(k) })
	case MinOf:
		free := 0 // kids that could be the ones satisfied
		for _, k := range n.Kids {
			if !Indexable(k) {
				free++
			}
		}
		return free < n.K
	}
	return false
}

// Leaves lists the nodes without kids in reading order, every occurrence.
func Leaves(n Node) []Node { return appendLeaves(nil, n) }

func appendLeaves(out []Node, n Node) []Node {
	kids, ok := Kids(n)
	if !ok {
		return append(out, n)
	}
	for _, k := range kids {
		out = appendLeaves(out, k)
	}
	return out
}

// Kids gives the kids of an And, Or or MinOf; ok is false for a leaf.
func Kids(n Node) (kids []Node, ok bool) {
	switch n := n.(type) {
	case And:
		return n.Kids, true
	case Or:
		return n.Kids, true
	case MinOf:
		return n.Kids, true
	}
	return nil, false
}

// A FileView answers the leaves for one file. Where it cannot know, it must
// say so by the empty value, which counts as satisfied.
type FileView interface {
	// Seq is the number that Files speak of.
	Seq() uint64
	Size() uint64
	// Head is the first HeadLen bytes, or the whole of a shorter file.
	Head() []byte
	// Type is the lower-case sample type, "" when unknown.
	Type() string
	// Digest is the file's digest, nil when unknown.
	Digest(algo string) []byte
	// Contains tells whether the pattern, which is not empty, occurs in the file.
	Contains(Pattern) (bool, error)
}

// Match evaluates a tree over one file. What costs nothing is asked first, and
// Contains only while the answer is open.
func Match(n Node, f FileView) (bool, error) {
	switch n := n.(type) {
	case None:
		return false, nil
	case Pattern:
		if n.Len() == 0 {
			return true, nil
		}
		return f.Contains(n)
	case Size:
		return f.Size() >= n.Min && f.Size() <= n.Max, nil
	case Head:
		return matchHead(n, f.Head()), nil
	case Type:
		return f.Type() == "" && len(n.Names) > 0 || slices.Contains(n.Names, f.Type()), nil
	case Hash:
		have := f.Digest(n.Algo)
		return have == nil || bytes.Equal(have, n.Digest), nil
	case Files:
		return n.Has(f.Seq()), nil
	case And:
		return matchMin(len(n.Kids), n.Kids, f)
	case Or:
		return matchMin(1, n.Kids, f)
	case MinOf:
		return matchMin(n.K, n.Kids, f)
	}
	return true, nil
}

func matchHead(h Head, head []byte) bool {
	end := h.Offset + len(h.Bytes)
	if h.Offset < 0 || h.Offset > HeadLen || end > HeadLen {
		return true
	}
	return (end <= len(head) && bytes.Equal(head[h.Offset:end], h.Bytes)) != h.Not
}

// matchMin asks for at least k true kids, cheap kids before costly ones.
func matchMin(k int, kids []Node, f FileView) (bool, error) {
	left := len(kids)
	for _, costly := range []bool{false, true} {
		for _, kid := range kids {
			if k <= 0 || k > left {
				return k <= 0, nil
			}
			if needsBytes(kid) != costly {
				continue
			}
			ok, err := Match(kid, f)
			if err != nil {
				return false, err
			}
			left--
			if ok {
				k--
			}
		}
	}
	return k <= 0, nil
}

func needsBytes(n Node) bool {
	kids, ok := Kids(n)
	if !ok {
		_, pattern := n.(Pattern)
		return pattern
	}
	return slices.ContainsFunc(kids, needsBytes)
}
