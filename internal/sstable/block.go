package sstable

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
)

// A block is a list of entries in key order:
//
//	shared, unshared, length of value (uvarints), unshared key bytes, value
//
// Each key leaves out what it shares with the key before, but for every 16th:
// their places (u32) stand behind the entries, and behind them their number.
const restartEvery = 16

// A blockBuilder collects the entries of one block.
type blockBuilder struct {
	buf      []byte
	restarts []uint32
	entries  int
	first    []byte // the first key
	last     []byte // the last key
}

// add appends an entry. Keys come in increasing order.
func (b *blockBuilder) add(key, value []byte) {
	shared := 0
	if b.entries%restartEvery == 0 {
		b.restarts = append(b.restarts, uint32(len(b.buf)))
	} else {
		shared = sharedLen(b.last, key)
	}
	if b.entries == 0 {
		b.first = append(b.first[:0], key...)
	}
	b.buf = binary.AppendUvarint(b.buf, uint64(shared))
	b.buf = binary.AppendUvarint(b.buf, uint64(len(key)-shared))
	b.buf = binary.AppendUvarint(b.buf, uint64(len(value)))
	b.buf = append(append(b.buf, key[shared:]...), value...)
	b.last = append(b.last[:shared], key[shared:]...)
	b.entries++
}

// size is the length of the block if it ended now.
func (b *blockBuilder) size() int { return len(b.buf) + 4*len(b.restarts) + 4 }

// finish completes the block; the bytes are valid until reset.
func (b *blockBuilder) finish() []byte {
	for _, r := range b.restarts {
		b.buf = binary.LittleEndian.AppendUint32(b.buf, r)
	}
	b.buf = binary.LittleEndian.AppendUint32(b.buf, uint32(len(b.restarts)))
	return b.buf
}

func (b *blockBuilder) reset() {
	b.buf, b.restarts, b.entries, b.last = b.buf[:0], b.restarts[:0], 0, b.last[:0]
}

// sharedLen counts the bytes with which both begin.
func sharedLen(a, b []byte) int {
	n := 0
	for ; n+8 <= len(a) && n+8 <= len(b); n += 8 {
		if binary.LittleEndian.Uint64(a[n:]) != binary.LittleEndian.Uint64(b[n:]) {
			break
		}
	}
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// A cursor walks over the entries of a block. A block that is not well formed
// ends early, with bad set.
type cursor struct {
	entries  []byte
	restarts []byte
	next     int    // where the next entry begins
	key      []byte // a buffer of the cursor
	value    []byte // part of the block
	ahead    bool   // the entry at hand has been read, but not been returned
	bad      bool
}

// reset begins a block; the cursor keeps its key buffer.
func (c *cursor) reset(raw []byte) {
	*c = cursor{key: c.key[:0]}
	n := len(raw)
	if n < 4 {
		c.bad = true
		return
	}
	restarts := uint64(binary.LittleEndian.Uint32(raw[n-4:]))
	if restarts == 0 || 4*restarts > uint64(n-4) {
		c.bad = true
		return
	}
	end := n - 4 - int(4*restarts)
	c.entries, c.restarts = raw[:end], raw[end:n-4]
}

// advance moves to the next entry; false after the last, or when bad.
func (c *cursor) advance() bool {
	if c.ahead {
		c.ahead = false
		return true
	}
	if c.next >= len(c.entries) || c.bad {
		return false
	}
	rest := c.entries[c.next:]
	shared, a := uvarint(rest)
	unshared, b := uvarint(rest[a:])
	length, d := uvarint(rest[a+b:])
	if a == 0 || b == 0 || d == 0 || shared > len(c.key) {
		return c.fail()
	}
	rest = rest[a+b+d:]
	if unshared > len(rest) || length > len(rest)-unshared {
		return c.fail()
	}
	c.key = append(c.key[:shared], rest[:unshared]...)
	c.value = rest[unshared : unshared+length : unshared+length]
	c.next += a + b + d + unshared + length
	return true
}

// uvarint is binary.Uvarint for lengths: those of a block fit in 28 bits. n is
// 0 when there is none.
func uvarint(b []byte) (v, n int) {
	if len(b) > 0 && b[0] < 0x80 {
		return int(b[0]), 1
	}
	u, n := binary.Uvarint(b)
	if n <= 0 || n > 4 {
		return 0, 0
	}
	return int(u), n
}

func (c *cursor) fail() bool {
	c.bad = true
	return false
}

// seek moves to the first entry whose key is not below key; false when there is
// none.
func (c *cursor) seek(key []byte) bool {
	c.restart(func(at []byte) bool { return bytes.Compare(at, key) >= 0 })
	for c.advance() {
		if bytes.Compare(c.key, key) >= 0 {
			return true
		}
	}
	return false
}

// floor moves to the last entry whose key is not above key and returns its
// value, or false when there is none. advance goes on behind it.
func (c *cursor) floor(key []byte) ([]byte, bool) {
	c.restart(func(at []byte) bool { return bytes.Compare(at, key) > 0 })
	found := false
	var value []byte
	for c.advance() {
		if bytes.Compare(c.key, key) > 0 {
			c.ahead = true
			break
		}
		value, found = c.value, true
	}
	return value, found
}

// restart goes to the last full key that is not beyond, or to the first.
func (c *cursor) restart(beyond func(key []byte) bool) {
	i := sort.Search(len(c.restarts)/4, func(i int) bool {
		at, ok := c.fullKey(i)
		return !ok || beyond(at)
	})
	c.next, c.key, c.ahead = c.place(max(i-1, 0)), c.key[:0], false
}

func (c *cursor) place(i int) int {
	if 4*i >= len(c.restarts) {
		return len(c.entries)
	}
	return int(binary.LittleEndian.Uint32(c.restarts[4*i:]))
}

// fullKey is the key of the i-th entry that is written in full.
func (c *cursor) fullKey(i int) ([]byte, bool) {
	at := c.place(i)
	if at >= len(c.entries) {
		return nil, c.fail()
	}
	rest := c.entries[at:]
	shared, a := uvarint(rest)
	unshared, b := uvarint(rest[a:])
	_, d := uvarint(rest[a+b:])
	if a == 0 || b == 0 || d == 0 || shared != 0 || unshared > len(rest)-a-b-d {
		return nil, c.fail()
	}
	return rest[a+b+d:][:unshared], true
}

// separator is the shortest key above last that is not above next: what an
// index needs to know of the block that begins with next.
func separator(last, next []byte) []byte {
	return slices.Clone(next[:min(sharedLen(last, next)+1, len(next))])
}
