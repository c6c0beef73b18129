package sstable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A Reader reads one table. It serves many goroutines. It keeps the footer in
// memory and nothing else; blocks are kept by the cache, if it has one. The file
// below must stay open as long as the reader is used.
type Reader struct {
	r     io.ReaderAt
	end   int64 // of the blocks
	foot  *footer
	cache *Cache
	id    uint64 // of this reader in the cache
	codec *decoder
}

// Open reads header and footer of a table of size bytes. The cache is shared by
// many readers; with nil nothing is kept, which is right for reading a table
// once from end to end.
func Open(r io.ReaderAt, size int64, c *Cache) (*Reader, error) {
	rd := &Reader{r: r, end: size, cache: c}
	if c != nil {
		rd.id, rd.codec = c.join()
	} else {
		rd.codec = new(decoder)
	}
	if err := rd.open(size); err != nil {
		return nil, fmt.Errorf("open sorted table: %w", err)
	}
	return rd, nil
}

func (r *Reader) open(size int64) error {
	if size < headerLen+trailerLen {
		return damaged(0, "%d bytes are too few", size)
	}
	head, err := r.read(0, make([]byte, headerLen))
	if err != nil {
		return err
	}
	if err := checkHeader(head); err != nil {
		return err
	}
	tail, err := r.read(size-trailerLen, make([]byte, trailerLen))
	if err != nil {
		return err
	}
	off, n, crc, err := parseTrailer(tail, size)
	if err != nil {
		return err
	}
	foot, err := r.read(off, make([]byte, n))
	if err != nil {
		return err
	}
	if checksum(foot) != crc {
		return damaged(off, "footer")
	}
	r.end = off
	r.foot, err = parseFooter(foot, off)
	return err
}

// Entries is the number of keys.
func (r *Reader) Entries() uint64 { return r.foot.entries }

// Get finds the value of a key. It must not be changed.
func (r *Reader) Get(key []byte) (value []byte, ok bool, err error) {
	if r.foot.entries == 0 || bytes.Compare(key, r.foot.last) > 0 {
		return nil, false, nil
	}
	h, err := r.leafFor(r.foot.data, key)
	if err != nil {
		return nil, false, err
	}
	raw, err := r.block(h, nil)
	if err != nil {
		return nil, false, err
	}
	var c cursor
	c.reset(raw)
	found := c.seek(key)
	if c.bad {
		return nil, false, damaged(h.off, "block is malformed")
	}
	if !found || !bytes.Equal(c.key, key) {
		return nil, false, nil
	}
	return c.value, true, nil
}

// MayHold is true for every prefix that was marked, and for few others. A filter
// that cannot be read excludes nothing.
func (r *Reader) MayHold(prefix []byte) bool {
	if r.foot.marks == 0 {
		return false
	}
	h, err := r.leafFor(r.foot.filter, prefix)
	if err != nil {
		return true
	}
	filter, err := r.block(h, nil)
	return err != nil || filterHolds(filter, hashOf(prefix))
}

// block loads a block from the cache or the file. A scratch is for blocks that
// are read once and dropped: its room is used again by the next load.
func (r *Reader) block(h handle, s *scratch) ([]byte, error) {
	if r.cache != nil {
		if raw, ok := r.cache.get(r.id, h.off); ok && len(raw) == h.raw {
			return raw, nil
		}
	}
	raw, err := r.load(h, s)
	if err == nil && r.cache != nil {
		r.cache.put(r.id, h.off, raw)
	}
	return raw, err
}

func (r *Reader) load(h handle, s *scratch) ([]byte, error) {
	var stored, room []byte
	var err error
	if s == nil || r.cache != nil {
		stored, err = r.read(h.off, make([]byte, h.stored))
	} else {
		stored, err = s.read(r, h.off, h.stored)
		room = s.raw
	}
	if err != nil {
		return nil, err
	}
	if checksum(stored) != h.crc {
		return nil, damaged(h.off, "checksum of a block of %d bytes", h.stored)
	}
	raw, err := r.codec.decode(h, stored, room)
	if err == nil && s != nil && h.codec != None {
		s.raw = raw
	}
	return raw, err
}

// read fills b from off. A file that ends too early is damaged.
func (r *Reader) read(off int64, b []byte) ([]byte, error) {
	n, err := r.r.ReadAt(b, off)
	if n == len(b) {
		return b, nil
	}
	if errors.Is(err, io.EOF) || err == nil {
		return nil, damaged(off, "file ends after %d of %d bytes", n, len(b))
	}
	return nil, fmt.Errorf("read sorted table at %d: %w", off, err)
}

// readAhead is how much a scan without a cache reads at once.
const readAhead = 256 << 10

// A scratch is the room of one scan without a cache. It reads ahead.
type scratch struct {
	ahead []byte
	off   int64 // of ahead
	raw   []byte
}

// read returns n bytes at off, valid until the next call.
func (s *scratch) read(r *Reader, off int64, n int) ([]byte, error) {
	if at := off - s.off; at >= 0 && at+int64(n) <= int64(len(s.ahead)) {
		return s.ahead[at : at+int64(n)], nil
	}
	want := max(int64(n), min(readAhead, r.end-off))
	b, err := r.read(off, roomOf(s.ahead, int(want)))
	if err != nil {
		s.ahead = nil
		return nil, err
	}
	s.ahead, s.off = b, off
	return b[:n], nil
}
