package snapshot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/vfs"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A world is the content of all files that are data.
type world map[string]string

// write makes files and folders, replacing what is there.
func write(t testing.TB, fsys vfs.FS, w world) {
	t.Helper()
	f := New(fsys, time.Now, kept...)
	for name, text := range w {
		must(t, ignoreMissing(fsys.Remove(name)))
		if i := strings.LastIndex(name, "/"); i > 0 {
			must(t, fsys.MkdirAll(name[:i]))
		}
		must(t, f.write(name, []byte(text)))
	}
}

// read gives all files below a folder but those of this room.
func read(t testing.TB, fsys vfs.FS) world {
	t.Helper()
	files, err := vfs.Files(fsys, ".")
	must(t, err)
	w := world{}
	for _, name := range files {
		if strings.HasPrefix(name, ownDir+"/") {
			continue
		}
		f, err := fsys.Open(name)
		must(t, err)
		size, err := f.Size()
		must(t, err)
		b := make([]byte, size)
		if n, err := f.ReadAt(b, 0); n < len(b) {
			t.Fatal(err)
		}
		must(t, f.Close())
		w[name] = string(b)
	}
	return w
}

var kept = []string{"tls", "LOCK"}

// keptFiles are never copied and never replaced.
var keptFiles = world{"tls/ca.pem": "certificate", "LOCK": "1"}

func with(a, b world) world {
	w := world{}
	maps.Copy(w, a)
	maps.Copy(w, b)
	return w
}

var (
	early = world{"mews.db": "early rows", "blobs/aa/1": "one", "blobs/bb/2": strings.Repeat("two ", 100), "segments/s": ""}
	late  = world{"mews.db": "later rows, and more", "mews.db-wal": "x", "blobs/bb/2": strings.Repeat("two ", 100), "blobs/cc/3": "three"}
)

// open gives a marked folder in memory that holds the kept files.
func open(t testing.TB) (*vfs.Mem, *Folder) {
	t.Helper()
	fsys := vfs.NewMem()
	write(t, fsys, keptFiles)
	f := New(fsys, func() time.Time { return time.Unix(1e9, 0) }, kept...)
	must(t, f.Mark())
	return fsys, f
}

func restore(t testing.TB, f *Folder, name, carried string) {
	t.Helper()
	must(t, f.Plan(name, []byte(carried)))
	got, planned, err := f.Resume()
	must(t, err)
	if !planned || string(got) != carried {
		t.Fatalf("carried %q, planned %v; want %q", got, planned, carried)
	}
	must(t, f.Done())
}

func same(t testing.TB, fsys vfs.FS, want world) {
	t.Helper()
	if got := read(t, fsys); !maps.Equal(got, with(want, keptFiles)) {
		t.Fatalf("the folder holds\n%v, want\n%v", got, want)
	}
}

func TestSaveAndRestore(t *testing.T) {
	fsys, f := open(t)
	write(t, fsys, early)
	s, err := f.Save(t.Context(), "first")
	must(t, err)
	size := int64(0)
	for _, text := range early {
		size += int64(len(text))
	}
	if want := (mews.Snapshot{Name: "first", Created: time.Unix(1e9, 0).UTC(), Files: len(early), Bytes: size}); s != want {
		t.Errorf("got %+v, want %+v", s, want)
	}
	restore(t, f, "", "")
	same(t, fsys, nil)
	empty, err := f.Save(t.Context(), "empty")
	if err != nil || empty.Files != 0 {
		t.Errorf("an empty copy: %+v, %v", empty, err)
	}
	write(t, fsys, late)
	for _, step := range []struct {
		name string
		want world
	}{{"first", early}, {"first", early}, {"empty", nil}, {"first", early}} {
		restore(t, f, step.name, "clients and tokens")
		same(t, fsys, step.want)
	}
	list, err := f.List()
	if err != nil || len(list) != 2 || list[0] != empty || list[1] != s {
		t.Errorf("list: %+v, %v", list, err)
	}
	must(t, f.Delete("first"))
	if list, err = f.List(); err != nil || len(list) != 1 {
		t.Errorf("list after delete: %+v, %v", list, err)
	}
	if _, err := f.Save(t.Context(), "first"); err != nil {
		t.Errorf("a deleted name: %v", err)
	}
	same(t, fsys, early)
}

// TestRealDataIsKept: a folder that held data when it was to be marked is never
// marked, and then nothing replaces what it holds.
func TestRealDataIsKept(t *testing.T) {
	fsys := vfs.NewMem()
	f := New(fsys, time.Now, kept...)
	write(t, fsys, with(keptFiles, world{"blobs/aa/1": "real"}))
	must(t, f.Mark())
	for what, err := range map[string]error{
		"reset": f.Plan("", nil),
		"save":  func() error { _, err := f.Save(t.Context(), "x"); return err }(),
	} {
		if !errors.Is(err, mews.ErrConflict) || !strings.Contains(err.Error(), "dev mode") {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Not even a journal that came from elsewhere does.
	must(t, fsys.MkdirAll(ownDir))
	must(t, f.writeJSON(planFile, plan{}))
	if _, _, err := f.Resume(); !errors.Is(err, mews.ErrConflict) {
		t.Errorf("resume: %v", err)
	}
	same(t, fsys, world{"blobs/aa/1": "real"})
}

func TestRefusals(t *testing.T) {
	fsys, f := open(t)
	write(t, fsys, early)
	_, err := f.Save(t.Context(), "there")
	must(t, err)
	for _, name := range []string{"", ".", "..", "a/b", "../x", "A", "-a", "a b", "a\x00", strings.Repeat("a", 65), "ä"} {
		if _, err := f.Save(t.Context(), name); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("save %q: %v", name, err)
		}
		if err := f.Delete(name); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("delete %q: %v", name, err)
		}
		if name != "" { // the empty one means no data
			if err := f.Plan(name, nil); !errors.Is(err, mews.ErrInvalid) {
				t.Errorf("restore %q: %v", name, err)
			}
		}
	}
	if _, err := f.Save(t.Context(), "there"); !errors.Is(err, mews.ErrConflict) {
		t.Errorf("a name that is taken: %v", err)
	}
	for what, err := range map[string]error{"restore": f.Plan("none", nil), "delete": f.Delete("none")} {
		if !errors.Is(err, mews.ErrNotFound) {
			t.Errorf("%s of what is not there: %v", what, err)
		}
	}
	must(t, fsys.Remove("dev/snapshots/there/files/mews.db"))
	if err := f.Plan("there", nil); !errors.Is(err, mews.ErrConflict) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged copy: %v", err)
	}
	if _, planned, err := f.Resume(); planned || err != nil {
		t.Errorf("a refusal left a plan: %v, %v", planned, err)
	}
	same(t, fsys, early)
}

func TestNoRoom(t *testing.T) {
	fsys, f := open(t)
	write(t, fsys, early)
	_, err := f.Save(t.Context(), "there")
	must(t, err)
	used := func() int64 {
		t.Helper()
		files, err := vfs.Files(fsys, ".")
		must(t, err)
		size, err := f.size(files)
		must(t, err)
		return size
	}
	const journal = 200 // bytes for it, and far less than the copy has
	fsys.Limit(used() + journal)
	if _, err := f.Save(t.Context(), "more"); err == nil {
		t.Error("a copy without room was made")
	}
	if list, err := f.List(); err != nil || len(list) != 1 {
		t.Errorf("list: %+v, %v", list, err)
	}
	same(t, fsys, early)
	if err := f.Plan("there", nil); err != nil { // what is replaced gives its room
		t.Errorf("plan: %v", err)
	}
	must(t, f.Done())
	fsys.Limit(-1)
	restore(t, f, "", "")
	fsys.Limit(used() + journal)
	if err := f.Plan("there", nil); !errors.Is(err, mews.ErrUnavailable) {
		t.Errorf("a restore without room: %v", err)
	}
}

func TestCancelledSave(t *testing.T) {
	fsys, f := open(t)
	write(t, fsys, early)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Save(ctx, "x"); !errors.Is(err, context.Canceled) {
		t.Errorf("save: %v", err)
	}
	if files, err := vfs.Files(fsys, copiesDir); err != nil || len(files) > 0 {
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// cuts runs work once for each of its file-system calls and loses power before
// that call, with none, some or all of what was not synced.
func cuts(t *testing.T, start func() *vfs.Mem, work func(*Folder), check func(after *vfs.Mem, when string)) {
	t.Helper()
	for n := 1; ; n++ {
		fsys := start()
		calls := 0
		left := map[string]*vfs.Mem{}
		fsys.Hook(func(vfs.Op, string) error {
			if calls++; calls != n {
				return nil
			}
			fsys.Hook(nil)
			for i, pct := range []int{0, 30, 50, 50, 70, 100} {
				when := fmt.Sprintf("cut before call %d, %d%% of what was unsynced kept (seed %d)", n, pct, i)
				left[when] = fsys.CrashClone(rand.New(rand.NewPCG(uint64(n), uint64(i))), pct)
			}
			return nil
		})
		work(New(fsys, time.Now, kept...))
		if len(left) == 0 {
			if n < 10 {
				t.Fatalf("the work has %d calls only", calls)
			}
			return
		}
		for when, after := range left {
			check(after, when)
		}
	}
}

// TestPowerCutInRestore: afterwards the folder holds the old data, or the plan
// is there and leads to the new; nothing in between is ever served.
func TestPowerCutInRestore(t *testing.T) {
	for _, name := range []string{"early", ""} {
		want := map[string]world{"early": early, "": nil}[name]
		cuts(t, func() *vfs.Mem {
			fsys, f := open(t)
			write(t, fsys, early)
			_, err := f.Save(t.Context(), "early")
			must(t, err)
			restore(t, f, "", "")
			write(t, fsys, late)
			return fsys
		}, func(f *Folder) {
			restore(t, f, name, "carried")
		}, func(after *vfs.Mem, when string) {
			f := New(after, time.Now, kept...)
			carried, planned, err := f.Resume()
			if err != nil {
				t.Fatalf("%s: %v", when, err)
			}
			got := read(t, after)
			switch {
			case planned && string(carried) == "carried" && maps.Equal(got, with(want, keptFiles)):
			case !planned && (maps.Equal(got, with(late, keptFiles)) || maps.Equal(got, with(want, keptFiles))):
			default:
				t.Fatalf("%s: planned %v (%q), the folder holds %v", when, planned, carried, got)
			}
		})
	}
}

// TestPowerCutInSave: a copy is whole or absent, the data is as before, and the
// name can be used again.
func TestPowerCutInSave(t *testing.T) {
	cuts(t, func() *vfs.Mem {
		fsys, _ := open(t)
		write(t, fsys, early)
		return fsys
	}, func(f *Folder) {
		_, err := f.Save(t.Context(), "x")
		must(t, err)
	}, func(after *vfs.Mem, when string) {
		f := New(after, time.Now, kept...)
		list, err := f.List()
		if err != nil || !maps.Equal(read(t, after), with(early, keptFiles)) {
			t.Fatalf("%s: %v, %v", when, err, read(t, after))
		}
		if len(list) == 0 {
			if _, err := f.Save(t.Context(), "x"); err != nil {
				t.Fatalf("%s: save again: %v", when, err)
			}
		}
		restore(t, f, "", "")
		restore(t, f, "x", "")
		same(t, after, early)
	})
}

// TestPowerCutInDelete: the copy is whole or gone.
func TestPowerCutInDelete(t *testing.T) {
	cuts(t, func() *vfs.Mem {
		fsys, f := open(t)
		write(t, fsys, early)
		_, err := f.Save(t.Context(), "x")
		must(t, err)
		return fsys
	}, func(f *Folder) {
		must(t, f.Delete("x"))
	}, func(after *vfs.Mem, when string) {
		f := New(after, time.Now, kept...)
		switch list, err := f.List(); {
		case err != nil:
			t.Fatalf("%s: %v", when, err)
		case len(list) == 1:
			if err := f.Plan("x", nil); err != nil {
				t.Fatalf("%s: the copy is there and %v", when, err)
			}
		}
	})
}

// TestFailingDisk: an error is told, and what a failed call leaves is repaired
// by the next.
func TestFailingDisk(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		fsys, f := open(t)
		write(t, fsys, early)
		_, err := f.Save(t.Context(), "early")
		must(t, err)
		write(t, fsys, late)
		before := read(t, fsys)
		fsys.FailNth("", rapid.IntRange(1, 40).Draw(rt, "call"), errors.New("the disk of the test fails"))
		_, saveErr := f.Save(t.Context(), "late")
		fsys.Hook(nil)
		if !maps.Equal(read(t, fsys), before) {
			rt.Fatal("a save changed the data")
		}
		list, err := f.List()
		must(t, err)
		if saveErr == nil && len(list) != 2 {
			rt.Fatalf("saved, but not listed: %v", list)
		}
		for _, s := range list {
			restore(t, f, s.Name, "")
			want := early
			if s.Name == "late" {
				want = before
			}
			if !maps.Equal(read(t, fsys), with(want, keptFiles)) {
				rt.Fatalf("%s came back as %v", s.Name, read(t, fsys))
			}
		}
	})
}
