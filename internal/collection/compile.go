package collection

import (
	"github.com/mewshq/mews/internal/fql"
)

// maxArgs bounds the values of one condition: databases bind so many and no
// more (SQLite 32,766, PostgreSQL 65,535), and aggregates add a few.
const maxArgs = 30_000

// A compiler gives the tree of one filter its meaning over a schema.
type compiler struct {
	c       *Collection
	unknown bool // a field that the noun does not have was named, and shall match nothing
}

func (k *compiler) expr(e fql.Expr) (cond, error) {
	switch e := e.(type) {
	case fql.And:
		terms, err := k.exprs(e.Terms)
		return all(terms...), err
	case fql.Or:
		terms, err := k.exprs(e.Terms)
		return anyOf(terms...), err
	case fql.Not:
		term, err := k.expr(e.Term)
		return not(term), err
	case fql.Compare:
		return k.compare(e)
	}
	return cond{}, errorf("a filter cannot hold %T", e)
}

func (k *compiler) exprs(terms []fql.Expr) ([]cond, error) {
	out := make([]cond, len(terms))
	for i, t := range terms {
		var err error
		if out[i], err = k.expr(t); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (k *compiler) compare(cmp fql.Compare) (cond, error) {
	f := k.c.field(cmp.Field)
	if f == nil {
		if k.c.schema.UnknownField == UnknownEmpty {
			k.unknown = true
			return where(k.c.dialect.never()), nil
		}
		return cond{}, fql.Errorf(cmp.At(), "unknown field %s; known fields: %s",
			fql.Echo(cmp.Field), k.c.known(func(*Field) bool { return true }))
	}
	if cmp.List && cmp.Op.Range() {
		return cond{}, fql.Errorf(cmp.At(), "%s takes one value, not a list", cmp.Op)
	}
	o := operand{c: k.c, field: f, op: cmp.Op, column: k.c.columnOf(f)}
	var values []fql.Value
	null := false
	for _, v := range cmp.Values {
		if o.asksMissing(v) {
			null = true
		} else {
			values = append(values, v)
		}
	}
	if null && cmp.Op != fql.Equal {
		return cond{}, fql.Errorf(cmp.At(), "null is compared without an operator: %s:null", cmp.Field)
	}
	var parts []cond
	if len(values) > 0 {
		value, err := o.compare(cmp, values)
		if err != nil {
			return cond{}, err
		}
		parts = append(parts, k.c.ofRecord(f, value))
	}
	if null {
		parts = append(parts, not(k.c.ofRecord(f, o.present())))
	}
	return anyOf(parts...), nil
}

// columnOf is a field's column in a statement, or in the subquery of ofRecord.
func (c *Collection) columnOf(f *Field) string {
	if f.Multi() {
		return f.Child + "." + f.Column
	}
	return c.column(f.Column)
}

// foldedOf is the column that comparisons without case look at, or "".
func (c *Collection) foldedOf(f *Field) string {
	switch {
	case f.Folded == "":
		return ""
	case f.Multi():
		return f.Child + "." + f.Folded
	}
	return c.column(f.Folded)
}

// ofRecord makes a condition over one value of a field one over the record: any
// of its values.
func (c *Collection) ofRecord(f *Field, value cond) cond {
	if !f.Multi() {
		return value
	}
	sql := c.column(c.schema.Key) + " IN (SELECT " + f.Child + ".record FROM " + f.Child +
		" WHERE " + f.Child + ".cid = ? AND " + value.sql + ")"
	return cond{sql, append([]any{cidArg{}}, value.args...)}
}
