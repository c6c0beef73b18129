package index

import (
	"fmt"
	"math/bits"
)

// The three filters of a column, in the order of their rows.
const (
	long = iota
	middle
	short
	filters
)

const (
	maxBits    = 1 << 22 // per filter
	maxClasses = 4
	gramSpan   = 12 // bytes of the longest gram
)

// A Class is one size of columns. Long, Middle and Short are filter sizes in
// bits. A column of the class ends when its long filter has Limit bits set.
// After Probe bytes a column whose short filter (of the first class) has at
// least Enter bits set moves to this class; the first class has Enter 0.
type Class struct {
	Long, Middle, Short uint32
	Limit               uint32
	Enter               uint32
}

// Params decide how files are cut and how large filters are. They are kept in
// every segment, except for the last four, which only the builder uses.
type Params struct {
	Classes   []Class
	Step      int   // bytes: columns end at a multiple of this length
	Overlap   int   // bytes that neighbouring columns of a file share
	MaxColumn int   // bytes of the longest column, a multiple of Step
	Probe     int   // bytes after which the class of a column is settled, a multiple of Step
	MaxFilled int64 // bytes of a file that get filters; columns beyond are always candidates
	Region    int   // bytes under one checksum, and the alignment of sections

	Open        int   // packed columns held open per class
	SealColumns int   // columns after which a builder is full
	SealBytes   int64 // memory after which a builder is full
}

// DefaultParams returns the parameters new segments are built with: a budget of
// 40 K long grams per column, filters in the ratio 1 : .5 : .5 (short, middle,
// long), the long one filled to .71; for content of high entropy 2 : .5 : .5, filled
// to .85. Powers of two fill fast. Most bits go to the short filter, which a string
// of four bytes reads twice; the long one is good enough when it is fuller.
func DefaultParams() Params {
	const u = 65536
	return Params{
		Classes: []Class{
			{Short: u, Middle: u / 2, Long: u / 2, Limit: 23265},
			// Some .74 distinct 3-grams per byte set 11,000 of u bits in 16 KiB.
			{Short: 2 * u, Middle: u / 2, Long: u / 2, Limit: 27852, Enter: 11000},
		},
		Step: 1 << 10, Overlap: 64, MaxColumn: 1 << 20, Probe: 16 << 10, MaxFilled: 100 << 20,
		Region: 64 << 10, Open: 8, SealColumns: 4096, SealBytes: 128 << 20,
	}
}

func (p Params) validate() error {
	switch {
	case len(p.Classes) < 1 || len(p.Classes) > maxClasses:
		return fmt.Errorf("%w: %d classes", ErrParams, len(p.Classes))
	case p.Step < 16 || p.Step > 1<<20 || p.Probe < p.Step || p.Probe%p.Step != 0 || p.Probe > p.MaxColumn:
		return fmt.Errorf("%w: step %d, probe %d", ErrParams, p.Step, p.Probe)
	case p.Overlap < gramSpan || p.Overlap >= p.Step:
		return fmt.Errorf("%w: overlap %d", ErrParams, p.Overlap)
	case p.MaxColumn < p.Step || p.MaxColumn%p.Step != 0 || p.MaxColumn > 1<<24:
		return fmt.Errorf("%w: longest column %d", ErrParams, p.MaxColumn)
	case p.Region < 64 || p.Region > 1<<24 || p.Region%64 != 0:
		return fmt.Errorf("%w: region %d", ErrParams, p.Region)
	case p.MaxFilled < 0:
		return fmt.Errorf("%w: filled bytes %d", ErrParams, p.MaxFilled)
	}
	for i, c := range p.Classes {
		if (c.Enter == 0) != (i == 0) {
			return fmt.Errorf("%w: class %d is entered at %d bits", ErrParams, i, c.Enter)
		}
		for _, m := range []uint32{c.Long, c.Middle, c.Short} {
			if m < 8 || m > maxBits {
				return fmt.Errorf("%w: class %d has a filter of %d bits", ErrParams, i, m)
			}
		}
		if c.Limit == 0 || c.Limit > c.Long {
			return fmt.Errorf("%w: class %d ends at %d bits", ErrParams, i, c.Limit)
		}
	}
	return nil
}

// sameStored tells whether two parameter sets give the same segments.
func (p Params) sameStored(q Params) bool {
	if len(p.Classes) != len(q.Classes) {
		return false
	}
	for i := range p.Classes {
		if p.Classes[i] != q.Classes[i] {
			return false
		}
	}
	return p.Step == q.Step && p.Overlap == q.Overlap && p.MaxColumn == q.MaxColumn &&
		p.Probe == q.Probe && p.MaxFilled == q.MaxFilled && p.Region == q.Region
}

// A shape is the layout of a class: in memory the filters of one column lie
// one after another in words, on disk their rows lie one after another.
type shape struct {
	bits  [filters]uint32 // filter sizes
	word  [filters]int    // first word of each filter
	row   [filters]uint32 // first row of each filter
	words int             // all words of a column
	rows  uint32          // all rows of the class
	limit int
	enter int
	fast  bool // every size is a power of two
}

func (c Class) shape() shape {
	s := shape{bits: [filters]uint32{long: c.Long, middle: c.Middle, short: c.Short}, limit: int(c.Limit), enter: int(c.Enter), fast: true}
	for f, m := range s.bits {
		s.word[f], s.row[f] = s.words, s.rows
		s.words += int(m+63) / 64
		s.rows += m
		s.fast = s.fast && m&(m-1) == 0
	}
	return s
}

// filter returns the words of one filter of a column.
func (s *shape) filter(column []uint64, f int) []uint64 {
	return column[s.word[f] : s.word[f]+int(s.bits[f]+63)/64]
}

// at returns the row of a gram.
func (s *shape) at(g gram) uint32 { return s.row[g.filter] + reduce(g.hash, s.bits[g.filter]) }

func (p Params) shapes() []shape {
	out := make([]shape, len(p.Classes))
	for i, c := range p.Classes {
		out[i] = c.shape()
	}
	return out
}

func popcount(words []uint64) int {
	n := 0
	for _, w := range words {
		n += bits.OnesCount64(w)
	}
	return n
}
