package index

import (
	"crypto/cipher"
	"fmt"
	"math/bits"

	"github.com/mewshq/mews/internal/query"
)

const headLen = query.HeadLen

// A part is a piece of a file in a column.
type part struct {
	file uint32
	len  uint32
	off  int64
}

// An entry is a file with its first bytes, as the file table keeps it.
type entry struct {
	File
	head [headLen]byte
}

// A Builder collects files for one segment. Whole columns go into slabs; the
// last column of each file is packed with others. It is not safe for
// concurrent use.
type Builder struct {
	params  Params
	box     cipher.AEAD
	files   []entry
	classes []*classBuilder
	rest    [][]part // unfilled columns
	held    int      // bytes of memory
	closed  bool
}

// A classBuilder collects the columns of one class.
type classBuilder struct {
	shape   shape
	slabs   []slab
	pending [][]uint64 // columns for the next slab
	parts   [][]part   // of every finished column
	open    []*packed
}

// A packed column is still open to more files.
type packed struct {
	words []uint64
	set   int // bits set in the long filter
	size  int
	parts []part
}

// NewBuilder returns an empty builder. The file table, which holds the first
// bytes of files, is sealed with box; box takes no nonce.
func NewBuilder(p Params, box cipher.AEAD) *Builder {
	b := &Builder{params: p, box: box}
	for _, s := range p.shapes() {
		b.classes = append(b.classes, &classBuilder{shape: s})
	}
	return b
}

// Files returns the number of files added.
func (b *Builder) Files() int { return len(b.files) }

// Columns returns the number of columns so far.
func (b *Builder) Columns() int {
	n := len(b.rest)
	for _, c := range b.classes {
		n += len(c.parts) + len(c.open)
	}
	return n
}

// Bytes returns the memory the builder holds.
func (b *Builder) Bytes() int { return b.held }

// Full tells that the segment should be written now. A builder takes more even
// so: a single large file may pass the limits.
func (b *Builder) Full() bool {
	return b.Columns() >= b.params.SealColumns || int64(b.held) >= b.params.SealBytes
}

// Add takes a file whose bytes went through a slicer with the same parameters.
// The Doc belongs to the builder afterwards.
func (b *Builder) Add(f File, d *Doc) error {
	if b.closed {
		return ErrFull
	}
	if f.Size != d.size {
		return fmt.Errorf("add file %x: %w: %d bytes were sliced, %d declared", f.SHA256, ErrParams, d.size, f.Size)
	}
	if len(f.Type) > maxType {
		return fmt.Errorf("add file %x: %w: type name of %d bytes", f.SHA256, ErrParams, len(f.Type))
	}
	for _, c := range d.columns {
		if c.class >= len(b.classes) || c.class != unfilled && len(c.bits) != b.classes[c.class].shape.words {
			return fmt.Errorf("add file %x: %w: sliced otherwise", f.SHA256, ErrParams)
		}
	}
	no := uint32(len(b.files))
	b.files = append(b.files, entry{File: f, head: d.head})
	b.held += entrySize + len(f.Type)
	for i, c := range d.columns {
		p := part{file: no, off: c.off, len: uint32(c.length)}
		switch {
		case c.class == unfilled:
			b.rest = append(b.rest, []part{p})
		case i == len(d.columns)-1:
			b.pack(b.classes[c.class], c, p)
		default:
			b.finish(b.classes[c.class], c.bits, []part{p})
		}
		b.held += partSize
	}
	return nil
}

const (
	entrySize = 96 // memory of an entry, about
	partSize  = 64 // memory of a column with one part, about
	maxType   = 64
)

// finish adds a column that takes no more files.
func (b *Builder) finish(c *classBuilder, words []uint64, parts []part) {
	c.parts = append(c.parts, parts)
	c.pending = append(c.pending, words)
	b.held += 8 * len(words)
	if len(c.pending) == slabColumns {
		b.turn(c)
	}
}

// turn makes a slab of the pending columns.
func (b *Builder) turn(c *classBuilder) {
	if len(c.pending) == 0 {
		return
	}
	s := newSlab(&c.shape, c.pending)
	b.held += 8*len(s) - 8*c.shape.words*len(c.pending)
	c.slabs = append(c.slabs, s)
	clear(c.pending)
	c.pending = c.pending[:0]
}

// pack puts the last column of a file beside others: into the open column that
// it fills best, or into a new one. When all are open, the fullest is finished.
func (b *Builder) pack(c *classBuilder, col column, p part) {
	best, bestSet := -1, -1
	for i, o := range c.open {
		if o.size+col.length > b.params.MaxColumn || max(o.set, col.set) > c.shape.limit {
			continue
		}
		if set := jointCount(c.shape.filter(o.words, long), c.shape.filter(col.bits, long)); set <= c.shape.limit && set > bestSet {
			best, bestSet = i, set
		}
	}
	if best >= 0 {
		o := c.open[best]
		for i, w := range col.bits {
			o.words[i] |= w
		}
		o.set, o.size, o.parts = bestSet, o.size+col.length, append(o.parts, p)
		return
	}
	if len(c.open) >= max(1, b.params.Open) {
		full := 0
		for i, o := range c.open {
			if o.set > c.open[full].set {
				full = i
			}
		}
		b.release(c, full)
	}
	b.held += 8 * len(col.bits)
	c.open = append(c.open, &packed{words: col.bits, set: col.set, size: col.length, parts: []part{p}})
}

// release finishes open column i.
func (b *Builder) release(c *classBuilder, i int) {
	o := c.open[i]
	c.open = append(c.open[:i], c.open[i+1:]...)
	b.held -= 8 * len(o.words)
	b.finish(c, o.words, o.parts)
}

// close finishes every column.
func (b *Builder) close() {
	b.closed = true
	for _, c := range b.classes {
		for len(c.open) > 0 {
			b.release(c, 0)
		}
		b.turn(c)
	}
}

// jointCount returns the number of bits set in x or y.
func jointCount(x, y []uint64) int {
	n := 0
	for i, w := range x {
		n += bits.OnesCount64(w | y[i])
	}
	return n
}
