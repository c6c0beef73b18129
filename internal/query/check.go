package query

import (
	"bytes"
	"fmt"
)

// Bounds on a tree that comes from outside this process.
const (
	MaxDepth = 200
	MaxNodes = 100_000
)

// budget counts what a decoder builds, so that a hostile text cannot make a
// tree that is deeper or larger than any honest planner's.
type budget struct{ nodes int }

func (b *budget) spend(depth int) error {
	b.nodes++
	if depth > MaxDepth {
		return fmt.Errorf("query is nested deeper than %d", MaxDepth)
	}
	if b.nodes > MaxNodes {
		return fmt.Errorf("query has more than %d nodes", MaxNodes)
	}
	return nil
}

func digestLen(algo string) int {
	switch algo {
	case "md5":
		return 16
	case "sha1":
		return 20
	case "sha256":
		return 32
	}
	return 0
}

// The makers below are the only way in for outside values: each returns a leaf
// that holds its type's promises, or says which one is broken.

func makeLiteral(b []byte, fold bool) (Node, error) {
	if len(b) == 0 {
		return nil, fmt.Errorf("query literal is empty")
	}
	if fold {
		b = lower(b)
	}
	return Literal{Bytes: b, Fold: fold}, nil
}

func makeMasked(b, mask []byte) (Node, error) {
	n := len(b)
	if n == 0 || n > MaxMasked || n != len(mask) {
		return nil, fmt.Errorf("query masked has %d bytes and a mask of %d", n, len(mask))
	}
	if mask[0] == 0 || mask[n-1] == 0 {
		return nil, fmt.Errorf("query masked begins or ends with a byte of any value")
	}
	for i := range b {
		if b[i]&^mask[i] != 0 {
			return nil, fmt.Errorf("query masked asks for bits outside its mask at %d", i)
		}
	}
	return Masked{Bytes: b, Mask: mask}, nil
}

func makeHead(at int, b []byte, not bool) (Node, error) {
	if at < 0 || len(b) == 0 || at+len(b) > HeadLen || at > HeadLen {
		return nil, fmt.Errorf("query head at %d of %d bytes is outside the first %d bytes", at, len(b), HeadLen)
	}
	return Head{Offset: at, Bytes: b, Not: not}, nil
}

func makeType(names []string) (Node, error) {
	if len(names) == 0 {
		return nil, fmt.Errorf("query type names nothing")
	}
	for _, n := range names {
		if !isTypeName(n) {
			return nil, fmt.Errorf("query type %.40q is not a type name", n)
		}
	}
	return Type{Names: names}, nil
}

func makeHash(algo string, digest []byte) (Node, error) {
	want := digestLen(algo)
	if want == 0 {
		return nil, fmt.Errorf("query hash %.20q is not md5, sha1 or sha256", algo)
	}
	if len(digest) != want {
		return nil, fmt.Errorf("query %s digest has %d bytes, want %d", algo, len(digest), want)
	}
	return Hash{Algo: algo, Digest: digest}, nil
}

func makeMin(k int, kids []Node) (Node, error) {
	if k < 0 || k > MaxNodes {
		return nil, fmt.Errorf("query min %d is out of range", k)
	}
	return MinOf{K: k, Kids: kids}, nil
}

func isTypeName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// lower folds the ASCII letters of b and no other byte; b stays as it is.
func lower(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}
