package collection

import (
	"database/sql/driver"
	"fmt"
	"math"
	"time"

	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/store"
)

// Terms of the root with aggregations below them are folded in one reading while
// they are few. When there are many, nearly all of what is found below them
// belongs to terms that will not be shown, and may be more than memory holds.
// Then the terms are counted first, and a second reading is of those that are
// shown.

// manyTerms is how many terms of the root are too many to go on with; 0 is
// never.
func (c *Collection) manyTerms(n *node) int {
	switch {
	case n.kind != kindTerms || len(n.named) > 0:
		return 0
	case len(n.subs) > 0:
		return max(c.work.many, c.work.many*(n.terms.from+n.terms.size)/250)
	case n.orderable():
		return c.work.most
	}
	return 0
}

// aggregateChosen answers when there are too many terms.
func (c *Collection) aggregateChosen(tx *store.Tx, cid store.CID, n *node) (Result, error) {
	list, other, err := c.count(tx, cid, n)
	if err != nil {
		return Result{}, err
	}
	chosen := *n
	chosen.terms.from, chosen.terms.size = 0, max(1, len(list))
	stripped, err := c.stripped(tx, cid, n.where)
	if err != nil {
		return Result{}, err
	}
	chosen.where = c.narrowed(n, list, stripped)
	f, err := c.newFolding(&chosen)
	if err != nil {
		return Result{}, err
	}
	f.root.choose(list)
	if len(n.subs) == 0 {
		err = f.root.adopt(tx, cid, c, list)
	} else if len(list) > 0 {
		err = f.run(tx, chosen.where, cid)
	}
	if err != nil {
		return Result{}, err
	}
	r, err := f.result()
	if r.Other != nil {
		*r.Other = other
	}
	return r, err
}

// count chooses the terms to show: by folding while they fit, else in the order
// of an index.
func (c *Collection) count(tx *store.Tx, cid store.CID, n *node) (list []counted, other int64, err error) {
	if len(n.subs) == 0 { // folding them was tried
		return c.ordered(tx, cid, n)
	}
	counting := *n
	counting.subs = nil
	f, err := c.newFolding(&counting)
	if err != nil {
		return nil, 0, err
	}
	f.limit = c.manyTerms(&counting)
	err = f.run(tx, n.where, cid)
	if err == errManyTerms {
		return c.ordered(tx, cid, &counting)
	}
	if err == nil {
		err = f.mem.err()
	}
	if err != nil {
		return nil, 0, err
	}
	shown, other := f.root.shownTerms(0)
	for _, b := range shown {
		key := f.root.table.key(b)
		list = append(list, counted{
			value: f.root.columnValue(key), count: int64(f.root.table.counts[b]),
			absent: f.root.absent != nil && key == f.root.absent.keys[0],
		})
	}
	return list, other, nil
}

// choose lets a group count only some terms.
func (g *group) choose(list []counted) {
	g.only = true
	for _, t := range list {
		key := g.keyOf(t.value)
		g.verdicts = grown(g.mem, g.verdicts, int(key)+1, 1)
		g.verdicts[key] = wanted
	}
}

// keyOf numbers a term as its column holds it.
func (g *group) keyOf(v driver.Value) uint32 {
	switch v := v.(type) {
	case string:
		return g.values.texts.entry([]byte(v))
	case []byte:
		return g.values.texts.entry(v)
	case float64:
		return g.values.bits.number(math.Float64bits(v + 0))
	case int64:
		if g.field.Type == Number {
			return g.values.bits.number(math.Float64bits(float64(v)))
		}
		return g.values.bits.number(uint64(v))
	}
	return 0
}

// adopt takes over what was counted elsewhere.
func (g *group) adopt(tx *store.Tx, cid store.CID, c *Collection, list []counted) error {
	for _, t := range list {
		key := g.keyOf(t.value)
		if text, ok := t.value.(string); ok && g.field.Folded != "" {
			spelling, err := c.spelling(tx, cid, g.field, text)
			if err != nil {
				return fmt.Errorf("aggregate: %w", err)
			}
			g.values.texts.number([]byte(spelling))
		}
		g.table.counts[g.table.bucket(0, key)] = uint32(t.count)
	}
	return nil
}

// narrowed selects the records of the chosen terms, if there is a way that costs
// less than reading all of them: choose does it as well. Nothing is less than to
// read strips, where a lookup leads to records that the filter does not select.
func (c *Collection) narrowed(n *node, list []counted, stripped bool) Where {
	w := n.where
	var values []any
	var records int64
	for _, t := range list {
		if t.absent {
			return w // records without the field are not found by a value
		}
		values = append(values, t.value)
		records += t.count
	}
	if len(values) == 0 || w.args()+len(values) > maxArgs {
		return w
	}
	o := c.operand(n.field, fql.Compare{}, time.Time{})
	in := oneOf(c.indexedColumn(n.field), values)
	switch {
	case n.field.Indexed && records <= int64(c.work.few) && !stripped:
		has := func(operand) (cond, error) { return in, nil }
		lead, err := o.lead(has)
		if err != nil {
			return w
		}
		part, err := o.ofRecord(has)
		if err != nil {
			return w
		}
		in, w.leads = o.lookup(lead, part), append(w.leads[:len(w.leads):len(w.leads)], lead)
	case n.field.Multi():
		return w
	}
	in = in.matching(o.among(values))
	if !w.Empty() {
		in = all(w.cond, in)
	}
	return Where{c: w.c, cond: in, leads: w.leads}
}

// columnValue is a term as its column holds it.
func (g *group) columnValue(key uint32) driver.Value {
	switch {
	case g.field.Type == IP:
		return []byte(g.values.texts.text(key))
	case g.text():
		return g.values.texts.text(key)
	case g.field.Type == Number:
		return math.Float64frombits(g.values.bits.values[key])
	}
	return int64(g.values.bits.values[key])
}
