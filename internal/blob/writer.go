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
	"slices"

	"github.com/mewshq/mews/internal/vfs"
)

// A Writer stores one file: frames in order, Finish, Commit. Its name is not
// known before the last byte. A Writer serves one goroutine; Abort, or a nil
// error from Commit, ends it.
type Writer struct {
	store  *Store
	file   vfs.File // nil before the first bytes are written, and once closed
	temp   string   // "" while there is no file, or once it is renamed
	sealer *sealer
	hashes [3]hash.Hash // md5, sha1, sha256
	held   *[]byte      // sealed bytes that are not in the file yet
	at     int64        // all sealed bytes, held ones included
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
	seal, err := newSealer(key, cid, id, format)
	if err != nil {
		return nil, fmt.Errorf("create blob: %w", err)
	}
	w := &Writer{
		store:  s,
		sealer: seal,
		hashes: [3]hash.Hash{md5.New(), sha1.New(), sha256.New()},
		held:   s.buffer(),
		name:   Name{CID: cid},
	}
	w.hold(s.keys.header((*w.held)[:0], key, cid, id))
	return w, nil
}

// hold takes over the held bytes after something was appended to them.
func (w *Writer) hold(b []byte) {
	w.at += int64(len(b) - len(*w.held))
	*w.held = b
}

// flush writes what is held.
func (w *Writer) flush() (err error) {
	if w.file == nil {
		w.temp = fmt.Sprintf("%s/%x%s", tempDir, w.sealer.id, suffix)
		w.file, err = w.store.fs.Create(w.temp)
	}
	if err == nil {
		_, err = w.file.Write(*w.held)
	}
	if err != nil {
		w.err = fmt.Errorf("write blob: %w", err)
		return w.err
	}
	*w.held = (*w.held)[:0]
	return nil
}

func (w *Writer) writable() error {
	if w.err != nil {
		return w.err
	}
	if w.done {
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
	for chunk := range slices.Chunk(plain, hashChunk) {
		for _, h := range w.hashes {
			h.Write(chunk)
		}
	}
	room := w.store.buffer()
	text, codec := w.store.squeezer.shrink(plain, room)
	f := frame{Frame: Frame{Offset: w.info.size, Length: len(plain)}, stored: len(text) + tagSize, codec: codec}
	w.hold(w.sealer.seal(*w.held, text, f.part(len(w.info.frames))))
	w.store.free(room)
	w.info.size += int64(f.Length)
	w.info.frames = append(w.info.frames, f)
	if len(*w.held) >= w.store.held {
		return w.flush()
	}
	return nil
}

// hashChunk is how much one hash takes before the next: it stays in the first
// level of the cache.
const hashChunk = 16 << 10

func (f frame) part(number int) part {
	return part{kindFrame, uint32(number), f.Offset, f.Length, f.codec}
}

// Finish ends the content. It writes the trailer with meta, a sealed copy of
// what the database will say of the file. The hashes are known from here on;
// nothing is durable or visible before Commit.
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
	sealed := w.sealer.seal(*w.held, text, part{kind: kindTrailer, offset: w.at, length: len(text)})
	w.hold(appendFooter(sealed, len(text)+tagSize))
	if w.file != nil {
		if err := w.settle(); err != nil {
			return Info{}, err
		}
	}
	w.done = true
	return Info{
		Name: w.name, MD5: w.info.md5, SHA1: w.info.sha1,
		Size: w.info.size, Stored: w.at, Frames: len(w.info.frames),
	}, nil
}

// settle makes the temporary file whole and durable, unless that was done.
func (w *Writer) settle() error {
	if w.held == nil {
		return nil
	}
	if err := w.flush(); err != nil {
		return err
	}
	w.release()
	err := w.store.sync(w.file)
	if cerr := w.file.Close(); err == nil {
		err = cerr
	}
	w.file = nil
	if err != nil {
		w.err = fmt.Errorf("write blob: %w", err)
		return w.err
	}
	return nil
}

// Commit makes the finished blob visible and its name durable. When the same
// bytes of the same customer stand there already and are sound, ours are dropped
// and fresh is false; a damaged blob is replaced by ours, and so healed.
func (w *Writer) Commit() (fresh bool, err error) {
	switch {
	case w.err != nil:
		return false, w.err
	case !w.done || w.temp == "" && w.held == nil:
		return false, errors.New("commit blob: it is not finished, or ended")
	}
	if err := w.store.usable(); err != nil {
		return false, err
	}
	if w.temp == "" {
		fresh, err = w.store.commitSmall(w)
	} else {
		fresh, err = w.store.commitLarge(w)
	}
	if err != nil {
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
	w.release()
	if w.temp != "" {
		// What cannot be removed now is swept at the next start.
		_ = w.store.fs.Remove(w.temp)
		w.temp = ""
	}
	if w.err == nil {
		w.err = errors.New("write blob: aborted")
	}
}

// release gives the room for held bytes back.
func (w *Writer) release() {
	if w.held != nil {
		w.store.free(w.held)
		w.held = nil
	}
}

func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }
