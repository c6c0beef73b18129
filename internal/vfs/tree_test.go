package vfs

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

func TestFilesBelowAFolder(t *testing.T) {
	both(t, func(t *testing.T, fsys FS) {
		for _, dir := range []string{"a/b/c", "a/empty", "z"} {
			must(t, fsys.MkdirAll(dir))
		}
		for _, name := range []string{"top", "a/one", "a/b/c/deep", "a/b/two", "z/last"} {
			put(t, fsys, name, name)
		}
		for dir, want := range map[string][]string{
			".":       {"a/b/c/deep", "a/b/two", "a/one", "top", "z/last"},
			"a/b":     {"a/b/c/deep", "a/b/two"},
			"a/empty": nil,
			"none":    nil,
		} {
			if got, err := Files(fsys, dir); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %q, %v", dir, got, err)
			}
		}
		if got, err := Files(fsys, ".", "a/b", "top", "one"); err != nil || !slices.Equal(got, []string{"a/one", "z/last"}) {
			t.Errorf("with some left out: %q, %v", got, err)
		}
	})
}

func TestCopy(t *testing.T) {
	both(t, func(t *testing.T, fsys FS) {
		long := strings.Repeat("bytes of a file ", 10_000)
		put(t, fsys, "from", long)
		put(t, fsys, "empty", "")
		for from, want := range map[string]string{"from": long, "empty": ""} {
			size, err := Copy(fsys, from, "new/folder/"+from)
			if err != nil || size != int64(len(want)) || text(t, fsys, "new/folder/"+from) != want {
				t.Errorf("%s: %d bytes, %v", from, size, err)
			}
		}
		if _, err := Copy(fsys, "empty", "new/folder/from"); !errors.Is(err, fs.ErrExist) {
			t.Errorf("over a file: %v", err)
		}
		if got := text(t, fsys, "new/folder/from"); got != long {
			t.Errorf("the file that was there has %d bytes now", len(got))
		}
		if _, err := Copy(fsys, "none", "x"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("of nothing: %v", err)
		}
	})
}

// TestCopyTellsFailures: whatever call fails, the copy says so.
func TestCopyTellsFailures(t *testing.T) {
	for _, op := range []Op{OpMkdir, OpOpen, OpCreate, OpRead, OpWrite, OpSync} {
		m := NewMem()
		put(t, m, "from", "text")
		m.FailNth(op, 1, errDisk)
		if _, err := Copy(m, "from", "to"); !errors.Is(err, errDisk) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

var errDisk = errors.New("the disk of the test fails")
