package collection

import (
	"bytes"
	"hash/maphash"
	"strings"
)

// A dictionary numbers the different texts of a column from 0, so that folding
// compares numbers. A million hashes must fit into one request's memory: texts
// stand one after another in chunks, and hex digits two to a byte.
//
// Where the field ignores case (fold) the numbers are of groups of spellings.
type dictionary struct {
	mem   *ledger
	fold  bool
	seed  maphash.Seed
	slots []uint32 // open addressing: an entry's number plus one; a power of two of them
	// entries by number: where the text stands, and in the upper half its hash.
	entries []uint64
	chunks  [][]byte
	scratch []byte

	group []uint32 // with fold: the number of an entry's group, which is its lower-case text's
	best  []uint32 // with fold: by group, the least of its spellings, plus one
}

const (
	chunkBits = 16
	chunkSize = 1 << chunkBits
)

func newDictionary(mem *ledger, fold bool) *dictionary {
	d := &dictionary{mem: mem, fold: fold, seed: maphash.MakeSeed()}
	d.slots = grown(mem, d.slots, 64, 4)
	return d
}

// number of a text, given when it is first seen.
func (d *dictionary) number(text []byte) uint32 {
	n := d.entry(text)
	if !d.fold {
		return n
	}
	if int(n) < len(d.group) && d.group[n] != 0 {
		return d.group[n] - 1
	}
	g := d.entry(bytes.ToLower(text))
	d.group = grown(d.mem, d.group, len(d.entries), 4)
	d.best = grown(d.mem, d.best, len(d.entries), 4)
	d.group[n] = g + 1
	if d.best[g] == 0 || string(text) < d.text(d.best[g]-1) {
		d.best[g] = n + 1
	}
	return g
}

// label is how a number's text is shown: the least spelling that occurred.
func (d *dictionary) label(n uint32) string {
	if d.fold && d.best[n] != 0 {
		n = d.best[n] - 1
	}
	return d.text(n)
}

// compare puts numbers in the order of their texts.
func (d *dictionary) compare(a, b uint32) int {
	x, xPacked := d.stored(a)
	y, yPacked := d.stored(b)
	if xPacked == yPacked {
		return bytes.Compare(x, y) // hex digits are in the order of their values
	}
	return strings.Compare(d.text(a), d.text(b))
}

// entry finds or adds a text.
func (d *dictionary) entry(text []byte) uint32 {
	h := maphash.Bytes(d.seed, text)
	mask := uint64(len(d.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := d.slots[i]
		if n == 0 {
			return d.add(text, h, i)
		}
		if d.entries[n-1]>>32 == h>>32 && d.is(n-1, text) {
			return n - 1
		}
	}
}

func (d *dictionary) add(text []byte, h, slot uint64) uint32 {
	n := uint32(len(d.entries))
	d.entries = grown(d.mem, d.entries, len(d.entries)+1, 8)
	d.entries[n] = h>>32<<32 | uint64(d.store(text))
	d.slots[slot] = n + 1
	if len(d.entries)*4 > len(d.slots)*3 {
		d.spread()
	}
	return n
}

// spread doubles the slots. The upper half of a hash, which the entries keep,
// cannot place an entry, so texts are hashed again.
func (d *dictionary) spread() {
	d.mem.take(len(d.slots) * 4)
	d.slots = make([]uint32, 2*len(d.slots))
	mask := uint64(len(d.slots) - 1)
	for n := range d.entries {
		b, packed := d.stored(uint32(n))
		if packed {
			b = d.unpack(b)
		}
		i := maphash.Bytes(d.seed, b) & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = uint32(n) + 1
	}
}

// store appends a text behind a head: its length as it stands there, doubled,
// plus one when it is packed.
func (d *dictionary) store(text []byte) (at uint32) {
	packed := packable(text)
	length := len(text)
	if packed {
		length /= 2
	}
	head := 1
	if length > 126 {
		head = 5
	}
	chunk := d.room(head + length)
	b := d.chunks[chunk]
	at = uint32(chunk)<<chunkBits | uint32(len(b))
	flag := byte(0)
	if packed {
		flag = 1
	}
	if head == 1 {
		b = append(b, byte(length)<<1|flag)
	} else {
		b = append(b, 127<<1|flag, byte(length), byte(length>>8), byte(length>>16), byte(length>>24))
	}
	if packed {
		for i := 0; i < len(text); i += 2 {
			b = append(b, digit(text[i])<<4|digit(text[i+1]))
		}
	} else {
		b = append(b, text...)
	}
	d.chunks[chunk] = b
	return at
}

// room gives the chunk that takes n more bytes. A text longer than a chunk has
// one of its own, of the size that it needs.
func (d *dictionary) room(n int) int {
	last := len(d.chunks) - 1
	if last >= 0 && len(d.chunks[last])+n <= cap(d.chunks[last]) {
		return last
	}
	size := max(n, min(chunkSize, 1024<<min(len(d.chunks), 6)))
	d.mem.take(size)
	d.chunks = append(d.chunks, make([]byte, 0, size))
	return last + 1
}

// stored is a text as it stands in its chunk.
func (d *dictionary) stored(n uint32) (b []byte, packed bool) {
	at := uint32(d.entries[n])
	b = d.chunks[at>>chunkBits][at&(chunkSize-1):]
	packed = b[0]&1 == 1
	length := int(b[0] >> 1)
	if length < 127 {
		return b[1 : 1+length], packed
	}
	length = int(b[1]) | int(b[2])<<8 | int(b[3])<<16 | int(b[4])<<24
	return b[5 : 5+length], packed
}

func (d *dictionary) text(n uint32) string {
	b, packed := d.stored(n)
	if packed {
		b = d.unpack(b)
	}
	return string(b)
}

func (d *dictionary) is(n uint32, text []byte) bool {
	b, packed := d.stored(n)
	if !packed {
		return bytes.Equal(b, text)
	}
	if len(b)*2 != len(text) {
		return false
	}
	for i, v := range b {
		if text[2*i] != hexDigits[v>>4] || text[2*i+1] != hexDigits[v&15] {
			return false
		}
	}
	return true
}

const hexDigits = "0123456789abcdef"

// packable tells whether a text is that of a hash or an id.
func packable(text []byte) bool {
	if len(text) < 32 || len(text)%2 != 0 {
		return false
	}
	for i := range len(text) {
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func digit(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}

// unpack gives the digits of packed bytes, valid until the next call.
func (d *dictionary) unpack(b []byte) []byte {
	d.scratch = d.scratch[:0]
	for _, v := range b {
		d.scratch = append(d.scratch, hexDigits[v>>4], hexDigits[v&15])
	}
	return d.scratch
}
