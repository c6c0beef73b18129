package httpapi

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews"
)

func gzipped(t testing.TB, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	must(t, err)
	must(t, w.Close())
	return b.String()
}

func zstdOf(t testing.TB, text string, options ...zstd.EOption) string {
	t.Helper()
	w, err := zstd.NewWriter(nil, options...)
	must(t, err)
	defer w.Close()
	return string(w.EncodeAll([]byte(text), nil))
}

func encoded(token, encoding string) map[string]string {
	return with(with(bearing(token), "Content-Type", mediaLines), "Content-Encoding", encoding)
}

// TestEncodedLines: a compressed body is read as it was before, and what is no
// such body, or a bomb, is refused whole.
func TestEncodedLines(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	record := func(host string) string { return `{"hostname":"` + host + `","sha256":"` + sum(host) + "\"}\n" }
	for _, c := range []struct {
		what, encoding, body string
		status               int
		want                 string // in the answer
	}{
		{"gzip", "gzip", gzipped(t, record("a")), 200, `"resources_affected":1`},
		{"gzip, two members", "GZIP", gzipped(t, record("b")) + gzipped(t, record("c")), 200, `"resources_affected":2`},
		{"zstd", "zstd", zstdOf(t, record("d")), 200, `"resources_affected":1`},
		{"zstd, two frames", "zstd", zstdOf(t, record("e")) + zstdOf(t, record("f")), 200, `"resources_affected":2`},
		{"identity", "identity", record("g"), 200, `"resources_affected":1`},
		{"gzip, cut", "gzip", gzipped(t, record("n"))[:40], 400, "no whole and sound gzip"},
		{"gzip, rubbish after it", "gzip", gzipped(t, record("n")) + "xyz", 400, "no whole and sound gzip"},
		{"gzip, plain", "gzip", record("n"), 400, "no whole and sound gzip"},
		{"gzip, nothing", "gzip", "", 400, "no whole and sound gzip"},
		{"zstd, cut", "zstd", zstdOf(t, record("n"))[:20], 400, "no whole and sound zstd"},
		{"zstd, plain", "zstd", record("n"), 400, "no whole and sound zstd"},
		{"zstd, vast window", "zstd", zstdOf(t, strings.Repeat(record("n"), 120_000), zstd.WithWindowSize(32<<20)), 400, "window is larger than 8 MiB"},
		{"gzip bomb", "gzip", gzipped(t, strings.Repeat("\n", maxLinesBytes+1)), 413, "decodes to more than 10 MiB; split it"},
		{"zstd bomb", "zstd", zstdOf(t, strings.Repeat("\n", 40<<20)), 413, "decodes to more than 10 MiB; split it"},
		{"gzip, at the limit", "gzip", gzipped(t, record("h")+strings.Repeat("\n", maxLinesBytes-len(record("h")))), 200, `"resources_affected":1`},
		{"other", "br", "x", 415, "expected gzip or zstd"},
		{"several", "gzip, gzip", "x", 415, "expected gzip or zstd"},
	} {
		a := h.do(t, "POST", ingestPath, encoded(token, c.encoding), c.body)
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != c.status || !strings.Contains(string(a.body), c.want) {
			t.Errorf("%s: %d %s, want %d %s", c.what, a.status, a.body, c.status, c.want)
		}
	}
	left := decode[string](t, h.do(t, "GET", recordsQuery+"?filter=hostname:'n'", bearing(token), ""))
	if len(left.Resources) != 0 || left.Meta.Pagination.Total != 0 {
		t.Errorf("a refused body left records: %v", left.Resources)
	}
}

// TestBounded: the bound is exact, whatever pieces the reader is asked for.
func TestBounded(t *testing.T) {
	over := mews.Errorf(mews.ErrTooLarge, "over")
	for length := range 12 {
		for piece := 1; piece < 14; piece++ {
			b := &bounded{r: strings.NewReader("0123456789ab"[:length]), left: 8, over: over}
			var got []byte
			var err error
			for err == nil {
				var n int
				p := make([]byte, piece)
				n, err = b.Read(p)
				got = append(got, p[:n]...)
			}
			if want := "0123456789ab"[:min(length, 8)]; string(got) != want || (err == error(over)) != (length > 8) {
				t.Fatalf("%d bytes in pieces of %d: %q, %v", length, piece, got, err)
			}
		}
	}
}
