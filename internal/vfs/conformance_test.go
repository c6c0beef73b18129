package vfs

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// both runs a test over each file system: whatever Mem promises must be what
// the real one does.
func both(t *testing.T, test func(t *testing.T, fsys FS)) {
	t.Run("os", func(t *testing.T) {
		fsys, err := OS(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		test(t, fsys)
	})
	t.Run("mem", func(t *testing.T) { test(t, NewMem()) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, fsys FS, name, text string) {
	t.Helper()
	f, err := fsys.Create(name)
	must(t, err)
	_, err = io.WriteString(f, text)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

func text(t *testing.T, fsys FS, name string) string {
	t.Helper()
	f, err := fsys.Open(name)
	must(t, err)
	defer f.Close()
	size, err := f.Size()
	must(t, err)
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) {
		t.Fatalf("read %s: %d of %d bytes: %v", name, n, size, err)
	}
	return string(b)
}

func TestFiles(t *testing.T) {
	both(t, func(t *testing.T, fsys FS) {
		must(t, fsys.MkdirAll("a/b"))
		must(t, fsys.MkdirAll("a/b"))
		put(t, fsys, "a/b/one", "one")
		if _, err := fsys.Create("a/b/one"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("create of a name that exists: %v", err)
		}
		if got := text(t, fsys, "a/b/one"); got != "one" {
			t.Errorf("read %q", got)
		}
		put(t, fsys, "a/two", "22")
		must(t, fsys.Rename("a/b/one", "a/two"))
		must(t, fsys.SyncDir("a"))
		must(t, fsys.SyncDir("a/b"))
		if got := text(t, fsys, "a/two"); got != "one" {
			t.Errorf("after rename %q", got)
		}
		names, err := fsys.ReadDir("a")
		must(t, err)
		if !slices.Equal(names, []string{"b", "two"}) {
			t.Errorf("names %q", names)
		}
		if n, err := fsys.Stat("a/two"); n != 3 || err != nil {
			t.Errorf("size %d, %v", n, err)
		}
		if n, err := fsys.Free(); n < 1<<20 || err != nil {
			t.Errorf("free %d, %v", n, err)
		}
		must(t, fsys.Remove("a/two"))
		for what, err := range map[string]error{
			"remove": fsys.Remove("a/two"),
			"rename": fsys.Rename("a/two", "a/three"),
			"open":   second(fsys.Open("a/two")),
			"stat":   second(fsys.Stat("a/two")),
			"list":   second(fsys.ReadDir("none")),
			"create": second(fsys.Create("none/x")),
			"sync":   fsys.SyncDir("none"),
		} {
			if !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s of a missing name: %v", what, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestOpenFile(t *testing.T) {
	both(t, func(t *testing.T, fsys FS) {
		put(t, fsys, "f", "0123456789")
		f, err := fsys.Open("f")
		must(t, err)
		_, err = f.WriteAt([]byte("xy"), 12)
		must(t, err)
		must(t, fsys.Remove("f")) // an open file outlives its name
		b := make([]byte, 20)
		n, err := f.ReadAt(b, 4)
		if err != io.EOF || !bytes.Equal(b[:n], []byte("456789\x00\x00xy")) {
			t.Errorf("read %q, %v", b[:n], err)
		}
		if _, err := f.ReadAt(b, 14); err != io.EOF {
			t.Errorf("read at the end: %v", err)
		}
		if size, err := f.Size(); size != 14 || err != nil {
			t.Errorf("size %d, %v", size, err)
		}
		must(t, f.Sync())
		must(t, f.Close())
		if _, err := f.Write([]byte("z")); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("write after close: %v", err)
		}
		if err := f.Sync(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("sync after close: %v", err)
		}
	})
}

func TestBadFolders(t *testing.T) {
	both(t, func(t *testing.T, fsys FS) {
		put(t, fsys, "file", "")
		for _, dir := range []string{"file", "file/sub", "/abs", "../out"} {
			if err := fsys.MkdirAll(dir); err == nil {
				t.Errorf("mkdir %q succeeded", dir)
			}
		}
		must(t, fsys.MkdirAll("dir"))
		if _, err := fsys.Create("dir"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("create over a folder: %v", err)
		}
		if err := fsys.Rename("file", "dir"); err == nil {
			t.Error("rename over a folder succeeded")
		}
	})
}

func TestWriteDurable(t *testing.T) {
	both(t, func(t *testing.T, fsys FS) {
		must(t, fsys.MkdirAll("d"))
		for _, want := range []string{"first", "second"} {
			must(t, WriteDurable(fsys, "d/f", func(w io.Writer) error {
				_, err := io.WriteString(w, want)
				return err
			}))
			if got := text(t, fsys, "d/f"); got != want {
				t.Errorf("holds %q", got)
			}
		}
		boom := errors.New("boom")
		if err := WriteDurable(fsys, "d/f", func(io.Writer) error { return boom }); !errors.Is(err, boom) {
			t.Errorf("error %v", err)
		}
		put(t, fsys, "d/f.0.tmp", "left by a crash")
		must(t, WriteDurable(fsys, "d/f", func(io.Writer) error { return nil }))
		must(t, RemoveTemp(fsys, "d"))
		must(t, RemoveTemp(fsys, "none"))
		if names, _ := fsys.ReadDir("d"); !slices.Equal(names, []string{"f"}) {
			t.Errorf("names %q", names)
		}
	})
}

// A planted symbolic link must not lead out of the root.
func TestOSConfined(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	must(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600))
	must(t, os.Symlink(outside, filepath.Join(root, "link")))
	fsys, err := OS(root)
	must(t, err)
	if _, err := fsys.Open("link/secret"); err == nil {
		t.Error("opened a file outside the root")
	}
	if _, err := fsys.Create("link/new"); err == nil {
		t.Error("made a file outside the root")
	}
	if _, err := OS(filepath.Join(root, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open of a missing root: %v", err)
	}
}

func TestModes(t *testing.T) {
	root := t.TempDir()
	fsys, err := OS(root)
	must(t, err)
	must(t, fsys.MkdirAll("a/b"))
	put(t, fsys, "a/b/f", "")
	for name, want := range map[string]fs.FileMode{"a": 0o700, "a/b": 0o700, "a/b/f": 0o600} {
		st, err := os.Stat(filepath.Join(root, name))
		must(t, err)
		if st.Mode().Perm() != want {
			t.Errorf("%s has mode %o", name, st.Mode().Perm())
		}
	}
}
