package search

import (
	"bytes"
	"io"
	"testing"

	"github.com/mewshq/mews/internal/demo/corpus"
	"github.com/mewshq/mews/internal/query"
)

// A reading gives the whole file, whatever confirming it decoded before, and
// decodes no byte of a small file twice.
func TestReadingGivesTheWholeFile(t *testing.T) {
	for _, how := range []cut{atColumns, anywhere} {
		for _, size := range []int{30, singleSize, singleSize + 1, 400_000, wholeSize, wholeSize + 1, 3_000_000} {
			w := newWorld(t, 7)
			plain := w.gen.Sample(corpus.Packed, size).Bytes[:size]
			copy(plain[size-30:], "the needle that is looked for.")
			w.must(w.put("alpha", plain, "data", how, true))
			w.must(w.eng.Flush(t.Context()))
			s, err := w.eng.Snapshot(t.Context(), "alpha")
			w.must(err)
			for _, plan := range []query.Node{lit("needle that is looked for"), query.Or{Kids: []query.Node{lit("absent and rare"), query.All{}}}} {
				for c, err := range s.Candidates(t.Context(), plan, Select{}) {
					w.must(err)
					for range 2 { // the second one comes out of the pool
						wholeOf(t, c, plain)
					}
				}
			}
			s.Close()
		}
	}
}

func wholeOf(t *testing.T, c *Candidate, plain []byte) {
	t.Helper()
	r, err := c.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r.Plain())
	if err != nil || !r.Holds() || !bytes.Equal(got, plain) {
		t.Fatalf("holds %v, %d bytes of %d, %v", r.Holds(), len(got), len(plain), err)
	}
	if r.Small() {
		if all, err := r.Bytes(); err != nil || !bytes.Equal(all, plain) || r.Read() != int64(len(plain)) {
			t.Errorf("%d bytes after decoding %d of %d, %v", len(all), r.Read(), len(plain), err)
		}
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
