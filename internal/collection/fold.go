package collection

import (
	"errors"

	"github.com/mewshq/mews/internal/store"
)

// A folding is one reading of the records of an aggregation.
type folding struct {
	c    *Collection
	mem  *ledger
	plan *plan
	root *group

	rows  int
	limit int // of different terms of the root; 0: none
}

// errManyTerms ends a folding that should have chosen the terms of the root
// first.
var errManyTerms = errors.New("the root has many terms")

// newFolding prepares to fold a node and all below it.
func (c *Collection) newFolding(n *node) (*folding, error) {
	f := &folding{c: c, mem: newLedger(c.work.memory), plan: &plan{c: c}}
	f.plan.base.table = c.schema.Table
	var err error
	f.root, err = f.group(n, true)
	return f, err
}

func (f *folding) group(n *node, root bool) (*group, error) {
	g := &group{node: n, mem: f.mem}
	if n.field == nil {
		return g, nil
	}
	g.values = f.plan.value(n.field)
	if err := f.missing(g); err != nil {
		return nil, err
	}
	f.want(g, g.values)
	if !root {
		g.when = f.plan.condition(n.where)
	}
	for _, named := range n.named {
		s := f.plan.condition(named.where)
		if s == nil {
			s = &slot{typ: Boolean, always: true}
		}
		g.named = append(g.named, s)
	}
	f.plan.needBase = f.plan.needBase || g.absent != nil || len(g.named) > 0
	if !n.kind.buckets() {
		g.measures = &measures{mem: f.mem, kind: n.kind}
		return g, nil
	}
	g.table = newTable(f.mem, root && len(n.named) == 0)
	if n.kind == kindHistogram {
		g.starts = newInterner(f.mem)
	}
	for _, sub := range n.subs {
		s, err := f.group(sub, false)
		if err != nil {
			return nil, err
		}
		if s.field != nil {
			g.subs = append(g.subs, s)
		}
		g.below = append(g.below, s)
	}
	return g, nil
}

// want tells a slot the forms in which a group looks at its values.
func (f *folding) want(g *group, s *slot) {
	switch g.kind {
	case kindTerms:
		s.wantKeys = true
		if s.texts == nil && g.text() {
			s.texts = newDictionary(f.mem, s.fold)
		}
		if s.bits == nil && !g.text() {
			s.bits = newInterner(f.mem)
		}
	case kindCardinality:
		s.wantHashes = true
	case kindHistogram, kindDates:
		s.wantInstants = true
	default:
		s.wantNumbers = true
	}
}

// missing prepares what stands for a missing value.
func (f *folding) missing(g *group) error {
	if g.node.missing == nil {
		return nil
	}
	f.want(g, g.values)
	g.absent = &slot{typ: g.values.typ, fold: g.values.fold, texts: g.values.texts, bits: g.values.bits}
	f.want(g, g.absent)
	return g.absent.add(g.node.missing)
}

// run reads the records and folds them.
func (f *folding) run(tx *store.Tx, w Where, cid store.CID) error {
	r, err := f.reading(tx, w, cid)
	if err != nil {
		return err
	}
	sources := []*source{&f.plan.base}
	switch {
	case f.plan.alone(w):
		sources = f.plan.children
	case !f.plan.merged():
		return r.each(tx, 1, func(blocks []*block) error { return f.single(blocks[0]) })
	default:
		sources = append(sources, f.plan.children...)
	}
	return r.each(tx, len(sources), func(blocks []*block) error { return f.merge(sources, blocks) })
}

// single folds rows that are records.
func (f *folding) single(b *block) error {
	for i := range b.rows() {
		f.plan.base.reset()
		f.plan.base.take(b, i)
		if err := f.visit(); err != nil {
			return err
		}
	}
	return nil
}

// merge folds the records of the first block, which may have several rows of
// each, with the rows of the others that belong to them.
func (f *folding) merge(sources []*source, blocks []*block) error {
	at := make([]int, len(blocks))
	for at[0] < len(blocks[0].keys) {
		key := blocks[0].keys[at[0]]
		for i, s := range sources {
			at[i] = s.record(blocks[i], at[i], key)
		}
		if err := f.visit(); err != nil {
			return err
		}
	}
	return nil
}

// record takes all rows of one record and gives the place behind them.
func (s *source) record(b *block, at int, key int64) int {
	s.reset()
	for at < len(b.keys) && b.keys[at] < key {
		at++
	}
	for at < len(b.keys) && b.keys[at] == key {
		s.take(b, at)
		at++
	}
	for _, slot := range s.slots {
		slot.finish()
	}
	return at
}

// take puts the values of a row into the slots.
func (s *source) take(b *block, row int) {
	for i, c := range b.row(row) {
		s.slots[i].take(c, b.text)
	}
}

func (s *source) reset() {
	for _, slot := range s.slots {
		slot.reset()
	}
}

// visit folds the current record.
func (f *folding) visit() error {
	f.root.visit(0)
	f.rows++
	if f.rows%f.c.work.check != 0 {
		return nil
	}
	return f.check()
}

// check looks at what the folding holds.
func (f *folding) check() error {
	if f.limit > 0 && f.root.table.size() > f.limit {
		return errManyTerms
	}
	return f.mem.err()
}
