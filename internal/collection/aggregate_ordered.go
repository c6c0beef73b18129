package collection

import (
	"bytes"
	"cmp"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/store"
)

// Terms that are nearly as many as the records, such as hashes and paths, would
// fill the memory of a request. An index gives them in their order, so that only
// one term at a time is counted, and only those that are shown are kept. The
// index is read by stretches side by side.

// orderable tells whether there is such an index.
func (n *node) orderable() bool {
	return n.kind == kindTerms && len(n.named) == 0 && n.missing == nil && n.field.Indexed
}

// A counted term is one that was chosen, as its column holds it.
type counted struct {
	value driver.Value
	count int64
	rank  int64 // in the order of terms

	absent bool // also of the records without the field
}

// ordered counts the terms in the order of their index.
func (c *Collection) ordered(tx *store.Tx, cid store.CID, n *node) (list []counted, other int64, err error) {
	var selected *keySet
	if !n.where.Empty() {
		if selected, err = c.keys(tx, cid, n.where); err != nil {
			return nil, 0, err
		}
	}
	ends, err := c.ends(tx, cid, n.field)
	if err != nil {
		return nil, 0, err
	}
	stretches := make([]*ordering, len(ends)+1)
	err = tx.Spread(len(stretches), func(tx *store.Tx, i int) error {
		o := &ordering{node: n, selected: selected, record: math.MinInt64, terms: n.top()}
		o.now.rank = int64(i) << 32
		stretches[i] = o
		st := c.inOrder(n.field, cid, ends[max(i-1, 0):i], ends[i:min(i+1, len(ends))])
		defer o.finish()
		return tx.Scan(o.row, 2, st.sql, st.args...)
	})
	if err != nil {
		return nil, 0, fmt.Errorf("aggregate: %w", err)
	}
	terms := n.top()
	for _, o := range stretches {
		terms.join(o.terms)
	}
	list, other = terms.shown()
	return list, other, nil
}

// top is room for the terms that are shown.
func (n *node) top() top[counted] {
	return top[counted]{
		from: n.terms.from, size: n.terms.size, compare: n.compareCounted, count: func(c counted) int64 { return c.count },
	}
}

// orderedStretches is into how many stretches an index is divided: several for
// each processor, as they are not of one length.
const orderedStretches = 16

// ends gives values of a field at which its index is divided, in their order:
// those of records that lie evenly among all.
func (c *Collection) ends(tx *store.Tx, cid store.CID, f *Field) (ends []driver.Value, err error) {
	first, n, err := c.parts(tx)
	if err != nil {
		return nil, err
	}
	st := c.sample(f)
	for i := range int64(orderedStretches - 1) {
		at := c.work.part.part(first + (i+1)*int64(n)/orderedStretches)
		err := tx.Scan(func(row []driver.Value) error {
			ends = append(ends, owned(row[0]))
			return nil
		}, 1, st.sql, bound(st.args, cid, at)...)
		if err != nil {
			return nil, fmt.Errorf("aggregate: %w", err)
		}
	}
	slices.SortFunc(ends, func(a, b driver.Value) int { return compareValues(a, b) })
	return slices.CompactFunc(ends, same), nil
}

// sample gives a value of the first record of a part that has one.
func (c *Collection) sample(f *Field) statement {
	table, record := c.valuesOf(f)
	value := c.indexedColumn(f)
	own := all(where(c.dialect.unindexed(table+".cid")+" = ?", cidArg{}), inPart(record), where(value+" IS NOT NULL")).one
	return statement{
		c.dialect.Statement("SELECT " + value + " FROM " + table + " WHERE " + own.sql + " ORDER BY " + record + " LIMIT 1"), own.args,
	}
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

// inOrder reads the values of a field and their records from its index: values
// from one on and up to another, of which there may be none.
func (c *Collection) inOrder(f *Field, cid store.CID, from, to []driver.Value) statement {
	table, record := c.valuesOf(f)
	value := c.indexedColumn(f)
	order := c.orderedColumn(f, value)
	stretch := where(table+".cid = ?", cidArg{})
	for _, v := range from {
		stretch = all(stretch, where(order+" >= ?", v))
	}
	for _, v := range to {
		stretch = all(stretch, where(order+" < ?", v))
	}
	return statement{
		c.dialect.Statement("SELECT " + value + ", " + record + " FROM " + table + " WHERE " + stretch.one.sql + " ORDER BY " + order + ", " + record),
		bound(stretch.one.args, cid, everything()),
	}
}

// valuesOf is the table that holds the values of a field, and its column of
// records.
func (c *Collection) valuesOf(f *Field) (table, record string) {
	if f.Multi() {
		return f.Child, f.Child + ".record"
	}
	return c.schema.Table, c.column(c.schema.Key)
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
	c := cmp.Compare(a.rank, b.rank)
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
	table, _ := c.valuesOf(f)
	var text string
	err := tx.QueryRow(c.dialect.Statement("SELECT "+o.column+" FROM "+table+" WHERE "+table+".cid = ? AND "+o.folded+" = ? LIMIT 1"),
		string(cid), folded).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return folded, nil
	}
	return text, err
}
