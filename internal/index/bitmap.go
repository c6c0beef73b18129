package index

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// A bitmap is a set of small numbers.
type bitmap []uint64

func newBitmap(n int) bitmap { return make(bitmap, (n+63)/64) }

// fullBitmap holds 0 to n-1.
func fullBitmap(n int) bitmap {
	b := newBitmap(n)
	b.fill(n)
	return b
}

// fill makes the words of the first n members hold just these.
func (b bitmap) fill(n int) {
	for i := range n / 64 {
		b[i] = ^uint64(0)
	}
	if n%64 != 0 {
		b[n/64] = 1<<(n%64) - 1
	}
}

func (b bitmap) set(i int)      { b[i>>6] |= 1 << (i & 63) }
func (b bitmap) has(i int) bool { return b[i>>6]>>(i&63)&1 != 0 }

func (b bitmap) clear(i int) { b[i>>6] &^= 1 << (i & 63) }

// inside tells whether c holds all of b.
func (b bitmap) inside(c bitmap) bool {
	for i, w := range b {
		if w&^c[i] != 0 {
			return false
		}
	}
	return true
}

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

// andWords keeps in b what the little-endian words of row hold too, and tells
// whether anything is left.
func (b bitmap) andWords(row []byte) (some bool) {
	var any uint64
	for i, w := range b {
		w &= binary.LittleEndian.Uint64(row[8*i:])
		b[i] = w
		any |= w
	}
	return any != 0
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

// An idSet is a set of numbers: a list while it is sparse.
type idSet struct {
	list []uint32
	bits bitmap
}

func newIDSet(b bitmap) idSet {
	if n := popcount(b); n < len(b)*2 {
		list := make([]uint32, 0, n)
		b.each(func(i int) { list = append(list, uint32(i)) })
		return idSet{list: list}
	}
	return idSet{bits: b}
}

// listed makes a set of rising numbers below n.
func listed(list []uint32, n int) idSet {
	if len(list) < (n+63)/64*2 {
		return idSet{list: list}
	}
	b := newBitmap(n)
	for _, i := range list {
		b.set(int(i))
	}
	return idSet{bits: b}
}

func (s idSet) has(i uint32) bool {
	if s.bits != nil {
		return s.bits.has(int(i))
	}
	_, ok := slices.BinarySearch(s.list, i)
	return ok
}

func (s idSet) each(fn func(i uint32)) {
	if s.bits != nil {
		s.bits.each(func(i int) { fn(uint32(i)) })
		return
	}
	for _, i := range s.list {
		fn(i)
	}
}

func (s idSet) size() int {
	if s.bits != nil {
		return popcount(s.bits)
	}
	return len(s.list)
}
