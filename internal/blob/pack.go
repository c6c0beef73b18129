package blob

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"path"
	"strings"
	"sync"

	"github.com/mewshq/mews/internal/vfs"
)

// A pack is a file of several small containers that were committed together,
// whole and one after the other, with a directory at its end. It is written
// once; later only what is deleted from it is overwritten.
const (
	packDir    = "blobs/packs"
	packSuffix = ".pack"
	packMagic  = "mewspak2"

	maxPacked  = 32      // containers of a pack
	maxPackLen = 8 << 20 // bytes of them, about

	idSize        = 32
	packEntrySize = idSize + 4 + 4 + 4
	packFootSize  = 4 + 8
	maxDirectory  = maxPacked*packEntrySize + packFootSize
)

// A packed container: its file id and its place in the pack. The id of one that
// was deleted is zero.
type packed struct {
	id         [idSize]byte
	at, length uint32
}

// sum guards the id; nothing else in the directory would tell that a bit of it
// flipped. Places are known to be right by following each other.
func (e packed) sum() uint32 { return crc32.ChecksumIEEE(e.id[:]) }

func (e packed) deleted() bool { return e.id == [idSize]byte{} }

func encodeDirectory(entries []packed) []byte {
	b := make([]byte, 0, len(entries)*packEntrySize+packFootSize)
	for _, e := range entries {
		b = append(b, e.id[:]...)
		b = binary.BigEndian.AppendUint32(b, e.at)
		b = binary.BigEndian.AppendUint32(b, e.length)
		b = binary.BigEndian.AppendUint32(b, e.sum())
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(entries)))
	return append(b, packMagic...)
}

// readDirectory reads the directory of a pack of size bytes and where it starts.
// Its containers must follow each other from the start of the file.
func readDirectory(r io.ReaderAt, size int64) (entries []packed, start int64, err error) {
	tail := make([]byte, min(size, maxDirectory))
	if err := readFull(r, tail, size-int64(len(tail))); err != nil {
		return nil, 0, err
	}
	if len(tail) < packFootSize || string(tail[len(tail)-8:]) != packMagic {
		return nil, 0, corrupt("no directory")
	}
	tail = tail[:len(tail)-8]
	count := int64(binary.BigEndian.Uint32(tail[len(tail)-4:]))
	tail = tail[:len(tail)-4]
	if count > int64(len(tail))/packEntrySize {
		return nil, 0, corrupt("directory of %d blobs", count)
	}
	at := int64(0)
	for b := tail[int64(len(tail))-count*packEntrySize:]; len(b) > 0; b = b[packEntrySize:] {
		e := packed{[idSize]byte(b), binary.BigEndian.Uint32(b[idSize:]), binary.BigEndian.Uint32(b[idSize+4:])}
		if !e.deleted() && binary.BigEndian.Uint32(b[idSize+8:]) != e.sum() {
			return nil, 0, corrupt("id of packed blob %d", len(entries))
		}
		if int64(e.at) != at {
			return nil, 0, corrupt("packed blob at %d, want %d", e.at, at)
		}
		at += int64(e.length)
		entries = append(entries, e)
	}
	if start = size - packFootSize - count*packEntrySize; at != start {
		return nil, 0, corrupt("directory does not fill the pack")
	}
	return entries, start, nil
}

// A pack file and what is known of it.
type pack struct {
	name    string
	damaged bool // its directory is: there may be more in it than is known
	live    int  // containers that are not deleted
	readers int
	dead    []place  // deleted, but their bytes are still there for readers
	file    vfs.File // nil while it is closed
}

// A place is where a packed container lies.
type place struct {
	pack       uint32 // number in packs.files
	at, length uint32
	sole       bool // a look for a file of its own, which would count, found none
}

// packs knows where each packed blob is. That takes about 40 bytes a blob.
type packs struct {
	fs     vfs.FS
	keys   *Keyring
	mu     sync.Mutex
	files  []*pack
	places map[placeKey]place
	twins  map[placeKey][]place // of blobs that were stored again while their pack was unreadable
	healed map[placeKey]bool    // may have a file of its own too
	idle   []*pack              // open, without a reader; the longest unused one first
}

// A placeKey is the first half of a file id, which is an HMAC.
type placeKey [16]byte

func keyOf(id string) (k placeKey) {
	_, _ = hex.Decode(k[:], []byte(id[:2*len(k)])) // ids are made here, or were checked
	return k
}

// load learns the packs of the folder, and names those whose directory is damaged.
func (p *packs) load() (damaged []string, err error) {
	names, err := p.fs.ReadDir(packDir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		entries, sound, err := p.directory(name)
		if err != nil {
			return nil, err
		}
		if !sound {
			damaged = append(damaged, name)
		}
		p.add(&pack{name: name, damaged: !sound}, entries)
	}
	return damaged, nil
}

// directory reads what is in a pack: in its directory, or, if that is not sound,
// in its containers.
func (p *packs) directory(name string) (entries []packed, sound bool, err error) {
	f, err := p.fs.Open(path.Join(packDir, name))
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, false, err
	}
	entries, _, err = readDirectory(f, size)
	if !errors.Is(err, ErrCorrupt) {
		return entries, true, err
	}
	entries, err = p.keys.salvage(f, size)
	return entries, false, err
}

func (p *packs) add(file *pack, entries []packed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	number := uint32(len(p.files))
	p.files = append(p.files, file)
	for _, e := range entries {
		if e.deleted() {
			continue
		}
		key := placeKey(e.id[:])
		if twin, ok := p.places[key]; ok {
			p.twins[key] = append(p.twins[key], twin)
		}
		p.places[key] = place{pack: number, at: e.at, length: e.length}
		file.live++
	}
}

// all lists the ids of the packed blobs, from the packs on disk.
func (p *packs) all(yield func(string, error) bool) bool {
	names, err := p.fs.ReadDir(packDir)
	if err != nil {
		return yield("", fmt.Errorf("list blobs: %w", err))
	}
	for _, name := range names {
		if !strings.HasSuffix(name, packSuffix) {
			continue
		}
		entries, _, err := p.directory(name)
		if err != nil && !isAbsent(err) {
			return yield("", fmt.Errorf("list blobs: %w", err))
		}
		for _, e := range entries {
			if !e.deleted() && !yield(hex.EncodeToString(e.id[:]), nil) {
				return false
			}
		}
	}
	return true
}

func (p *packs) has(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.places[keyOf(id)]
	return ok
}

// A packedFile is one container of a pack as if it were a file of its own.
type packedFile struct {
	vfs.File
	packs *packs
	pack  *pack
	place place
}

func (f *packedFile) ReadAt(b []byte, off int64) (int, error) {
	room := int64(f.place.length) - off
	switch {
	case off < 0 || room <= 0:
		return 0, io.EOF
	case room < int64(len(b)):
		n, err := f.File.ReadAt(b[:room], int64(f.place.at)+off)
		if err == nil {
			err = io.EOF
		}
		return n, err
	}
	return f.File.ReadAt(b, int64(f.place.at)+off)
}

func (f *packedFile) WriteAt(b []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(b)) > int64(f.place.length) {
		return 0, errors.New("write outside of a packed blob")
	}
	return f.File.WriteAt(b, int64(f.place.at)+off)
}

func (f *packedFile) Size() (int64, error) { return int64(f.place.length), nil }

// Close ends the use; the pack file itself stays open for the next one.
func (f *packedFile) Close() error {
	f.packs.leave(f.pack)
	return nil
}

// strike takes a blob whose key is destroyed out of the directory of its pack,
// durably: were it listed again after a crash, it would hide a later upload of the
// same bytes. A damaged directory does not list it: what is found without one has
// a key. empty says that nothing is left in the pack.
func (f *packedFile) strike(id string, sync func(vfs.File) error) (empty bool, err error) {
	size, err := f.File.Size()
	if err != nil {
		return false, err
	}
	entries, start, err := readDirectory(f.File, size)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return false, err
	}
	for i, e := range entries {
		if placeKey(e.id[:]) == keyOf(id) {
			if _, err := f.File.WriteAt(make([]byte, idSize), start+int64(i)*packEntrySize); err != nil {
				return false, err
			}
		}
	}
	if err := sync(f.File); err != nil {
		return false, err
	}
	f.packs.mu.Lock()
	defer f.packs.mu.Unlock()
	f.packs.forget(keyOf(id))
	f.pack.dead = append(f.pack.dead, f.place)
	f.pack.live--
	return f.pack.live == 0 && !f.pack.damaged, nil
}

// forget takes the place of a blob away; a twin of it is then known in its stead.
func (p *packs) forget(key placeKey) {
	twins := p.twins[key]
	if len(twins) == 0 {
		delete(p.places, key)
		return
	}
	p.places[key] = twins[0]
	if p.twins[key] = twins[1:]; len(twins) == 1 {
		delete(p.twins, key)
	}
}
