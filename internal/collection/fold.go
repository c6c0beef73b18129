package collection

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/mewshq/mews/internal/store"
)

// A folding is one reading of the records of an aggregation.
type folding struct {
	c    *Collection
	mem  *ledger
	plan *plan
	root *group

	sources []*reader
	rows    int
	limit   int // of different terms of the root; 0: none
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
func (f *folding) run(tx *store.Tx, w Where, cid store.CID) (err error) {
	defer func() {
		for _, s := range f.sources {
			if end := s.stream.Close(); err == nil {
				err = end
			}
		}
	}()
	if f.plan.alone(w) {
		r, err := f.open(tx, f.plan.children[0], f.plan.ofChild(f.plan.children[0], nil, cid))
		if err != nil {
			return err
		}
		return f.merge(r, nil)
	}
	base, err := f.open(tx, &f.plan.base, f.plan.ofBase(w, cid))
	if err != nil {
		return err
	}
	if !f.plan.merged() {
		return f.single(base)
	}
	keys, err := base.few(f.c.work.few)
	if err != nil {
		return err
	}
	if keys != nil && len(keys) == 0 {
		return nil
	}
	for _, s := range f.plan.children {
		if _, err := f.open(tx, s, f.plan.ofChild(s, keys, cid)); err != nil {
			return err
		}
	}
	return f.merge(base, f.sources[1:])
}

func (f *folding) open(tx *store.Tx, s *source, st statement) (*reader, error) {
	stream, err := tx.Stream(st.sql, st.args...)
	if err != nil {
		return nil, fmt.Errorf("aggregate: %w", err)
	}
	r := &reader{source: s, stream: stream}
	f.sources = append(f.sources, r)
	return r, nil
}

// A reader goes over the rows of a source.
type reader struct {
	*source
	stream *store.Stream
	early  [][]driver.Value // rows that were read before their time
	row    []driver.Value
	key    int64
	ended  bool
}

// few reads ahead and gives the keys of all records when they are no more than
// a limit, else nil: looking up the rows of many in child tables takes longer
// than reading the tables.
func (r *reader) few(limit int) ([]any, error) {
	keys := []any{}
	for len(r.early) <= limit {
		row, err := r.stream.Next()
		if err == io.EOF {
			return keys, nil
		}
		if err != nil {
			return nil, fmt.Errorf("aggregate: %w", err)
		}
		r.early = append(r.early, slices.Clone(row))
		keys = append(keys, row[0])
	}
	return nil, nil
}

// next moves to the next row. With keyed its first column is the record.
func (r *reader) next(keyed bool) (err error) {
	if len(r.early) > 0 {
		r.row, r.early = r.early[0], r.early[1:]
	} else {
		r.row, err = r.stream.Next()
	}
	if err == io.EOF {
		r.ended = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("aggregate: %w", err)
	}
	if keyed {
		key, ok := r.row[0].(int64)
		if !ok {
			return fmt.Errorf("aggregate: the key of a record is a %T", r.row[0])
		}
		r.key, r.row = key, r.row[1:]
	}
	return nil
}

// take puts the values of the row into the slots.
func (r *reader) take() error {
	for i, s := range r.slots {
		if err := s.add(r.row[i]); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) reset() {
	for _, s := range r.slots {
		s.reset()
	}
}

// single folds rows that are records.
func (f *folding) single(r *reader) error {
	for {
		if err := r.next(false); err != nil || r.ended {
			return err
		}
		r.reset()
		if err := r.take(); err != nil {
			return err
		}
		if err := f.visit(); err != nil {
			return err
		}
	}
}

// merge folds the records of the first source, which may have several rows of
// each, with the rows of the others that belong to them.
func (f *folding) merge(first *reader, others []*reader) error {
	for _, r := range f.sources {
		if err := r.next(true); err != nil {
			return err
		}
	}
	for !first.ended {
		key := first.key
		if err := first.record(key); err != nil {
			return err
		}
		for _, r := range others {
			if err := r.record(key); err != nil {
				return err
			}
		}
		if err := f.visit(); err != nil {
			return err
		}
	}
	return nil
}

// record takes all rows of one record and stands behind them then.
func (r *reader) record(key int64) error {
	r.reset()
	for !r.ended && r.key <= key {
		if r.key == key {
			if err := r.take(); err != nil {
				return err
			}
		}
		if err := r.next(true); err != nil {
			return err
		}
	}
	for _, s := range r.slots {
		s.finish()
	}
	return nil
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
