package collection

import (
	"time"

	"github.com/mewshq/mews/internal/fql"
)

// maxArgs bounds the values of one condition: databases bind so many and no
// more (SQLite 32,766, PostgreSQL 65,535), and statements add a few.
const maxArgs = 30_000

// maxSpans bounds the dates and addresses of a filter. Each may be a span and so
// a condition of its own, and planners take a time that grows with the square
// of the number of those.
const maxSpans = 2 * fql.MaxTerms

// A compiler gives the tree of one filter its meaning over a schema.
type compiler struct {
	c       *Collection
	now     time.Time
	spans   int
	unknown bool        // the filter names a field that there is not, and shall match nothing
	bares   bool        // the filter names the field that hides records
	leads   []statement // see Where
}

// expr compiles a node. Of a narrowing one it is known that no record is
// selected without it.
func (k *compiler) expr(e fql.Expr, narrowing bool) (cond, error) {
	switch e := e.(type) {
	case fql.And:
		terms, err := k.exprs(e.Terms, narrowing)
		return all(terms...), err
	case fql.Or:
		terms, err := k.exprs(e.Terms, false)
		return anyOf(terms...), err
	case fql.Not:
		term, err := k.expr(e.Term, false)
		return not(term), err
	case fql.Compare:
		return k.compare(e, narrowing)
	}
	return cond{}, errorf("a filter cannot hold %T", e)
}

func (k *compiler) exprs(terms []fql.Expr, narrowing bool) ([]cond, error) {
	out := make([]cond, len(terms))
	for i, t := range terms {
		var err error
		if out[i], err = k.expr(t, narrowing); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (k *compiler) compare(cmp fql.Compare, narrowing bool) (cond, error) {
	f := k.c.field(cmp.Field)
	if f == nil {
		return k.unknownField(cmp)
	}
	k.bares = k.bares || f == k.c.fields[k.c.schema.Hidden]
	o := k.c.operand(f, cmp, k.now)
	values, null, err := o.values()
	if err != nil {
		return cond{}, err
	}
	if len(values) == 0 {
		return not(o.anyPresent()), nil
	}
	if f.Type == Time || f.Type == IP {
		if k.spans += len(values); k.spans > maxSpans {
			return cond{}, fql.Errorf(cmp.At(), "more than %d dates and addresses in one filter", maxSpans)
		}
	}
	compare := func(o operand) (cond, error) { return o.compare(values) }
	o.direct = f.Indexed && o.exact(values)
	part, err := o.ofRecord(compare)
	if err != nil {
		return part, err
	}
	if narrowing && !null && o.direct {
		lead, err := o.lead(compare)
		if err != nil {
			return part, err
		}
		k.leads, part = append(k.leads, lead), o.lookup(lead, part)
	}
	part = part.matching(o.match(values))
	if null {
		part = anyOf(part, not(o.anyPresent()))
	}
	return part, nil
}

// anyPresent holds for a record that has a value.
func (o operand) anyPresent() cond {
	any := o.having(anyValue)
	switch {
	case !o.field.Multi():
		return o.present().matching(any)
	case o.field.Low != "":
		o.column = o.c.column(o.field.Low)
		return o.present().matching(any)
	}
	return o.exists(o.present()).matching(any)
}

func (k *compiler) unknownField(cmp fql.Compare) (cond, error) {
	if k.c.schema.UnknownField == UnknownEmpty {
		k.unknown = true
		return k.c.never(), nil
	}
	return cond{}, fql.Errorf(cmp.At(), "unknown field %s; known fields: %s",
		fql.Echo(cmp.Field), k.c.known(func(*Field) bool { return true }))
}

// ofRecord makes a condition over one value of a field one over the record: it
// holds for any of the values.
func (o operand) ofRecord(value func(operand) (cond, error)) (cond, error) {
	own, err := value(o)
	f := o.field
	if err != nil || !f.Multi() {
		return own, err
	}
	exists := o.exists(own)
	if f.Low == "" || o.list && f.Folded != "" {
		return exists, nil
	}
	// The least and the greatest are values, too. Only for a record with more of
	// them, or with two others, the way leads into the child table.
	lowest, highest := o, o
	lowest.column, highest.column = o.c.column(f.Low), o.c.column(f.High)
	if f.Folded != "" {
		lowest.folded, highest.folded = lowest.column, highest.column
	}
	low, err := value(lowest)
	if err != nil {
		return cond{}, err
	}
	high, err := value(highest)
	spared := anyOf(low, all(where(lowest.column+" <> "+highest.column), anyOf(high, exists)))
	return cond{one: spared.one, many: exists.many, union: exists.union}, err
}

// into begins a condition on child tables.
const into = "EXISTS (SELECT 1 FROM "

// exists goes from the record to its values.
func (o operand) exists(value cond) cond {
	return o.c.follow(o.field.Child, value, o.direct)
}

// follow is a condition over the rows that a record has in a table. An index is
// direct when it leads to those alone for which it holds.
func (c *Collection) follow(table string, value cond, direct bool) cond {
	key, record, cid := c.column(c.schema.Key), table+".record", table+".cid"
	rows := both(where(c.dialect.unindexed(cid)+" = ?", cidArg{}).one, value.one)
	if !direct {
		cid = c.dialect.unindexed(cid)
	}
	some := both(all(where(cid+" = ?", cidArg{}), inPart(record)).one, value.one)
	rowsOf := "SELECT " + record + " FROM " + table + " WHERE " + some.sql
	return cond{
		one:   statement{into + table + " WHERE " + record + " = " + key + " AND " + rows.sql + ")", rows.args},
		many:  statement{key + " IN (" + rowsOf + ")", some.args},
		union: []statement{{rowsOf, some.args}},
	}
}

// lookup goes by a lead to the records, where not many are looked at.
func (o operand) lookup(lead statement, part cond) cond {
	found := statement{o.c.column(o.c.schema.Key) + " IN (" + lead.sql + ")", lead.args}
	return cond{one: found, many: part.many, union: part.union}
}

// lead gives the keys of the records that have the values, by their index.
func (o operand) lead(value func(operand) (cond, error)) (statement, error) {
	table, record := o.c.schema.Table, o.c.column(o.c.schema.Key)
	if o.field.Multi() {
		table, record = o.field.Child, o.field.Child+".record"
	}
	v, err := value(o)
	if err != nil {
		return statement{}, err
	}
	rows := both(where(table+".cid = ?", cidArg{}).one, v.one)
	return statement{"SELECT " + record + " FROM " + table + " WHERE " + rows.sql, rows.args}, nil
}
