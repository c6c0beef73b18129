package fql

import "strings"

// What one filter may ask for. A filter within these bounds costs the database
// a bounded statement; a larger one is refused with the limit.
const (
	MaxBytes      = 64 << 10 // of text
	MaxDepth      = 32       // parentheses in parentheses
	MaxTerms      = 1024     // comparisons
	MaxList       = 1000     // values in one list
	MaxProperties = 20       // different fields
	MaxStars      = 8        // "*" in one value
	MaxScans      = 32       // values with "*", and values of ~
)

// A budget counts what a filter asks for while it is read, so that reading
// stops at the limit and not after it.
type budget struct {
	terms, scans int
	fields       map[string]bool
}

// term counts a comparison of a field.
func (b *budget) term(field string, at int) error {
	if b.terms++; b.terms > MaxTerms {
		return Errorf(at, "more than %d comparisons; use a list: field:['a','b']", MaxTerms)
	}
	if b.fields == nil {
		b.fields = make(map[string]bool)
	}
	b.fields[field] = true
	if len(b.fields) > MaxProperties {
		return Errorf(at, "more than %d different fields in one filter", MaxProperties)
	}
	return nil
}

// value counts a value that no index helps to find.
func (b *budget) value(c Compare, v Value) error {
	stars := 0
	if c.Wild(v) {
		stars = strings.Count(v.Text, "*")
	}
	if stars > MaxStars {
		return Errorf(v.At, "more than %d * in one value", MaxStars)
	}
	if stars == 0 && c.Op != Text {
		return nil
	}
	if b.scans++; b.scans > MaxScans {
		return Errorf(v.At, "more than %d values with * or ~ in one filter", MaxScans)
	}
	return nil
}
