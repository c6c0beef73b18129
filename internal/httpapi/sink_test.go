package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
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

// TestRest: who has the beginning of a sample gets the rest of it, and of that
// sample only; whatever else a range asks for is answered with the whole.
func TestRest(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	content := strings.Repeat("0123456789abcdef", 10_000)
	h.upload(t, token, content, "file_name=n")
	tag := `"` + sum(content) + `"`
	for _, tc := range []struct {
		path, rng, ifRange string
		from               int
	}{
		{samplesPath, "bytes=1-", "", 1},
		{samplesPath, "bytes=70000-", tag, 70_000},
		{samplesPath, "bytes=159999-", tag, 159_999},
		{"/malquery/entities/download-files/v1", "bytes=100-", tag, 100},
		{samplesPath, "bytes=100-", `"other"`, 0},
		{samplesPath, "bytes=160000-", tag, 0},
		{samplesPath, "bytes=99999999999999999999-", tag, 0},
		{samplesPath, "bytes=0-", tag, 0},
		{samplesPath, "bytes=5-9", tag, 0},
		{samplesPath, "bytes=-5", tag, 0},
		{samplesPath, "bytes=1-,5-", tag, 0},
		{samplesPath, "lines=1-", tag, 0},
		{samplesPath, "bytes=+1-", tag, 0},
	} {
		header := bearing(token)
		header["Range"], header["If-Range"] = tc.rng, tc.ifRange
		a := h.do(t, "GET", tc.path+"?ids="+sum(content), header, "")
		status, span := 200, ""
		if tc.from > 0 {
			status, span = 206, fmt.Sprintf("bytes %d-%d/%d", tc.from, len(content)-1, len(content))
		}
		if a.status != status || string(a.body) != content[tc.from:] || a.header.Get("Content-Range") != span ||
			a.header.Get("Etag") != tag || a.header.Get("Content-Length") != strconv.Itoa(len(content)-tc.from) {
			t.Errorf("%s: status %d, %d bytes, %v", tc.rng, a.status, len(a.body), a.header)
		}
	}
	header := bearing(token)
	header["Range"] = "bytes=1-"
	if a := h.do(t, "GET", samplesPath+"?password_protected=true&ids="+sum(content), header, ""); a.status != 200 || a.header.Get("Accept-Ranges") != "none" {
		t.Errorf("an archive, which no other answer equals, gives its rest: %d %v", a.status, a.header)
	}
}
