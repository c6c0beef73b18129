package collection

import (
	"bytes"
	"cmp"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
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
	mem := newLedger(c.work.memory)
	var selected *keySet
	if !n.where.Empty() {
		if selected, err = c.keys(tx, cid, n.where, mem); err != nil {
			return nil, 0, err
		}
	}
	st := c.inOrder(n.field, cid)
	stream, err := tx.Stream(st.sql, st.args...)
	if err != nil {
		return nil, 0, fmt.Errorf("aggregate: %w", err)
	}
	defer func() {
		if end := stream.Close(); err == nil {
			err = end
		}
	}()
	terms := top[counted]{
		from: n.terms.from, size: n.terms.size, compare: n.compareCounted, count: func(c counted) int64 { return c.count },
	}
	var now counted
	record := int64(math.MinInt64)
	for {
		row, err := stream.Next()
		if err != nil && err != io.EOF {
			return nil, 0, fmt.Errorf("aggregate: %w", err)
		}
		if err == io.EOF || !same(row[0], now.value) {
			if n.keepsCounted(now) {
				terms.offer(now)
			}
			if err == io.EOF {
				list, other = terms.shown()
				return list, other, nil
			}
			now, record = counted{value: row[0], rank: now.rank + 1}, math.MinInt64
		}
		key, ok := row[1].(int64)
		if !ok {
			return nil, 0, fmt.Errorf("aggregate: the key of a record is a %T", row[1])
		}
		if key != record && (selected == nil || selected.has(key)) {
			now.count++
		}
		record = key
	}
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

// keys are those of the records that a Where selects.
func (c *Collection) keys(tx *store.Tx, cid store.CID, w Where, mem *ledger) (set *keySet, err error) {
	own := w.selected()
	stream, err := tx.Stream(c.dialect.Statement("SELECT "+c.column(c.schema.Key)+" FROM "+c.schema.Table+" WHERE "+own.set), bound(own.args, cid)...)
	if err != nil {
		return nil, fmt.Errorf("aggregate: %w", err)
	}
	defer func() {
		if end := stream.Close(); err == nil {
			err = end
		}
	}()
	set = &keySet{mem: mem, pages: map[int64]*keyPage{}}
	for {
		row, err := stream.Next()
		if err == io.EOF {
			return set, mem.err()
		}
		if err != nil {
			return nil, fmt.Errorf("aggregate: %w", err)
		}
		key, ok := row[0].(int64)
		if !ok {
			return nil, fmt.Errorf("aggregate: the key of a record is a %T", row[0])
		}
		set.add(key)
	}
}

// A keySet holds keys of records, a bit for each: keys are given one after
// another.
type keySet struct {
	mem   *ledger
	pages map[int64]*keyPage
}

type keyPage [1024]uint64

func (s *keySet) add(key int64) {
	p := s.pages[key>>16]
	if p == nil {
		p = new(keyPage)
		s.pages[key>>16] = p
		s.mem.take(8 << 10)
	}
	p[key>>6&1023] |= 1 << (key & 63)
}

func (s *keySet) has(key int64) bool {
	p := s.pages[key>>16]
	return p != nil && p[key>>6&1023]>>(key&63)&1 == 1
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
