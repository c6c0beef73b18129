package index

import (
	"encoding/binary"
	"slices"
)

// View returns what the builder holds now as a segment in memory. It can be
// searched while files are added to the builder; those it does not see. It costs
// a copy of the open columns and of the tables, not of the filters.
func (b *Builder) View() *Segment {
	s := &Segment{foot: &footer{params: b.params, files: len(b.files)}, files: slices.Clip(b.files)}
	for _, c := range b.classes {
		m := &memory{shape: &c.shape, slabs: slices.Clip(c.slabs), loose: slices.Clone(c.pending)}
		lists := slices.Clip(c.parts)
		for _, o := range c.open {
			m.loose = append(m.loose, slices.Clone(o.words))
			lists = append(lists, slices.Clip(o.parts))
		}
		r := &rows{shape: c.shape, columns: len(lists), base: s.columns, pitch: pitchOf(len(lists)), memory: m}
		r.counts = make([]byte, c.shape.rows) // not counted: all are alike
		for i := range r.counts {
			r.counts[i] = logCode((r.columns + 1) / 2)
		}
		s.classes = append(s.classes, r)
		s.addColumns(lists)
		s.addColumns(make([][]part, int(alignUp(int64(len(lists)), 64))-len(lists)))
	}
	s.rest = s.columns
	s.addColumns(b.rest)
	s.partStart = append(s.partStart, uint32(len(s.parts)))
	s.listParts()
	return s
}

// addColumns numbers columns and their parts.
func (s *Segment) addColumns(lists [][]part) {
	for _, parts := range lists {
		s.partStart = append(s.partStart, uint32(len(s.parts)))
		s.parts = append(s.parts, parts...)
		s.columns++
	}
}

// A memory is the rows of a class that is not written yet: whole slabs, and
// columns that are not turned into rows.
type memory struct {
	shape *shape
	slabs []slab
	loose [][]uint64
}

// read fills dst with the bytes of a row from byte lo on; both are whole words.
func (m *memory) read(row uint32, lo int64, dst []byte) {
	for i := range len(dst) / 8 {
		var w uint64
		if k := int(lo)/8 + i; k < len(m.slabs) {
			w = m.slabs[k][row]
		} else {
			w = m.gather(row, (k-len(m.slabs))*64)
		}
		binary.LittleEndian.PutUint64(dst[8*i:], w)
	}
}

// gather collects the bit of a row from up to 64 loose columns.
func (m *memory) gather(row uint32, from int) (w uint64) {
	filter := 0
	for f := range m.shape.bits {
		if row >= m.shape.row[f] && row-m.shape.row[f] < m.shape.bits[f] {
			filter = f
		}
	}
	bit := row - m.shape.row[filter]
	at := m.shape.word[filter] + int(bit>>6)
	for i, words := range m.loose[min(from, len(m.loose)):min(from+64, len(m.loose))] {
		w |= words[at] >> (bit & 63) & 1 << i
	}
	return w
}
