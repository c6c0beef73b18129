package collection

import (
	"bytes"
	"container/heap"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
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
	top := &topCounted{n: n}
	var now counted
	record := int64(math.MinInt64)
	for {
		row, err := stream.Next()
		if err != nil && err != io.EOF {
			return nil, 0, fmt.Errorf("aggregate: %w", err)
		}
		if err == io.EOF || !same(row[0], now.value) {
			top.offer(now)
			if err == io.EOF {
				list, other = top.shown()
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
	stream, err := tx.Stream(c.dialect.Statement("SELECT "+c.column(c.schema.Key)+" FROM "+c.schema.Table+" WHERE "+own.sql), own.bound(cid)...)
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

// topCounted keeps the terms that are shown, with the last of them at the root
// of a heap.
type topCounted struct {
	n     *node
	list  []counted
	total int64
}

func (t *topCounted) Len() int           { return len(t.list) }
func (t *topCounted) Less(i, j int) bool { return t.compare(t.list[i], t.list[j]) > 0 }
func (t *topCounted) Swap(i, j int)      { t.list[i], t.list[j] = t.list[j], t.list[i] }

// Push implements heap.Interface.
func (t *topCounted) Push(x any) { t.list = append(t.list, x.(counted)) }

// Pop implements heap.Interface.
func (t *topCounted) Pop() any {
	last := t.list[len(t.list)-1]
	t.list = t.list[:len(t.list)-1]
	return last
}

// offer takes a term into account.
func (t *topCounted) offer(c counted) {
	o := &t.n.terms
	if c.value == nil || c.value == "" || c.count < t.n.min || c.count > t.n.max || c.count == 0 {
		return
	}
	if (o.include != nil || o.exclude != nil) && !o.keeps(t.n.field.show(c.value)) {
		return
	}
	t.total += c.count
	if len(t.list) < o.from+o.size {
		heap.Push(t, c)
		return
	}
	if t.compare(c, t.list[0]) < 0 {
		t.list[0] = c
		heap.Fix(t, 0)
	}
}

func (t *topCounted) compare(a, b counted) int {
	o := &t.n.terms
	c := a.rank - b.rank
	if !o.byTerm && a.count != b.count {
		c = int(min(max(a.count-b.count, -1), 1))
	} else if !o.byTerm {
		return c
	}
	if o.desc {
		return -c
	}
	return c
}

// shown are the terms in their order, and the records of those behind them.
func (t *topCounted) shown() (list []counted, other int64) {
	slices.SortFunc(t.list, t.compare)
	other = t.total
	for _, c := range t.list {
		other -= c.count
	}
	return t.list[min(t.n.terms.from, len(t.list)):], other
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
