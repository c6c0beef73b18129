// Package blobtest holds what every blob store must do, as one suite that runs
// over each file system it may stand on.
package blobtest

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/vfs"
)

// Keys is the keyring that the suite's stores are opened with.
func Keys() *blob.Keyring { return blob.NewKeyring([32]byte{1, 2, 3}) }

// Put stores content for cid in frames of at most frameSize bytes and commits it.
func Put(s *blob.Store, cid string, content []byte, frameSize int) (info blob.Info, err error) {
	w, err := s.Create(cid)
	if err != nil {
		return info, err
	}
	defer w.Abort()
	for frame := range slices.Chunk(content, frameSize) {
		if err := w.Frame(frame); err != nil {
			return info, err
		}
	}
	if info, err = w.Finish([]byte("meta of " + cid)); err != nil {
		return info, err
	}
	info.Fresh, err = w.Commit()
	return info, err
}

// Name is the name under which content of cid is stored.
func Name(cid string, content []byte) blob.Name {
	return blob.Name{CID: cid, SHA256: sha256.Sum256(content)}
}

// Read gives the whole content of n.
func Read(s *blob.Store, n blob.Name) ([]byte, error) {
	r, err := s.Get(n)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r.Plain())
}

// Content makes bytes that are partly compressible, equal for equal seeds.
func Content(seed uint64, size int) []byte {
	rng := rand.New(rand.NewPCG(seed, 2))
	b := make([]byte, 0, size)
	for len(b) < size {
		run := min(size-len(b), 1+rng.IntN(2000))
		if rng.IntN(2) == 0 {
			b = append(b, bytes.Repeat([]byte{byte(rng.Uint32())}, run)...)
			continue
		}
		for range run {
			b = append(b, byte(rng.Uint32()))
		}
	}
	return b
}

// Run checks a store on the file systems that fresh makes; each call of it gives
// an empty one.
func Run(t *testing.T, fresh func(t *testing.T) vfs.FS) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, fsys vfs.FS, s *blob.Store)
	}{
		{"RoundTrip", roundTrip},
		{"Absent", absent},
		{"Dedupe", dedupe},
		{"Tenants", tenants},
		{"Delete", deletes},
		{"Abort", aborts},
		{"Misuse", misuse},
		{"All", all},
		{"Reopen", reopen},
		{"Parallel", parallel},
	} {
		t.Run(c.name, func(t *testing.T) {
			fsys := fresh(t)
			c.test(t, fsys, open(t, fsys))
		})
	}
}

func open(t *testing.T, fsys vfs.FS) *blob.Store {
	t.Helper()
	s, err := blob.Open(fsys, Keys(), blob.Options{})
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s *blob.Store, cid string, content []byte) blob.Info {
	t.Helper()
	info, err := Put(s, cid, content, 64<<10)
	must(t, err)
	return info
}

func holds(t *testing.T, s *blob.Store, cid string, content []byte) {
	t.Helper()
	got, err := Read(s, Name(cid, content))
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("read %d bytes, want %d: %v", len(got), len(content), err)
	}
}

func roundTrip(t *testing.T, _ vfs.FS, s *blob.Store) {
	for i, size := range []int{0, 1, 100, 64 << 10, 64<<10 + 1, 1 << 20, 3<<20 + 7} {
		for _, frame := range []int{64 << 10, blob.MaxFrame} {
			cid := fmt.Sprint("cid", frame)
			content := Content(uint64(i), size)
			info, err := Put(s, cid, content, frame)
			must(t, err)
			if info.Name != Name(cid, content) || info.Size != int64(size) || !info.Fresh ||
				info.MD5 != md5.Sum(content) || info.SHA1 != sha1.Sum(content) {
				t.Errorf("%d bytes: info %+v", size, info)
			}
			r, err := s.Get(info.Name)
			must(t, err)
			again, err := r.Info()
			must(t, err)
			if again.Fresh = true; again != info || r.Name() != info.Name {
				t.Errorf("reader tells %+v, writer %+v", again, info)
			}
			if r.Size() != int64(size) || string(r.Meta()) != "meta of "+cid || len(r.Frames()) != info.Frames {
				t.Errorf("size %d, meta %q, frames %d", r.Size(), r.Meta(), len(r.Frames()))
			}
			// Backwards: each frame opens on its own, behind what dst holds.
			for i, f := range slices.Backward(r.Frames()) {
				got, err := r.ReadFrame(i, []byte("kept"))
				must(t, err)
				if want := content[f.Offset:][:f.Length]; !bytes.Equal(got, append([]byte("kept"), want...)) {
					t.Fatalf("frame %d differs", i)
				}
			}
			must(t, r.Close())
			holds(t, s, cid, content)
		}
	}
}

func absent(t *testing.T, _ vfs.FS, s *blob.Store) {
	if _, err := s.Get(Name("cid", nil)); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	must(t, s.Delete(Name("cid", nil)))
	if err := s.DeleteFile("../../etc/passwd"); err == nil {
		t.Error("deleted by a name that is no id")
	}
}

func dedupe(t *testing.T, fsys vfs.FS, s *blob.Store) {
	content := Content(1, 200<<10)
	if !put(t, s, "cid", content).Fresh || put(t, s, "cid", content).Fresh {
		t.Error("the first is fresh and the second is not")
	}
	holds(t, s, "cid", content)
	if ids := list(t, s); len(ids) != 1 {
		t.Errorf("stored %d times", len(ids))
	}
	// A damaged blob is healed by an upload of the same bytes.
	id := s.FileID(Name("cid", content))
	f, err := fsys.Open("blobs/" + id[:2] + "/" + id + ".blob")
	must(t, err)
	_, err = f.WriteAt([]byte("damage"), 500)
	must(t, err)
	must(t, f.Close())
	if _, err := Read(s, Name("cid", content)); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("read of a damaged blob: %v", err)
	}
	if !put(t, s, "cid", content).Fresh {
		t.Error("a damaged blob was taken for good")
	}
	holds(t, s, "cid", content)
}

func tenants(t *testing.T, _ vfs.FS, s *blob.Store) {
	content := Content(1, 1000)
	put(t, s, "one", content)
	if _, err := s.Get(Name("two", content)); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("a foreign blob: %v", err)
	}
	if !put(t, s, "two", content).Fresh || s.FileID(Name("one", content)) == s.FileID(Name("two", content)) {
		t.Error("two customers share a blob")
	}
	must(t, s.Delete(Name("one", content)))
	holds(t, s, "two", content)
}

func deletes(t *testing.T, _ vfs.FS, s *blob.Store) {
	content := Content(1, 300<<10)
	name := put(t, s, "cid", content).Name
	r, err := s.Get(name)
	must(t, err)
	must(t, s.Delete(name))
	must(t, s.Delete(name))
	if _, err := s.Get(name); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("get after delete: %v", err)
	}
	if got, err := io.ReadAll(r.Plain()); err != nil || !bytes.Equal(got, content) {
		t.Errorf("a reader opened before: %v", err)
	}
	must(t, r.Close())
	if !put(t, s, "cid", content).Fresh {
		t.Error("it was there after delete")
	}
	holds(t, s, "cid", content)
}

func aborts(t *testing.T, fsys vfs.FS, s *blob.Store) {
	for step := range 4 {
		w, err := s.Create("cid")
		must(t, err)
		if step > 0 {
			must(t, w.Frame([]byte("content")))
		}
		if step > 1 {
			_, err := w.Finish(nil)
			must(t, err)
		}
		if step > 2 {
			_, err := w.Commit()
			must(t, err)
		}
		w.Abort()
		w.Abort()
		if w.Frame([]byte("x")) == nil {
			t.Error("a frame after the end")
		}
		names, err := fsys.ReadDir("blobs/tmp")
		must(t, err)
		if len(names) > 0 {
			t.Errorf("step %d left %q", step, names)
		}
	}
	holds(t, s, "cid", []byte("content")) // Abort after Commit takes nothing back
}

func misuse(t *testing.T, _ vfs.FS, s *blob.Store) {
	w, err := s.Create("cid")
	must(t, err)
	defer w.Abort()
	if _, err := s.Create(string(make([]byte, 256))); err == nil {
		t.Error("a customer id too long")
	}
	if w.Frame(nil) == nil || w.Frame(make([]byte, blob.MaxFrame+1)) == nil {
		t.Error("a frame of a wrong size")
	}
	if _, err := w.Commit(); err == nil {
		t.Error("commit before finish")
	}
	if _, err := w.Finish(make([]byte, blob.MaxMeta+1)); err == nil {
		t.Error("too much metadata")
	}
	must(t, w.Frame([]byte("x")))
	info, err := w.Finish(nil)
	must(t, err)
	if _, err := w.Finish(nil); err == nil {
		t.Error("finish twice")
	}
	if w.Frame([]byte("y")) == nil {
		t.Error("a frame after finish")
	}
	if _, err := s.Get(info.Name); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("visible before commit: %v", err)
	}
	_, err = w.Commit()
	must(t, err)
	if _, err := w.Commit(); err == nil {
		t.Error("commit twice")
	}
	r, err := s.Get(info.Name)
	must(t, err)
	defer r.Close()
	for _, i := range []int{-1, 1} {
		if _, err := r.ReadFrame(i, nil); err == nil {
			t.Errorf("read frame %d of 1", i)
		}
	}
}

func list(t *testing.T, s *blob.Store) (ids []string) {
	t.Helper()
	for id, err := range s.All() {
		must(t, err)
		ids = append(ids, id)
	}
	return ids
}

func all(t *testing.T, _ vfs.FS, s *blob.Store) {
	var want []string
	for i := range 20 {
		content := Content(uint64(i), 10+i)
		put(t, s, "cid", content)
		want = append(want, s.FileID(Name("cid", content)))
	}
	slices.Sort(want)
	if got := list(t, s); !slices.Equal(got, want) {
		t.Fatalf("listed %q, want %q", got, want)
	}
	for range s.All() {
		break // a caller may stop early
	}
	// What a blob is can be learnt without the record of it.
	r, err := s.GetFile(want[0])
	must(t, err)
	if n := r.Name(); n.CID != "cid" || s.FileID(n) != want[0] {
		t.Errorf("it says it is %+v", n)
	}
	must(t, r.Close())
	for _, id := range want {
		must(t, s.DeleteFile(id))
	}
	if got := list(t, s); len(got) > 0 {
		t.Errorf("left %q", got)
	}
}

func reopen(t *testing.T, fsys vfs.FS, s *blob.Store) {
	put(t, s, "cid", []byte("content"))
	w, err := s.Create("cid")
	must(t, err)
	must(t, w.Frame([]byte("a crash comes before the end")))
	again := open(t, fsys)
	holds(t, again, "cid", []byte("content"))
	names, err := fsys.ReadDir("blobs/tmp")
	must(t, err)
	if len(names) > 0 {
		t.Errorf("not swept: %q", names)
	}
	w.Abort()
	if _, err := blob.Open(fsys, blob.NewKeyring([32]byte{9}), blob.Options{}); !errors.Is(err, blob.ErrWrongKey) {
		t.Errorf("opened with another key: %v", err)
	}
	must(t, fsys.Remove("blobs/key"))
	if _, err := blob.Open(fsys, Keys(), blob.Options{}); !errors.Is(err, blob.ErrWrongKey) {
		t.Errorf("opened although nothing tells which key is right: %v", err)
	}
}

func parallel(t *testing.T, _ vfs.FS, s *blob.Store) {
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			content := Content(uint64(i%4), 100<<10)
			for range 3 {
				if _, err := Put(s, "cid", content, 32<<10); err != nil {
					t.Error(err)
				}
				if got, err := Read(s, Name("cid", content)); err != nil || !bytes.Equal(got, content) {
					t.Errorf("read: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if ids := list(t, s); len(ids) != 4 {
		t.Errorf("%d blobs for 4 contents", len(ids))
	}
}
