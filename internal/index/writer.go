package index

import (
	"bufio"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"math/bits"
)

// A writer puts one segment out in order: rows of each class, tables, footer.
// The first error sticks.
type writer struct {
	w      *bufio.Writer
	digest hash.Hash
	off    int64
	err    error
	foot   footer
	counts []byte // row popcounts
	sums   []byte // checksums of regions
	crc    uint32 // of the open region
	inCRC  int    // bytes of the open region
	pitch  int64  // of the class being written
	box    cipher.AEAD
}

func newWriter(w io.Writer, p Params, box cipher.AEAD) *writer {
	s := &writer{w: bufio.NewWriterSize(w, 256<<10), digest: sha256.New(), box: box}
	if box.NonceSize() != 0 {
		s.err = fmt.Errorf("write segment: %w: the box must make its own nonces", ErrParams)
	}
	s.foot.params = p
	s.write(headerBytes())
	return s
}

func (s *writer) write(b []byte) {
	if s.err != nil {
		return
	}
	s.digest.Write(b)
	s.off += int64(len(b))
	if _, err := s.w.Write(b); err != nil {
		s.err = fmt.Errorf("write segment: %w", err)
	}
}

// beginRows starts the rows of the next class.
func (s *writer) beginRows(columns int, sh *shape) {
	s.foot.columns = append(s.foot.columns, columns)
	if columns == 0 {
		s.foot.rows = append(s.foot.rows, section{})
		return
	}
	s.pitch = pitchOf(columns)
	off := alignUp(s.off, int64(s.foot.params.Region))
	s.write(make([]byte, off-s.off))
	s.foot.rows = append(s.foot.rows, section{off: off, len: int64(sh.rows) * s.pitch})
}

// rows writes the next rows of the class, each of pitch bytes.
func (s *writer) rows(b []byte) {
	for at := int64(0); at < int64(len(b)); at += s.pitch {
		s.counts = append(s.counts, logCode(countBytes(b[at:at+s.pitch])))
	}
	s.write(b)
	for len(b) > 0 {
		n := min(len(b), s.foot.params.Region-s.inCRC)
		s.crc = checksum(s.crc, b[:n])
		if s.inCRC += n; s.inCRC == s.foot.params.Region {
			s.endRegion()
		}
		b = b[n:]
	}
}

func (s *writer) endRegion() {
	s.sums = binary.LittleEndian.AppendUint32(s.sums, s.crc)
	s.crc, s.inCRC = 0, 0
}

// endRows ends the rows of the class.
func (s *writer) endRows() {
	if s.inCRC > 0 {
		s.endRegion()
	}
}

// table writes one table and notes its checksum.
func (s *writer) table(no int, b []byte) {
	s.beginTable(no)
	s.tablePart(no, b)
}

func (s *writer) beginTable(no int) { s.foot.tables[no].off = s.off }

func (s *writer) tablePart(no int, b []byte) {
	t := &s.foot.tables[no]
	t.crc = checksum(t.crc, b)
	t.len += int64(len(b))
	s.write(b)
}

// fileTable writes the sealed file table, a chunk at a time.
func (s *writer) fileTable(n int, at func(i int) entry) {
	s.beginTable(tableFiles)
	s.foot.files = n
	var plain encoder
	for i := range n {
		f := at(i)
		if i == 0 {
			s.foot.seq = [2]uint64{f.Seq, f.Seq}
		}
		s.foot.seq[0], s.foot.seq[1] = min(s.foot.seq[0], f.Seq), max(s.foot.seq[1], f.Seq)
		plain.uint(f.Seq)
		plain.uint(uint64(f.Size))
		plain = append(append(plain, f.SHA256[:]...), f.head[:]...)
		plain.text(f.Type)
		if (i+1)%fileChunk == 0 || i+1 == n {
			s.sealChunk(i/fileChunk, n, plain)
			plain = plain[:0]
		}
	}
}

func (s *writer) sealChunk(no, files int, plain []byte) {
	if s.err != nil {
		return
	}
	sealed := s.box.Seal(nil, nil, plain, chunkContext(no, files))
	s.tablePart(tableFiles, binary.LittleEndian.AppendUint32(nil, uint32(len(sealed))))
	s.tablePart(tableFiles, sealed)
}

// chunkContext binds a sealed chunk to its place.
func chunkContext(no, files int) []byte {
	return fmt.Appendf(nil, "%s %d files %d/%d", magic, formatVersion, no, files)
}

// finish writes what is left and returns the length of the segment.
func (s *writer) finish() (int64, error) {
	s.digest.Sum(s.foot.digest[:0])
	at, foot := s.off, s.foot.bytes()
	s.write(foot)
	s.write(trailerBytes(at, foot))
	if s.err == nil {
		if err := s.w.Flush(); err != nil {
			s.err = fmt.Errorf("write segment: %w", err)
		}
	}
	return s.off, s.err
}

// columnTable encodes columns in order: for each the number of its parts, and
// for each part its file (as a step from the part before), offset and length.
type columnTable struct {
	enc  encoder
	last int64
}

func (t *columnTable) add(parts []part) {
	t.enc.uint(uint64(len(parts)))
	for _, p := range parts {
		t.enc.int(int64(p.file) - t.last)
		t.enc.uint(uint64(p.off))
		t.enc.uint(uint64(p.len))
		t.last = int64(p.file)
	}
}

// WriteTo writes the segment. No file can be added afterwards. Equal files added
// in equal order give equal bytes, as far as box does.
func (b *Builder) WriteTo(w io.Writer) (int64, error) {
	if err := b.params.validate(); err != nil {
		return 0, err
	}
	b.close()
	s := newWriter(w, b.params, b.box)
	var cols columnTable
	for _, c := range b.classes {
		s.beginRows(len(c.parts), &c.shape)
		c.writeRows(s)
		s.endRows()
		for _, parts := range c.parts {
			cols.add(parts)
		}
	}
	for _, parts := range b.rest {
		cols.add(parts)
	}
	s.foot.rest = len(b.rest)
	s.table(tableColumns, cols.enc)
	s.table(tableCounts, s.counts)
	s.table(tableSums, s.sums)
	s.fileTable(len(b.files), func(i int) entry { return b.files[i] })
	return s.finish()
}

// writeRows gathers the words of each row from all slabs, many rows at a time so
// that a slab is read in runs, and few enough that they stay in the cache.
func (c *classBuilder) writeRows(s *writer) {
	if len(c.parts) == 0 {
		return
	}
	batch := int(min(max(32<<10/s.pitch, 8), 1<<10))
	buf := make([]byte, int64(batch)*s.pitch)
	for r := 0; r < int(c.shape.rows); r += batch {
		n := min(batch, int(c.shape.rows)-r)
		for i, sl := range c.slabs {
			to := buf[8*i:]
			for k, w := range sl[r : r+n] {
				binary.LittleEndian.PutUint64(to[int64(k)*s.pitch:], w)
			}
		}
		s.rows(buf[:int64(n)*s.pitch])
	}
}

// countBytes returns the bits set in b, whose length is a multiple of 8.
func countBytes(b []byte) int {
	n := 0
	for ; len(b) >= 8; b = b[8:] {
		n += bits.OnesCount64(binary.LittleEndian.Uint64(b))
	}
	return n
}
