package collection

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/mewshq/mews/internal/store"
)

// aheadParts is how many parts may be read and not yet folded.
const aheadParts = 6

// A reading brings the rows of an aggregation: several connections read parts of
// the records side by side, and one goroutine folds them in their order, so that
// an answer does not depend on who was faster.
type reading struct {
	parts int
	read  func(tx *store.Tx, part int, into []*block) error

	ready []chan []*block // by part, once it is read
	room  chan struct{}   // parts that are read or being read, and not folded
	spare chan []*block
	stop  chan struct{} // closed when nothing more is wanted
	next  atomic.Int64
}

var errStopped = errors.New("no more parts are wanted")

// each hands every part to fold.
func (r *reading) each(tx *store.Tx, sources int, fold func([]*block) error) error {
	r.ready = make([]chan []*block, r.parts)
	for i := range r.ready {
		r.ready[i] = make(chan []*block, 1)
	}
	r.room, r.stop = make(chan struct{}, aheadParts), make(chan struct{})
	r.spare = make(chan []*block, aheadParts)
	done := make(chan error, 1)
	go func() {
		done <- tx.Spread(r.parts, func(tx *store.Tx, _ int) error { return r.one(tx, sources) })
		for i := range r.ready {
			close(r.ready[i]) // of a part that was not read
		}
	}()
	var err error
	for i := 0; i < r.parts && err == nil; i++ {
		blocks, ok := <-r.ready[i]
		if !ok {
			break
		}
		err = fold(blocks)
		r.spare <- blocks
		<-r.room
	}
	close(r.stop)
	if end := <-done; err == nil {
		err = end
	}
	return err
}

// one reads the next part. It takes its room before its number: who waits for
// room must not have a part that others wait for.
func (r *reading) one(tx *store.Tx, sources int) error {
	select {
	case r.room <- struct{}{}:
	case <-r.stop:
		return errStopped
	}
	var blocks []*block
	select {
	case blocks = <-r.spare:
	default:
		for range sources {
			blocks = append(blocks, &block{})
		}
	}
	part := int(r.next.Add(1)) - 1
	if err := r.read(tx, part, blocks); err != nil {
		return err
	}
	r.ready[part] <- blocks
	return nil
}

// fill reads the rows of a statement into a block.
func fill(tx *store.Tx, b *block, st statement, columns int, keyed bool) error {
	b.reset(columns)
	if keyed {
		columns++
	}
	err := tx.Scan(func(row []driver.Value) error { return b.add(row, keyed) }, columns, st.sql, st.args...)
	if err != nil {
		return fmt.Errorf("aggregate: %w", err)
	}
	b.sort()
	return nil
}

// reading chooses how the records of an aggregation are read: those of a narrow
// filter by their keys, all others part by part.
func (f *folding) reading(tx *store.Tx, w Where, cid store.CID) (*reading, error) {
	led, err := f.c.led(tx, cid, w)
	if err != nil {
		return nil, err
	}
	if led {
		keys, all, err := f.few(tx, w, cid)
		if err != nil || all {
			chunks := slices.Collect(slices.Chunk(keys, maxNamed))
			return &reading{parts: len(chunks), read: func(tx *store.Tx, i int, into []*block) error {
				return f.readPart(tx, into, w, choice{cid: cid, keys: chunks[i]})
			}}, err
		}
	}
	first, n, err := f.c.parts(tx)
	if err != nil {
		return nil, err
	}
	columns, ok := f.plan.keptColumns(w)
	var strips *stripSet
	if ok {
		strips, err = f.c.strips(tx, cid)
	}
	return &reading{parts: n, read: func(tx *store.Tx, i int, into []*block) error {
		if p := strips.part(tx, first+int64(i), columns); p != nil {
			defer p.close()
			return f.readStrips(p, into, w)
		}
		return f.readPart(tx, into, w, choice{cid: cid, part: f.c.work.part.part(first + int64(i))})
	}}, err
}

// few gives the keys of the selected records, if they are few.
func (f *folding) few(tx *store.Tx, w Where, cid store.CID) (keys []any, all bool, err error) {
	most := f.c.work.few
	from, sql, args := w.few(cid)
	err = tx.Scan(func(row []driver.Value) error {
		keys = append(keys, row[0])
		return nil
	}, 1, f.c.dialect.Statement("SELECT "+f.c.column(f.c.schema.Key)+" FROM "+from+" WHERE "+sql+" LIMIT ?"), append(args, most+1)...)
	if err != nil {
		return nil, false, fmt.Errorf("aggregate: %w", err)
	}
	return keys, len(keys) <= most, nil
}

// readPart reads what all sources have of some records. Where none of them is
// selected the child tables need not be asked.
func (f *folding) readPart(tx *store.Tx, into []*block, w Where, of choice) error {
	if f.plan.alone(w) {
		s := f.plan.children[0]
		return fill(tx, into[0], f.plan.ofChild(s, of), len(s.columns), true)
	}
	base := &f.plan.base
	if err := fill(tx, into[0], f.plan.ofBase(w, of), len(base.columns), f.plan.merged()); err != nil {
		return err
	}
	for i, s := range f.plan.children {
		if len(into[0].keys) == 0 {
			into[i+1].reset(len(s.columns))
			continue
		}
		if err := fill(tx, into[i+1], f.plan.ofChild(s, of), len(s.columns), true); err != nil {
			return err
		}
	}
	return nil
}

// readStrips is readPart for a part that is kept in strips.
func (f *folding) readStrips(p *stripPart, into []*block, w Where) error {
	selected, err := p.selected(w)
	if err != nil {
		return err
	}
	sources := f.plan.children
	if !f.plan.alone(w) {
		if err := p.fill(into[0], &f.plan.base, selected, f.plan.merged()); err != nil {
			return err
		}
		into = into[1:]
	}
	for i, s := range sources {
		if err := p.fill(into[i], s, selected, true); err != nil {
			return err
		}
	}
	return nil
}
