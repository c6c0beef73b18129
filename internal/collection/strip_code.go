package collection

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/mewshq/mews/internal/store"
)

// A strip is stored as a CRC-32C of what follows, and compressed by S2: how many
// cells there are; of each but the first its kind, and its value or the length of
// its text; how many rows there are, in how many bytes each stands, and the rows;
// all texts. Lengths and integers are varints, an integer as its distance from the
// one before; rows and floating point numbers are little endian. Text of hex
// digits, as hashes are, stands two digits to a byte.

// kindHex is the stored kind of text of hex digits.
const kindHex = cellText + 1

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

func (m *stripMaker) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(len(m.cells)))
	var texts []byte
	last := int64(0)
	for _, c := range m.cells[1:] {
		switch c.kind {
		case cellInteger:
			b = binary.AppendVarint(append(b, byte(cellInteger)), c.n-last)
			last = c.n
		case cellNumber:
			b = binary.LittleEndian.AppendUint64(append(b, byte(cellNumber)), uint64(c.n))
		default:
			text, kind := c.of(m.text), cellText
			if packable(text) {
				text, kind = packed(text), kindHex
			}
			b = binary.AppendUvarint(append(b, byte(kind)), uint64(len(text)))
			texts = append(texts, text...)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(m.rows)))
	width := rowWidth(len(m.cells))
	b = append(b, byte(width))
	for _, n := range m.rows {
		for i := range width {
			b = append(b, byte(n>>(8*i)))
		}
	}
	small := s2.Encode(nil, append(b, texts...))
	return append(binary.LittleEndian.AppendUint32(nil, checksum(small)), small...)
}

// packed is text of hex digits, two to a byte.
func packed(text []byte) []byte {
	b := make([]byte, len(text)/2)
	for i := range b {
		b[i] = digit(text[2*i])<<4 | digit(text[2*i+1])
	}
	return b
}

// rowWidth is how many bytes hold the number of a cell.
func rowWidth(cells int) int {
	switch {
	case cells == 1:
		return 0
	case cells <= 1<<8:
		return 1
	case cells <= 1<<16:
		return 2
	}
	return 4
}

// Bounds of a strip. A part with more is not kept in strips: what lists of
// records say is for hosts to decide.
const (
	maxStripRows  = 1 << 20
	maxStripBytes = 32 << 20
)

// fits tells whether the strip is within its bounds.
func (m *stripMaker) fits() bool {
	return len(m.rows) <= maxStripRows && len(m.text)+16*len(m.cells)+4*len(m.rows) <= maxStripBytes
}

// errDamagedStrip: the database gives other bytes than were put in.
var errDamagedStrip = fmt.Errorf("%w: a strip of records is not what was written", store.ErrCorrupt)

// decode reads what encode wrote, in place of what the strip was. Anything else is
// an error.
func (s *strip) decode(b []byte) (err error) {
	if len(b) < 4 || checksum(b[4:]) != binary.LittleEndian.Uint32(b) {
		return errDamagedStrip
	}
	n, err := s2.DecodedLen(b[4:])
	if err != nil || n > 2*maxStripBytes {
		return errDamagedStrip
	}
	s.body = slices.Grow(s.body[:0], n)
	if s.body, err = s2.Decode(s.body[:cap(s.body)], b[4:]); err != nil {
		return errDamagedStrip
	}
	r := stripReader{b: s.body}
	r.cells(s)
	r.rows(s)
	r.texts(s)
	if r.bad {
		return errDamagedStrip
	}
	return nil
}

// A stripReader takes a strip apart; bad once it was none.
type stripReader struct {
	b   []byte
	at  int
	hex bool // some text is
	bad bool
}

func (r *stripReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b[r.at:])
	r.bad = r.bad || n <= 0
	r.at += max(n, 0)
	return v
}

// take gives the next n bytes, nil when there are fewer.
func (r *stripReader) take(n uint64) []byte {
	if r.bad || n > uint64(len(r.b)-r.at) {
		r.bad = true
		return nil
	}
	r.at += int(n)
	return r.b[r.at-int(n) : r.at]
}

// cells reads all cells, of texts as if they stood as they are stored.
func (r *stripReader) cells(s *strip) {
	n := r.uvarint()
	if r.bad || n == 0 || n-1 > uint64(len(r.b)/2) { // each but the first takes two bytes
		r.bad = true
		return
	}
	s.cells = append(slices.Grow(s.cells[:0], int(n)), cell{})
	last, text := int64(0), int64(0)
	for len(s.cells) < int(n) && !r.bad {
		c := r.cell()
		switch c.kind {
		case cellInteger:
			last += c.n
			c.n = last
		case cellText, kindHex:
			c.n = text
			text += int64(c.size)
		}
		s.cells = append(s.cells, c)
	}
}

func (r *stripReader) cell() (c cell) {
	kind := r.take(1)
	if kind == nil {
		return c
	}
	switch c.kind = cellKind(kind[0]); c.kind {
	case cellInteger:
		n, size := binary.Varint(r.b[r.at:])
		r.bad = size <= 0
		r.at += max(size, 0)
		c.n = n
	case cellNumber:
		if b := r.take(8); b != nil {
			c.n = int64(binary.LittleEndian.Uint64(b))
		}
	case cellText, kindHex:
		r.hex = r.hex || c.kind == kindHex
		size := r.uvarint()
		r.bad = r.bad || size > uint64(len(r.b))
		c.size = int32(min(size, maxStripBytes))
	default:
		r.bad = true
	}
	return c
}

func (r *stripReader) rows(s *strip) {
	n, width := r.uvarint(), r.take(1)
	if width == nil || int(width[0]) != rowWidth(len(s.cells)) || n > maxStripRows {
		r.bad = true
		return
	}
	w := int(width[0])
	b := r.take(n * uint64(w))
	if r.bad {
		return
	}
	s.rows = slices.Grow(s.rows[:0], int(n))[:n]
	greatest := uint32(0)
	switch w {
	case 0:
		clear(s.rows)
	case 1:
		for i, v := range b {
			s.rows[i] = uint32(v)
			greatest = max(greatest, s.rows[i])
		}
	case 2:
		for i := range s.rows {
			s.rows[i] = uint32(binary.LittleEndian.Uint16(b[2*i:]))
			greatest = max(greatest, s.rows[i])
		}
	case 4:
		for i := range s.rows {
			s.rows[i] = binary.LittleEndian.Uint32(b[4*i:])
			greatest = max(greatest, s.rows[i])
		}
	}
	r.bad = int(greatest) >= len(s.cells)
}

// texts takes what is left. Where some is of hex digits all is written anew.
func (r *stripReader) texts(s *strip) {
	stored := int64(0)
	for _, c := range s.cells {
		stored += int64(c.size)
	}
	if r.bad || stored != int64(len(r.b)-r.at) {
		r.bad = true
		return
	}
	s.text = r.b[r.at:]
	if !r.hex {
		return
	}
	s.wide = s.wide[:0]
	for i := range s.cells {
		c := &s.cells[i]
		if c.kind != cellText && c.kind != kindHex {
			continue
		}
		at, text := len(s.wide), c.of(s.text)
		if c.kind == kindHex {
			s.wide = hex.AppendEncode(s.wide, text)
		} else {
			s.wide = append(s.wide, text...)
		}
		*c = cell{n: int64(at), size: int32(len(s.wide) - at), kind: cellText}
	}
	s.text = s.wide
}
