package blob

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"path"
	"strings"
	"sync"

	"github.com/mewshq/mews/internal/vfs"
)

const (
	rootDir = "blobs"
	tempDir = "blobs/tmp"
	keyFile = "blobs/key"
	suffix  = ".blob"
)

// Options adjust a Store. The zero value is right outside tests.
type Options struct {
	Rand        io.Reader    // source of keys and ids; nil is crypto/rand
	Compression Compression  // of new frames; empty is Fast
	Log         *slog.Logger // default: discards
	Held        int          // bytes that are gathered before they are written; 0 is 256 KiB
}

// A Store keeps blobs below the folder "blobs" of a file system that no other
// process writes to. It is safe for use by several goroutines.
type Store struct {
	fs     vfs.FS
	keys   *Keyring
	log    *slog.Logger
	rand   io.Reader
	pool   sync.Pool
	opened sync.Pool
	locks  [64]sync.Mutex // one name is always under the same one

	packs    packs
	group    group
	held     int // most bytes of a blob that are not written yet
	squeezer *squeezer

	mu      sync.Mutex
	durable map[string]bool // folders whose own names are known to be durable
	failed  chan struct{}   // closed after a failed sync
}

// Open opens or makes a store and sweeps what a crash left unfinished. A key
// other than the one that the blobs are sealed under gives ErrWrongKey: under it
// every blob would look like an orphan.
func Open(fsys vfs.FS, keys *Keyring, o Options) (*Store, error) {
	s := &Store{fs: fsys, keys: keys, log: o.Log, rand: o.Rand, held: o.Held, durable: map[string]bool{}, failed: make(chan struct{})}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.held == 0 {
		s.held = 256 << 10 // most samples: made, written and synced in one go
	}
	s.packs = packs{fs: fsys, keys: keys, places: map[placeKey]place{}, twins: map[placeKey][]place{}, healed: map[placeKey]bool{}}
	s.pool.New = func() any { return new([]byte) }
	s.opened.New = func() any { return &opened{} }
	if err := s.prepare(); err != nil {
		return nil, fmt.Errorf("open blob store: %w", err)
	}
	var err error
	if s.squeezer, err = newSqueezer(o.Compression); err != nil {
		return nil, fmt.Errorf("open blob store: %w", err)
	}
	return s, nil
}

func (s *Store) prepare() error {
	for _, dir := range []string{tempDir, packDir} {
		if err := s.fs.MkdirAll(dir); err != nil {
			return err
		}
	}
	names, err := s.fs.ReadDir(tempDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := s.fs.Remove(path.Join(tempDir, name)); err != nil {
			return fmt.Errorf("sweep unfinished blobs: %w", err)
		}
	}
	if err := vfs.RemoveTemp(s.fs, rootDir); err != nil {
		return err
	}
	if err := s.checkKey(); err != nil {
		return err
	}
	return s.loadPacks()
}

// loadPacks learns where packed blobs are. Who made the last pack may have died
// before its name was durable, and from now on its blobs are relied on.
func (s *Store) loadPacks() error {
	damaged, err := s.packs.load()
	if err != nil {
		return err
	}
	if len(damaged) > 0 {
		s.log.Warn("the directories of blob packs are damaged; what is whole in the packs is read without them",
			"packs", len(damaged), "first", path.Join(packDir, damaged[0]))
	}
	if len(s.packs.files) == 0 {
		return nil
	}
	return s.syncDir(packDir)
}

// checkKey leaves a sign of the key in a new store and looks for it in an old one.
func (s *Store) checkKey() error {
	f, err := s.fs.Open(keyFile)
	if isAbsent(err) {
		return s.signKey()
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil || size > 64 {
		return errors.Join(ErrWrongKey, err)
	}
	id := make([]byte, size)
	if err := readFull(f, id, 0); err != nil {
		return err
	}
	if got := strings.TrimSpace(string(id)); got != s.keys.ID() {
		return fmt.Errorf("%w: it has id %s, the blobs need %q", ErrWrongKey, s.keys.ID(), got)
	}
	return nil
}

func (s *Store) signKey() error {
	for id, err := range s.All() {
		if err != nil {
			return err
		}
		return fmt.Errorf("%w: there are blobs (%s), but %s is missing", ErrWrongKey, id, keyFile)
	}
	return vfs.WriteDurable(s.fs, keyFile, func(w io.Writer) error {
		_, err := io.WriteString(w, s.keys.ID()+"\n")
		return err
	})
}

// Failed is closed once a sync failed and the store refuses changes. The process
// should then end: only a new one knows what the disk holds.
func (s *Store) Failed() <-chan struct{} { return s.failed }

func (s *Store) usable() error {
	select {
	case <-s.failed:
		return ErrFailed
	default:
		return nil
	}
}

func (s *Store) sync(f vfs.File) error { return s.poison(f.Sync()) }

func (s *Store) syncDir(dir string) error { return s.poison(s.fs.SyncDir(dir)) }

func (s *Store) poison(err error) error {
	if err == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usable() == nil {
		close(s.failed)
	}
	return fmt.Errorf("%w: %w", ErrFailed, err)
}

// FileID is the name of the blob n on disk.
func (s *Store) FileID(n Name) string { return s.keys.fileID(n) }

// path spreads the files over 256 folders: each new one costs as much as a small
// upload, and a folder of a hundred thousand names is nothing to a file system.
func (s *Store) path(id string) string {
	return path.Join(rootDir, id[:2], id+suffix)
}

func validID(id string) bool {
	_, err := hex.DecodeString(id)
	return err == nil && len(id) == 64 && strings.ToLower(id) == id
}

// lock serialises what happens to one name.
func (s *Store) lock(id string) (unlock func()) {
	mu := &s.locks[s.stripe(id)]
	mu.Lock()
	return mu.Unlock
}

// stripe is the number of the lock of a name.
func (s *Store) stripe(id string) int { return int(keyOf(id)[0]) % len(s.locks) }

// sound tells whether a blob is stored and can be read to its end. Whatever is
// wrong with it, putting equal bytes in its place is right.
func (s *Store) sound(id string) bool {
	r, err := s.open(id)
	if err != nil {
		return false
	}
	defer r.Close()
	return r.verify() == nil
}

// makeDir makes a blob folder durable, once per process: that it exists says
// nothing of whether the name of it was synced.
func (s *Store) makeDir(dir string) error {
	s.mu.Lock()
	known := s.durable[dir]
	s.mu.Unlock()
	if known {
		return nil
	}
	if err := s.fs.MkdirAll(dir); err != nil {
		return err
	}
	if err := s.syncDir(path.Dir(dir)); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.durable[dir] = true
	return nil
}

// Delete destroys the key of the blob n, so that its bytes are noise wherever a
// copy of them remains on the disk, and then removes the file. Deleting what is
// not there is no error.
func (s *Store) Delete(n Name) error { return s.DeleteFile(s.keys.fileID(n)) }

// DeleteFile is Delete by the name on disk, for blobs that no record knows.
func (s *Store) DeleteFile(id string) error {
	if !validID(id) {
		return fmt.Errorf("delete blob: bad id %q", id)
	}
	if err := s.usable(); err != nil {
		return err
	}
	defer s.lock(id)()
	for _, remove := range []func(string) error{s.deleteAlone, s.deletePacked} {
		// A name that comes back after a power cut has no key any more.
		if err := remove(id); err != nil && !errors.Is(err, ErrNotFound) {
			return fmt.Errorf("delete blob: %w", err)
		}
	}
	return nil
}

func (s *Store) deleteAlone(id string) error {
	name := s.path(id)
	f, err := s.fs.Open(name)
	if err == nil {
		err = errors.Join(s.destroyKey(f), f.Close())
	}
	if err == nil {
		err = s.fs.Remove(name)
	}
	if isAbsent(err) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	return s.syncDir(path.Dir(name))
}

// deletePacked deletes a blob from every pack that has it; none is no error.
func (s *Store) deletePacked(id string) error {
	for s.packs.has(id) {
		if err := s.deleteFromPack(id); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) deleteFromPack(id string) error {
	f, err := s.packs.open(id)
	if err != nil {
		return err
	}
	empty := false
	if err = s.destroyKey(f); err == nil {
		empty, err = f.strike(id, s.sync)
	}
	if err := errors.Join(err, f.Close()); err != nil || !empty {
		return err
	}
	if err := s.fs.Remove(path.Join(packDir, f.pack.name)); err != nil {
		return err
	}
	return s.syncDir(packDir)
}

// destroyKey overwrites the wrapped key of a container, durably.
func (s *Store) destroyKey(f vfs.File) error {
	if _, err := f.WriteAt(make([]byte, wrapSize), wrapAt); err != nil {
		return err
	}
	return s.sync(f)
}

// All lists the names on disk of all blobs. One that was healed may come twice. Blobs that come or go
// meanwhile may or may not be listed.
func (s *Store) All() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if s.walk(rootDir, true, yield) {
			s.packs.all(yield)
		}
	}
}

// walk visits the folders, whose names are two hex digits, or the files of one.
func (s *Store) walk(dir string, top bool, yield func(string, error) bool) bool {
	names, err := s.fs.ReadDir(dir)
	if err != nil {
		return yield("", fmt.Errorf("list blobs: %w", err))
	}
	for _, name := range names {
		id, isBlob := strings.CutSuffix(name, suffix)
		switch {
		case top && len(name) == 2:
			if !s.walk(path.Join(dir, name), false, yield) {
				return false
			}
		case !top && isBlob && validID(id):
			if !yield(id, nil) {
				return false
			}
		}
	}
	return true
}

// buffer gives an empty buffer that may have room.
func (s *Store) buffer() *[]byte {
	b := s.pool.Get().(*[]byte)
	*b = (*b)[:0]
	return b
}

func (s *Store) free(b *[]byte) { s.pool.Put(b) }
