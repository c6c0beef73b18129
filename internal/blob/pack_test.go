package blob_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/vfs"
)

// contents are n small contents.
func contents(n int) (all [][]byte) {
	for i := range n {
		all = append(all, blobtest.Content(uint64(100+i), 300+17*i))
	}
	return all
}

// packed stores contents in one pack and gives its path.
func packed(t *testing.T, s *blob.Store, fsys vfs.FS, all [][]byte) string {
	t.Helper()
	if _, err := putTogether(s, all...); err != nil {
		t.Fatal(err)
	}
	names, err := fsys.ReadDir("blobs/packs")
	if err != nil || len(names) != 1 {
		t.Fatalf("packs %q, %v", names, err)
	}
	return path.Join("blobs/packs", names[0])
}

func listed(t *testing.T, s *blob.Store) (ids []string) {
	t.Helper()
	for id, err := range s.All() {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func reads(s *blob.Store, content []byte) error {
	got, err := blobtest.Read(s, blobtest.Name("cid", content))
	if err == nil && !bytes.Equal(got, content) {
		err = errors.New("other bytes")
	}
	return err
}

// A packed blob is stored, listed, repeated, deleted and found again after a
// restart as one with a file of its own.
func TestPackedBlobs(t *testing.T) {
	mem := vfs.NewMem()
	s := open(t, mem)
	all := contents(5)
	file := packed(t, s, mem, all)
	for _, s := range []*blob.Store{s, open(t, mem)} {
		var want []string
		for i, content := range all {
			if err := reads(s, content); err != nil {
				t.Errorf("blob %d: %v", i, err)
			}
			want = append(want, s.FileID(blobtest.Name("cid", content)))
		}
		slices.Sort(want)
		if got := listed(t, s); !slices.Equal(got, want) {
			t.Errorf("listed %q, want %q", got, want)
		}
		fresh, err := putTogether(s, all[0], all[1], all[1])
		if err != nil || slices.Contains(fresh, true) {
			t.Errorf("repeats: fresh %v, %v", fresh, err)
		}
		if info, err := blobtest.Put(s, "cid", all[2], 400); err != nil || info.Fresh {
			t.Errorf("repeat alone: fresh %v, %v", info.Fresh, err)
		}
	}
	s = open(t, mem)
	for i, content := range all {
		if err := s.Delete(blobtest.Name("cid", content)); err != nil {
			t.Fatal(err)
		}
		if err := reads(s, content); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("deleted blob %d: %v", i, err)
		}
		if got := listed(t, open(t, mem)); len(got) != len(all)-1-i {
			t.Errorf("after %d deletes %d are listed", i+1, len(got))
		}
	}
	if _, err := mem.Stat(file); err == nil {
		t.Error("the empty pack is still there")
	}
	if fresh, err := putTogether(s, all[0], all[1], all[0]); err != nil || !slices.Equal(fresh, []bool{true, true, false}) {
		t.Errorf("anew: fresh %v, %v", fresh, err)
	}
}

// A process may die after a pack got its name and before that was durable. The
// next one must not acknowledge the same bytes on the strength of it.
func TestPackOfADeadProcess(t *testing.T) {
	mem := vfs.NewMem()
	s := open(t, mem)
	all := contents(3)
	mem.Hook(func(op vfs.Op, name string) error {
		if op == vfs.OpSyncDir && name == "blobs/packs" {
			return syscall.EIO
		}
		return nil
	})
	if _, err := putTogether(s, all...); !errors.Is(err, blob.ErrFailed) {
		t.Fatalf("the name of the pack is not durable, and the store said %v", err)
	}
	if _, err := blobtest.Put(s, "cid", all[0], 1000); !errors.Is(err, blob.ErrFailed) {
		t.Fatalf("after a failed sync: %v", err)
	}
	mem.Hook(nil)
	s = open(t, mem)
	for _, content := range all {
		if info, err := blobtest.Put(s, "cid", content, 1000); err != nil || info.Fresh {
			t.Fatalf("again: fresh %v, %v", info.Fresh, err)
		}
	}
	s = open(t, mem.CrashClone(rand.New(rand.NewPCG(1, 2)), 0))
	for i, content := range all {
		if err := reads(s, content); err != nil {
			t.Errorf("acknowledged blob %d: %v", i, err)
		}
	}
}

// A blob that is deleted stays readable for who has it open. Its room goes back
// to the disk at once if the reader has all of it, else after the last reader of
// the pack.
func TestDeleteBesideReaders(t *testing.T) {
	for size, kept := range map[int]bool{300: false, 900_000: true} {
		mem := vfs.NewMem()
		s, err := blob.Open(mem, blobtest.Keys(), blob.Options{Held: 4 << 20})
		if err != nil {
			t.Fatal(err)
		}
		var all [][]byte
		for i := range 3 {
			all = append(all, blobtest.Content(uint64(i), size))
		}
		file := packed(t, s, mem, all)
		r, err := s.Get(blobtest.Name("cid", all[1]))
		if err != nil {
			t.Fatal(err)
		}
		whole := zeros(t, mem, file)
		if err := s.Delete(blobtest.Name("cid", all[1])); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r.Plain()); err != nil || !bytes.Equal(got, all[1]) {
			t.Errorf("reader of a deleted blob of %d bytes: %v", size, err)
		}
		if before := zeros(t, mem, file); before > whole+200 != !kept {
			t.Errorf("%d zero bytes before the delete, %d after it", whole, before)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if after := zeros(t, mem, file); after < whole+200 {
			t.Errorf("%d zero bytes before the delete, %d after the last reader", whole, after)
		}
		for _, content := range [][]byte{all[0], all[2]} {
			if err := reads(s, content); err != nil {
				t.Errorf("its neighbour: %v", err)
			}
		}
	}
}

// zeros counts the zero bytes of a file.
func zeros(t *testing.T, fsys vfs.FS, name string) int {
	t.Helper()
	return bytes.Count(content(t, fsys, name), []byte{0})
}

// Whichever bit of a pack flips, no wrong byte comes out, and what is unreadable
// is healed when it is stored again. A bit of a container costs that blob at most, a
// bit of the directory none.
func TestEveryBitFlipOfAPack(t *testing.T) {
	mem := vfs.NewMem()
	all := [][]byte{blobtest.Content(7, 60), blobtest.Content(8, 30)}
	file := packed(t, open(t, mem), mem, all)
	size, err := mem.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	directory := (size - 12 - 2*44) * 8
	lost, healed := 0, 0
	for bit := range size * 8 {
		clone := mem.CrashClone(rand.New(rand.NewPCG(1, 2)), 0)
		if err := clone.Flip(file, bit); err != nil {
			t.Fatal(err)
		}
		s := open(t, clone)
		damaged := 0
		for _, content := range all {
			err := reads(s, content)
			if err != nil && !errors.Is(err, blob.ErrCorrupt) && !errors.Is(err, blob.ErrNotFound) {
				t.Fatalf("bit %d: %v", bit, err)
			}
			if err != nil {
				damaged++
			}
		}
		lost += damaged
		if bit < directory && damaged != 1 || bit >= directory && damaged != 0 {
			t.Fatalf("bit %d damaged %d blobs, the directory starts at %d", bit, damaged, directory)
		}
		if bit >= directory {
			if ids := listed(t, s); len(ids) != len(all) {
				t.Fatalf("bit %d: %d blobs are listed", bit, len(ids))
			}
			deletes(t, clone, all)
		}
		if bit%97 != 0 {
			continue
		}
		s = open(t, clone)
		for range 2 {
			if _, err := putTogether(s, all...); err != nil {
				t.Fatalf("bit %d: store again: %v", bit, err)
			}
			for _, content := range all {
				if err := reads(s, content); err != nil {
					t.Fatalf("bit %d: not healed: %v", bit, err)
				}
			}
			s = open(t, clone)
			healed++
		}
		deletes(t, clone, all)
	}
	t.Logf("%d bits flipped, %d times a blob lost, %d healed", size*8, lost, healed)
}

// deletes deletes contents one by one, and loses power after each.
func deletes(t *testing.T, mem *vfs.Mem, contents [][]byte) {
	t.Helper()
	s := open(t, mem)
	for i, content := range contents {
		if err := s.Delete(blobtest.Name("cid", content)); err != nil {
			t.Fatal(err)
		}
		again := open(t, mem.CrashClone(rand.New(rand.NewPCG(1, 2)), 0))
		for k, content := range contents {
			if err := reads(again, content); (err == nil) != (k > i) {
				t.Fatalf("blob %d after the delete of %d: %v", k, i, err)
			}
		}
		if slices.Contains(listed(t, again), s.FileID(blobtest.Name("cid", content))) {
			t.Fatalf("blob %d is listed after its delete", i)
		}
	}
}

// A pack needs no directory to be read, whatever stands in its place, and what is
// whole is found beside what is not.
func TestPackWithoutDirectory(t *testing.T) {
	all := contents(5)
	for what, harm := range map[string]func(text []byte, directory int) []byte{
		"cut off":       func(b []byte, at int) []byte { return b[:at] },
		"half of it":    func(b []byte, at int) []byte { return b[:(at+len(b))/2] },
		"zeros":         func(b []byte, at int) []byte { clear(b[at:]); return b },
		"something new": func(b []byte, _ int) []byte { return append(b, "mewsblob and mewstail"...) },
	} {
		t.Run(what, func(t *testing.T) {
			mem := vfs.NewMem()
			file := packed(t, open(t, mem), mem, all)
			text := content(t, mem, file)
			replace(t, mem, file, harm(text, len(text)-12-44*len(all)))
			var log bytes.Buffer
			s, err := blob.Open(mem, blobtest.Keys(), blob.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(log.String(), "packs=1 first="+file) {
				t.Errorf("logged %q", &log)
			}
			for i, content := range all {
				if err := reads(s, content); err != nil {
					t.Errorf("blob %d: %v", i, err)
				}
			}
			for i := range all { // the end of each container, whose neighbour follows at once
				clone := mem.CrashClone(rand.New(rand.NewPCG(1, 2)), 0)
				end := int64(ends(text)[i])
				if err := clone.Flip(file, end*8-1); err != nil {
					t.Fatal(err)
				}
				s := open(t, clone)
				for k, content := range all {
					if err := reads(s, content); (err == nil) != (k != i) {
						t.Errorf("blob %d, damage to %d: %v", k, i, err)
					}
				}
			}
			deletes(t, mem, all)
			if fresh, err := putTogether(open(t, mem), all...); err != nil || slices.Contains(fresh, false) {
				t.Errorf("anew: fresh %v, %v", fresh, err)
			}
			deletes(t, mem, all)
		})
	}
}

// A blob may be in two packs, since it can be stored again while one of them
// cannot be read. To delete it is to delete both.
func TestBlobInTwoPacks(t *testing.T) {
	all := contents(3)
	for copies := 1; copies <= 2; copies++ {
		mem := vfs.NewMem()
		file := packed(t, open(t, mem), mem, all)
		for i := range copies {
			replace(t, mem, fmt.Sprintf("blobs/packs/copy%d.pack", i), content(t, mem, file))
		}
		deletes(t, mem, all)
		if names, err := mem.ReadDir("blobs/packs"); err != nil || len(names) > 0 {
			t.Errorf("%d copies: left %q, %v", copies, names, err)
		}
	}
}

func content(t *testing.T, fsys vfs.FS, file string) []byte {
	t.Helper()
	f, err := fsys.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		t.Fatal(err)
	}
	text := make([]byte, size)
	if _, err := f.ReadAt(text, 0); err != nil {
		t.Fatal(err)
	}
	return text
}

func replace(t *testing.T, fsys vfs.FS, file string, text []byte) {
	t.Helper()
	if err := vfs.WriteDurable(fsys, file, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// ends tells where the containers of a pack end.
func ends(text []byte) (at []int) {
	magic := []byte("mewstail")
	for i := 0; ; {
		n := bytes.Index(text[i:], magic)
		if n < 0 {
			return at
		}
		i += n + len(magic)
		at = append(at, i)
	}
}

// Uploads that end at the same time share packs, and none of them is lost,
// doubled or taken for another.
func TestGroupsOfUploads(t *testing.T) {
	mem := vfs.NewMem()
	s := open(t, mem)
	all := contents(40)
	var wg sync.WaitGroup
	fresh := make([]int, len(all))
	var mu sync.Mutex
	release := s.HoldCommits()
	for i := range 3 * len(all) {
		wg.Go(func() {
			info, err := blobtest.Put(s, "cid", all[i%len(all)], 1000)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if info.Fresh {
				fresh[i%len(all)]++
			}
		})
	}
	for s.Waiting() < 3*len(all) {
		runtime.Gosched()
	}
	release()
	wg.Wait()
	for _, s := range []*blob.Store{s, open(t, mem)} {
		for i, content := range all {
			if err := reads(s, content); err != nil || fresh[i] != 1 {
				t.Errorf("blob %d: fresh %d times, %v", i, fresh[i], err)
			}
		}
		if got := listed(t, s); len(got) != len(all) {
			t.Errorf("%d are listed, want %d", len(got), len(all))
		}
	}
	names, err := mem.ReadDir("blobs/packs")
	if err != nil || len(names) == 0 || len(names) > 4 { // 120 uploads in four groups
		t.Errorf("%d packs, %v", len(names), err)
	}
}

// Nothing on disk may be recognised as a sample in a pack either.
func TestNoPlaintextInPacks(t *testing.T) {
	dir := t.TempDir()
	fsys, err := vfs.OS(dir)
	if err != nil {
		t.Fatal(err)
	}
	marker := strings.Repeat("this text must not be seen ", 30)
	s := open(t, fsys)
	packed(t, s, fsys, [][]byte{[]byte(marker), []byte(marker + "twice")})
	lookFor(t, dir, marker)
	if err := s.Delete(blobtest.Name("cid", []byte(marker))); err != nil { // punches a hole where it can
		t.Fatal(err)
	}
	if err := reads(s, []byte(marker+"twice")); err != nil {
		t.Error(fmt.Errorf("its neighbour: %w", err))
	}
}
