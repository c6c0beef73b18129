package index

import "slices"

// The cost model that decides whether another row pays, in seconds: what a false
// column costs the verifier, and what it costs to read a row and to look at a
// byte of it (BenchmarkReadRow; a column is 84 KB of plain bytes at 0.6 GB/s).
const (
	columnCost = 140e-6
	readCost   = 1e-6
	byteCost   = 0.1e-9

	// The rows of a window are not independent: a column that holds most of it
	// passes most of them. So a row that dropped nothing says little about the
	// next one; seven in sequence halve the hope.
	fading = .9
)

// columnsWith returns the columns that may hold a window: of those in only, and
// of all when only is nil. Columns without filters are always among them.
func (q *searcher) columnsWith(w *window, only bitmap) (idSet, error) {
	out := only
	if only == nil {
		if q.cols == nil {
			q.cols = newBitmap(q.Segment.columns)
		}
		out = q.cols
		for _, c := range q.classes {
			out[c.base/64:].fill(c.columns)
		}
		for col := q.rest; col < q.Segment.columns; col++ {
			out.set(col)
		}
	}
	for no, c := range q.classes {
		for lo := 0; lo < c.columns; lo += 8 * blockBytes {
			if err := q.ctx.Err(); err != nil {
				return idSet{}, err
			}
			hi := min(lo+8*blockBytes, c.columns)
			b := &block{searcher: q, class: no, rows: c, no: lo / (8 * blockBytes)}
			if err := b.narrow(out[(c.base+lo)/64:(c.base+hi+63)/64], w); err != nil {
				return idSet{}, err
			}
		}
	}
	set := newIDSet(out)
	if set.bits != nil {
		q.cols = nil // the set has it now
	}
	return set, nil
}

// A block is a stretch of the columns of a class, of which rows are read at once.
type block struct {
	*searcher
	*rows
	class int
	no    int
}

// row returns the block's bytes of a row.
func (b *block) row(r uint32) ([]byte, error) {
	from := int64(b.no) * blockBytes
	return b.cache.get(rowKey(b.class, b.no, r), int(min(blockBytes, b.pitch-from)), func(dst []byte) error {
		return b.readRow(b.rows, r, from, dst, b.st)
	})
}

// narrow clears from live the columns that cannot hold the window, until more
// rows would cost more than the columns they can be expected to save.
func (b *block) narrow(live bitmap, w *window) error {
	left := popcount(live)
	if left == 0 {
		return nil
	}
	hope := 1.0 // that a row which says less than all drops a column
	price := readCost + byteCost*float64(8*len(live))
	for _, i := range b.ordered(w.grams) {
		r := b.shape.at(w.grams[i].gram)
		n := logValue(b.counts[r])
		if n == 0 { // no column has it
			clear(live)
			return nil
		}
		if float64(left)*(1-float64(n)/float64(b.columns))*columnCost*hope < price {
			if float64(left)*columnCost*hope < price {
				break
			}
			continue
		}
		row, err := b.row(r)
		if err != nil {
			return err
		}
		dropped := live.andBytes(row)
		if left -= dropped; left == 0 {
			return nil
		}
		if hope *= fading; dropped > 0 {
			hope = 1
		}
	}
	for i := range w.forks {
		if err := b.split(live, w, &w.forks[i]); err != nil {
			return err
		}
	}
	return nil
}

// ordered gives the places in the order their rows are read: the rarest first,
// but those that end close to one before it later, because what neighbours tell
// is mostly the same.
func (b *block) ordered(places []place) []uint32 {
	const far = 3
	q := b.searcher
	q.order = q.order[:0]
	for i, p := range places {
		code := uint32(b.counts[b.shape.at(p.gram)])
		q.order = append(q.order, code<<16|uint32(p.filter)<<12|uint32(i))
	}
	slices.Sort(q.order)
	var taken [4]uint64 // the ends of the places taken so far
	near := func(end int) bool {
		for e := max(0, end-far+1); e < min(end+far, 256); e++ {
			if taken[e>>6]>>(e&63)&1 != 0 {
				return true
			}
		}
		return false
	}
	at, later := 0, len(q.order)
	q.order = slices.Grow(q.order, later)
	for _, o := range q.order[:later] {
		i := o & 0xFFF
		if end := places[i].end; end >= 256 || near(end) {
			q.order = append(q.order, i)
		} else {
			taken[end>>6] |= 1 << (end & 63)
			q.order[at] = i
			at++
		}
	}
	return append(q.order[:at], q.order[later:]...)
}

// share returns the part of the columns that have the bit of a gram, about.
func (c *rows) share(filter int) float64 {
	c.once.Do(func() {
		for f, m := range c.shape.bits {
			sum := 0
			rows := c.counts[c.shape.row[f]:][:m]
			for i := 0; i < len(rows); i += sampled {
				sum += logValue(rows[i])
			}
			n := (len(rows) + sampled - 1) / sampled
			c.shares[f] = float64(sum) / float64(n) / float64(c.columns)
		}
	})
	return c.shares[filter]
}

const sampled = 16 // one row in so many tells the share of all
