package collection

import (
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

// manyTerms is from how many terms on the shown ones are chosen first; 0 is
// never.
func (c *Collection) manyTerms(n *node) int {
	if n.kind != kindTerms || len(n.subs) == 0 || len(n.named) > 0 {
		return 0
	}
	return max(c.work.many, c.work.many*(n.terms.from+n.terms.size)/250)
}

func (c *Collection) aggregateChosen(tx *store.Tx, cid store.CID, n *node) (Result, error) {
	counting := *n
	counting.subs = nil
	first, err := c.newFolding(&counting)
	if err != nil {
		return Result{}, err
	}
	if err := first.run(tx, n.where, cid); err != nil {
		return Result{}, err
	}
	list, other := first.root.shownTerms(0)
	if len(list) == 0 {
		return first.result()
	}
	chosen := *n
	chosen.terms.from, chosen.terms.size = 0, len(list)
	chosen.where = first.narrowed(list)
	second, err := c.newFolding(&chosen)
	if err != nil {
		return Result{}, err
	}
	second.root.choose(first.root, list)
	if err := second.run(tx, chosen.where, cid); err != nil {
		return Result{}, err
	}
	r, err := second.result()
	*r.Other = other
	return r, err
}

// choose lets a group count only terms that another one has found.
func (g *group) choose(from *group, list []uint32) {
	g.only = true
	for _, b := range list {
		key := from.table.key(b)
		if g.text() {
			key = g.values.texts.entry(from.values.texts.text(key))
		} else {
			key = g.values.bits.number(from.values.bits.values[key])
		}
		g.verdicts = grown(g.mem, g.verdicts, int(key)+1, 1)
		g.verdicts[key] = wanted
	}
}

// narrowed selects the records of the chosen terms, if there is a way that costs
// less than reading all of them: group chooses as well.
func (f *folding) narrowed(list []uint32) Where {
	g, w := f.root, f.root.where
	var values []any
	var records int64
	for _, b := range list {
		key := g.table.key(b)
		if g.absent != nil && key == g.absent.keys[0] {
			return w // records without the field are not found by a value
		}
		values = append(values, g.columnValue(key))
		records += int64(g.table.counts[b])
	}
	if len(w.cond.args)+len(values) > maxArgs {
		return w
	}
	o := f.c.operand(g.field, fql.Compare{}, time.Time{})
	column := o.column
	if o.folded != "" {
		column = o.folded
	}
	in := oneOf(column, values)
	switch {
	case g.field.Indexed && records <= int64(f.c.work.few):
		in, _ = o.lookup(func(operand) (cond, error) { return in, nil })
	case g.field.Multi():
		return w
	}
	if !w.Empty() {
		in = all(w.cond, in)
	}
	return Where{c: w.c, cond: in}
}

// columnValue is a term as its column holds it.
func (g *group) columnValue(key uint32) any {
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
