package collection

import (
	"strings"

	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/store"
)

// A Where selects records of a collection. It is a value: it can be used many
// times, and relative dates in it were fixed when it was parsed.
type Where struct {
	c    *Collection
	cond cond // no text: all records
}

// Parse reads an FQL filter and a phrase; a record must satisfy both. Every
// mistake is an *Error.
func (c *Collection) Parse(filter, q string) (Where, error) {
	w := Where{c: c}
	tree, err := fql.Parse(filter)
	if err != nil {
		return w, ours(err)
	}
	p, err := c.parsePhrase(q)
	if err != nil {
		return w, err
	}
	var parts []cond
	k := &compiler{c: c}
	if tree != nil {
		part, err := k.expr(tree)
		if err != nil {
			return w, ours(err)
		}
		parts = append(parts, part)
	}
	if len(p.words) > 0 {
		parts = append(parts, c.phrase(p))
	}
	switch {
	case k.unknown:
		w.cond = where(c.dialect.never())
	case len(parts) > 0:
		w.cond = all(parts...)
	}
	if len(w.cond.args) > maxArgs {
		return w, errorf("the filter has more than %d values", maxArgs)
	}
	return w, nil
}

// Empty tells whether it selects every record of a customer.
func (w Where) Empty() bool { return w.cond.sql == "" }

// SQL gives a condition over the noun's table, which must stand in the
// statement under its own name: a customer's records that are selected. Its
// placeholders are "?"; see [Dialect.Statement].
func (w Where) SQL(cid store.CID) (sql string, args []any) {
	own := where(w.c.column("cid")+" = ?", cidArg{})
	if !w.Empty() {
		own = cond{own.sql + " AND " + w.cond.sql, append(own.args, w.cond.args...)}
	}
	return own.sql, own.bound(cid)
}

// bound gives the arguments with the customer in his places.
func (c cond) bound(cid store.CID) []any {
	out := make([]any, len(c.args))
	for i, a := range c.args {
		if _, ok := a.(cidArg); ok {
			a = string(cid)
		}
		out[i] = a
	}
	return out
}

// An order is one key of a sort.
type order struct {
	field *Field
	desc  bool
}

// column is what the order looks at.
func (o order) column(c *Collection) string {
	switch {
	case o.field.Multi() && o.desc:
		return c.column(o.field.High)
	case o.field.Multi():
		return c.column(o.field.Low)
	case o.field.Folded != "":
		return c.column(o.field.Folded)
	}
	return c.column(o.field.Column)
}

// maxSortKeys bounds the fields of one sort.
const maxSortKeys = 8

// parseSort reads "field|asc", "field.desc" or "field", several with commas
// between them. No sort is the default.
func (c *Collection) parseSort(text string) ([]order, error) {
	if strings.TrimSpace(text) == "" {
		return c.sort, nil
	}
	var out []order
	for key := range strings.SplitSeq(text, ",") {
		o, err := c.parseOrder(strings.TrimSpace(key))
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	if len(out) > maxSortKeys {
		return nil, errorf("sort names %d fields; at most %d", len(out), maxSortKeys)
	}
	return out, nil
}

func (c *Collection) parseOrder(key string) (order, error) {
	name, direction, bar := strings.Cut(key, "|")
	if !bar {
		if i := strings.LastIndexByte(key, '.'); i >= 0 && isDirection(key[i+1:]) {
			name, direction = key[:i], key[i+1:]
		} else {
			direction = "asc"
		}
	}
	f := c.field(strings.TrimSpace(name))
	direction = strings.TrimSpace(direction)
	switch {
	case f == nil || !f.Sortable:
		return order{}, errorf("cannot sort by %s; sort by one of: %s",
			fql.Echo(name), c.known(func(f *Field) bool { return f.Sortable }))
	case !isDirection(direction):
		return order{}, errorf("cannot sort in direction %s; write %s|asc or %s|desc", fql.Echo(direction), f.Name, f.Name)
	}
	return order{f, strings.EqualFold(direction, "desc")}, nil
}

func isDirection(word string) bool {
	return strings.EqualFold(word, "asc") || strings.EqualFold(word, "desc")
}
