package search

import (
	"fmt"
	"math"
	"testing"

	"github.com/mewshq/mews/internal/demo/corpus"
	"golang.org/x/sys/unix"
)

// grow adds n MB of files of 90 KB to an engine that merges on the way.
func grow(t testing.TB, n int) *world {
	w := newWorld(t, 21, func(l *Limits) { l.SegmentBytes, l.FanOut, l.MergeShare = 1, 4, 100 })
	for range n * 11 {
		w.must(w.put("alpha", w.gen.Sample([]string{corpus.PE, corpus.Text, corpus.Random}[w.rng.IntN(3)], 90_000).Bytes, "pe32", atColumns, true))
		if w.rng.IntN(3) == 0 {
			w.must(w.eng.Flush(t.Context()))
			w.must(w.eng.maintain(t.Context()))
		}
	}
	w.must(w.eng.Flush(t.Context()))
	w.must(w.eng.maintain(t.Context()))
	return w
}

// TestGrowth: as the corpus grows, segments and bytes written per byte of index
// grow with its logarithm at most, and the disk never holds much more than the
// index.
func TestGrowth(t *testing.T) {
	for _, n := range []int{1, 2, max(6/lessWork, 1)} {
		w := grow(t, n)
		st, err := w.eng.Status(t.Context())
		w.must(err)
		levels := 1 + math.Log(float64(11*n))/math.Log(3.5)
		t.Logf("%2d MB: %d segments, %d columns, %.1f bytes written per byte sealed", n, st.Segments, st.Columns, float64(st.Written)/float64(st.Written-st.Merged))
		if float64(st.Segments) > 4*(levels+1) {
			t.Errorf("%d MB: %d segments", n, st.Segments)
		}
		if float64(st.Written) > (levels+1)*float64(st.Written-st.Merged) {
			t.Errorf("%d MB: %d bytes were written, %d of them again", n, st.Written, st.Merged)
		}
		if st.TailFiles != 0 || st.Files != 11*n {
			t.Errorf("%d MB: %+v", n, st)
		}
	}
}

// BenchmarkGrowth reports the CPU time for storing, indexing and merging a MB as
// the corpus grows.
func BenchmarkGrowth(b *testing.B) {
	for _, n := range []int{1, 4, 16, 64} {
		b.Run(fmt.Sprintf("%d MB", n), func(b *testing.B) {
			start := cpuSeconds(b)
			for range b.N {
				grow(b, n)
			}
			b.ReportMetric(1000*(cpuSeconds(b)-start)/float64(b.N*n), "cpu-ms/MB")
		})
	}
}

func cpuSeconds(b *testing.B) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}
