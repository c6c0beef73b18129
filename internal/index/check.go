package index

import (
	"cmp"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Check reads a whole segment and verifies everything: the digest, every
// region, that row counts match the rows, that padding is empty and that the
// columns of each file cover all of its bytes. What is wrong is joined into one
// error that is ErrCorrupt, unless reading itself failed.
func Check(r io.ReaderAt, size int64, box cipher.AEAD) error {
	s, err := openSegment(r, size, box)
	if err != nil {
		return fmt.Errorf("check segment: %w", err)
	}
	if err := errors.Join(s.checkDigest(), s.verify()); err != nil {
		return fmt.Errorf("check segment: %w", err)
	}
	return nil
}

// Verify is Check but for the digest and the gaps before rows: it reads every row
// once and takes the tables as they were read at opening. That is what to do
// with a segment that was just written.
func (s *Segment) Verify() error {
	if err := s.verify(); err != nil {
		return fmt.Errorf("verify segment: %w", err)
	}
	return nil
}

func (s *Segment) verify() error {
	var errs []error
	for i, c := range s.classes {
		if err := s.checkRows(c); err != nil {
			errs = append(errs, fmt.Errorf("class %d: %w", i, err))
		}
	}
	return errors.Join(append(errs, s.checkCover())...)
}

func (s *Segment) checkDigest() error {
	end := s.foot.tables[tables-1].off + s.foot.tables[tables-1].len
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(s.r, 0, end)); err != nil {
		return fmt.Errorf("read segment: %w", err)
	}
	if got := [32]byte(h.Sum(nil)); got != s.foot.digest {
		return fmt.Errorf("%w: digest is %x, want %x", ErrCorrupt, got, s.foot.digest)
	}
	return nil
}

func (s *Segment) checkRows(c *rows) error {
	if c.columns == 0 {
		return nil
	}
	st := rowStream{seg: s, class: c}
	row := make([]byte, c.pitch)
	for r := range c.shape.rows {
		if err := st.next(row); err != nil {
			return err
		}
		if got := logCode(countBytes(row)); got != c.counts[r] {
			return fmt.Errorf("%w: row %d has count code %d, want %d", ErrCorrupt, r, got, c.counts[r])
		}
		if !emptyFrom(row, c.columns) {
			return fmt.Errorf("%w: row %d has bits behind column %d", ErrCorrupt, r, c.columns)
		}
	}
	return nil
}

// emptyFrom tells whether no bit of row is set from bit n on.
func emptyFrom(row []byte, n int) bool {
	if n%8 != 0 && row[n/8]>>(n%8) != 0 {
		return false
	}
	for _, b := range row[(n+7)/8:] {
		if b != 0 {
			return false
		}
	}
	return true
}

func (s *Segment) checkCover() error {
	for no, f := range s.files {
		var ps []part
		for _, i := range s.fileParts[s.fileStart[no]:s.fileStart[no+1]] {
			ps = append(ps, s.parts[i])
		}
		slices.SortFunc(ps, func(a, b part) int { return cmp.Compare(a.off, b.off) })
		end := int64(0)
		for _, p := range ps {
			if p.off != max(0, end-int64(s.lead(p))) {
				return fmt.Errorf("%w: file %d has a column at %d after %d", ErrCorrupt, no, p.off, end)
			}
			end = p.off + int64(p.len)
		}
		if end != f.Size {
			return fmt.Errorf("%w: file %d is covered up to %d of %d", ErrCorrupt, no, end, f.Size)
		}
	}
	return nil
}
