package fql

import (
	"fmt"
	"strings"
)

// String writes the terms with "+" between them.
func (e And) String() string {
	return join(e.Terms, "+", func(t Expr) bool { return isAnd(t) || isOr(t) })
}

// String writes the terms with "," between them.
func (e Or) String() string { return join(e.Terms, ",", isOr) }

// String writes "!" where it needs no parentheses, as these are bounded.
func (e Not) String() string {
	switch t := e.Term.(type) {
	case Compare:
		if t.Op.Range() {
			return "!" + t.String()
		}
		return t.Field + ":!" + t.Op.String() + t.operands()
	case Not:
		if inner := t.String(); !strings.HasPrefix(inner, "!") {
			return "!" + inner
		}
	}
	return "!(" + e.Term.String() + ")"
}

// String writes field, operator and value or list.
func (e Compare) String() string { return e.Field + ":" + e.Op.String() + e.operands() }

// String writes the value as Parse reads it.
func (v Value) String() string {
	switch v.Kind {
	case String:
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v.Text) + "'"
	case Null:
		return "null"
	}
	return v.Text
}

func isAnd(e Expr) bool { _, ok := e.(And); return ok }
func isOr(e Expr) bool  { _, ok := e.(Or); return ok }

// join writes terms; those that bind less tightly than the sign, and those that
// somebody grouped with parentheses, get them.
func join(terms []Expr, sign string, group func(Expr) bool) string {
	out := make([]string, len(terms))
	for i, t := range terms {
		out[i] = t.String()
		if group(t) {
			out[i] = "(" + out[i] + ")"
		}
	}
	return strings.Join(out, sign)
}

func (e Compare) operands() string {
	if e.List {
		return "[" + e.values(",") + "]"
	}
	return e.values(",")
}

func (e Compare) values(between string) string {
	out := make([]string, len(e.Values))
	for i, v := range e.Values {
		out[i] = v.String()
	}
	return strings.Join(out, between)
}

// Lines draws a tree for people: one node a line, two spaces a level.
func Lines(e Expr) []string {
	if e == nil {
		return []string{"everything"}
	}
	return draw(nil, e, "")
}

func draw(lines []string, e Expr, indent string) []string {
	switch e := e.(type) {
	case And:
		return drawAll(append(lines, indent+"all of"), e.Terms, indent+"  ")
	case Or:
		return drawAll(append(lines, indent+"any of"), e.Terms, indent+"  ")
	case Not:
		if c, leaf := e.Term.(Compare); leaf {
			return append(lines, indent+"not "+c.describe())
		}
		return draw(append(lines, indent+"not"), e.Term, indent+"  ")
	case Compare:
		return append(lines, indent+e.describe())
	}
	panic(fmt.Sprintf("fql: no node of a filter: %T", e))
}

func drawAll(lines []string, terms []Expr, indent string) []string {
	for _, t := range terms {
		lines = draw(lines, t, indent)
	}
	return lines
}

// describe says what a comparison asks, with every "*" that is more than a star.
func (e Compare) describe() string {
	v := e.Values[0]
	switch {
	case e.Op.Range():
		return fmt.Sprintf("%s %s %s", e.Field, e.Op, v)
	case e.Op == Text:
		return e.Field + " holds the words of " + e.values(" or ")
	case e.Wild(v) && (e.Op == Wildcard || strings.Contains(v.Text, "*")):
		return e.Field + " like " + e.values(" or ")
	case e.List:
		return e.Field + " is exactly " + e.values(" or ")
	case v.Kind == Null:
		return e.Field + " is missing"
	}
	return e.Field + " is " + v.String()
}
