package index

import "encoding/binary"

// Version 1 of the gram rules and of their hashes. Neither ever changes: a new
// rule or hash is a new version, and a segment names the one it was built with.
//
//	rule   key                                                        span  filter
//	g3     3 bytes                                                       3  short
//	g4     4 bytes                                                       4  middle
//	f6     6 bytes, folded                                               6  long
//	wide4  4 printable characters, each followed by 00, folded           8  long
//	wide6  6 printable characters, each followed by 00, folded          12  long
//	text8  8 printable bytes, folded                                     8  long
//
// Folded: A-Z become a-z. Printable: 0x20 to 0x7E. The first byte of a gram is
// the lowest byte of its key.
const (
	rulesVersion = 1
	rulesName    = "g3 g4 f6 wide4 wide6 text8"
	hashName     = "mul-top32 range-mulhi"
)

const (
	mulG3   = 0x85EBCA6B
	mulG4   = 0x9E3779B1
	mulLong = 0x9E3779B97F4A7C15
	mulText = 0xD6E8FEB86659FD93

	// Domains of the rules that share mulLong, in the low 16 bits of the key.
	domWide4 = 0x5704
	domWide6 = 0x5706
)

// A gram is known by its filter and the hash of its rule and key.
type gram struct {
	filter uint8
	hash   uint32
}

func hashG3(key uint32) uint32    { return key << 8 * mulG3 }
func hashG4(key uint32) uint32    { return key * mulG4 }
func hashF6(key uint64) uint32    { return uint32(key << 16 * mulLong >> 32) }
func hashWide4(key uint64) uint32 { return uint32((key<<16 | domWide4) * mulLong >> 32) }
func hashWide6(key uint64) uint32 { return uint32((key<<16 | domWide6) * mulLong >> 32) }
func hashText8(key uint64) uint32 { return uint32(key * mulText >> 32) }

// reduce maps a hash to one of m bit positions.
func reduce(h, m uint32) uint32 { return uint32(uint64(h) * uint64(m) >> 32) }

// grams calls add for every gram that lies wholly in b and ends at from or
// later. This is the definition of the rules, one gram at a time; fill does the
// same for long runs of bytes.
func grams(b []byte, from int, add func(gram)) {
	for e := from; e < len(b); e++ {
		end := b[:e+1]
		if n := len(end); n >= 3 {
			add(gram{short, hashG3(uint32(lowKey(end[n-3:])))})
		}
		if n := len(end); n >= 4 {
			add(gram{middle, hashG4(uint32(lowKey(end[n-4:])))})
		}
		longGrams(end, add)
	}
}

// longGrams calls add for the grams of the long filter that end with b.
func longGrams(b []byte, add func(gram)) {
	n := len(b)
	if n >= 6 {
		add(gram{long, hashF6(fold(lowKey(b[n-6:])))})
	}
	if n >= 8 && isText(b[n-8:]) {
		add(gram{long, hashText8(fold(lowKey(b[n-8:])))})
	}
	if n >= 8 && isWide(b[n-8:]) {
		add(gram{long, hashWide4(narrow(fold(lowKey(b[n-8:]))))})
	}
	if n >= 12 && isWide(b[n-12:]) {
		key := narrow(fold(lowKey(b[n-12:n-4]))) | narrow(fold(lowKey(b[n-4:])))<<32
		add(gram{long, hashWide6(key)})
	}
}

// lowKey loads up to 8 bytes, the first one lowest.
func lowKey(b []byte) uint64 {
	var w [8]byte
	copy(w[:], b)
	return binary.LittleEndian.Uint64(w[:])
}

func printable(c byte) bool { return c >= 0x20 && c <= 0x7E }

func isText(b []byte) bool {
	for _, c := range b {
		if !printable(c) {
			return false
		}
	}
	return true
}

func isWide(b []byte) bool {
	for i := 0; i < len(b); i += 2 {
		if !printable(b[i]) || b[i+1] != 0 {
			return false
		}
	}
	return true
}

const (
	eachByte = 0x0101010101010101
	topBits  = 0x8080808080808080
	lowBits  = ^uint64(topBits)
)

// fold turns A-Z into a-z in each of the 8 bytes of v.
func fold(v uint64) uint64 {
	low := v & lowBits
	upper := (low + (0x80-'A')*eachByte) ^ (low + (0x80-'Z'-1)*eachByte)
	return v | (upper&^v&topBits)>>2
}

// narrow drops every second byte: a0b0c0d0 becomes abcd.
func narrow(v uint64) uint64 {
	v &= 0x00FF00FF00FF00FF
	v = (v | v>>8) & 0x0000FFFF0000FFFF
	return (v | v>>16) & 0xFFFFFFFF
}

// foldByte turns A-Z into a-z.
func foldByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}
