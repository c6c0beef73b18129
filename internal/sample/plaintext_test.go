package sample

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

// At no moment of an upload, of indexing or after it does any file of the data
// folder hold bytes of a sample in clear.
func TestNoPlaintextOnDisk(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	fsys, err := vfs.OS(dir)
	must(t, err)
	db := storetest.New(t, func(o *store.Options) { o.Path = filepath.Join(dir, "mews.db") })
	w, err := openWorld(ctx, fsys, db, Limits{})
	must(t, err)
	defer w.engine.Close()
	marker := []byte("MZ-planted-marker-of-the-test")
	body := bytes.Join([][]byte{marker, blobtest.Content(1, 600_000), marker, blobtest.Content(2, 300_000), marker}, nil)
	_, err = w.Put(ctx, me, &spy{r: bytes.NewReader(body), look: func() { lookFor(t, dir, marker) }}, PutOptions{})
	must(t, err)
	w.put(t, marker, PutOptions{}) // small enough to be all head
	lookFor(t, dir, marker)
	must(t, w.engine.Flush(ctx))
	if n := lookFor(t, dir, marker); n < len(body)/4 {
		t.Errorf("looked at %d bytes only", n)
	}
}

// A spy looks around between two reads.
type spy struct {
	r    io.Reader
	look func()
}

func (s *spy) Read(p []byte) (int, error) {
	s.look()
	return s.r.Read(p[:min(len(p), 100_000)])
}

// lookFor fails when a file below dir holds 8 bytes of the marker.
func lookFor(t *testing.T, dir string, marker []byte) (seen int) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(name)
		seen += len(b)
		for at := 0; at+8 <= len(marker); at++ {
			if bytes.Contains(b, marker[at:at+8]) {
				t.Fatalf("%q in clear in %s", marker[at:at+8], name)
			}
		}
		return err
	}))
	return seen
}

func BenchmarkPut(b *testing.B) {
	w := newWorld(b, Limits{})
	body := blobtest.Content(1, 8<<20)
	b.SetBytes(int64(len(body)))
	for i := 0; b.Loop(); i++ {
		body[0], body[1], body[2] = byte(i), byte(i>>8), byte(i>>16)
		if _, err := w.Put(context.Background(), me, bytes.NewReader(body), PutOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
