package index

import (
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
)

// mergeBuffer bounds the bytes of rows that a merge holds at once, beside one
// region and the tables of every input.
const mergeBuffer = 4 << 20

// Merge writes one segment with the files of all inputs, in order, for which
// alive (if not nil) holds. Rows are copied, not computed again: a column goes
// when its last file goes, and a packed column keeps the bits of dead files
// beside living ones. Every row read is verified; damage gives ErrCorrupt and a
// useless output. Inputs built under different parameters give ErrParams.
func Merge(w io.Writer, in []*Segment, alive func(seg, file int) bool, box cipher.AEAD) error {
	if len(in) == 0 {
		return fmt.Errorf("merge segments: %w: no input", ErrParams)
	}
	params := in[0].foot.params
	m := &merger{}
	for i, s := range in {
		if !params.sameStored(s.foot.params) {
			return fmt.Errorf("merge segments: %w: segment %d differs", ErrParams, i)
		}
		m.take(s, func(file int) bool { return alive == nil || alive(i, file) })
	}
	m.out = newWriter(w, params, box)
	for class := range params.Classes {
		if err := m.class(class); err != nil {
			return fmt.Errorf("merge segments: %w", err)
		}
	}
	m.tables()
	if _, err := m.out.finish(); err != nil {
		return fmt.Errorf("merge segments: %w", err)
	}
	return nil
}

// Compatible tells whether two segments were built under the same parameters, so
// that Merge takes them.
func Compatible(a, b *Segment) bool { return a.foot.params.sameStored(b.foot.params) }

type merger struct {
	in    []*mergeInput
	files []*entry // that live, in order
	out   *writer
	words []uint64 // room for one row
	buf   []byte   // and for a batch of them
}

// A mergeInput is a segment with what remains of it.
type mergeInput struct {
	*Segment
	fileNo []int32 // new numbers; negative: dead
	keep   bitmap  // columns with a living file
}

func (m *merger) take(s *Segment, alive func(int) bool) {
	in := &mergeInput{Segment: s, fileNo: make([]int32, len(s.files)), keep: newBitmap(s.columns)}
	for no := range s.files {
		in.fileNo[no] = -1
		if alive(no) {
			in.fileNo[no] = int32(len(m.files))
			m.files = append(m.files, &s.files[no])
		}
	}
	for i, p := range s.parts {
		if in.fileNo[p.file] >= 0 {
			in.keep.set(int(s.partCol[i]))
		}
	}
	m.in = append(m.in, in)
}

// class copies the rows of one class.
func (m *merger) class(no int) error {
	columns, pitches := 0, int64(0)
	var streams []*mergeStream
	for _, in := range m.in {
		c := in.classes[no]
		st := newMergeStream(in, c)
		if st.kept == 0 {
			continue
		}
		columns += st.kept
		pitches += c.pitch
		streams = append(streams, st)
	}
	sh := &m.in[0].classes[no].shape
	m.out.beginRows(columns, sh)
	if columns == 0 {
		return nil
	}
	pitches += m.out.pitch
	m.words = make([]uint64, m.out.pitch/8)
	batch := int(max(1, min(mergeBuffer/pitches, 4096)))
	for r := 0; r < int(sh.rows); r += batch {
		if err := m.rows(streams, min(batch, int(sh.rows)-r)); err != nil {
			return err
		}
		if m.out.err != nil {
			return m.out.err
		}
	}
	m.out.endRows()
	return nil
}

// rows copies the next n rows of every stream.
func (m *merger) rows(streams []*mergeStream, n int) error {
	for _, st := range streams {
		if err := st.read(n); err != nil {
			return err
		}
	}
	m.buf = m.buf[:0]
	for k := range n {
		clear(m.words)
		at := 0
		for _, st := range streams {
			at = st.append(m.words, at, k)
		}
		for _, w := range m.words {
			m.buf = binary.LittleEndian.AppendUint64(m.buf, w)
		}
	}
	m.out.rows(m.buf)
	return nil
}

// tables writes what follows the rows.
func (m *merger) tables() {
	var cols columnTable
	for class := range m.out.foot.params.Classes {
		for _, in := range m.in {
			c := in.classes[class]
			in.keptParts(&cols, c.base, c.base+c.columns)
		}
	}
	for _, in := range m.in {
		m.out.foot.rest += in.keptParts(&cols, in.rest, in.columns)
	}
	m.out.table(tableColumns, cols.enc)
	m.out.table(tableCounts, m.out.counts)
	m.out.table(tableSums, m.out.sums)
	m.out.fileTable(len(m.files), func(i int) entry { return *m.files[i] })
}

// keptParts adds the living parts of the kept columns from lo to hi and returns
// how many columns those are.
func (in *mergeInput) keptParts(t *columnTable, lo, hi int) int {
	n := 0
	var live []part
	for col := lo; col < hi; col++ {
		if !in.keep.has(col) {
			continue
		}
		live = live[:0]
		for _, p := range in.parts[in.partStart[col]:in.partStart[col+1]] {
			if no := in.fileNo[p.file]; no >= 0 {
				p.file = uint32(no)
				live = append(live, p)
			}
		}
		t.add(live)
		n++
	}
	return n
}

// A mergeStream reads the rows of one class of one input in order and drops the
// bits of dead columns.
type mergeStream struct {
	rowStream
	keep     bitmap     // per column of the class
	squeezes []*squeeze // per word; nil: keep all or only low bits
	kept     int
	loaded   []byte // rows, see read
}

func newMergeStream(in *mergeInput, c *rows) *mergeStream {
	st := &mergeStream{rowStream: rowStream{seg: in.Segment, class: c}}
	keep := newBitmap(c.columns)
	copy(keep, in.keep[c.base/64:])
	for _, m := range keep {
		st.keepWord(m)
	}
	return st
}

// keepWord says which of the next 64 columns stay.
func (st *mergeStream) keepWord(m uint64) {
	var q *squeeze
	if m&(m+1) != 0 {
		q = newSqueeze(m)
	}
	st.keep, st.squeezes = append(st.keep, m), append(st.squeezes, q)
	st.kept += bits.OnesCount64(m)
}

// read loads the next n rows.
func (st *mergeStream) read(n int) error {
	st.loaded = grow(st.loaded, n*int(st.class.pitch))
	return st.next(st.loaded)
}

// append writes the kept bits of loaded row k at bit at of dst and returns the
// bit after them.
func (st *mergeStream) append(dst []uint64, at, k int) int {
	row := st.loaded[k*int(st.class.pitch):]
	for i, m := range st.keep {
		if m == 0 {
			continue
		}
		w := binary.LittleEndian.Uint64(row[8*i:]) & m
		if q := st.squeezes[i]; q != nil {
			w = q.apply(w)
		}
		dst[at>>6] |= w << (at & 63)
		n := bits.OnesCount64(m)
		if at&63+n > 64 {
			dst[at>>6+1] |= w >> (64 - at&63)
		}
		at += n
	}
	return at
}

// A squeeze moves the bits selected by a mask together at the low end: in six
// steps, each of which moves some of them by a power of two.
type squeeze [6]uint64

func newSqueeze(mask uint64) *squeeze {
	var q squeeze
	gaps := ^mask << 1 // parity of cleared bits below each bit
	for i := range q {
		p := gaps
		for k := 1; k < 64; k <<= 1 {
			p ^= p << k
		}
		q[i] = p & mask
		mask = mask ^ q[i] | q[i]>>(1<<i)
		gaps &^= p
	}
	return &q
}

// apply squeezes w, which has no bits outside the mask.
func (q *squeeze) apply(w uint64) uint64 {
	for i, m := range q {
		t := w & m
		w = w ^ t | t>>(1<<i)
	}
	return w
}

// A rowStream reads the rows of a class in order. It verifies every region.
type rowStream struct {
	seg   *Segment
	class *rows
	no    int64  // next region
	buf   []byte // of one region
	rest  []byte // of the region before
}

// next fills dst with the bytes that follow.
func (st *rowStream) next(dst []byte) error {
	for len(dst) > 0 {
		if len(st.rest) == 0 {
			if err := st.load(); err != nil {
				return err
			}
		}
		n := copy(dst, st.rest)
		dst, st.rest = dst[n:], st.rest[n:]
	}
	return nil
}

func (st *rowStream) load() error {
	region := int64(st.seg.foot.params.Region)
	at := section{off: st.class.section.off + st.no*region, len: min(region, st.class.section.len-st.no*region)}
	if st.no < int64(len(st.class.sums)) {
		at.crc = st.class.sums[st.no]
	}
	b, err := st.seg.readChecked(st.buf, at)
	if err != nil {
		return fmt.Errorf("rows: %w", err)
	}
	st.no, st.buf, st.rest = st.no+1, b, b
	return nil
}
