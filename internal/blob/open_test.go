package blob_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"sort"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/vfs"
	"golang.org/x/sys/unix"
)

// A countFS knows what is opened and not closed yet.
type countFS struct {
	vfs.FS
	opens, now atomic.Int64
}

type countFile struct {
	vfs.File
	fs *countFS
}

func (c *countFS) Open(name string) (vfs.File, error) {
	c.opens.Add(1)
	f, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	c.now.Add(1)
	return &countFile{f, c}, nil
}

func (f *countFile) Close() error {
	f.fs.now.Add(-1)
	return f.File.Close()
}

// Packs stay open between readers, not more of them than are worth it, and none
// that was removed.
func TestPacksStayOpen(t *testing.T) {
	fsys := &countFS{FS: vfs.NewMem()}
	s := open(t, fsys)
	var all [][]byte
	for i := range 70 {
		two := [][]byte{blobtest.Content(uint64(2*i), 2000), blobtest.Content(uint64(2*i+1), 2000)}
		if _, err := putTogether(s, two...); err != nil {
			t.Fatal(err)
		}
		all = append(all, two...)
	}
	readAll := func(contents [][]byte) (opens int64) {
		before := fsys.opens.Load()
		var wg sync.WaitGroup
		for part := range slices.Chunk(contents, 10) {
			wg.Go(func() {
				for _, content := range part {
					if err := reads(s, content); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		return fsys.opens.Load() - before
	}
	readAll(all)
	if now := fsys.now.Load(); now != 64 {
		t.Errorf("%d packs stay open, want 64", now)
	}
	readAll(all[:100])
	if n := readAll(all[:100]); n != 0 {
		t.Errorf("%d files opened to read 100 blobs of 50 packs again", n)
	}
	for _, content := range all {
		if err := s.Delete(blobtest.Name("cid", content)); err != nil {
			t.Fatal(err)
		}
		if err := reads(s, content); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("after its delete: %v", err)
		}
	}
	if now := fsys.now.Load(); now != 0 {
		t.Errorf("%d files stay open, and nothing is in them", now)
	}
}

// A container reads the same whether it is read at once or in parts, and each of
// its bits counts.
func TestLengthsOfContainers(t *testing.T) {
	const atOnce = 256 << 10
	noise := make([]byte, atOnce+1000)
	_, _ = rand.NewChaCha8([32]byte{5}).Read(noise)
	for _, frame := range []int{64 << 10, 150} { // the trailer of many frames is long
		mem := vfs.NewMem()
		s := open(t, mem)
		probe, err := blobtest.Put(s, "cid", noise[:200_000], frame)
		if err != nil {
			t.Fatal(err)
		}
		whole := int((atOnce - (probe.Stored - probe.Size)) * probe.Size / probe.Stored)
		for size := whole - 20_000; size <= len(noise); size += 5000 {
			checkLength(t, s, mem, noise[:size], frame)
		}
		// The lengths just around the border.
		over := func(size int) bool {
			info, err := blobtest.Put(s, "cid", noise[:size], frame)
			if err != nil {
				t.Fatal(err)
			}
			return info.Stored > atOnce
		}
		border := whole - 20_000 + sort.Search(len(noise)-whole+20_000, func(i int) bool { return over(whole - 20_000 + i) })
		for size := border - 2; size <= border+1; size++ {
			checkLength(t, s, mem, noise[:size], frame)
		}
	}
}

func checkLength(t *testing.T, s *blob.Store, mem *vfs.Mem, content []byte, frame int) {
	t.Helper()
	info, err := blobtest.Put(s, "cid", content, frame)
	if err != nil {
		t.Fatal(err)
	}
	if err := reads(s, content); err != nil {
		t.Fatalf("%d bytes stored as %d: %v", len(content), info.Stored, err)
	}
	id := s.FileID(info.Name)
	file := path.Join("blobs", id[:2], id+".blob")
	rng := rand.New(rand.NewPCG(1, uint64(info.Stored)))
	for range 20 {
		bit := rng.Int64N(info.Stored * 8)
		switch rng.IntN(3) {
		case 0:
			bit = rng.Int64N(99 * 8) // of the header
		case 1:
			bit = (info.Stored-200)*8 + rng.Int64N(200*8) // of trailer and footer
		}
		if err := mem.Flip(file, bit); err != nil {
			t.Fatal(err)
		}
		if err := reads(s, content); !errors.Is(err, blob.ErrCorrupt) {
			t.Fatalf("bit %d of %d bytes flipped: %v", bit, info.Stored, err)
		}
		if err := mem.Flip(file, bit); err != nil {
			t.Fatal(err)
		}
	}
}

// What is closed gives no more bytes, least of all those of another blob.
func TestClosedReader(t *testing.T) {
	s := open(t, vfs.NewMem())
	one, two := blobtest.Content(1, 3000), blobtest.Content(2, 3000)
	for _, content := range [][]byte{one, two} {
		if _, err := blobtest.Put(s, "cid", content, 1000); err != nil {
			t.Fatal(err)
		}
	}
	r, err := s.Get(blobtest.Name("cid", one))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := reads(s, two); err != nil {
		t.Fatal(err)
	}
	if got, err := r.ReadFrame(0, nil); !errors.Is(err, fs.ErrClosed) || len(got) > 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := io.ReadAll(r.Plain()); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Plain: %v", err)
	}
	if r.Size() != 3000 || r.Name() != blobtest.Name("cid", one) || r.Frames() != nil || r.Meta() != nil {
		t.Error("it forgot what it was, or tells too much")
	}
}

// BenchmarkOpen opens stored samples as a search does that looks at thousands of
// candidates, each once, and reads their bytes.
func BenchmarkOpen(b *testing.B) {
	for _, bench := range []struct {
		name     string
		size     int
		together bool
	}{
		{"packed/300B", 300, true},
		{"packed/8KiB", 8 << 10, true},
		{"packed/60KiB", 60 << 10, true},
		{"alone/8KiB", 8 << 10, false},
		{"alone/1MiB", 1 << 20, false},
	} {
		b.Run(bench.name, func(b *testing.B) {
			fsys, err := vfs.OS(b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			s, err := blob.Open(fsys, blobtest.Keys(), blob.Options{})
			if err != nil {
				b.Fatal(err)
			}
			names := stored(b, s, bench.size, bench.together)
			b.ReportAllocs()
			start := cpuMicros(b)
			var room []byte
			for i := 0; b.Loop(); i++ {
				r, err := s.Get(names[i*31%len(names)])
				if err != nil {
					b.Fatal(err)
				}
				if room, err = r.ReadFrame(0, room[:0]); err != nil {
					b.Fatal(err)
				}
				if err := r.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((cpuMicros(b)-start)/float64(b.N), "cpu-us/op")
		})
	}
}

func cpuMicros(b *testing.B) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e3
}

// stored stores about 8 MB of contents of one size and gives their names.
func stored(b *testing.B, s *blob.Store, size int, together bool) (names []blob.Name) {
	const group = 32
	for n := range max(min(8<<20/size, 1024)/group, 1) {
		var all [][]byte
		for i := range group {
			all = append(all, blobtest.Content(uint64(n*group+i), size))
			names = append(names, blobtest.Name("cid", all[i]))
		}
		if together {
			if _, err := putTogether(s, all...); err != nil {
				b.Fatal(err)
			}
			continue
		}
		for _, content := range all {
			if _, err := blobtest.Put(s, "cid", content, 64<<10); err != nil {
				b.Fatal(fmt.Errorf("content of %d bytes: %w", size, err))
			}
		}
	}
	return names
}
