package collection

import (
	"fmt"
	"strings"
	"sync"

	"github.com/mewshq/mews/internal/store"
)

// Counts tells how many of the records that w selects are selected by each of
// some others, too.
func (c *Collection) Counts(tx *store.Tx, cid store.CID, w Where, others ...Where) ([]int64, error) {
	led, err := c.led(tx, cid, w)
	if err != nil {
		return nil, err
	}
	if led {
		own := w.own(where(c.dialect.unindexed(c.column("cid"))+" = ?", cidArg{})).one
		columns := counting(others, func(c cond) statement { return c.one })
		return c.counts(tx, len(others), statement{
			c.dialect.Statement("SELECT " + columns.sql + " FROM " + c.schema.Table + " WHERE " + own.sql),
			bound(append(columns.args, own.args...), cid, everything()),
		})
	}
	first, n, err := c.parts(tx)
	if err != nil {
		return nil, err
	}
	strips, err := c.strips(tx, cid)
	if err != nil {
		return nil, err
	}
	sum := make([]int64, len(others))
	var mu sync.Mutex
	err = tx.Spread(n, func(tx *store.Tx, i int) error {
		some, err := c.countPart(tx, strips, cid, first+int64(i), w, others)
		mu.Lock()
		defer mu.Unlock()
		for i, n := range some {
			sum[i] += n
		}
		return err
	})
	return sum, err
}

func (c *Collection) countPart(tx *store.Tx, strips *stripSet, cid store.CID, number int64, w Where, others []Where) ([]int64, error) {
	if p := strips.matching(tx, number, append(others, w)...); p != nil {
		defer p.close()
		return p.counts(w, others)
	}
	columns := counting(others, func(c cond) statement { return c.many })
	return c.counts(tx, len(others), c.ofPart(columns, w, cid, c.work.part.part(number)))
}

// counts is Counts for a part that is kept in strips.
func (p *stripPart) counts(w Where, others []Where) ([]int64, error) {
	selected, err := p.selected(w)
	counts := make([]int64, len(others))
	for i, other := range others {
		if err != nil {
			return nil, err
		}
		var page keyPage
		page, err = p.selected(other)
		page.keep(selected)
		counts[i] = int64(page.size())
	}
	return counts, err
}

// counting are columns that count.
func counting(list []Where, form func(cond) statement) statement {
	var texts []string
	var args []any
	for _, w := range list {
		if w.Empty() {
			texts = append(texts, "count(*)")
			continue
		}
		s := form(w.cond)
		texts, args = append(texts, "count(CASE WHEN "+s.sql+" THEN 1 END)"), append(args, s.args...)
	}
	return statement{strings.Join(texts, ", "), args}
}

// counts runs a statement that gives one row of numbers.
func (c *Collection) counts(tx *store.Tx, n int, st statement) ([]int64, error) {
	counts, dest := make([]int64, n), make([]any, n)
	for i := range counts {
		dest[i] = &counts[i]
	}
	if err := tx.QueryRow(st.sql, st.args...).Scan(dest...); err != nil {
		return nil, fmt.Errorf("count records: %w", err)
	}
	return counts, nil
}
