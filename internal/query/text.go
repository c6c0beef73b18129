package query

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// The text form is for people and tests; Parse reads it back unchanged:
//
//	all  none  "bytes"  "bytes"i  masked(4d00,fff0)  size(10,20)  head(0,4d5a)
//	nothead(0,4d5a)  fact(pe.imphash,"..")  fact(pe.machine,"332",broad)  files(1-5,9-9)
//	type(pe32,pe64)  md5(..)  sha1(..)  sha256(..)  and(..)  or(..)  min(2,..)
//
// The bytes of a literal are quoted as in Go, ASCII only.

func (All) String() string  { return "all" }
func (None) String() string { return "none" }

func (l Literal) String() string {
	s := strconv.QuoteToASCII(string(l.Bytes))
	if l.Fold {
		return s + "i"
	}
	return s
}

func (m Masked) String() string {
	return "masked(" + hex.EncodeToString(m.Bytes) + "," + hex.EncodeToString(m.Mask) + ")"
}

func (s Size) String() string {
	return "size(" + strconv.FormatUint(s.Min, 10) + "," + strconv.FormatUint(s.Max, 10) + ")"
}

func (h Head) String() string {
	name := "head("
	if h.Not {
		name = "nothead("
	}
	return name + strconv.Itoa(h.Offset) + "," + hex.EncodeToString(h.Bytes) + ")"
}

func (t Type) String() string { return "type(" + strings.Join(t.Names, ",") + ")" }
func (h Hash) String() string { return h.Algo + "(" + hex.EncodeToString(h.Digest) + ")" }

func (a And) String() string { return "and(" + join(a.Kids) + ")" }
func (o Or) String() string  { return "or(" + join(o.Kids) + ")" }

func (m MinOf) String() string {
	s := "min(" + strconv.Itoa(m.K)
	if len(m.Kids) > 0 {
		s += "," + join(m.Kids)
	}
	return s + ")"
}

func join(kids []Node) string {
	parts := make([]string, len(kids))
	for i, k := range kids {
		parts[i] = k.String()
	}
	return strings.Join(parts, ",")
}
