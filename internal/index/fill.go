package index

import (
	"encoding/binary"
	"math/bits"
)

// fillBlock is how many bytes are filled at a time: few enough that they stay
// in the first level of the cache from one filter to the next.
const fillBlock = 4 << 10

// A filler sets the bits of one column's filters. While a column is open each
// bit is a byte: storing one does not wait for a load, which makes filling twice
// as fast as setting bits. pack makes bits of them in the end.
type filler struct {
	shape *shape
	marks []byte // of all filters: word w of the column is marks[64*w:64*w+64]
	long,
	middle,
	short []byte
	// Shifts that leave the position of a 64-bit (long) and of 32-bit hashes.
	longShift, middleShift, shortShift uint8

	added  int                  // long grams added, no less; for bounds on count
	folded [fillBlock + 64]byte // the block being filled
	padded [64]byte             // its last bytes
}

// newFiller returns a filler for columns of the given classes.
func newFiller(shapes []shape) filler {
	words := 0
	for i := range shapes {
		words = max(words, shapes[i].words)
	}
	return filler{marks: make([]byte, 64*words)}
}

// reset begins a column.
func (f *filler) reset(s *shape) {
	f.layOut(s)
	clear(f.marks)
	f.added = 0
}

// reshape begins a column of another class with the bytes of the open one, b.
func (f *filler) reshape(s *shape, b []byte) {
	if s.fast && s.bits[long] == f.shape.bits[long] && s.bits[middle] == f.shape.bits[middle] {
		// All but the short filter stays.
		f.layOut(s)
		clear(f.short)
		shortGrams(f.short, f.middle, f.shortShift, f.middleShift, b)
		return
	}
	f.reset(s)
	f.add(b)
}

func (f *filler) layOut(s *shape) {
	f.shape, f.marks = s, f.marks[:64*s.words]
	f.long, f.middle, f.short = f.filter(long), f.filter(middle), f.filter(short)
	f.longShift = uint8(64 - bits.TrailingZeros32(s.bits[long]))
	f.middleShift = uint8(32 - bits.TrailingZeros32(s.bits[middle]))
	f.shortShift = uint8(32 - bits.TrailingZeros32(s.bits[short]))
}

// filter returns the marks of one filter, rounded up to whole words.
func (f *filler) filter(no int) []byte {
	s := f.shape
	return f.marks[64*s.word[no]:][:alignUp(int64(s.bits[no]), 64)]
}

// count returns the bits set in one filter.
func (f *filler) count(no int) (n int) {
	for m := f.filter(no); len(m) >= 64; m = m[64:] {
		n += bits.OnesCount64(load(m) | load(m[8:])<<1 | load(m[16:])<<2 | load(m[24:])<<3 |
			load(m[32:])<<4 | load(m[40:])<<5 | load(m[48:])<<6 | load(m[56:])<<7)
	}
	return n
}

// pack returns the filters as bits.
func (f *filler) pack() []uint64 {
	words := make([]uint64, f.shape.words)
	m := f.marks
	for i := range words {
		words[i] = gather(load(m)) | gather(load(m[8:]))<<8 | gather(load(m[16:]))<<16 | gather(load(m[24:]))<<24 |
			gather(load(m[32:]))<<32 | gather(load(m[40:]))<<40 | gather(load(m[48:]))<<48 | gather(load(m[56:]))<<56
		m = m[64:]
	}
	return words
}

// gather collects the lowest bits of the 8 bytes of v, which has no others.
func gather(v uint64) uint64 { return v * 0x0102040810204080 >> 56 }

func load(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }

// add adds every gram that lies wholly in b.
func (f *filler) add(b []byte) {
	if !f.shape.fast {
		f.slow(b)
		return
	}
	for {
		block := b[:min(len(b), fillBlock)]
		shortGrams(f.short, f.middle, f.shortShift, f.middleShift, block)
		f.longGrams(block)
		if len(block) == len(b) {
			return
		}
		b = b[fillBlock-gramSpan+1:]
	}
}

// slow is add by the definition of grams, for filters of any size.
func (f *filler) slow(b []byte) {
	f.added += 3 * len(b)
	grams(b, 0, func(g gram) {
		f.marks[64*f.shape.word[g.filter]+int(reduce(g.hash, f.shape.bits[g.filter]))] = 1
	})
}

// shortGrams adds g3 and g4. It has no branch on data, and one load serves
// eight grams.
func shortGrams(shorts, middles []byte, sShort, sMiddle uint8, b []byte) {
	const mulKey3 = mulG3 << 8 & 0xFFFFFFFF // bytes beyond the third fall out at the top
	sShort, sMiddle = sShort&31, sMiddle&31
	for ; len(b) >= 8; b = b[4:] {
		v := load(b)
		shorts[uint32(v)*mulKey3>>sShort] = 1
		middles[uint32(v)*mulG4>>sMiddle] = 1
		v >>= 8
		shorts[uint32(v)*mulKey3>>sShort] = 1
		middles[uint32(v)*mulG4>>sMiddle] = 1
		v >>= 8
		shorts[uint32(v)*mulKey3>>sShort] = 1
		middles[uint32(v)*mulG4>>sMiddle] = 1
		v >>= 8
		shorts[uint32(v)*mulKey3>>sShort] = 1
		middles[uint32(v)*mulG4>>sMiddle] = 1
	}
	for ; len(b) >= 4; b = b[1:] {
		v := binary.LittleEndian.Uint32(b)
		shorts[v*mulKey3>>sShort] = 1
		middles[v*mulG4>>sMiddle] = 1
	}
	if len(b) == 3 {
		shorts[uint32(lowKey(b))*mulKey3>>sShort] = 1
	}
}

// longGrams adds f6, text8, wide4 and wide6. One pass folds the bytes and tells
// 64 at a time, by masks, which of them end a gram of the last three: most
// blocks of a program have few.
func (f *filler) longGrams(b []byte) {
	var lastText, lastWide uint64
	for base := 0; base < len(b); base += 64 {
		text, zero := f.masks(base, b[base:])
		// unit: bit e is set when bytes e-1 and e are a wide character.
		unit := (text<<1 | lastText>>63) & zero
		if run := runs8(text, lastText); run != 0 {
			f.text(base, run)
		}
		if unit|lastWide != 0 {
			f.wide(base, unit, lastWide)
		}
		lastText, lastWide = text, unit
	}
	f.added += len(b)
	if len(b) >= 6 {
		f6Grams(f.long, f.longShift, f.folded[:len(b)+2])
	}
}

// f6Grams adds f6 of all but the last two bytes of b, which is folded.
func f6Grams(longs []byte, shift uint8, b []byte) {
	const mulKey6 = mulLong << 16 & (1<<64 - 1) // bytes beyond the sixth fall out at the top
	shift &= 63
	for ; len(b) >= 11; b = b[4:] {
		longs[load(b)*mulKey6>>shift] = 1
		longs[load(b[1:])*mulKey6>>shift] = 1
		longs[load(b[2:])*mulKey6>>shift] = 1
		longs[load(b[3:])*mulKey6>>shift] = 1
	}
	for ; len(b) >= 8; b = b[1:] {
		longs[load(b)*mulKey6>>shift] = 1
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
func (f *filler) text(base int, ends uint64) {
	f.added += bits.OnesCount64(ends)
	longs, shift := f.long, f.longShift&63
	for ends != 0 {
		first := bits.TrailingZeros64(ends)
		n := bits.TrailingZeros64(^(ends >> first))
		ends &^= (1<<n - 1) << first
		for b := f.folded[base+first-7:][:n+7]; len(b) >= 8; b = b[1:] {
			longs[load(b)*mulText>>shift] = 1
		}
	}
}

// wide adds wide4 and wide6 grams, given the ends of wide characters in these
// 64 bytes and in the 64 before.
func (f *filler) wide(base int, unit, last uint64) {
	u2, l2 := unit&(unit<<2|last>>62), last&(last<<2)
	four := u2 & (u2<<4 | l2>>60)
	six := four & (u2<<8 | l2>>56)
	f.added += bits.OnesCount64(four) + bits.OnesCount64(six)
	longs, shift := f.long, f.longShift&63
	for ; four != 0; four &= four - 1 {
		bit := four & -four
		e := base + bits.TrailingZeros64(four)
		key := narrow(load(f.folded[e-7:]))
		longs[(key<<16|domWide4)*mulLong>>shift] = 1
		if six&bit != 0 {
			key = narrow(load(f.folded[e-11:])) | key>>16<<32
			longs[(key<<16|domWide6)*mulLong>>shift] = 1
		}
	}
}

// masks folds the next 64 bytes of b into the block at base, and returns a bit per
// byte: printable, and zero.
func (f *filler) masks(base int, b []byte) (text, zero uint64) {
	if len(b) < 64 { // pad with what is neither printable nor zero
		b = append(f.padded[:0], b...)
		for i := len(b); i < 64; i++ {
			f.padded[i] = 0xFF
		}
		b = b[:64]
	}
	b, to := b[:64], f.folded[base:][:64]
	for i := 0; i+8 <= len(b) && i+8 <= len(to); i += 8 {
		v := load(b[i:])
		binary.LittleEndian.PutUint64(to[i:], fold(v))
		low := v & lowBits
		t := (low + 0x60*eachByte) &^ (low + eachByte) &^ v & topBits
		z := ^(low + lowBits) &^ v & topBits
		text |= gather(t>>7) << i
		zero |= gather(z>>7) << i
	}
	return text, zero
}
