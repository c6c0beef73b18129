package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// Stats counts the work of searches. DamagedRegions counts reads that met a
// damaged region and took its bits as set: the answer is still a superset, and
// the segment should be rebuilt.
type Stats struct {
	Rows           int   // rows read
	RowBytes       int64 // bytes of them
	Columns        int   // columns left per literal, summed
	DamagedRegions int
}

// readRow fills dst with the bytes of a row from byte lo on. Bytes in damaged
// regions are all ones.
func (s *Segment) readRow(c *rows, row uint32, lo int64, dst []byte, st *Stats) error {
	st.Rows++
	st.RowBytes += int64(len(dst))
	region := int64(s.foot.params.Region)
	at := int64(row)*c.pitch + lo
	for len(dst) > 0 {
		no := at / region
		n := min(int64(len(dst)), (no+1)*region-at)
		if err := s.readRegion(c, no, at-no*region, dst[:n]); errors.Is(err, ErrCorrupt) {
			st.DamagedRegions++
			for i := range n {
				dst[i] = 0xFF
			}
		} else if err != nil {
			return fmt.Errorf("read row: %w", err)
		}
		at, dst = at+n, dst[n:]
	}
	return nil
}

// readRegion fills dst from byte off of a region. On the first touch the whole
// region is read and its checksum verified; the result is remembered. A damaged
// region gives ErrCorrupt.
func (s *Segment) readRegion(c *rows, no, off int64, dst []byte) error {
	region := int64(s.foot.params.Region)
	from := c.section.off + no*region
	switch c.state[no].Load() {
	case regionSound:
		n, err := s.r.ReadAt(dst, from+off)
		if n == len(dst) {
			return nil
		}
		if err == nil || errors.Is(err, io.EOF) {
			return ErrCorrupt
		}
		return err
	case regionDamaged:
		return ErrCorrupt
	}
	b, err := s.read(section{off: from, len: min(region, c.section.len-no*region)})
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return err
	}
	if err != nil || checksum(0, b) != c.sums[no] {
		c.state[no].Store(regionDamaged)
		return ErrCorrupt
	}
	c.state[no].Store(regionSound)
	copy(dst, b[off:])
	return nil
}

// Damaged returns how many regions are known to be damaged so far.
func (s *Segment) Damaged() int {
	n := 0
	for _, c := range s.classes {
		for i := range c.state {
			if c.state[i].Load() == regionDamaged {
				n++
			}
		}
	}
	return n
}

// A bitmap is a set of small numbers.
type bitmap []uint64

func newBitmap(n int) bitmap { return make(bitmap, (n+63)/64) }

// fullBitmap holds 0 to n-1.
func fullBitmap(n int) bitmap {
	b := newBitmap(n)
	for i := range b {
		b[i] = ^uint64(0)
	}
	if n%64 != 0 {
		b[len(b)-1] = 1<<(n%64) - 1
	}
	return b
}

func (b bitmap) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitmap) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }

func (b bitmap) empty() bool {
	for _, w := range b {
		if w != 0 {
			return false
		}
	}
	return true
}

func (b bitmap) and(c bitmap) {
	for i, w := range c {
		b[i] &= w
	}
}

func (b bitmap) or(c bitmap) {
	for i, w := range c {
		b[i] |= w
	}
}

// each calls fn for every member in rising order.
func (b bitmap) each(fn func(i int)) {
	for i, w := range b {
		for ; w != 0; w &= w - 1 {
			fn(i<<6 + bits.TrailingZeros64(w))
		}
	}
}

// andBytes keeps in b what the little-endian words of row hold too, and returns
// how many bits were dropped.
func (b bitmap) andBytes(row []byte) (dropped int) {
	for i, w := range b {
		kept := w & binary.LittleEndian.Uint64(row[8*i:])
		dropped += bits.OnesCount64(w ^ kept)
		b[i] = kept
	}
	return dropped
}
