package index

import (
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// A Segment is an open segment. It is safe for concurrent use. The reader
// beneath stays the caller's to close.
type Segment struct {
	r       io.ReaderAt
	size    int64
	foot    *footer
	classes []*rows
	files   []entry
	columns int // column numbers in use, with the padding between classes
	rest    int // first unfilled column

	partStart []uint32 // column -> its first part; one more at the end
	parts     []part
	partCol   []uint32 // part -> column
	fileStart []uint32 // file -> its first entry in fileParts; one more at the end
	fileParts []uint32 // parts by file, in column order
}

// rows is one class of a segment: its columns are numbered from base, a
// multiple of 64, through all classes.
type rows struct {
	shape   shape
	columns int
	base    int
	section section
	pitch   int64
	counts  []byte          // log popcount of each row
	sums    []uint32        // CRC32C of each region
	state   []atomic.Uint32 // of each region: unknown, sound or damaged

	memory *memory // of a view, which has no section

	once   sync.Once
	shares [filters]float64 // of the columns, that have a bit of a filter; see share
}

const (
	regionUnknown = iota
	regionSound
	regionDamaged
)

// OpenSegment opens the segment of size bytes behind r. It reads and verifies
// all but the rows, which are verified when first touched. Damage gives
// ErrCorrupt, rules of a newer program ErrVersion.
func OpenSegment(r io.ReaderAt, size int64, box cipher.AEAD) (*Segment, error) {
	s, err := openSegment(r, size, box)
	if err != nil {
		return nil, fmt.Errorf("open segment: %w", err)
	}
	return s, nil
}

func openSegment(r io.ReaderAt, size int64, box cipher.AEAD) (*Segment, error) {
	s := &Segment{r: r, size: size}
	if size < headerLen+trailerLen {
		return nil, fmt.Errorf("%w: %d bytes", ErrCorrupt, size)
	}
	head, err := s.read(section{len: headerLen})
	if err != nil {
		return nil, err
	}
	if err := checkHeader(head); err != nil {
		return nil, err
	}
	tail, err := s.read(section{off: size - trailerLen, len: trailerLen})
	if err != nil {
		return nil, err
	}
	at, err := parseTrailer(tail, size)
	if err != nil {
		return nil, err
	}
	foot, err := s.readChecked(nil, at)
	if err != nil {
		return nil, fmt.Errorf("footer: %w", err)
	}
	if s.foot, err = parseFooter(foot, at.off); err != nil {
		return nil, err
	}
	if err := s.readTables(box); err != nil {
		return nil, err
	}
	return s, nil
}

// read returns the bytes of a section. A segment that ends early is corrupt.
func (s *Segment) read(at section) ([]byte, error) { return s.readInto(nil, at) }

// readInto is read into the storage of b, if it is large enough.
func (s *Segment) readInto(b []byte, at section) ([]byte, error) {
	b = grow(b, int(at.len))
	n, err := s.r.ReadAt(b, at.off)
	switch {
	case n == len(b):
		return b, nil
	case errors.Is(err, io.EOF), err == nil:
		return nil, fmt.Errorf("%w: ends at %d, wanted %d", ErrCorrupt, at.off+int64(n), at.off+at.len)
	}
	return nil, err
}

func (s *Segment) readChecked(b []byte, at section) ([]byte, error) {
	b, err := s.readInto(b, at)
	if err != nil {
		return nil, err
	}
	if got := checksum(0, b); got != at.crc {
		return nil, fmt.Errorf("%w: checksum of %d bytes at %d is %08x, want %08x", ErrCorrupt, at.len, at.off, got, at.crc)
	}
	return b, nil
}

func (s *Segment) readTables(box cipher.AEAD) error {
	names := [tables]string{"column table", "row counts", "checksums", "file table"}
	var raw [tables][]byte
	for i, t := range s.foot.tables {
		b, err := s.readChecked(nil, t)
		if err != nil {
			return fmt.Errorf("%s: %w", names[i], err)
		}
		raw[i] = b
	}
	if err := s.parseFiles(raw[tableFiles], box); err != nil {
		return fmt.Errorf("file table: %w", err)
	}
	if err := s.layClasses(raw[tableCounts], raw[tableSums]); err != nil {
		return err
	}
	if err := s.parseColumns(raw[tableColumns]); err != nil {
		return fmt.Errorf("column table: %w", err)
	}
	s.listParts()
	return nil
}

// layClasses numbers the columns and hands out row counts and checksums.
func (s *Segment) layClasses(counts, sums []byte) error {
	for i, sh := range s.foot.params.shapes() {
		c := &rows{shape: sh, columns: s.foot.columns[i], base: s.columns, section: s.foot.rows[i]}
		s.classes = append(s.classes, c)
		if c.columns == 0 {
			continue
		}
		c.pitch = pitchOf(c.columns)
		s.columns += int(alignUp(int64(c.columns), 64))
		regions := (c.section.len + int64(s.foot.params.Region) - 1) / int64(s.foot.params.Region)
		if int64(len(counts)) < int64(sh.rows) || int64(len(sums)) < 4*regions {
			return fmt.Errorf("row counts and checksums: %w", ErrCorrupt)
		}
		c.counts, counts = counts[:sh.rows], counts[sh.rows:]
		c.sums, c.state = make([]uint32, regions), make([]atomic.Uint32, regions)
		for k := range c.sums {
			c.sums[k] = binary.LittleEndian.Uint32(sums[4*k:])
		}
		sums = sums[4*regions:]
	}
	s.rest = s.columns
	s.columns += s.foot.rest
	if len(counts) != 0 || len(sums) != 0 {
		return fmt.Errorf("row counts and checksums: %w", ErrCorrupt)
	}
	return nil
}

func (s *Segment) parseFiles(b []byte, box cipher.AEAD) error {
	types := map[string]string{}
	for no := 0; len(b) > 0; no++ {
		if len(b) < 4 || int64(binary.LittleEndian.Uint32(b)) > int64(len(b)-4) {
			return ErrCorrupt
		}
		n := int(binary.LittleEndian.Uint32(b))
		plain, err := box.Open(nil, nil, b[4:4+n], chunkContext(no, s.foot.files))
		if err != nil {
			return fmt.Errorf("%w: chunk %d does not open", ErrCorrupt, no)
		}
		b = b[4+n:]
		d := decoder{rest: plain}
		for d.err == nil && len(d.rest) > 0 {
			var f entry
			f.Seq, f.Size = d.uint(), d.offset()
			copy(f.SHA256[:], d.take(len(f.SHA256)))
			copy(f.head[:], d.take(headLen))
			name := d.text()
			if _, ok := types[name]; !ok {
				types[name] = name
			}
			f.Type = types[name]
			s.files = append(s.files, f)
		}
		if d.err != nil {
			return d.err
		}
	}
	if len(s.files) != s.foot.files {
		return fmt.Errorf("%w: %d files, want %d", ErrCorrupt, len(s.files), s.foot.files)
	}
	return nil
}

// parseColumns decodes the column table. Columns of classes are padded to a
// multiple of 64; padding columns have no parts.
func (s *Segment) parseColumns(b []byte) error {
	d := decoder{rest: b}
	file := int64(0)
	total := s.foot.rest
	for _, c := range s.classes {
		total += c.columns
	}
	if total > len(b) {
		return ErrCorrupt
	}
	s.partStart = make([]uint32, 0, s.columns+1)
	column := func(n int) {
		for range n {
			s.partStart = append(s.partStart, uint32(len(s.parts)))
			for range d.count(uint64(len(d.rest))) {
				file += d.int()
				p := part{file: uint32(file), off: d.offset()}
				p.len = uint32(d.count(uint64(s.foot.params.MaxColumn)))
				if d.err != nil || file < 0 || file >= int64(len(s.files)) || p.off > s.files[file].Size-int64(p.len) {
					d.fail()
					return
				}
				s.parts = append(s.parts, p)
			}
		}
	}
	for _, c := range s.classes {
		column(c.columns)
		for d.err == nil && len(s.partStart)%64 != 0 {
			s.partStart = append(s.partStart, uint32(len(s.parts)))
		}
	}
	column(s.foot.rest)
	if d.err != nil || len(d.rest) != 0 {
		return ErrCorrupt
	}
	s.partStart = append(s.partStart, uint32(len(s.parts)))
	return nil
}

// listParts sorts the parts by file.
func (s *Segment) listParts() {
	s.partCol = make([]uint32, len(s.parts))
	s.fileStart = make([]uint32, len(s.files)+1)
	for c := range s.columns {
		for i := s.partStart[c]; i < s.partStart[c+1]; i++ {
			s.partCol[i] = uint32(c)
			s.fileStart[s.parts[i].file+1]++
		}
	}
	for i := range s.files {
		s.fileStart[i+1] += s.fileStart[i]
	}
	at := make([]uint32, len(s.files))
	s.fileParts = make([]uint32, len(s.parts))
	for i, p := range s.parts {
		s.fileParts[s.fileStart[p.file]+at[p.file]] = uint32(i)
		at[p.file]++
	}
}

// Files returns the number of files.
func (s *Segment) Files() int { return len(s.files) }

// File returns file no, counted from 0 in the order of adding.
func (s *Segment) File(no int) File { return s.files[no].File }

// Head returns the first bytes of a file, with zeroes after its end.
func (s *Segment) Head(no int) [headLen]byte { return s.files[no].head }

// Columns returns the number of columns.
func (s *Segment) Columns() int {
	n := s.foot.rest
	for _, c := range s.classes {
		n += c.columns
	}
	return n
}

// Params returns the parameters the segment was built with; those that only a
// builder uses are zero.
func (s *Segment) Params() Params { return s.foot.params }

// Seqs returns the lowest and the highest sequence number of the files.
func (s *Segment) Seqs() (lowest, highest uint64) { return s.foot.seq[0], s.foot.seq[1] }

// Size returns the length of the segment in bytes.
func (s *Segment) Size() int64 { return s.size }

// ID returns the SHA-256 of all bytes before the footer. It names the segment.
func (s *Segment) ID() [32]byte { return s.foot.digest }

// lead returns how many bytes of a part the column before holds too.
func (s *Segment) lead(p part) int {
	if p.off == 0 {
		return 0
	}
	return s.foot.params.Overlap
}
