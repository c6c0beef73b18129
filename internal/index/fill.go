package index

import (
	"encoding/binary"
	"math/bits"
)

const fillBlock = 1024

// A filler sets the bits of one column's filters.
type filler struct {
	shape  *shape
	words  []uint64 // all filters of the column, see shape
	long   []uint64
	middle []uint64
	short  []uint64
}

// reset points the filler at the (zeroed) words of a column.
func (f *filler) reset(s *shape, words []uint64) {
	f.shape, f.words = s, words
	f.long, f.middle, f.short = s.filter(words, long), s.filter(words, middle), s.filter(words, short)
}

// slow adds the grams of b that end at from or later.
func (f *filler) slow(b []byte, from int) {
	grams(b, from, func(g gram) {
		pos := reduce(g.hash, f.shape.bits[g.filter])
		f.words[f.shape.word[g.filter]+int(pos>>6)] |= 1 << (pos & 63)
	})
}

// fast adds the grams of b that end at from or later, which must be at least
// gramSpan-1: all of them then lie wholly in b.
func (f *filler) fast(b []byte, from int) {
	for lo := from; lo < len(b); lo += fillBlock {
		hi := min(lo+fillBlock, len(b))
		f.plain(b[:hi], lo)
		f.extras(b[lo-gramSpan+1 : hi])
	}
}

// plain adds g3, g4 and f6 of every gram that ends at from or later, which must
// be at least 7. It has no branch on data, and one load serves several grams.
func (f *filler) plain(b []byte, from int) {
	bits := &f.shape.bits
	shortGrams(f.short, f.middle, uint64(bits[short]), uint64(bits[middle]), b, from)
	foldedGrams(f.long, uint64(bits[long]), b, from)
	f.slow(b, max(from, len(b)-3)) // what the groups left out
}

// mark sets the bit that a hash times the size of the filter selects, see
// reduce.
func mark(words []uint64, product uint64) { words[product>>38] |= 1 << (product >> 32 & 63) }

// shortGrams adds g3 and g4 in groups of four ends.
func shortGrams(shorts, middles []uint64, mShort, mMiddle uint64, b []byte, from int) {
	for e := from + 3; e < len(b); e += 4 {
		v := binary.LittleEndian.Uint64(b[e-7 : e+1 : e+1])
		w := uint32(v >> 8)
		mark(shorts, uint64(w&^0xFF*mulG3)*mShort)
		mark(middles, uint64(w*mulG4)*mMiddle)
		w = uint32(v >> 16)
		mark(shorts, uint64(w&^0xFF*mulG3)*mShort)
		mark(middles, uint64(w*mulG4)*mMiddle)
		w = uint32(v >> 24)
		mark(shorts, uint64(w&^0xFF*mulG3)*mShort)
		mark(middles, uint64(w*mulG4)*mMiddle)
		w = uint32(v >> 32)
		mark(shorts, uint64(w&^0xFF*mulG3)*mShort)
		mark(middles, uint64(w*mulG4)*mMiddle)
	}
}

// foldedGrams adds f6 in groups of three ends.
func foldedGrams(longs []uint64, m uint64, b []byte, from int) {
	for e := from + 2; e < len(b); e += 3 {
		v := fold(binary.LittleEndian.Uint64(b[e-7 : e+1 : e+1]))
		mark(longs, v<<16*mulLong>>32*m)
		mark(longs, v<<8&^0xFFFF*mulLong>>32*m)
		mark(longs, v&^0xFFFF*mulLong>>32*m)
	}
}

// extras adds text8, wide4 and wide6 of every gram that lies wholly in b. It
// looks at 64 bytes at a time: a mask says which end a gram, and most are empty.
func (f *filler) extras(b []byte) {
	var lastText, lastWide uint64
	for base := 0; base < len(b); base += 64 {
		text, zero := masks(b[base:min(base+64, len(b))])
		// unit: bit e is set when bytes e-1 and e are a wide character.
		unit := (text<<1 | lastText>>63) & zero
		if run := runs8(text, lastText); run != 0 {
			f.text(b, base, run)
		}
		if unit|lastWide != 0 {
			f.wide(b, base, unit, lastWide)
		}
		lastText, lastWide = text, unit
	}
}

// runs8 returns the bits of m that end a run of eight set bits; last is the
// mask of the 64 bytes before.
func runs8(m, last uint64) uint64 {
	m2, l2 := m&(m<<1|last>>63), last&(last<<1)
	m4, l4 := m2&(m2<<2|l2>>62), l2&(l2<<2)
	return m4 & (m4<<4 | l4>>60)
}

// text adds text8, given the ends of its grams in 64 bytes: run by run, as text
// comes in long ones.
func (f *filler) text(b []byte, base int, ends uint64) {
	longs, m := f.long, uint64(f.shape.bits[long])
	for ends != 0 {
		first := bits.TrailingZeros64(ends)
		n := bits.TrailingZeros64(^(ends >> first))
		ends &^= (1<<n - 1) << first
		for e := base + first; n > 0; e, n = e+1, n-1 {
			v := fold(binary.LittleEndian.Uint64(b[e-7 : e+1 : e+1]))
			mark(longs, uint64(hashText8(v))*m)
		}
	}
}

// wide adds wide4 and wide6 grams, given the ends of wide characters in these
// 64 bytes and in the 64 before.
func (f *filler) wide(b []byte, base int, unit, last uint64) {
	u2, l2 := unit&(unit<<2|last>>62), last&(last<<2)
	four := u2 & (u2<<4 | l2>>60)
	six := four & (u2<<8 | l2>>56)
	longs, m := f.long, uint64(f.shape.bits[long])
	for ; four != 0; four &= four - 1 {
		bit := four & -four
		e := base + bits.TrailingZeros64(four)
		key := narrow(fold(binary.LittleEndian.Uint64(b[e-7 : e+1 : e+1])))
		mark(longs, uint64(hashWide4(key))*m)
		if six&bit != 0 {
			key = narrow(fold(binary.LittleEndian.Uint64(b[e-11:e-3:e-3]))) | key>>16<<32
			mark(longs, uint64(hashWide6(key))*m)
		}
	}
}

// masks returns a bit per byte of b (64 at most): printable, and zero.
func masks(b []byte) (text, zero uint64) {
	for i := 0; i < len(b); i += 8 {
		var v uint64
		if i+8 <= len(b) {
			v = binary.LittleEndian.Uint64(b[i:])
		} else {
			v = lowKey(b[i:]) | ^uint64(0)<<(8*(len(b)-i)) // neither printable nor zero
		}
		low := v & lowBits
		t := (low + 0x60*eachByte) &^ (low + eachByte) &^ v & topBits
		z := ^(low + lowBits) &^ v & topBits
		text |= gather(t) << i
		zero |= gather(z) << i
	}
	return text, zero
}

// gather collects the top bits of the 8 bytes of v.
func gather(v uint64) uint64 { return (v >> 7) * 0x0102040810204080 >> 56 }
