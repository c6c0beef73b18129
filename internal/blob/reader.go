package blob

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"slices"

	"github.com/mewshq/mews/internal/vfs"
)

// A Reader opens the frames of one blob. Its methods may be called by several
// goroutines, Close by one when all are done. A blob that is deleted meanwhile
// stays readable through it.
type Reader struct {
	store *Store
	file  vfs.File // nil when all of the container is in memory
	info  Info
	in    *opened // nil once closed
}

// Get opens the blob n. Header and trailer are authenticated before it returns.
func (s *Store) Get(n Name) (*Reader, error) {
	r, err := s.load(s.keys.fileID(n))
	if err == nil && r.Name() != n { // says more than that the ids are the same
		err = errors.Join(foreign(), r.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	return r, nil
}

// GetFile is Get by the name on disk. What the blob is comes out of its seals.
func (s *Store) GetFile(id string) (*Reader, error) {
	r, err := s.open(id)
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	return r, nil
}

func (s *Store) open(id string) (*Reader, error) {
	r, err := s.load(id)
	if err == nil && s.keys.fileID(r.Name()) != id {
		return nil, errors.Join(foreign(), r.Close())
	}
	return r, err
}

func foreign() error { return corrupt("it holds another file, or another customer's") }

// load opens what stands under a name on disk, whoever's it is.
func (s *Store) load(id string) (*Reader, error) {
	file, err := s.openFile(id)
	if isAbsent(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	r, err := s.read(file)
	if err != nil || r.file == nil {
		file.Close() // of a file that was read, nothing can be lost
	}
	return r, err
}

// openFile opens the container of a blob, in its own file or in a pack. To look
// for a file that is not there costs as much as all else, so that is done once.
func (s *Store) openFile(id string) (vfs.File, error) {
	if s.packs.sole(id) {
		if in, err := s.packs.open(id); err == nil {
			return in, nil
		}
	}
	file, err := s.fs.Open(s.path(id))
	if !isAbsent(err) {
		return file, err
	}
	in, err := s.packs.open(id)
	if err != nil {
		return nil, err
	}
	s.packs.settle(id)
	return in, nil
}

// read opens a container. Its reader has the file only if it still needs it.
func (s *Store) read(file vfs.File) (*Reader, error) {
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	in := s.opened.Get().(*opened)
	if err := in.load(s.keys, file, size); err != nil {
		s.opened.Put(in)
		return nil, err
	}
	t := &in.trailer
	r := &Reader{store: s, in: in, info: Info{
		Name: in.name(), MD5: t.md5, SHA1: t.sha1,
		Size: t.size, Stored: size, Frames: len(t.frames),
	}}
	if !in.small {
		r.file = file
	}
	return r, nil
}

// Name is whose file this is, and which.
func (r *Reader) Name() Name { return r.info.Name }

// Info describes the blob. Fresh is false.
func (r *Reader) Info() (Info, error) { return r.info, nil }

// Size is the length of the plain file in bytes.
func (r *Reader) Size() int64 { return r.info.Size }

// Frames lists the frames in order; they cover the file without gaps.
func (r *Reader) Frames() []Frame { return r.AppendFrames(nil) }

// AppendFrames is Frames for those who have room for the list.
func (r *Reader) AppendFrames(out []Frame) []Frame {
	if r.in == nil {
		return out
	}
	out = slices.Grow(out, len(r.in.trailer.frames))
	for _, f := range r.in.trailer.frames {
		out = append(out, f.Frame)
	}
	return out
}

// Meta is what Finish was given.
func (r *Reader) Meta() []byte {
	if r.in == nil {
		return nil
	}
	return bytes.Clone(r.in.trailer.meta)
}

// Close ends the reader. Closing it again does nothing.
func (r *Reader) Close() error {
	if r.in == nil {
		return nil
	}
	r.store.opened.Put(r.in)
	r.in = nil
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// ReadFrame appends the plain bytes of frame i to dst. No byte is returned that
// did not authenticate.
func (r *Reader) ReadFrame(i int, dst []byte) ([]byte, error) {
	if r.in == nil {
		return dst, fmt.Errorf("read blob: %w", fs.ErrClosed)
	}
	if i < 0 || i >= len(r.in.trailer.frames) {
		return dst, fmt.Errorf("read blob: no frame %d", i)
	}
	f := r.in.trailer.frames[i]
	start := len(dst)
	dst = slices.Grow(dst, f.Length)
	if err := r.fill(dst[start:start+f.Length], f, f.part(i)); err != nil {
		return dst[:start], fmt.Errorf("read blob: %w", err)
	}
	return dst[:start+f.Length], nil
}

// fill opens a frame into out, which has its length.
func (r *Reader) fill(out []byte, f frame, p part) error {
	buf := r.store.buffer()
	defer r.store.free(buf)
	*buf = slices.Grow(*buf, f.stored)
	room := (*buf)[:f.stored]
	sealed := room
	if r.file == nil {
		sealed = r.in.bytes[f.at:][:f.stored]
	} else if err := readFull(r.file, room, f.at); err != nil {
		return err
	}
	if f.codec == codecRaw { // into its place; the check of the trailer says that it fits
		_, err := r.in.sealer.open(out[:0:len(out)], sealed, p)
		return err
	}
	text, err := r.in.sealer.open(room[:0], sealed, p)
	if err != nil {
		return err
	}
	return r.store.squeezer.inflate(text, f.codec, out)
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
	if p.next == p.r.info.Frames {
		if !bytes.Equal(p.sum.Sum(nil), p.r.info.SHA256[:]) {
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
