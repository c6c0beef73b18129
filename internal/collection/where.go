package collection

import (
	"strings"

	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/store"
)

// A Where selects records of a collection. It is a value: it can be used many
// times, and relative dates in it were fixed when it was parsed.
type Where struct {
	c      *Collection
	cond   cond        // no text: all records
	leads  []statement // by an index each, to all records that can be selected, mostly few
	bares  bool        // the filter names the field that hides records
	hidden string      // condition that leaves them out, "" for none; in cond, too
	plain  bool        // there is no other condition
}

// Parse reads an FQL filter and a phrase; a record must satisfy both, and must
// not be hidden from the filter. Every mistake is an *Error.
func (c *Collection) Parse(filter, q string) (Where, error) {
	w, err := c.parse(filter, q)
	if err == nil {
		w = w.hiding()
	}
	return w, err
}

// hiding leaves out what the schema hides.
func (w Where) hiding() Where {
	f := w.c.fields[w.c.schema.Hidden]
	if f == nil || w.bares {
		return w
	}
	w.hidden, w.plain = w.c.column(f.Column)+" = 0", w.Empty()
	own := where(w.hidden).matching(having(w.c.schema.Table, f.Column, asItIs, func(v value) bool { return v.n == 0 }))
	if !w.plain {
		own = all(own, w.cond)
	}
	w.cond = own
	return w
}

// parse is Parse that hides nothing.
func (c *Collection) parse(filter, q string) (Where, error) {
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
	k := &compiler{c: c, now: c.now()}
	if tree != nil {
		part, err := k.expr(tree, true)
		if err != nil {
			return w, ours(err)
		}
		parts = append(parts, part)
	}
	if len(p.words) > 0 {
		part, err := c.phrase(p)
		if err != nil {
			return w, err
		}
		parts = append(parts, part)
	}
	w.bares = k.bares
	switch {
	case k.unknown:
		w.cond = c.never()
	case len(parts) > 0:
		w.cond, w.leads = all(parts...), k.leads
	}
	if w.args() > maxArgs {
		return w, errorf("the filter has more than %d values", maxArgs)
	}
	return w, nil
}

// never is a condition that no record meets.
func (c *Collection) never() cond { return where(c.dialect.never()).matching(&match{kind: matchAny}) }

// Empty tells whether it selects every record of a customer.
func (w Where) Empty() bool { return w.cond.one.sql == "" }

// narrows tells whether a filter or a phrase selects, and not only what hides
// records.
func (w Where) narrows() bool { return !w.Empty() && !w.plain }

// narrow tells whether an index leads to all records that can be selected.
func (w Where) narrow() bool { return len(w.leads) > 0 }

// visible adds to a condition what hides records: indexes can hold both.
func (w Where) visible(c cond) cond {
	if w.hidden == "" {
		return c
	}
	return all(c, where(w.hidden))
}

// args is how many arguments its conditions have.
func (w Where) args() int { return max(len(w.cond.one.args), len(w.cond.many.args)) }

// SQL gives a condition over the noun's table, which must stand in the
// statement under its own name: a customer's records that are selected. Its
// placeholders are "?"; see [Dialect.Statement]. SQLite answers it by looking up
// what selects few records, where the filter has such a term, and else by
// reading the table once.
func (w Where) SQL(cid store.CID) (sql string, args []any) {
	own := w.own(where(w.c.dialect.unindexed(w.c.column("cid"))+" = ?", cidArg{}))
	if w.narrow() {
		return own.one.sql, bound(own.one.args, cid, everything())
	}
	return own.many.sql, bound(own.many.args, cid, everything())
}

// few is the condition for a statement that looks at some records until it has
// enough, and the noun's table for it. Where records are followed into child
// tables they are read in the order of their keys, which is that of the
// children: SQLite would rather read the narrowest index that holds the columns,
// and then jump to and fro between the children.
func (w Where) few(cid store.CID) (from, sql string, args []any) {
	own := w.own(where(w.c.dialect.unindexed(w.c.column("cid"))+" = ?", cidArg{})).one
	from = w.c.schema.Table
	if w.c.dialect == SQLite && strings.Contains(own.sql, into) {
		from += " NOT INDEXED"
	}
	return from, own.sql, bound(own.args, cid, everything())
}

// own adds to a condition that names the customer.
func (w Where) own(c cond) cond {
	if w.Empty() {
		return c
	}
	return cond{one: both(c.one, w.cond.one), many: both(c.many, w.cond.many)}
}

func both(a, b statement) statement {
	return statement{a.sql + " AND " + b.sql, append(a.args[:len(a.args):len(a.args)], b.args...)}
}

// bound gives arguments with the customer and the part in their places.
func bound(args []any, cid store.CID, p part) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch a.(type) {
		case cidArg:
			a = string(cid)
		case afterArg:
			a = p.after
		case upToArg:
			a = p.upTo
		}
		out[i] = a
	}
	return out
}
