package blob_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/vfs"
)

// held makes the larger contents be written in several pieces, the smaller in one.
const held = 2500

// A model is what a client of the store knows: which contents must be there,
// which must not, and which is being changed right now and may be either.
type model struct {
	acked, gone map[string][]byte
	now         map[string]bool
}

var keptPercent = []int{0, 25, 50, 75, 100}

// survive loses power now and compares what is left with the model.
func (m *model) survive(t *testing.T, mem *vfs.Mem, seed uint64, pct int, when string) {
	t.Helper()
	clone := mem.CrashClone(rand.New(rand.NewPCG(seed, uint64(pct))), pct)
	s, err := blob.Open(clone, blobtest.Keys(), blob.Options{Held: held})
	if err != nil {
		t.Fatalf("%s, seed=%d, %d%%: %v", when, seed, pct, err)
	}
	check := func(key string, content []byte, must, may bool) {
		got, err := blobtest.Read(s, blobtest.Name("cid", content))
		there := err == nil && bytes.Equal(got, content)
		switch {
		case err == nil && !there:
			t.Fatalf("%s, seed=%d, %d%%: %s reads as other bytes", when, seed, pct, key)
		case must && !there:
			t.Fatalf("%s, seed=%d, %d%%: acknowledged %s is lost: %v", when, seed, pct, key, err)
		case !may && !errors.Is(err, blob.ErrNotFound):
			t.Fatalf("%s, seed=%d, %d%%: %s came back, or half of it: %v", when, seed, pct, key, err)
		}
	}
	for key, content := range m.acked {
		check(key, content, !m.now[key], true)
	}
	for key, content := range m.gone {
		check(key, content, false, m.now[key])
	}
}

// scenario uploads, repeats, deletes and uploads again, one by one and together.
// It stops at the first error.
func (m *model) scenario(s *blob.Store) error {
	contents := map[string][]byte{
		"a": blobtest.Content(1, 9000), "b": blobtest.Content(2, 700),
		"c": blobtest.Content(4, 900), "d": blobtest.Content(5, 40), "e": blobtest.Content(6, 1200),
	}
	for i, step := range []struct {
		keys   string
		remove bool
	}{
		{"a", false},
		{"b", false},
		{"a", false},
		{"a", true},
		{"a", false},
		{"b", true},
		{"cde", false},
		{"d", true},
		{"dbe", false},
		{"c", true},
		{"e", true},
		{"b", true},
		{"d", true},
	} {
		m.now = map[string]bool{}
		for _, key := range strings.Split(step.keys, "") {
			// A repeat must not endanger what is there.
			if m.now[key] = step.remove || m.acked[key] == nil; m.now[key] {
				m.gone[key] = contents[key]
			}
		}
		if err := m.step(s, step.keys, step.remove, contents); err != nil {
			return fmt.Errorf("step %d: %w", i, err)
		}
		for _, key := range strings.Split(step.keys, "") {
			if step.remove {
				delete(m.acked, key)
			} else {
				m.acked[key] = contents[key]
				delete(m.gone, key)
			}
		}
		m.now = nil
	}
	return nil
}

func (m *model) step(s *blob.Store, keys string, remove bool, contents map[string][]byte) error {
	if remove {
		return s.Delete(blobtest.Name("cid", contents[keys]))
	}
	if len(keys) == 1 {
		_, err := blobtest.Put(s, "cid", contents[keys], 4000)
		return err
	}
	var all [][]byte
	for _, key := range strings.Split(keys, "") {
		all = append(all, contents[key])
	}
	_, err := putTogether(s, all...)
	return err
}

// putTogether stores contents as one group.
func putTogether(s *blob.Store, contents ...[]byte) ([]bool, error) {
	var ws []*blob.Writer
	for _, content := range contents {
		w, err := s.Create("cid")
		if err != nil {
			return nil, err
		}
		defer w.Abort()
		if err := w.Frame(content); err != nil {
			return nil, err
		}
		if _, err := w.Finish([]byte("meta of cid")); err != nil {
			return nil, err
		}
		ws = append(ws, w)
	}
	return s.CommitTogether(ws...)
}

func newModel() *model {
	return &model{acked: map[string][]byte{}, gone: map[string][]byte{}}
}

// Power is lost before every file-system call, with none to all of the unsynced
// data kept: what was acknowledged is there, what was deleted is not, and what
// was under way is whole or absent.
func TestCrashAtEveryCall(t *testing.T) {
	mem, m := vfs.NewMem(), newModel()
	s := open(t, mem)
	crashes, seed := 0, uint64(0)
	mem.Hook(func(op vfs.Op, name string) error {
		for _, pct := range keptPercent {
			for range 4 {
				seed++
				m.survive(t, mem, seed, pct, fmt.Sprintf("before %s %s", op, name))
				crashes++
			}
		}
		return nil
	})
	if err := m.scenario(s); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d crash points, 0 losses", crashes)
	if crashes < 1000 {
		t.Errorf("only %d crash points", crashes)
	}
}

// Whichever call fails, success is never claimed for what a crash would take.
// After a failed sync the store takes no more changes.
func TestEveryCallFails(t *testing.T) {
	injected := 0
	for _, op := range []vfs.Op{
		vfs.OpCreate, vfs.OpOpen, vfs.OpRename, vfs.OpRemove, vfs.OpMkdir, vfs.OpSyncDir,
		vfs.OpRead, vfs.OpWrite, vfs.OpSync, vfs.OpClose, vfs.OpStat,
	} {
		for n := 1; ; n++ {
			mem, m := vfs.NewMem(), newModel()
			s := open(t, mem)
			calls := 0
			mem.Hook(func(got vfs.Op, _ string) error {
				if got == op {
					if calls++; calls == n {
						return syscall.EIO
					}
				}
				return nil
			})
			err := m.scenario(s)
			mem.Hook(nil)
			for _, pct := range keptPercent {
				m.survive(t, mem, uint64(n), pct, fmt.Sprintf("%s %d failed (%v)", op, n, err))
			}
			if calls < n {
				break
			}
			injected++
			if op == vfs.OpSync || op == vfs.OpSyncDir {
				if !errors.Is(err, blob.ErrFailed) || !errors.Is(err, syscall.EIO) {
					t.Fatalf("%s %d failed, and the store said %v", op, n, err)
				}
				select {
				case <-s.Failed():
				default:
					t.Fatal("a failed sync was not announced")
				}
				if _, err := s.Create("cid"); !errors.Is(err, blob.ErrFailed) {
					t.Fatalf("create after a failed sync: %v", err)
				}
				if err := s.Delete(blob.Name{}); !errors.Is(err, blob.ErrFailed) {
					t.Fatalf("delete after a failed sync: %v", err)
				}
			}
		}
	}
	t.Logf("%d failed calls, 0 false acknowledgements", injected)
	if injected < 50 {
		t.Errorf("only %d failures injected", injected)
	}
}

func TestDiskFull(t *testing.T) {
	first, second := blobtest.Content(1, 20_000), blobtest.Content(2, 20_000)
	full := 0
	for room := int64(0); room < 24_000; room += 500 {
		mem := vfs.NewMem()
		s := open(t, mem)
		if _, err := blobtest.Put(s, "cid", first, 8000); err != nil {
			t.Fatal(err)
		}
		free, _ := mem.Free()
		mem.Limit(1<<40 - free + room)
		_, err := blobtest.Put(s, "cid", second, 8000)
		if err != nil {
			full++
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("room for %d: %v", room, err)
			}
			if names, _ := mem.ReadDir("blobs/tmp"); len(names) > 0 {
				t.Errorf("room for %d: left %q", room, names)
			}
			if _, err := s.Get(blobtest.Name("cid", second)); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("room for %d: half a blob: %v", room, err)
			}
		}
		if got, err := blobtest.Read(s, blobtest.Name("cid", first)); err != nil || !bytes.Equal(got, first) {
			t.Errorf("room for %d: read: %v", room, err)
		}
		if err := s.Delete(blobtest.Name("cid", first)); err != nil { // needs no room
			t.Errorf("room for %d: delete: %v", room, err)
		}
		mem.Limit(-1)
		if _, err := blobtest.Put(s, "cid", second, 8000); err != nil {
			t.Errorf("room for %d: after space was freed: %v", room, err)
		}
	}
	if full < 10 {
		t.Errorf("the disk was full only %d times", full)
	}
}

// Every bit of a container is under seal: whichever one flips, no plain byte of
// the damaged part comes out, and the whole file is refused.
func TestEveryBitFlip(t *testing.T) {
	mem := vfs.NewMem()
	s := open(t, mem)
	content := blobtest.Content(3, 600)
	if _, err := blobtest.Put(s, "cid", content, 200); err != nil {
		t.Fatal(err)
	}
	name := file(s, "cid", content)
	size, err := mem.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range size * 8 {
		if err := mem.Flip(name, bit); err != nil {
			t.Fatal(err)
		}
		got, err := blobtest.Read(s, blobtest.Name("cid", content))
		if !errors.Is(err, blob.ErrCorrupt) {
			t.Fatalf("bit %d of byte %d: %v", bit%8, bit/8, err)
		}
		if !bytes.HasPrefix(content, got) || len(got) == len(content) {
			t.Fatalf("bit %d of byte %d: wrong bytes came out", bit%8, bit/8)
		}
		if err := mem.Flip(name, bit); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := blobtest.Read(s, blobtest.Name("cid", content)); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("with all bits back: %v", err)
	}
	t.Logf("%d flips, all found", size*8)
}

// Delete has two locks on the door: the key is destroyed for good before the
// file is removed, and the removal too is durable.
func TestDeleteIsDurable(t *testing.T) {
	mem := vfs.NewMem()
	s := open(t, mem)
	content := blobtest.Content(1, 1000)
	if _, err := blobtest.Put(s, "cid", content, 1000); err != nil {
		t.Fatal(err)
	}
	lost := func() *vfs.Mem { return mem.CrashClone(rand.New(rand.NewPCG(1, 1)), 0) }
	mem.FailNth(vfs.OpRemove, 1, syscall.EIO)
	if err := s.Delete(blobtest.Name("cid", content)); !errors.Is(err, syscall.EIO) {
		t.Fatalf("delete with a failing remove: %v", err)
	}
	if _, err := lost().Stat(file(s, "cid", content)); err != nil {
		t.Fatalf("the file itself stands: %v", err)
	}
	if _, err := open(t, lost()).Get(blobtest.Name("cid", content)); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("the key outlived delete: %v", err)
	}
	if err := s.Delete(blobtest.Name("cid", content)); err != nil {
		t.Fatalf("second try: %v", err)
	}
	if _, err := lost().Stat(file(s, "cid", content)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file came back: %v", err)
	}
}

// A store that cannot be opened says so, and opens when the cause is gone;
// nothing that a crash at that time leaves behind stays for good.
func TestOpenFails(t *testing.T) {
	content := blobtest.Content(1, 100)
	for _, used := range []bool{false, true} {
		for n := 1; ; n++ {
			mem := vfs.NewMem()
			if used {
				if _, err := blobtest.Put(open(t, mem), "cid", content, 100); err != nil {
					t.Fatal(err)
				}
				if f, err := mem.Create("blobs/tmp/left"); err != nil || f.Close() != nil {
					t.Fatal(err)
				}
			}
			calls := 0
			mem.Hook(func(vfs.Op, string) error {
				if calls++; calls == n {
					return syscall.EIO
				}
				return nil
			})
			_, err := blob.Open(mem, blobtest.Keys(), blob.Options{})
			mem.Hook(nil)
			if calls < n {
				break
			}
			if err == nil && used && n > 4 {
				continue // closing the key's file
			}
			if !errors.Is(err, syscall.EIO) {
				t.Fatalf("call %d failed, and open said %v", n, err)
			}
			for _, pct := range keptPercent {
				left := mem.CrashClone(rand.New(rand.NewPCG(uint64(n), 3)), pct)
				s := open(t, left)
				if used {
					if got, err := blobtest.Read(s, blobtest.Name("cid", content)); err != nil || !bytes.Equal(got, content) {
						t.Fatalf("call %d failed, %d%% kept: %v", n, pct, err)
					}
				}
				if names, err := left.ReadDir("blobs"); err != nil || len(names) > 4 || strings.Contains(fmt.Sprint(names), ".tmp") {
					t.Fatalf("call %d failed, %d%% kept: left %q, %v", n, pct, names, err)
				}
			}
		}
	}
}

func TestKeySign(t *testing.T) {
	for what, sign := range map[string]string{"empty": "", "long": strings.Repeat("0", 65), "other": "0011223344556677\n"} {
		mem := vfs.NewMem()
		open(t, mem)
		if err := mem.Remove("blobs/key"); err != nil {
			t.Fatal(err)
		}
		if err := vfs.WriteDurable(mem, "blobs/key", func(w io.Writer) error {
			_, err := io.WriteString(w, sign)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := blob.Open(mem, blobtest.Keys(), blob.Options{}); !errors.Is(err, blob.ErrWrongKey) {
			t.Errorf("%s sign: %v", what, err)
		}
	}
}
