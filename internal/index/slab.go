package index

import "math/bits"

// slabColumns is how many columns are turned into rows together.
const slabColumns = 64

// A slab holds 64 columns of a class by rows: bit c of slab[r] is bit r of
// column c.
type slab []uint64

// newSlab turns up to 64 columns into rows, a cache line of each at a time: the
// columns lie at distances that share few places of the cache.
func newSlab(s *shape, columns [][]uint64) slab {
	const line = 8
	out := make(slab, s.rows)
	var blocks [line][64]uint64
	for f := range filters {
		rows := out[s.row[f]:][:s.bits[f]]
		for from := 0; from*64 < len(rows); from += line {
			n := min(line, (len(rows)+63)/64-from)
			for c, words := range columns {
				for k, w := range words[s.word[f]+from:][:n] {
					blocks[k][c] = w
				}
			}
			for k := range n {
				block := blocks[k]
				transpose(&block)
				copy(rows[(from+k)*64:], block[:])
			}
		}
	}
	return out
}

// transpose turns a 64x64 bit matrix: bit c of m[r] becomes bit r of m[c].
func transpose(m *[64]uint64) {
	mask := uint64(0x00000000FFFFFFFF)
	for j := 32; j != 0; j, mask = j>>1, mask^mask<<(j>>1) {
		for k := 0; k < 64; k = (k + j + 1) &^ j {
			t := (m[k]>>j ^ m[k|j]) & mask
			m[k] ^= t << j
			m[k|j] ^= t
		}
	}
}

// logCode keeps a popcount in one byte: 0 for none, else the power of two and
// three more bits, so that codes compare as the counts do.
func logCode(n int) uint8 {
	if n <= 0 {
		return 0
	}
	e := bits.Len(uint(n)) - 1
	if e > 30 {
		return 248
	}
	return uint8(1 + 8*e + int(uint64(n)<<3>>e&7))
}

// logValue returns the least count that has code c.
func logValue(c uint8) int {
	if c == 0 {
		return 0
	}
	e, frac := int(c-1)/8, int(c-1)%8
	return (8 + frac) << e >> 3
}
