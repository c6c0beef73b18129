package collection

import (
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/mewshq/mews/internal/fql"
)

// An operand compares one value of a field.
type operand struct {
	c      *Collection
	field  *Field
	op     fql.Op
	column string
}

// asksMissing tells whether a value stands for "nothing". An empty text is
// stored as one that is missing, so the two cannot be told apart.
func (o operand) asksMissing(v fql.Value) bool {
	return v.Kind == fql.Null || o.op == fql.Equal && o.field.Type.words() && v.Kind == fql.String && v.Text == ""
}

// present holds when there is a value.
func (o operand) present() cond {
	if o.field.Type.words() {
		return where(o.column + " <> ''")
	}
	return where(o.column + " IS NOT NULL")
}

// compare holds when the value stands in this relation to one of values, of
// which there is at least one and none asks for what is missing.
func (o operand) compare(cmp fql.Compare, values []fql.Value) (cond, error) {
	var parts []cond
	var equal []any
	for _, v := range values {
		if cmp.Wild(v) && v.Text != "" && strings.Trim(v.Text, "*") == "" {
			parts = append(parts, o.present())
			continue
		}
		if o.field.Type.words() && o.op == fql.Equal && !o.wild(cmp, v) {
			equal = append(equal, o.normal(v.Text, cmp.List))
			continue
		}
		part, err := o.one(cmp, v)
		if err != nil {
			return cond{}, err
		}
		parts = append(parts, part)
	}
	if len(equal) > 0 {
		parts = append(parts, oneOf(o.equalColumn(cmp.List), equal))
	}
	return anyOf(parts...), nil
}

func (o operand) one(cmp fql.Compare, v fql.Value) (cond, error) {
	if o.field.Type.words() {
		return o.text(cmp, v)
	}
	return o.typed(v)
}

// typed compares a value that is no text.
func (o operand) typed(v fql.Value) (cond, error) {
	if o.op == fql.Text || o.op == fql.Wildcard && o.field.Type != IP {
		return cond{}, fql.Errorf(v.At, "%s is no text; %s cannot compare it", o.field.Name, o.op)
	}
	switch o.field.Type {
	case Integer:
		n, err := strconv.ParseInt(v.Text, 10, 64)
		if err != nil {
			return cond{}, o.expected(v, "a whole number")
		}
		return o.ordered(n), nil
	case Number:
		n, err := strconv.ParseFloat(v.Text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return cond{}, o.expected(v, "a number")
		}
		return o.ordered(n), nil
	case Boolean:
		return o.boolean(v)
	case Time:
		return o.time(v)
	}
	return o.ip(v)
}

func (o operand) expected(v fql.Value, what string) error {
	return fql.Errorf(v.At, "%s is %s, not %s", o.field.Name, what, fql.Echo(v.Text))
}

// ordered compares the column to a value by = or an order.
func (o operand) ordered(value any) cond {
	sign := o.op.String()
	if o.op == fql.Equal {
		sign = "="
	}
	return where(o.column+" "+sign+" ?", value)
}

func (o operand) boolean(v fql.Value) (cond, error) {
	if o.op != fql.Equal {
		return cond{}, fql.Errorf(v.At, "%s is true or false; %s cannot compare it", o.field.Name, o.op)
	}
	switch strings.ToLower(v.Text) {
	case "true":
		return where(o.column+" = ?", 1), nil
	case "false":
		return where(o.column+" = ?", 0), nil
	}
	return cond{}, o.expected(v, "true or false")
}

// time compares instants. A bare date equals all of its day; in an order it is
// the midnight at which it begins.
func (o operand) time(v fql.Value) (cond, error) {
	from, to, err := fql.ParseTime(v.Text, o.c.now())
	if err != nil {
		return cond{}, fql.Errorf(v.At, "%s: %s", o.field.Name, err)
	}
	if o.op == fql.Equal {
		return where("("+o.column+" >= ? AND "+o.column+" < ?)", from.UnixMicro(), to.UnixMicro()), nil
	}
	return o.ordered(from.UnixMicro()), nil
}

// ip compares addresses. Equality takes networks and octets left open, too.
func (o operand) ip(v fql.Value) (cond, error) {
	if o.op.Range() {
		addr, err := netip.ParseAddr(v.Text)
		if err != nil || addr.Zone() != "" {
			return cond{}, o.expected(v, "an address")
		}
		b := addr.As16()
		return o.ordered(b[:]), nil
	}
	span, err := parseSpan(v.Text)
	if err != nil {
		return cond{}, o.expected(v, "an address, a network (10.0.0.0/8) or an address with * for octets (10.0.*.*)")
	}
	parts := []cond{where(o.column+" >= ?", span.first[:]), where(o.column+" <= ?", span.last[:])}
	for _, i := range span.fixed {
		// Substrings count from 1.
		parts = append(parts, where("substr("+o.column+", "+strconv.Itoa(i+1)+", 1) = ?", span.first[i:i+1]))
	}
	return all(parts...), nil
}
