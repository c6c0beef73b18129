// Package query holds the byte-query tree: a conservative form of what a user
// asked. Whatever matches the question also satisfies the tree; the tree may
// select more, and the verifier decides. A missed match is the one
// unforgivable bug, so every rewrite here may only weaken a tree, never
// strengthen it.
package query

// A Node is a pure value: All, None, Literal, Masked, Size, Head, Type, Hash,
// Fact, Files, And, Or or MinOf. Nodes are immutable once built.
type Node interface {
	String() string
	node()
}

// All selects every file; None selects no file.
type (
	All  struct{}
	None struct{}
)

// A Literal is a run of bytes that must occur in the file. With Fold, the ASCII
// letters of both sides are compared without case; Bytes then holds lower case.
type Literal struct {
	Bytes []byte
	Fold  bool
}

// Size selects files of Min to Max bytes, both inclusive.
type Size struct{ Min, Max uint64 }

// Head selects files whose bytes at Offset (all within the first HeadLen bytes)
// equal Bytes. A file too short to hold them is not selected, or is selected
// when Not is set: Not is the complement over all files.
type Head struct {
	Offset int
	Bytes  []byte
	Not    bool
}

// HeadLen is how many leading bytes of each file the index keeps.
const HeadLen = 16

// Type selects files of one of these type names (docs: sample types, lower case).
type Type struct{ Names []string }

// Hash selects the file with this digest; Algo is md5, sha1 or sha256.
type Hash struct {
	Algo   string
	Digest []byte
}

// A Fact selects files of which the engine's own modules say that the field Name
// has this value; for a list, that one of its members has it. Whoever keeps
// facts replaces it by Files before a search; until then it selects every file.
// Broad marks a fact that a large part of any corpus shares: it narrows a
// search, but a tree of nothing else means reading much.
type Fact struct {
	Name, Value string
	Broad       bool
}

// Files selects files by sequence number: rising ranges that do not touch, both
// ends inclusive. It is what an answer known beforehand becomes, and has no JSON
// form of its own: it is encoded as All.
type Files struct{ Ranges [][2]uint64 }

// And, Or and MinOf combine. MinOf is satisfied when at least K kids are.
type (
	And   struct{ Kids []Node }
	Or    struct{ Kids []Node }
	MinOf struct {
		K    int
		Kids []Node
	}
)

func (All) node()     {}
func (None) node()    {}
func (Literal) node() {}
func (Masked) node()  {}
func (Size) node()    {}
func (Head) node()    {}
func (Type) node()    {}
func (Hash) node()    {}
func (Fact) node()    {}
func (Files) node()   {}
func (And) node()     {}
func (Or) node()      {}
func (MinOf) node()   {}
