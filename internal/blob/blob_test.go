package blob_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/vfs"
	"pgregory.net/rapid"
)

func TestConformance(t *testing.T) {
	t.Run("os", func(t *testing.T) {
		blobtest.Run(t, func(t *testing.T) vfs.FS {
			fsys, err := vfs.OS(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			return fsys
		})
	})
	t.Run("mem", func(t *testing.T) {
		blobtest.Run(t, func(*testing.T) vfs.FS { return vfs.NewMem() })
	})
}

func open(t testing.TB, fsys vfs.FS) *blob.Store {
	t.Helper()
	s, err := blob.Open(fsys, blobtest.Keys(), blob.Options{Held: held})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Any content cut anywhere comes back the same, frame by frame and as a whole.
func TestRoundTripProperty(t *testing.T) {
	s := open(t, vfs.NewMem())
	rapid.Check(t, func(t *rapid.T) {
		content := blobtest.Content(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(0, 200_000).Draw(t, "size"))
		cid := rapid.StringN(0, 8, -1).Draw(t, "cid")
		meta := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "meta")
		w, err := s.Create(cid)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Abort()
		for rest := content; len(rest) > 0; {
			n := rapid.IntRange(1, min(len(rest), 100_000)).Draw(t, "frame")
			if err := w.Frame(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		info, err := w.Finish(meta)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		r, err := s.Get(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		var joined []byte
		for i := range r.Frames() {
			if joined, err = r.ReadFrame(i, joined); err != nil {
				t.Fatal(err)
			}
		}
		whole, err := io.ReadAll(r.Plain())
		if err != nil || !bytes.Equal(joined, content) || !bytes.Equal(whole, content) {
			t.Fatalf("content differs: %v", err)
		}
		if info.Fresh && !bytes.Equal(r.Meta(), meta) {
			t.Fatal("metadata differs")
		}
	})
}

// Nothing on disk may be recognised as the sample, neither at rest nor on the way.
func TestNoPlaintext(t *testing.T) {
	dir := t.TempDir()
	fsys, err := vfs.OS(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, fsys)
	// The harmless test file that every antivirus knows, put together at run time.
	marker := `X5O!P%@AP[4\PZX54(P^)7CC)7}$` + strings.ToUpper("eicar-standard-antivirus-test-file") + `!$H+H*`
	for _, content := range []string{marker, strings.Repeat(marker, 3000), marker + string(blobtest.Content(1, 1<<20))} {
		w, err := s.Create(marker)
		if err != nil {
			t.Fatal(err)
		}
		for part := range slices.Chunk([]byte(content), 300<<10) {
			if err := w.Frame(part); err != nil {
				t.Fatal(err)
			}
			lookFor(t, dir, marker)
		}
		if _, err := w.Finish([]byte(marker)); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Commit(); err != nil {
			t.Fatal(err)
		}
		lookFor(t, dir, marker)
	}
}

func lookFor(t *testing.T, dir, marker string) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		seen += len(b)
		for n := 8; n <= len(marker); n += 8 {
			if bytes.Contains(b, []byte(marker[:n])) || strings.Contains(name, marker[:n]) {
				t.Errorf("%d plain bytes in %s", n, name)
			}
		}
		return err
	})
	if err != nil || seen == 0 {
		t.Fatalf("looked at %d bytes: %v", seen, err)
	}
}

// What was sealed once with one key must not be opened with another name of the
// same store, however the files are moved.
func TestSwappedFiles(t *testing.T) {
	mem := vfs.NewMem()
	s := open(t, mem)
	a, b := blobtest.Content(1, 5000), blobtest.Content(2, 5000)
	for _, content := range [][]byte{a, b} {
		if _, err := blobtest.Put(s, "cid", content, 1000); err != nil {
			t.Fatal(err)
		}
	}
	if err := mem.Rename(file(s, "cid", a), file(s, "cid", b)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(blobtest.Name("cid", b)); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("a's file under b's name: %v", err)
	}
	if _, err := blobtest.Put(s, "other", a, 1000); err != nil {
		t.Fatal(err)
	}
	if err := mem.Rename(file(s, "other", a), file(s, "cid", b)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(blobtest.Name("cid", b)); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("another customer's file: %v", err)
	}
}

// file is the path of a blob, as docs/format/blob.md gives it.
func file(s *blob.Store, cid string, content []byte) string {
	id := s.FileID(blobtest.Name(cid, content))
	return "blobs/" + id[:2] + "/" + id + ".blob"
}

func TestKeyring(t *testing.T) {
	one, two := blob.NewKeyring([32]byte{1}), blob.NewKeyring([32]byte{2})
	text, aad := []byte("text"), []byte("aad")
	sealed := one.Box("a").Seal(nil, nil, text, aad)
	if got, err := one.Box("a").Open(nil, nil, sealed, aad); err != nil || !bytes.Equal(got, text) {
		t.Errorf("own box: %q, %v", got, err)
	}
	if bytes.Equal(sealed, one.Box("a").Seal(nil, nil, text, aad)) {
		t.Error("a nonce was used twice")
	}
	for what, box := range map[string]interface {
		Open(dst, nonce, sealed, aad []byte) ([]byte, error)
	}{"purpose": one.Box("b"), "key": two.Box("a")} {
		if _, err := box.Open(nil, nil, sealed, aad); err == nil {
			t.Errorf("opened with another %s", what)
		}
	}
	if one.Secret("a") == one.Secret("b") || one.Secret("a") == two.Secret("a") || one.ID() == two.ID() {
		t.Error("two secrets are equal")
	}
	if one.Secret("a") != blob.NewKeyring([32]byte{1}).Secret("a") {
		t.Error("a secret is not repeatable")
	}
}
