package index

import (
	"errors"
	"fmt"
	"io"
	"slices"
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
	if c.memory != nil {
		c.memory.read(row, lo, dst)
		return nil
	}
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

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

const blockBytes = 4096 // of a row: 32,768 columns

// A rowCache keeps rows that were read in one search, up to a number of bytes.
type rowCache struct {
	at    map[uint64]uint32
	bytes []byte
}

const cacheBytes = 4 << 20

// rowKey tells rows apart, through all classes and blocks.
func rowKey(class, block int, row uint32) uint64 {
	return uint64(class)<<60 | uint64(block)<<32 | uint64(row)
}

// get returns n bytes under a key, filled by read when they are not there.
func (c *rowCache) get(key uint64, n int, read func([]byte) error) ([]byte, error) {
	if at, ok := c.at[key]; ok {
		return c.bytes[at:][:n], nil
	}
	if c.at == nil || len(c.bytes)+n > cacheBytes {
		c.at, c.bytes = map[uint64]uint32{}, c.bytes[:0]
	}
	at := len(c.bytes)
	c.bytes = slices.Grow(c.bytes, n)[:at+n]
	if err := read(c.bytes[at:]); err != nil {
		c.bytes = c.bytes[:at]
		return nil, err
	}
	c.at[key] = uint32(at)
	return c.bytes[at:], nil
}
