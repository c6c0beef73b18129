package mews

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A flaky server gives one file and cuts its first replies short.
type flaky struct {
	content []byte
	ranges  bool  // answers with the rest of the file
	tag     bool  // names the file
	cuts    []int // how many bytes the first replies hold
	changes bool  // the file is another one from the second reply on
	asked   []string
}

func (f *flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.asked = append(f.asked, r.Header.Get("Range"))
	content, from := f.content, 0
	if f.changes && len(f.asked) > 1 {
		content = bytes.ToUpper(content)
	}
	sum := sha256.Sum256(content)
	tag := `"` + hex.EncodeToString(sum[:]) + `"`
	if f.tag {
		w.Header().Set("Etag", tag)
	}
	if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && f.ranges && r.Header.Get("If-Range") == tag {
		from, _ = strconv.Atoi(strings.TrimSuffix(text, "-"))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
	}
	rest := content[from:]
	w.Header().Set("Content-Length", strconv.Itoa(len(rest)))
	w.Header().Set("Content-Type", "application/octet-stream")
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	if n := len(f.asked); n <= len(f.cuts) {
		rest = rest[:min(len(rest), f.cuts[n-1])]
	}
	_, _ = w.Write(rest)
}

// TestResume: however a server cuts a file, and whether it knows ranges or not,
// the bytes read are the file's, once each and in order, or there is an error.
func TestResume(t *testing.T) {
	var current atomic.Pointer[flaky]
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) { current.Load().ServeHTTP(w, r) })
	c, _ := s.client(t, WithTransport(&http.Transport{DisableKeepAlives: true}))
	rapid.Check(t, func(r *rapid.T) {
		f := &flaky{
			content: []byte(rapid.StringMatching(`[a-z]{1,400}`).Draw(r, "content")),
			ranges:  rapid.Bool().Draw(r, "ranges"), tag: rapid.Bool().Draw(r, "tag"),
			cuts:    rapid.SliceOfN(rapid.IntRange(1, 300), 0, 4).Draw(r, "cuts"),
			changes: rapid.Bool().Draw(r, "changes"),
		}
		current.Store(f)
		d, err := c.CommandStream(t.Context(), "GetSampleV3", Params{Values: map[string]any{"ids": "x"}})
		if err != nil {
			r.Fatal(err)
		}
		got, err := io.ReadAll(d)
		_ = d.Close()
		switch {
		case err == nil && !bytes.Equal(got, f.content):
			r.Fatalf("read %q as a whole file, asked %q", got, f.asked)
		case err != nil && !f.changes:
			r.Fatalf("after %d of %d bytes: %v", len(got), len(f.content), err)
		case !bytes.HasPrefix(f.content, got):
			r.Fatalf("read %q before %v", got, err)
		case f.tag != (len(f.asked) > 1 && !slices.Contains(f.asked[1:], "")) && len(f.asked) > 1:
			r.Fatalf("asked %q of a server that names its file: %v", f.asked, f.tag)
		}
	})
}

// TestResumeEnds: a download that gains nothing is given up, and one that may
// not be repeated is not.
func TestResumeEnds(t *testing.T) {
	f := &flaky{content: bytes.Repeat([]byte("ab"), 100), tag: true, ranges: true, cuts: []int{10, 10, 10, 10, 10, 10, 10, 10}}
	s := newStub(t, f.ServeHTTP)
	read := func(ctx context.Context, c *Client, p Params) (int, error) {
		f.asked = nil
		p.Values = map[string]any{"ids": "x"}
		d, err := c.CommandStream(ctx, "GetSampleV3", p)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		b, err := io.ReadAll(d)
		return len(b), err
	}
	c, naps := s.client(t)
	if n, err := read(t.Context(), c, Params{}); n != 50 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("read %d bytes, %v", n, err)
	}
	const ms = time.Millisecond
	if want := []time.Duration{250 * ms, 500 * ms, 1000 * ms, 2000 * ms}; !slices.Equal(naps.list, want) {
		t.Errorf("paused %v, want %v", naps.list, want)
	}
	if want := []string{"", "bytes=10-", "bytes=20-", "bytes=30-", "bytes=40-"}; !slices.Equal(f.asked, want) {
		t.Errorf("asked %q, want %q", f.asked, want)
	}
	if n, err := read(t.Context(), c, Params{Header: http.Header{"Range": {"bytes=0-"}}}); n != 10 || err == nil || len(f.asked) != 1 {
		t.Errorf("a caller's own range: read %d bytes, %v, asked %q", n, err, f.asked)
	}
	c, _ = s.client(t, WithRetries(0))
	if n, err := read(t.Context(), c, Params{}); n != 10 || err == nil || len(f.asked) != 1 {
		t.Errorf("without retries: read %d bytes, %v, asked %q", n, err, f.asked)
	}
}

// TestResumeOfSomethingElse: a server that goes on elsewhere than asked is not
// believed.
func TestResumeOfSomethingElse(t *testing.T) {
	first := true
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", `"e"`)
		w.Header().Set("Content-Length", "8")
		if !first {
			w.Header().Set("Content-Range", "bytes 2-9/10")
			w.WriteHeader(http.StatusPartialContent)
		}
		first = false
		_, _ = io.WriteString(w, "abcd")
	})
	c, _ := s.client(t)
	d, err := c.Samples().GetZip(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if b, err := io.ReadAll(d); string(b) != "abcd" || !errors.Is(err, ErrInternal) || !strings.Contains(err.Error(), "instead of byte 4") {
		t.Errorf("read %q, %v", b, err)
	}
}
