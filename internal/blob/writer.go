package blob

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"

	"github.com/mewshq/mews/internal/vfs"
)

// A Writer stores one file: frames in order, Finish, Commit. Its name is not
// known before the last byte. A Writer serves one goroutine; Abort, or a nil
// error from Commit, ends it.
type Writer struct {
	store  *Store
	file   vfs.File // nil once closed
	temp   string   // "" once the file is renamed or removed
	sealer *sealer
	hashes [3]hash.Hash // md5, sha1, sha256
	at     int64
	info   trailer
	done   bool
	err    error
	name   Name
}

// Create starts a blob of customer cid (at most 255 bytes) with a new random key.
func (s *Store) Create(cid string) (*Writer, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	if len(cid) > maxCID {
		return nil, fmt.Errorf("create blob: customer id of %d bytes, at most %d", len(cid), maxCID)
	}
	var random [keySize + len(containerID{})]byte
	if _, err := io.ReadFull(s.rand, random[:]); err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	key, id := random[:keySize], containerID(random[keySize:])
	seal, err := newSealer(key, cid, id)
	if err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	w := &Writer{
		store:  s,
		temp:   fmt.Sprintf("%s/%x%s", tempDir, id, suffix),
		sealer: seal,
		hashes: [3]hash.Hash{md5.New(), sha1.New(), sha256.New()},
		name:   Name{CID: cid},
	}
	if w.file, err = s.fs.Create(w.temp); err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	if err := w.append(s.keys.header(key, cid, id)); err != nil {
		w.Abort()
		return nil, err
	}
	return w, nil
}

func (w *Writer) append(b []byte) error {
	if _, err := w.file.Write(b); err != nil {
		w.err = fmt.Errorf("write blob: %w", err)
		return w.err
	}
	w.at += int64(len(b))
	return nil
}

func (w *Writer) writable() error {
	if w.err != nil {
		return w.err
	}
	if w.done || w.file == nil {
		return errors.New("write blob: it is finished")
	}
	return nil
}

// Frame appends 1 to MaxFrame plain bytes, which can later be opened on their
// own. It does not keep plain.
func (w *Writer) Frame(plain []byte) error {
	if err := w.writable(); err != nil {
		return err
	}
	if len(plain) < 1 || len(plain) > MaxFrame {
		return fmt.Errorf("write blob: frame of %d bytes, want 1 to %d", len(plain), MaxFrame)
	}
	for _, h := range w.hashes {
		h.Write(plain)
	}
	f := frame{Frame: Frame{Offset: w.info.size, Length: len(plain)}, codec: codecZstd}
	room := w.store.buffer()
	defer w.store.free(room)
	text := w.store.enc.EncodeAll(plain, (*room)[:0])
	if len(text) >= len(plain) {
		text, f.codec = append(text[:0], plain...), codecRaw
	}
	sealed := w.sealer.seal(text, f.part(len(w.info.frames)))
	*room, f.stored = sealed, len(sealed)
	if err := w.append(sealed); err != nil {
		return err
	}
	w.info.size += int64(f.Length)
	w.info.frames = append(w.info.frames, f)
	return nil
}

func (f frame) part(number int) part {
	return part{kindFrame, uint32(number), f.Offset, f.Length, f.codec}
}

// Finish ends the content. It writes the trailer with meta, a sealed copy of
// what the database will say of the file, and makes the file durable; it is not
// visible before Commit. The hashes are known from here on.
func (w *Writer) Finish(meta []byte) (Info, error) {
	if err := w.writable(); err != nil {
		return Info{}, err
	}
	if len(meta) > MaxMeta {
		return Info{}, fmt.Errorf("write blob: %d bytes of metadata, at most %d", len(meta), MaxMeta)
	}
	w.hashes[0].Sum(w.info.md5[:0])
	w.hashes[1].Sum(w.info.sha1[:0])
	w.hashes[2].Sum(w.info.sha256[:0])
	w.info.meta = meta
	w.name.SHA256 = w.info.sha256
	text := w.info.encode()
	if len(text)+tagSize > maxTrailer {
		return Info{}, fmt.Errorf("write blob: %d frames are too many", len(w.info.frames))
	}
	sealed := w.sealer.seal(text, part{kind: kindTrailer, offset: w.at, length: len(text)})
	if err := w.append(append(sealed, footer(len(sealed))...)); err != nil {
		return Info{}, err
	}
	err := w.store.sync(w.file)
	if cerr := w.file.Close(); err == nil {
		err = cerr
	}
	w.file = nil
	if err != nil {
		w.err = fmt.Errorf("write blob: %w", err)
		return Info{}, w.err
	}
	w.done = true
	return Info{
		Name: w.name, MD5: w.info.md5, SHA1: w.info.sha1,
		Size: w.info.size, Stored: w.at, Frames: len(w.info.frames),
	}, nil
}

// Commit makes the finished blob visible and its name durable. When the same
// bytes of the same customer stand there already and are sound, ours are dropped
// and fresh is false; a damaged blob is replaced by ours, and so healed.
func (w *Writer) Commit() (fresh bool, err error) {
	switch {
	case w.err != nil:
		return false, w.err
	case !w.done || w.temp == "":
		return false, errors.New("commit blob: it is not finished, or ended")
	}
	if err := w.store.usable(); err != nil {
		return false, err
	}
	if fresh, err = w.store.commit(w); err != nil {
		w.err = fmt.Errorf("commit blob: %w", err)
		return false, w.err
	}
	return fresh, nil
}

// Abort throws the blob away unless it was committed. It may be called at any
// time, and more than once.
func (w *Writer) Abort() {
	if w.file != nil {
		w.file.Close()
		w.file = nil
	}
	if w.temp != "" {
		// What cannot be removed now is swept at the next start.
		_ = w.store.fs.Remove(w.temp)
		w.temp = ""
	}
	if w.err == nil {
		w.err = errors.New("write blob: aborted")
	}
}

func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
