package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/s2"
	"github.com/mewshq/mews/internal/vfs"
)

// testHead is the length of the header of a blob of customer "cid".
const testHead = wrapAt + wrapSize + 3

func testStore(t testing.TB) (*Store, *vfs.Mem) {
	mem := vfs.NewMem()
	s, err := Open(mem, NewKeyring([32]byte{7}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s, mem
}

func stored(t testing.TB, s *Store, mem *vfs.Mem, frames ...string) (Name, []byte) {
	w, err := s.Create("cid")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if err := w.Frame([]byte(f)); err != nil {
			t.Fatal(err)
		}
	}
	info, err := w.Finish([]byte("meta"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	f, err := mem.Open(s.path(s.FileID(info.Name)))
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, info.Stored)
	if _, err := f.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	return info.Name, b
}

// The first thing is that no input makes the reader panic, hang or take much
// memory; the second, that nothing but the very container is believed.
func FuzzReader(f *testing.F) {
	s, mem := testStore(f)
	name, sound := stored(f, s, mem, "first frame", string(make([]byte, 1000)), "last frame")
	want := "first frame" + string(make([]byte, 1000)) + "last frame"
	f.Add(sound)
	f.Add([]byte{})
	f.Add(sound[:testHead])
	f.Add(sound[:len(sound)-1])
	f.Add(append(bytes.Clone(sound), 0))
	f.Add(append(bytes.Clone(sound[:testHead]), sound[len(sound)-footSize:]...))
	zeroed := bytes.Clone(sound)
	clear(zeroed[wrapAt:testHead])
	f.Add(zeroed)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := s.read(memory{bytes.NewReader(b)})
		if err == nil && r.Name() != name {
			err = foreign()
		}
		if err != nil {
			if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNotFound) {
				t.Fatalf("error of no known kind: %v", err)
			}
			return
		}
		got, err := io.ReadAll(r.Plain())
		if err == nil && string(got) != want {
			t.Fatalf("believed %d foreign bytes", len(b))
		}
	})
}

// A sealed frame is what this program or one with the key wrote, but inflating
// it must stand without that too.
func FuzzInflate(f *testing.F) {
	q, err := newSqueezer(Fast)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(s2.Encode(nil, make([]byte, 1000)), byte(codecS2), 1000)
	f.Add([]byte{0xe8, 0x07, 0, 'a', 1, 1}, byte(codecS2), 1000)
	f.Add([]byte("raw"), byte(codecRaw), 3)
	f.Add([]byte{}, byte(codecZstd), 1)
	f.Fuzz(func(t *testing.T, text []byte, codec byte, length int) {
		length = min(max(length, 1), MaxFrame)
		out := make([]byte, length+1)
		out[length] = 7
		if err := q.inflate(text, codec, out[:length]); err != nil && !errors.Is(err, ErrCorrupt) {
			t.Fatal(err)
		}
		if out[length] != 7 {
			t.Fatal("wrote beyond the room")
		}
	})
}

// The trailer decoder sees only authenticated bytes; it must stand without that.
func FuzzTrailer(f *testing.F) {
	t0 := trailer{size: 50, frames: []frame{
		{Frame: Frame{0, 10}, at: testHead, stored: 10 + tagSize, codec: codecRaw},
		{Frame: Frame{10, 20}, at: testHead + 26, stored: 5 + tagSize, codec: codecZstd},
		{Frame: Frame{30, 20}, at: testHead + 47, stored: 5 + tagSize, codec: codecS2},
	}, meta: []byte("meta")}
	f.Add(t0.encode(), int64(testHead+26+21+21))
	f.Add((&trailer{}).encode(), int64(testHead))
	f.Add([]byte{}, int64(0))
	f.Fuzz(func(t *testing.T, b []byte, end int64) {
		got := &trailer{frames: make([]frame, 3)}
		if err := got.decode(b, testHead, end); err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.Equal(got.encode(), b) {
			t.Fatal("does not encode to the same bytes")
		}
	})
}

type memory struct{ *bytes.Reader }

func (memory) Write([]byte) (int, error)          { return 0, errors.ErrUnsupported }
func (memory) WriteAt([]byte, int64) (int, error) { return 0, errors.ErrUnsupported }
func (memory) Sync() error                        { return nil }
func (memory) Close() error                       { return nil }
func (memory) Discard(int64, int64) error         { return nil }
func (m memory) Size() (int64, error)             { return m.Reader.Size(), nil }

// A sealed part opens nowhere but in its own place.
func TestPartsAreBound(t *testing.T) {
	s, err := newSealer(make([]byte, keySize), "cid", containerID{1}, format)
	if err != nil {
		t.Fatal(err)
	}
	p := part{kindFrame, 3, 100, 4, codecRaw}
	sealed := s.seal(nil, []byte("text"), p)
	if got, err := s.open(nil, bytes.Clone(sealed), p); err != nil || string(got) != "text" {
		t.Fatalf("in its place: %q, %v", got, err)
	}
	for i, q := range []part{
		{kindTrailer, 3, 100, 4, codecRaw},
		{kindFrame, 4, 100, 4, codecRaw},
		{kindFrame, 3, 101, 4, codecRaw},
		{kindFrame, 3, 100, 5, codecRaw},
		{kindFrame, 3, 100, 4, codecZstd},
	} {
		if _, err := s.open(nil, bytes.Clone(sealed), q); !errors.Is(err, ErrCorrupt) {
			t.Errorf("place %d: %v", i, err)
		}
	}
	for _, other := range []sealer{
		{s.aead, "cid2", s.id, format}, {s.aead, "cid", containerID{2}, format}, {s.aead, "cid", s.id, oldFormat},
	} {
		if _, err := other.open(nil, bytes.Clone(sealed), p); !errors.Is(err, ErrCorrupt) {
			t.Errorf("in another container: %v", err)
		}
	}
}

// Even a sealed frame may not inflate beyond what the table says of it.
func TestInflateIsBounded(t *testing.T) {
	for _, c := range []Compression{Fast, Small} {
		q, err := newSqueezer(c)
		if err != nil {
			t.Fatal(err)
		}
		var room []byte
		bomb, codec := q.shrink(make([]byte, MaxFrame), &room)
		for _, length := range []int{1, 1000, MaxFrame - 1, MaxFrame + 1} {
			out := make([]byte, length+1)
			out[length] = 7
			if err := q.inflate(bomb, codec, out[:length]); !errors.Is(err, ErrCorrupt) || out[length] != 7 {
				t.Errorf("%s, room for %d: %v", c, length, err)
			}
		}
		if err := q.inflate(bomb, codec, make([]byte, MaxFrame)); err != nil {
			t.Errorf("%s, with room: %v", c, err)
		}
	}
}

// A frame that compression hardly shrinks is stored as it is.
func TestShrinkIsWorthIt(t *testing.T) {
	noise := make([]byte, 64<<10)
	rand.NewChaCha8([32]byte{}).Read(noise)
	almost := bytes.Clone(noise)
	clear(almost[:len(almost)/minSaving/2])
	for _, c := range []Compression{Fast, Small} {
		q, err := newSqueezer(c)
		if err != nil {
			t.Fatal(err)
		}
		var room []byte
		for i, want := range []byte{codecRaw, codecRaw, codecRaw, q.codec} {
			plain := [][]byte{{1}, noise, almost, make([]byte, 100)}[i]
			text, codec := q.shrink(plain, &room)
			if codec != want || codec == codecRaw && !bytes.Equal(text, plain) {
				t.Errorf("%s, text %d: codec %d, want %d", c, i, codec, want)
			}
			out := make([]byte, len(plain))
			if err := q.inflate(text, codec, out); err != nil || !bytes.Equal(out, plain) {
				t.Errorf("%s, text %d does not come back: %v", c, i, err)
			}
		}
	}
	if _, err := newSqueezer("best"); err == nil {
		t.Error("an unknown compression was taken")
	}
}

// Containers that were written once are read for good: testdata holds one of
// each format, under the key of testStore.
func TestOldContainers(t *testing.T) {
	s, mem := testStore(t)
	want := "a short frame" + strings.Repeat("a frame that can be made smaller; ", 100)
	name := Name{CID: "cid", SHA256: sha256.Sum256([]byte(want))}
	for _, file := range []string{"format1.blob", "format2.blob"} {
		b, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		put(t, mem, s.path(s.FileID(name)), b)
		r, err := s.Get(name)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		got, err := io.ReadAll(r.Plain())
		if err != nil || string(got) != want || string(r.Meta()) != "meta" || len(r.Frames()) != 2 {
			t.Errorf("%s reads as %d bytes: %v", file, len(got), err)
		}
		r.Close()
	}
}

// put replaces a file with these bytes.
func put(t testing.TB, mem *vfs.Mem, name string, b []byte) {
	t.Helper()
	if err := mem.MkdirAll(path.Dir(name)); err != nil {
		t.Fatal(err)
	}
	err := vfs.WriteDurable(mem, name, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The layout is a promise to files that exist already.
func TestLayout(t *testing.T) {
	s, mem := testStore(t)
	_, b := stored(t, s, mem, "abcdefgh")
	if string(b[:8]) != "mewsblob" || string(b[len(b)-8:]) != "mewstail" || b[9] != 2 || testHead != 99 {
		t.Errorf("header or footer moved: % x", b)
	}
	if want := testHead + 8 + tagSize + fixedTrailer + entrySize + 4 + tagSize + footSize; len(b) != want {
		t.Errorf("%d bytes, want %d", len(b), want)
	}
}

func BenchmarkWrite(b *testing.B) {
	s, _ := testStore(b)
	frame := bytes.Repeat([]byte("some code, some text. \x00\x01\x02"), 256<<10/25)
	b.SetBytes(int64(len(frame)))
	w, err := s.Create("cid")
	if err != nil {
		b.Fatal(err)
	}
	defer w.Abort()
	for b.Loop() {
		if err := w.Frame(frame); err != nil {
			b.Fatal(err)
		}
	}
}

// The directory of a pack is in clear: anything may stand there.
func FuzzDirectory(f *testing.F) {
	entries := []packed{{[idSize]byte{1}, 0, 10}, {[idSize]byte{2}, 10, 5}}
	sound := append(make([]byte, 15), encodeDirectory(entries)...)
	f.Add(sound)
	struck := bytes.Clone(sound)
	clear(struck[15:][:idSize])
	f.Add(struck)
	f.Add(encodeDirectory(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, start, err := readDirectory(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		want := bytes.Clone(b[start:])
		for i, e := range entries {
			if e.deleted() { // its sum is still that of the id
				binary.BigEndian.PutUint32(want[i*packEntrySize+idSize+8:], e.sum())
			}
		}
		if !bytes.Equal(encodeDirectory(entries), want) {
			t.Fatal("does not encode to the same bytes")
		}
		for _, e := range entries {
			if int64(e.at)+int64(e.length) > start {
				t.Fatal("a blob lies outside")
			}
		}
	})
}
