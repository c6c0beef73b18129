package query

import (
	"bytes"
	"math"
)

// Simplify gives a smaller tree of the same meaning: constants are folded, And
// and Or are flattened, equal kids of And and Or are kept once. It never makes a
// tree select less.
func Simplify(n Node) Node {
	switch n := n.(type) {
	case And:
		return andJoint.simplify(n.Kids)
	case Or:
		return orJoint.simplify(n.Kids)
	case MinOf:
		return simplifyMin(n)
	case Literal:
		return simplifyLiteral(n)
	case Masked:
		return simplifyMasked(n)
	case Size:
		switch {
		case n.Min > n.Max:
			return None{}
		case n.Min == 0 && n.Max == math.MaxUint64:
			return All{}
		}
	case Head:
		if n.Offset < 0 || n.Offset > HeadLen || n.Offset+len(n.Bytes) > HeadLen {
			return All{} // nobody keeps those bytes
		}
	case Files:
		return simplifyFiles(n)
	case Type:
		if len(n.Names) == 0 {
			return None{}
		}
	}
	return n
}

func simplifyLiteral(l Literal) Node {
	switch {
	case len(l.Bytes) == 0:
		return All{}
	case l.Fold && !hasLetter(l.Bytes):
		return Literal{Bytes: l.Bytes}
	case l.Fold && !bytes.Equal(l.Bytes, lower(l.Bytes)):
		return Literal{Bytes: lower(l.Bytes), Fold: true}
	}
	return l
}

func hasLetter(b []byte) bool {
	for _, c := range b {
		if isLetter(c) {
			return true
		}
	}
	return false
}

// A set collects the kids of an And or Or, each once, in their first order.
type set struct {
	kids []Node
	seen map[string]bool
}

func (s *set) add(n Node) {
	key := n.String()
	if s.seen == nil {
		s.seen = map[string]bool{}
	}
	if !s.seen[key] {
		s.seen[key] = true
		s.kids = append(s.kids, n)
	}
}

// A joint is And or Or: the constant that adds nothing to it, the one that
// decides it, and how it holds its kids.
type joint struct {
	neutral, decisive Node
	kids              func(Node) []Node // of a node of the same kind, else nil
	wrap              func([]Node) Node
}

var (
	andJoint = joint{All{}, None{}, func(n Node) []Node { a, _ := n.(And); return a.Kids }, func(k []Node) Node { return And{Kids: k} }}
	orJoint  = joint{None{}, All{}, func(n Node) []Node { o, _ := n.(Or); return o.Kids }, func(k []Node) Node { return Or{Kids: k} }}
)

// simplify joins kids. A simplified kid of the same kind is already flat, and
// free of constants.
func (j joint) simplify(kids []Node) Node {
	var s set
	for _, k := range kids {
		switch k = Simplify(k); {
		case k == j.neutral:
		case k == j.decisive:
			return j.decisive
		case j.kids(k) != nil:
			for _, g := range j.kids(k) {
				s.add(g)
			}
		default:
			s.add(k)
		}
	}
	switch len(s.kids) {
	case 0:
		return j.neutral
	case 1:
		return s.kids[0]
	}
	return j.wrap(s.kids)
}

func simplifyMin(m MinOf) Node {
	k := m.K
	var kids []Node // equal kids count each for themselves
	for _, kid := range m.Kids {
		switch s := Simplify(kid).(type) {
		case All:
			k--
		case None:
		default:
			kids = append(kids, s)
		}
	}
	switch {
	case k <= 0:
		return All{}
	case k > len(kids):
		return None{}
	case k == len(kids):
		return andJoint.simplify(kids)
	case k == 1:
		return orJoint.simplify(kids)
	}
	return MinOf{K: k, Kids: kids}
}
