package httpapi

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"
)

// TestDamagedDownload flips stored bytes: a client must see an error or a cut
// connection, and never a wrong file that looks whole.
func TestDamagedDownload(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	for _, content := range []string{"small sample", strings.Repeat("0123456789abcdef", 50_000)} {
		h.upload(t, token, content, "file_name=n")
	}
	flipped := 0
	flipBlobs(t, h, "blobs", &flipped)
	if flipped < 2 {
		t.Fatalf("%d blobs found to damage", flipped)
	}
	for _, content := range []string{"small sample", strings.Repeat("0123456789abcdef", 50_000)} {
		a, err := h.try(t, "GET", samplesPath+"?ids="+sum(content), bearing(token))
		if err != nil {
			continue // cut
		}
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != 500 {
			t.Errorf("a damaged sample answers %d with %d bytes", a.status, len(a.body))
		}
	}
}

// flipBlobs changes one byte near the end of every file below a folder.
func flipBlobs(t *testing.T, h *harness, dir string, flipped *int) {
	t.Helper()
	names, err := h.files.ReadDir(dir)
	must(t, err)
	for _, name := range names {
		path := dir + "/" + name
		size, err := h.files.Stat(path)
		if err != nil {
			flipBlobs(t, h, path, flipped)
			continue
		}
		f, err := h.files.Open(path)
		if err != nil {
			flipBlobs(t, h, path, flipped)
			continue
		}
		b := make([]byte, 1)
		_, err = f.ReadAt(b, size*3/4)
		must(t, err)
		b[0] ^= 1
		_, err = f.WriteAt(b, size*3/4)
		must(t, err)
		must(t, f.Close())
		*flipped++
	}
}

// TestSinkBytes: whatever the pieces, a sink that ends well sends exactly what
// was written, and one that does not never ends well.
func TestSinkBytes(t *testing.T) {
	h := newHarness(t)
	type script struct {
		pieces []int
		fault  error
	}
	var current atomic.Pointer[script]
	h.api.add(load(route{"test.sink", "GET", "/test/sink", "", classLoad, ""}, mediaBytes, func(_ context.Context, _ actor, _ *noParams, out *sink) error {
		out.Open(mediaBytes, "x", -1)
		play := current.Load()
		for i, n := range play.pieces {
			if _, err := out.Write(bytes.Repeat([]byte{byte(i)}, n)); err != nil {
				return err
			}
		}
		return play.fault
	}))
	rapid.Check(t, func(r *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 1000, holdBack - 1, holdBack, holdBack + 1, 3*holdBack + 5}), 0, 6).Draw(r, "pieces")
		var fault error
		if rapid.Bool().Draw(r, "fault") {
			fault = errors.New("source is damaged")
		}
		current.Store(&script{pieces, fault})
		var want []byte
		for i, n := range pieces {
			want = append(want, bytes.Repeat([]byte{byte(i)}, n)...)
		}
		a, err := h.try(t, "GET", "/test/sink", nil)
		switch {
		case fault == nil && (err != nil || a.status != 200 || !bytes.Equal(a.body, want)):
			r.Fatalf("%d bytes of %d, status %d, %v", len(a.body), len(want), a.status, err)
		case fault != nil && err == nil && a.status != 500:
			r.Fatalf("a fault reads as status %d with %d bytes", a.status, len(a.body))
		}
	})
}
