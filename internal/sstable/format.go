package sstable

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	magic      = "MEWS.SST"
	format     = 1
	minReader  = 1 // the oldest format a reader must know to read what we write
	headerLen  = 16
	trailerLen = 28
	maxFooter  = 1 << 20
	maxHeight  = 32
)

// The longest key and value a table takes.
const (
	MaxKey   = 1<<16 - 1
	MaxValue = 1 << 20
)

// maxBlock bounds what a block may decode to: the largest block size, and one
// entry more.
const maxBlock = MaxBlockSize + MaxKey + MaxValue + 64

// ErrVersion marks a table that needs a newer program; it is not damaged.
var ErrVersion = errors.New("sorted table of a newer format")

// A DamageError tells that bytes of a table are not those that were written.
type DamageError struct {
	Offset int64 // of the block or region that is damaged
	What   string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("sorted table is damaged at byte %d: %s", e.Offset, e.What)
}

func damaged(off int64, format string, args ...any) error {
	return &DamageError{Offset: off, What: fmt.Sprintf(format, args...)}
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// A handle says where a block lies, what it decodes to and which bytes it must
// be. It is the value of an index entry.
type handle struct {
	off    int64
	stored int // bytes in the file; 0: there is no block
	raw    int // bytes when decoded
	codec  Compression
	crc    uint32 // of the stored bytes
}

func (h handle) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(h.off))
	dst = binary.AppendUvarint(dst, uint64(h.stored))
	dst = binary.AppendUvarint(dst, uint64(h.raw))
	dst = append(dst, byte(h.codec))
	return binary.LittleEndian.AppendUint32(dst, h.crc)
}

// parseHandle reads what append wrote and returns what follows. It refuses a
// block that does not lie before end, or that would decode to more than a block
// may be.
func parseHandle(b []byte, end int64) (h handle, rest []byte, ok bool) {
	var v [3]uint64
	for i := range v {
		n := 0
		if v[i], n = binary.Uvarint(b); n <= 0 {
			return handle{}, nil, false
		}
		b = b[n:]
	}
	if len(b) < 5 || v[0] > uint64(end) || v[1] > uint64(end)-v[0] || v[2] > maxBlock || v[1] > v[2] {
		return handle{}, nil, false
	}
	h = handle{off: int64(v[0]), stored: int(v[1]), raw: int(v[2]), codec: Compression(b[0]), crc: binary.LittleEndian.Uint32(b[1:])}
	return h, b[5:], true
}

// A root is where a tree of blocks begins, and how many index levels stand
// above its leaves.
type root struct {
	handle
	height int
}

// A footer says what a table holds and where.
type footer struct {
	entries, marks uint64
	last           []byte // the greatest key
	data, filter   root
}

func headerBytes() []byte {
	h := binary.LittleEndian.AppendUint32([]byte(magic), minReader)
	return binary.LittleEndian.AppendUint32(h, checksum(h))
}

func checkHeader(h []byte) error {
	if checksum(h[:12]) != binary.LittleEndian.Uint32(h[12:]) || string(h[:8]) != magic {
		return damaged(0, "header")
	}
	if v := binary.LittleEndian.Uint32(h[8:]); v > format {
		return fmt.Errorf("%w: needs a reader of format %d", ErrVersion, v)
	}
	return nil
}

func (f *footer) bytes() []byte {
	b := binary.AppendUvarint(nil, format)
	b = binary.AppendUvarint(b, f.entries)
	b = binary.AppendUvarint(b, f.marks)
	b = binary.AppendUvarint(b, uint64(len(f.last)))
	b = append(b, f.last...)
	for _, r := range []root{f.data, f.filter} {
		b = binary.AppendUvarint(b, uint64(r.height))
		b = r.handle.append(b)
	}
	return b
}

// parseFooter decodes a footer whose checksum held and that begins at off.
func parseFooter(b []byte, off int64) (*footer, error) {
	f := new(footer)
	var version, last uint64
	for _, v := range []*uint64{&version, &f.entries, &f.marks, &last} {
		n := 0
		if *v, n = binary.Uvarint(b); n <= 0 {
			return nil, damaged(off, "footer ends early")
		}
		b = b[n:]
	}
	if version != format {
		return nil, fmt.Errorf("%w: format %d", ErrVersion, version)
	}
	if last > MaxKey || last > uint64(len(b)) {
		return nil, damaged(off, "footer: last key of %d bytes", last)
	}
	f.last, b = b[:last], b[last:]
	for _, r := range []*root{&f.data, &f.filter} {
		height, n := binary.Uvarint(b)
		if n <= 0 || height > maxHeight {
			return nil, damaged(off, "footer: height of a tree")
		}
		r.height = int(height)
		ok := false
		if r.handle, b, ok = parseHandle(b[n:], off); !ok {
			return nil, damaged(off, "footer: root of a tree")
		}
	}
	if len(b) != 0 || (f.entries == 0) != (f.data.stored == 0) || (f.marks == 0) != (f.filter.stored == 0) {
		return nil, damaged(off, "footer does not add up")
	}
	return f, nil
}

func trailerBytes(off int64, footer []byte) []byte {
	t := binary.LittleEndian.AppendUint64(nil, uint64(off))
	t = binary.LittleEndian.AppendUint32(t, uint32(len(footer)))
	t = binary.LittleEndian.AppendUint32(t, checksum(footer))
	t = append(t, magic...)
	return binary.LittleEndian.AppendUint32(t, checksum(t))
}

// parseTrailer returns where the footer is and its checksum. The footer ends
// where the trailer, the last bytes of the table, begins.
func parseTrailer(t []byte, size int64) (off int64, n int, crc uint32, err error) {
	at := size - trailerLen
	if checksum(t[:24]) != binary.LittleEndian.Uint32(t[24:]) || string(t[16:24]) != magic {
		return 0, 0, 0, damaged(at, "trailer")
	}
	off, n = int64(binary.LittleEndian.Uint64(t)), int(binary.LittleEndian.Uint32(t[8:]))
	if n > maxFooter || off < headerLen || off != at-int64(n) {
		return 0, 0, 0, damaged(at, "trailer: footer of %d bytes at %d", n, off)
	}
	return off, n, binary.LittleEndian.Uint32(t[12:]), nil
}
