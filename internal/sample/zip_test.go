package sample

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/blob/blobtest"
)

// archive packs members named m0, m1, … and gives them with the file's path.
func archive(t *testing.T, sizes ...int) (path string, members [][]byte) {
	t.Helper()
	var out bytes.Buffer
	z := NewZip(&out, "infected")
	for i, size := range sizes {
		members = append(members, blobtest.Content(uint64(i), size))
		if err := z.Add(fmt.Sprint("m", i), int64(size), bytes.NewReader(members[i])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "a.zip")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, members
}

// Programs that users have must open the archives, and refuse a wrong password.
func TestZipWithOtherPrograms(t *testing.T) {
	small := []int{0, 1, 11, 70_000, 0, 1 << 20}
	many := make([]int, 300)
	for i := range many {
		many[i] = i % 7
	}
	const python = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as z:
    z.setpassword(sys.argv[3].encode())
    assert z.testzip() is None
    for i in z.infolist():
        assert i.flag_bits & 1
        z.extract(i, sys.argv[2])
`
	for _, tool := range []struct {
		name string
		args func(path, dir, password string) []string
	}{
		{"python3", func(path, dir, password string) []string { return []string{"-c", python, path, dir, password} }},
		{"unzip", func(path, dir, password string) []string { return []string{"-P", password, "-d", dir, path} }},
		{"7z", func(path, dir, password string) []string {
			return []string{"x", "-y", "-p" + password, "-o" + dir, path}
		}},
	} {
		for what, sizes := range map[string][]int{"few": small, "many": many} {
			t.Run(tool.name+"/"+what, func(t *testing.T) {
				if _, err := exec.LookPath(tool.name); err != nil {
					t.Skipf("%s is not installed", tool.name)
				}
				path, members := archive(t, sizes...)
				dir := t.TempDir()
				if out, err := exec.Command(tool.name, tool.args(path, dir, "infected")...).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				for i, want := range members {
					got, err := os.ReadFile(filepath.Join(dir, fmt.Sprint("m", i)))
					if err != nil || !bytes.Equal(got, want) {
						t.Fatalf("member %d of %d bytes: got %d, %v", i, len(want), len(got), err)
					}
				}
				cmd := exec.Command(tool.name, tool.args(path, t.TempDir(), "wrong")...)
				if out, err := cmd.CombinedOutput(); err == nil {
					t.Errorf("a wrong password was taken\n%s", out)
				}
			})
		}
	}
}

// The library's own reader agrees on names, sizes and checksums.
func TestZipDirectory(t *testing.T) {
	path, members := archive(t, 5, 0, 100_000)
	r, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i, f := range r.File {
		if f.UncompressedSize64 != uint64(len(members[i])) || f.Flags&flagEncrypted == 0 || f.CompressedSize64 < zipHeader {
			t.Errorf("member %d: %+v", i, f.FileHeader)
		}
	}
}

func TestZipHidesContent(t *testing.T) {
	var out bytes.Buffer
	z := NewZip(&out, "infected")
	marker := "a marker that deflate would leave as it is: 0123456789"
	if err := z.Add("m", int64(len(marker)), strings.NewReader(marker)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for n := 0; n+8 <= len(marker); n++ {
		if bytes.Contains(out.Bytes(), []byte(marker[n:n+8])) {
			t.Fatalf("%q stands in the archive", marker[n:n+8])
		}
	}
}

func TestZipRefuses(t *testing.T) {
	for _, name := range []string{"", ".", "..", "a/b", `a\b`, "C:x", "a\x00b", "/etc/passwd"} {
		z := NewZip(io.Discard, "infected")
		if z.Add(name, 0, strings.NewReader("")) == nil {
			t.Errorf("took the name %q", name)
		}
	}
	for _, size := range []int64{-1, 2, 4} {
		z := NewZip(io.Discard, "infected")
		if z.Add("m", size, strings.NewReader("abc")) == nil {
			t.Errorf("took 3 bytes as %d", size)
		}
		if size > 0 && z.Close() == nil {
			t.Error("closed a broken archive as if it were whole")
		}
	}
	z := NewZip(failing{}, "infected")
	boom := z.Add("m", 1<<20, bytes.NewReader(blobtest.Content(1, 1<<20)))
	if !errors.Is(boom, io.ErrShortBuffer) {
		t.Errorf("a failing writer: %v", boom)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortBuffer }
