package blob

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"slices"

	"github.com/mewshq/mews/internal/vfs"
)

// A Reader opens the frames of one blob. Its methods may be called by several
// goroutines, Close by one when all are done. A blob that is deleted meanwhile
// stays readable through it.
type Reader struct {
	store   *Store
	file    vfs.File
	sealer  *sealer
	trailer *trailer
}

// Get opens the blob n. Header and trailer are authenticated before it returns.
func (s *Store) Get(n Name) (*Reader, error) { return s.GetFile(s.keys.fileID(n)) }

// GetFile is Get by the name on disk. What the blob is comes out of its seals.
func (s *Store) GetFile(id string) (*Reader, error) {
	r, err := s.open(id)
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	return r, nil
}

func (s *Store) open(id string) (*Reader, error) {
	file, err := s.openFile(id)
	if isAbsent(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	r := &Reader{store: s, file: file}
	if err := r.load(id); err != nil {
		file.Close()
		return nil, err
	}
	return r, nil
}

// openFile opens the container of a blob, in its own file or in a pack.
func (s *Store) openFile(id string) (vfs.File, error) {
	file, err := s.fs.Open(s.path(id))
	if !isAbsent(err) {
		return file, err
	}
	in, err := s.packs.open(id)
	if err != nil {
		return nil, err
	}
	return in, nil
}

func (r *Reader) load(id string) error {
	size, err := r.file.Size()
	if err != nil {
		return err
	}
	if r.sealer, r.trailer, err = r.store.keys.openContainer(r.file, size); err != nil {
		return err
	}
	if r.store.keys.fileID(r.Name()) != id {
		return corrupt("it holds another file, or another customer's")
	}
	return nil
}

// Name is whose file this is, and which.
func (r *Reader) Name() Name { return Name{CID: r.sealer.cid, SHA256: r.trailer.sha256} }

// Info describes the blob. Fresh is false.
func (r *Reader) Info() (Info, error) {
	stored, err := r.file.Size()
	t := r.trailer
	return Info{
		Name: r.Name(), MD5: t.md5, SHA1: t.sha1, Size: t.size, Stored: stored, Frames: len(t.frames),
	}, err
}

// Size is the length of the plain file in bytes.
func (r *Reader) Size() int64 { return r.trailer.size }

// Frames lists the frames in order; they cover the file without gaps.
func (r *Reader) Frames() []Frame {
	out := make([]Frame, len(r.trailer.frames))
	for i, f := range r.trailer.frames {
		out[i] = f.Frame
	}
	return out
}

// Meta is what Finish was given.
func (r *Reader) Meta() []byte { return bytes.Clone(r.trailer.meta) }

// Close ends the reader.
func (r *Reader) Close() error { return r.file.Close() }

// ReadFrame appends the plain bytes of frame i to dst. No byte is returned that
// did not authenticate.
func (r *Reader) ReadFrame(i int, dst []byte) ([]byte, error) {
	if i < 0 || i >= len(r.trailer.frames) {
		return dst, fmt.Errorf("read blob: no frame %d", i)
	}
	f := r.trailer.frames[i]
	buf := r.store.buffer()
	defer r.store.free(buf)
	sealed := slices.Grow((*buf)[:0], f.stored)[:f.stored]
	*buf = sealed
	if err := readFull(r.file, sealed, f.at); err != nil {
		return dst, fmt.Errorf("read blob: %w", err)
	}
	text, err := r.sealer.open(sealed, f.part(i))
	if err != nil {
		return dst, fmt.Errorf("read blob: %w", err)
	}
	start := len(dst)
	dst = slices.Grow(dst, f.Length)[:start+f.Length]
	if err := r.store.squeezer.inflate(text, f.codec, dst[start:]); err != nil {
		return dst[:start], fmt.Errorf("read blob: %w", err)
	}
	return dst, nil
}

// Plain reads the whole file in order. At the end it compares the SHA-256, and
// gives ErrCorrupt in the place of io.EOF when it differs.
func (r *Reader) Plain() io.Reader { return &plain{r: r, sum: sha256.New()} }

type plain struct {
	r    *Reader
	sum  hash.Hash
	next int
	buf  *[]byte // nil before the first frame and after the last
	rest []byte
	err  error
}

func (p *plain) Read(b []byte) (int, error) {
	for len(p.rest) == 0 && p.err == nil {
		if p.err = p.fill(); p.err != nil && p.buf != nil {
			p.r.store.free(p.buf)
			p.buf = nil
		}
	}
	if len(p.rest) == 0 {
		return 0, p.err
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

func (p *plain) fill() (err error) {
	if p.next == len(p.r.trailer.frames) {
		if !bytes.Equal(p.sum.Sum(nil), p.r.trailer.sha256[:]) {
			return fmt.Errorf("read blob: %w", corrupt("content has another hash"))
		}
		return io.EOF
	}
	if p.buf == nil {
		p.buf = p.r.store.buffer()
	}
	if p.rest, err = p.r.ReadFrame(p.next, (*p.buf)[:0]); err != nil {
		p.rest = nil
		return err
	}
	*p.buf = p.rest
	p.next++
	p.sum.Write(p.rest)
	return nil
}

// verify reads everything and compares the hash.
func (r *Reader) verify() error {
	_, err := io.Copy(io.Discard, r.Plain())
	return err
}
