package collection

import (
	"bytes"
	"cmp"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/store"
)

// Terms that are nearly as many as the records, such as hashes and paths, would
// fill the memory of a request. An index gives them in their order, so that only
// one term at a time is counted, and only those that are shown are kept.

// orderable tells whether there is such an index.
func (n *node) orderable() bool {
	return n.kind == kindTerms && len(n.named) == 0 && n.missing == nil && n.field.Indexed
}

// A counted term is one that was chosen, as its column holds it.
type counted struct {
	value driver.Value
	count int64
	rank  int // in the order of terms

	absent bool // also of the records without the field
}

// ordered counts the terms in the order of their index.
func (c *Collection) ordered(tx *store.Tx, cid store.CID, n *node) (list []counted, other int64, err error) {
	o := ordering{node: n, record: math.MinInt64, terms: top[counted]{
		from: n.terms.from, size: n.terms.size, compare: n.compareCounted, count: func(c counted) int64 { return c.count },
	}}
	if !n.where.Empty() {
		if o.selected, err = c.keys(tx, cid, n.where); err != nil {
			return nil, 0, err
		}
	}
	st := c.inOrder(n.field, cid)
	if err := tx.Scan(o.row, 2, st.sql, st.args...); err != nil {
		return nil, 0, fmt.Errorf("aggregate: %w", err)
	}
	o.finish()
	list, other = o.terms.shown()
	return list, other, nil
}

// An ordering counts terms that come one after the other.
type ordering struct {
	*node
	selected *keySet // nil: all records
	terms    top[counted]
	now      counted
	record   int64 // the last one of the term
}

// row takes a term and a record that has it.
func (o *ordering) row(row []driver.Value) error {
	key, err := keyOf(row[1])
	if err != nil {
		return err
	}
	if o.selected != nil && !o.selected.has(key) {
		return nil
	}
	if !same(row[0], o.now.value) {
		o.finish()
		o.now, o.record = counted{value: owned(row[0]), rank: o.now.rank + 1}, math.MinInt64
	}
	if key != o.record {
		o.now.count++
	}
	o.record = key
	return nil
}

// finish is done with a term.
func (o *ordering) finish() {
	if o.keepsCounted(o.now) {
		o.terms.offer(o.now)
	}
}

// owned is a value that stays when the row goes.
func owned(v driver.Value) driver.Value {
	switch v := v.(type) {
	case string:
		return strings.Clone(v)
	case []byte:
		return bytes.Clone(v)
	}
	return v
}

// inOrder reads the values of a field and their records from its index.
func (c *Collection) inOrder(f *Field, cid store.CID) statement {
	table, record := c.schema.Table, c.column(c.schema.Key)
	if f.Multi() {
		table, record = f.Child, f.Child+".record"
	}
	value := c.indexedColumn(f)
	return statement{
		c.dialect.Statement("SELECT " + value + ", " + record + " FROM " + table + " WHERE " + table + ".cid = ? ORDER BY " +
			c.orderedColumn(f, value) + ", " + record),
		[]any{string(cid)},
	}
}

// indexedColumn is what the index of a field is on.
func (c *Collection) indexedColumn(f *Field) string {
	o := c.operand(f, fql.Compare{}, time.Time{})
	if o.folded != "" {
		return o.folded
	}
	return o.column
}

func (c *Collection) orderedColumn(f *Field, column string) string {
	if f.Type.words() {
		return c.dialect.ordered(column)
	}
	return column
}

// same compares values as drivers give them.
func same(a, b driver.Value) bool {
	x, ok := a.([]byte)
	if !ok {
		return a == b
	}
	y, ok := b.([]byte)
	return ok && bytes.Equal(x, y)
}

// keepsCounted tells whether a term may be shown.
func (n *node) keepsCounted(c counted) bool {
	o := &n.terms
	if c.value == nil || c.value == "" || c.count < n.min || c.count > n.max || c.count == 0 {
		return false
	}
	return o.include == nil && o.exclude == nil || o.keeps(n.field.show(c.value))
}

// compareCounted puts the term that comes first in front.
func (n *node) compareCounted(a, b counted) int {
	c := a.rank - b.rank
	switch {
	case n.terms.byTerm:
	case a.count == b.count:
		return c
	default:
		c = cmp.Compare(a.count, b.count)
	}
	if n.terms.desc {
		return -c
	}
	return c
}

// spelling of a term as a record has it; the index may hold it in lower case.
func (c *Collection) spelling(tx *store.Tx, cid store.CID, f *Field, folded string) (string, error) {
	o := c.operand(f, fql.Compare{}, time.Time{})
	table := c.schema.Table
	if f.Multi() {
		table = f.Child
	}
	var text string
	err := tx.QueryRow(c.dialect.Statement("SELECT "+o.column+" FROM "+table+" WHERE "+table+".cid = ? AND "+o.folded+" = ? LIMIT 1"),
		string(cid), folded).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return folded, nil
	}
	return text, err
}
