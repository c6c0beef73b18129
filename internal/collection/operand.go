package collection

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/fql"
)

// An operand is one side of a comparison: a field, where its value stands, and
// how it is compared.
type operand struct {
	c     *Collection
	field *Field
	cmp   fql.Compare
	op    fql.Op
	list  bool
	now   time.Time
	// direct says that an index leads to the values that are asked for.
	direct bool

	column string
	folded string // without case; "" where there is none
}

func (c *Collection) operand(f *Field, cmp fql.Compare, now time.Time) operand {
	o := operand{c: c, field: f, cmp: cmp, op: cmp.Op, list: cmp.List, now: now}
	table := c.schema.Table
	if f.Multi() {
		table = f.Child
	}
	o.column = table + "." + f.Column
	if f.Beyond {
		o.op = o.op.Strict()
	}
	if f.Folded != "" {
		o.folded = table + "." + f.Folded
	}
	return o
}

// values are the comparison's values without those that ask for what is
// missing; null tells whether there were any of those.
func (o operand) values() (values []fql.Value, null bool, err error) {
	if o.list && o.op.Range() {
		return nil, false, fql.Errorf(o.cmp.At(), "%s takes one value, not a list", o.op)
	}
	for _, v := range o.cmp.Values {
		switch {
		case v.Kind == fql.Null && o.op != fql.Equal:
			return nil, false, fql.Errorf(v.At, "null takes no operator: %s:null or %s:!null", o.field.Name, o.field.Name)
		case o.asksMissing(v):
			null = true
		default:
			values = append(values, v)
		}
	}
	return values, null, nil
}

// asksMissing tells whether a value stands for "nothing". An empty text is
// stored as one that is missing, so the two cannot be told apart.
func (o operand) asksMissing(v fql.Value) bool {
	return v.Kind == fql.Null || o.op == fql.Equal && o.field.Type.words() && v.Text == ""
}

// exact tells whether the values are all compared for equality.
func (o operand) exact(values []fql.Value) bool {
	for _, v := range values {
		if o.op != fql.Equal || o.wild(v) {
			return false
		}
	}
	return true
}

// wild tells whether there are stars in a value that stand for anything.
func (o operand) wild(v fql.Value) bool { return o.cmp.Wild(v) && strings.Contains(v.Text, "*") }

// present holds when there is a value.
func (o operand) present() cond {
	if o.field.Type.words() {
		return where(o.column + " <> ''")
	}
	return where(o.column + " IS NOT NULL")
}

// compare holds when the value stands in the relation to one of values, of
// which there is at least one.
func (o operand) compare(values []fql.Value) (cond, error) {
	var parts []cond
	var texts []string
	var equal []any
	for _, v := range values {
		if o.op == fql.Equal && o.field.Type.words() && !o.wild(v) {
			texts = append(texts, v.Text)
			continue
		}
		if o.op == fql.Equal && o.field.Type.single() && !o.anything(v) {
			value, err := o.single(v)
			if err != nil {
				return cond{}, err
			}
			equal = append(equal, value)
			continue
		}
		part, err := o.one(v)
		if err != nil {
			return cond{}, err
		}
		parts = append(parts, part)
	}
	if len(texts) > 0 {
		parts = append(parts, o.equals(texts))
	}
	if len(equal) > 0 { // one condition: the planner's time grows with the square of their number
		parts = append(parts, oneOf(o.column, equal))
	}
	return anyOf(parts...), nil
}

// anything tells whether a value stands for every value that there is.
func (o operand) anything(v fql.Value) bool { return o.wild(v) && strings.Trim(v.Text, "*") == "" }

func (o operand) one(v fql.Value) (cond, error) {
	switch {
	case o.anything(v):
		return o.present(), nil
	case o.field.Type.words():
		return o.text(v)
	case o.op == fql.Text || o.op == fql.Wildcard && o.field.Type != IP:
		return cond{}, fql.Errorf(v.At, "%s is no text; %s cannot compare it", o.field.Name, o.op)
	case o.field.Type == Time:
		return o.time(v)
	case o.field.Type == IP:
		return o.ip(v)
	}
	value, err := o.single(v)
	return o.ordered(value), err
}

// single reads the one value that equals an operand; see [Type.single].
func (o operand) single(v fql.Value) (any, error) {
	switch o.field.Type {
	case Integer:
		n, err := strconv.ParseInt(v.Text, 10, 64)
		if err != nil {
			return nil, o.expected(v, "a whole number")
		}
		return n, nil
	case Number:
		n, err := strconv.ParseFloat(v.Text, 64)
		if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
			return nil, o.expected(v, "a number")
		}
		return n, nil
	}
	return o.boolean(v)
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

func (o operand) boolean(v fql.Value) (any, error) {
	if o.op != fql.Equal {
		return nil, fql.Errorf(v.At, "%s is true or false; %s cannot compare it", o.field.Name, o.op)
	}
	switch strings.ToLower(v.Text) {
	case "true":
		return 1, nil
	case "false":
		return 0, nil
	}
	return nil, o.expected(v, "true or false")
}

// time compares instants. A bare date equals all of its day; in an order it is
// the midnight at which it begins.
func (o operand) time(v fql.Value) (cond, error) {
	from, to, err := fql.ParseTime(v.Text, o.now)
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
