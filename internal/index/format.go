package index

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
)

// The byte layout of format 1 is described in docs/format/segment.md.
const (
	formatVersion = 1
	minReader     = 1 // the oldest format a reader must know to read what we write
	magic         = "MEWS.SEG"
	headerLen     = 32
	trailerLen    = 32
	maxFooter     = 1 << 20
	fileChunk     = 4096 // files sealed together
)

// checksum continues a CRC32C over b; it starts from 0.
func checksum(crc uint32, b []byte) uint32 {
	return crc32.Update(crc, crc32.MakeTable(crc32.Castagnoli), b)
}

// The tables behind the rows, in the order they are written.
const (
	tableColumns = iota
	tableCounts
	tableSums
	tableFiles
	tables
)

// A section is a run of bytes of a segment.
type section struct {
	off, len int64
	crc      uint32 // of tables only
}

// A footer says what a segment holds and where.
type footer struct {
	params  Params
	files   int
	columns []int // per class
	rest    int   // unfilled columns
	seq     [2]uint64
	rows    []section // per class; empty for a class without columns
	tables  [tables]section
	digest  [32]byte // SHA-256 of everything before the footer
}

func headerBytes() []byte {
	h := make([]byte, 0, headerLen)
	h = append(h, magic...)
	h = binary.LittleEndian.AppendUint32(h, formatVersion)
	h = binary.LittleEndian.AppendUint32(h, minReader)
	h = append(h, make([]byte, headerLen-4-len(h))...)
	return binary.LittleEndian.AppendUint32(h, checksum(0, h))
}

// checkHeader verifies the header and that this program may read the format.
func checkHeader(h []byte) error {
	if checksum(0, h[:headerLen-4]) != binary.LittleEndian.Uint32(h[headerLen-4:]) || string(h[:8]) != magic {
		return fmt.Errorf("header: %w", ErrCorrupt)
	}
	if v := binary.LittleEndian.Uint32(h[12:]); v > formatVersion {
		return fmt.Errorf("%w: needs a reader of format %d", ErrVersion, v)
	}
	return nil
}

func trailerBytes(off int64, footer []byte) []byte {
	t := binary.LittleEndian.AppendUint64(nil, uint64(off))
	t = binary.LittleEndian.AppendUint32(t, uint32(len(footer)))
	t = binary.LittleEndian.AppendUint32(t, checksum(0, footer))
	t = append(t, magic...)
	t = binary.LittleEndian.AppendUint32(t, formatVersion)
	return binary.LittleEndian.AppendUint32(t, checksum(0, t))
}

// parseTrailer returns where the footer is and its checksum. The footer ends
// where the trailer, the last bytes of the segment, begins.
func parseTrailer(t []byte, size int64) (section, error) {
	if checksum(0, t[:trailerLen-4]) != binary.LittleEndian.Uint32(t[trailerLen-4:]) || string(t[16:24]) != magic {
		return section{}, fmt.Errorf("trailer: %w", ErrCorrupt)
	}
	s := section{
		off: int64(binary.LittleEndian.Uint64(t)),
		len: int64(binary.LittleEndian.Uint32(t[8:])),
		crc: binary.LittleEndian.Uint32(t[12:]),
	}
	if s.len > maxFooter || s.off < headerLen || s.off != size-trailerLen-s.len {
		return section{}, fmt.Errorf("trailer: %w: footer of %d bytes at %d in %d", ErrCorrupt, s.len, s.off, size)
	}
	return s, nil
}

func (f *footer) bytes() []byte {
	var e encoder
	e.uint(formatVersion)
	e.uint(rulesVersion)
	e.text(rulesName)
	e.text(hashName)
	p := f.params
	e.uint(uint64(len(p.Classes)))
	for _, c := range p.Classes {
		for _, v := range []uint32{c.Long, c.Middle, c.Short, c.Limit, c.Enter} {
			e.uint(uint64(v))
		}
	}
	for _, v := range []int64{int64(p.Step), int64(p.Overlap), int64(p.MaxColumn), int64(p.Probe), p.MaxFilled, int64(p.Region)} {
		e.uint(uint64(v))
	}
	e.uint(uint64(f.files))
	e.uint(uint64(f.rest))
	e.uint(f.seq[0])
	e.uint(f.seq[1])
	for i, n := range f.columns {
		e.uint(uint64(n))
		e.uint(uint64(f.rows[i].off))
		e.uint(uint64(f.rows[i].len))
	}
	for _, t := range f.tables {
		e.uint(uint64(t.off))
		e.uint(uint64(t.len))
		e = binary.LittleEndian.AppendUint32(e, t.crc)
	}
	return append(e, f.digest[:]...)
}

// parseFooter decodes a footer whose checksum held. Unknown versions are told
// apart from damage, and the layout must be the one the counts ask for.
func parseFooter(b []byte, end int64) (*footer, error) {
	d := decoder{rest: b}
	f := new(footer)
	if v, r := d.uint(), d.uint(); d.err == nil && (v != formatVersion || r != rulesVersion) {
		return nil, fmt.Errorf("%w: format %d, gram rules %d", ErrVersion, v, r)
	}
	if rules, hash := d.text(), d.text(); d.err == nil && (rules != rulesName || hash != hashName) {
		return nil, fmt.Errorf("%w: gram rules %q, hashes %q", ErrVersion, rules, hash)
	}
	d.params(&f.params)
	f.files, f.rest = d.count(math.MaxInt32), d.count(math.MaxInt32)
	f.seq[0], f.seq[1] = d.uint(), d.uint()
	for range f.params.Classes {
		f.columns = append(f.columns, d.count(math.MaxInt32))
		f.rows = append(f.rows, section{off: d.offset(), len: d.offset()})
	}
	for i := range f.tables {
		f.tables[i] = section{off: d.offset(), len: d.offset(), crc: d.fixed32()}
	}
	copy(f.digest[:], d.take(len(f.digest)))
	if d.err != nil || len(d.rest) != 0 {
		return nil, fmt.Errorf("footer: %w", ErrCorrupt)
	}
	if err := f.params.validate(); err != nil {
		return nil, fmt.Errorf("footer: %w: %w", ErrCorrupt, err)
	}
	return f, f.checkLayout(end)
}

// checkLayout verifies that sections stand where the writer puts them and end
// where the footer begins, so that no offset can point astray.
func (f *footer) checkLayout(end int64) error {
	at := int64(headerLen)
	for i, s := range f.params.shapes() {
		want := section{}
		if f.columns[i] > 0 {
			want = section{off: alignUp(at, int64(f.params.Region)), len: int64(s.rows) * pitchOf(f.columns[i])}
			at = want.off + want.len
		}
		if f.rows[i] != want {
			return fmt.Errorf("rows of class %d: %w", i, ErrCorrupt)
		}
	}
	for i, t := range f.tables {
		if t.off != at || t.len > end-at {
			return fmt.Errorf("table %d: %w", i, ErrCorrupt)
		}
		at += t.len
	}
	if at != end {
		return fmt.Errorf("tables: %w: end at %d, footer at %d", ErrCorrupt, at, end)
	}
	return nil
}

// pitchOf returns the bytes of a row: a bit per column, rounded up to whole
// words. Longer rounding would cost a tenth of a segment of some hundred columns.
func pitchOf(columns int) int64 { return alignUp((int64(columns)+7)/8, 8) }

func alignUp(n, to int64) int64 { return (n + to - 1) / to * to }

// An encoder appends values of the footer and of tables.
type encoder []byte

func (e *encoder) uint(v uint64) { *e = binary.AppendUvarint(*e, v) }
func (e *encoder) int(v int64)   { *e = binary.AppendVarint(*e, v) }
func (e *encoder) text(s string) { e.uint(uint64(len(s))); *e = append(*e, s...) }

// A decoder reads them back; the first error sticks and later values are zero.
type decoder struct {
	rest []byte
	err  error
}

func (d *decoder) fail() { d.rest, d.err = nil, ErrCorrupt }

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count reads a value of at most limit.
func (d *decoder) count(limit uint64) int {
	v := d.uint()
	if v > limit {
		d.fail()
		return 0
	}
	return int(v)
}

func (d *decoder) offset() int64 { return int64(d.count(1 << 62)) }

func (d *decoder) take(n int) []byte {
	if n > len(d.rest) {
		d.fail()
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) fixed32() uint32 { return uint32(lowKey(d.take(4))) }

func (d *decoder) text() string { return string(d.take(d.count(256))) }

func (d *decoder) params(p *Params) {
	for range d.count(maxClasses) {
		var v [5]uint32
		for i := range v {
			v[i] = uint32(d.count(math.MaxUint32))
		}
		p.Classes = append(p.Classes, Class{Long: v[0], Middle: v[1], Short: v[2], Limit: v[3], Enter: v[4]})
	}
	for _, v := range []*int{&p.Step, &p.Overlap, &p.MaxColumn, &p.Probe} {
		*v = d.count(math.MaxInt32)
	}
	p.MaxFilled, p.Region = d.offset(), d.count(math.MaxInt32)
}
