package query

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// A Masked is a run of bytes of which some bits do not matter. It holds when at
// some offset (data & Mask) equals Bytes for every byte: a byte of any value has
// mask 00, one of known low half 0f, an ASCII letter of either case df.
//
// Bytes and Mask are of one length, no bit of Bytes lies outside Mask, and the
// first and the last byte of Mask are not 0.
type Masked struct{ Bytes, Mask []byte }

// MaxMasked is the length of the longest Masked taken from outside.
const MaxMasked = 1024

// A Pattern is a leaf that only the bytes of a file can decide: a Literal or a
// Masked.
type Pattern interface {
	Node
	// Len is the number of bytes an occurrence spans.
	Len() int
	// Find gives the offset of the first occurrence in data, or -1.
	Find(data []byte) int
	// Spills tells whether an occurrence can begin before data and end in it,
	// or after it, going by data alone.
	Spills(data []byte) bool
}

// Len is the number of bytes of the literal.
func (l Literal) Len() int { return len(l.Bytes) }

// Len is the number of bytes, those of any value included.
func (m Masked) Len() int { return len(m.Bytes) }

// Spills tells whether the literal can reach into data from before it.
func (l Literal) Spills(data []byte) bool {
	for cut := 1; cut < len(l.Bytes); cut++ {
		n := min(len(l.Bytes)-cut, len(data))
		if rest := l.Bytes[cut : cut+n]; l.Fold && equalFold(data[:n], rest) || bytes.Equal(data[:n], rest) {
			return true
		}
	}
	return false
}

// Spills tells whether the pattern can reach into data from before it.
func (m Masked) Spills(data []byte) bool {
	for cut := 1; cut < len(m.Bytes); cut++ {
		n := min(len(m.Bytes)-cut, len(data))
		if equalMasked(data[:n], m.Bytes[cut:], m.Mask[cut:]) {
			return true
		}
	}
	return false
}

// equalMasked compares data with the first bytes of want and mask.
func equalMasked(data, want, mask []byte) bool {
	for i, c := range data {
		if c&mask[i] != want[i] {
			return false
		}
	}
	return true
}

// Find gives the offset of the first occurrence in data, or -1. It jumps along
// the most telling fixed run and looks around each place; where that run is
// everywhere, or there is none, it compares eight bytes at every offset.
func (m Masked) Find(data []byte) int {
	if len(m.Bytes) == 0 {
		return 0
	}
	at := 0
	if lo, hi := m.anchor(); hi > lo {
		run := m.Bytes[lo:hi]
		for tries := 0; tries < 64+at>>8; tries++ {
			from := at + lo
			if from > len(data) {
				return -1
			}
			k := bytes.Index(data[from:], run)
			if k < 0 || at+k+len(m.Bytes) > len(data) {
				return -1
			}
			if at += k; equalMasked(data[at:at+len(m.Bytes)], m.Bytes, m.Mask) {
				return at
			}
			at++
		}
	}
	return m.sweep(data, at)
}

// anchor is the fixed run that occurs most seldom, as far as that can be told:
// long, and not of zeroes, spaces or ff. It is empty when no run has two bytes.
func (m Masked) anchor() (lo, hi int) {
	best := 0
	for at := 0; at < len(m.Mask); {
		end, worth := at, 0
		for end < len(m.Mask) && m.Mask[end] == 0xFF {
			switch c := m.Bytes[end]; {
			case c == 0 || c == 0xFF || c == ' ' || end > at && c == m.Bytes[end-1]:
				worth++
			default:
				worth += 4
			}
			end++
		}
		if end-at >= 2 && worth > best {
			best, lo, hi = worth, at, end
		}
		at = max(end, at+1)
	}
	return lo, hi
}

// sweep finds the first occurrence at or after from by trying every offset: the
// eight bytes of which most bits are known first.
func (m Masked) sweep(data []byte, from int) int {
	at, want, mask := m.densest()
	last := len(data) - len(m.Bytes)
	i := from
	for ; i <= last && i+at+8 <= len(data); i++ {
		if binary.LittleEndian.Uint64(data[i+at:])&mask == want && equalMasked(data[i:i+len(m.Bytes)], m.Bytes, m.Mask) {
			return i
		}
	}
	for ; i <= last; i++ {
		if equalMasked(data[i:i+len(m.Bytes)], m.Bytes, m.Mask) {
			return i
		}
	}
	return -1
}

// densest gives the eight bytes from offset at on that have the most known bits.
func (m Masked) densest() (at int, want, mask uint64) {
	most := -1
	for i := 0; i == 0 || i+8 <= len(m.Mask); i++ {
		k := word(m.Mask[i:])
		if n := bits.OnesCount64(k); n > most {
			most, at, want, mask = n, i, word(m.Bytes[i:]), k
		}
	}
	return at, want, mask
}

// word loads the first eight bytes of b, the first one lowest, zeroes behind.
func word(b []byte) uint64 {
	var w [8]byte
	copy(w[:], b)
	return binary.LittleEndian.Uint64(w[:])
}

// simplifyMasked takes bytes of any value off both ends, and names a pattern
// that is plain bytes, or text of either case, for what it is.
func simplifyMasked(m Masked) Node {
	if len(m.Bytes) != len(m.Mask) {
		return All{} // not a pattern: weaken
	}
	for i, b := range m.Bytes {
		if b&^m.Mask[i] != 0 {
			return None{}
		}
	}
	for len(m.Mask) > 0 && m.Mask[0] == 0 {
		m = Masked{m.Bytes[1:], m.Mask[1:]}
	}
	for n := len(m.Mask); n > 0 && m.Mask[n-1] == 0; n-- {
		m = Masked{m.Bytes[:n-1], m.Mask[:n-1]}
	}
	fixed, text := true, true
	for i, b := range m.Bytes {
		fixed = fixed && m.Mask[i] == 0xFF
		if isLetter(b) {
			text = text && m.Mask[i] == 0xDF
		} else {
			text = text && m.Mask[i] == 0xFF
		}
	}
	switch {
	case len(m.Bytes) == 0:
		return All{}
	case fixed:
		return Literal{Bytes: m.Bytes}
	case text:
		return Literal{Bytes: lower(m.Bytes), Fold: true}
	}
	return m
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// anchored tells whether an index can look the pattern up: some run of it has
// MinLiteral fixed bytes, or MinFolded ones of which some are letters of either
// case, or as many of which one half byte is not known.
func (m Masked) anchored() bool {
	exact, folded := 0, 0
	for i, k := range m.Mask {
		if i+MinFolded <= len(m.Mask) {
			open := 0
			for _, k := range m.Mask[i : i+MinFolded] {
				open += 8 - bits.OnesCount8(k)
			}
			if open <= 4 {
				return true
			}
		}
		exact++
		if k != 0xFF {
			exact = 0
		}
		folded++
		if k != 0xFF && !(k == 0xDF && isLetter(m.Bytes[i])) {
			folded = 0
		}
		if exact >= MinLiteral || folded >= MinFolded {
			return true
		}
	}
	return false
}
