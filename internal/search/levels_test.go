package search

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// TestNeighbours tells which segments are merged.
func TestNeighbours(t *testing.T) {
	l := Limits{FanOut: 3, MaxColumns: 100}
	for _, tc := range []struct {
		name   string
		sizes  []int64
		room   int64
		lo, hi int
	}{
		{"none", nil, 1000, 0, 0},
		{"one", []int64{5}, 1000, 0, 0},
		{"too few", []int64{5, 5}, 1000, 0, 0},
		{"alike", []int64{5, 5, 5}, 1000, 0, 3},
		{"only as many as needed, the oldest first", []int64{5, 5, 5, 5, 5}, 1000, 0, 3},
		{"a large one is not written again for small ones", []int64{50, 5, 5, 5}, 1000, 1, 4},
		{"until they are enough", []int64{9, 7, 6, 5}, 1000, 0, 4},
		{"small ones between large ones", []int64{9, 2, 2, 9, 5}, 1000, 0, 5},
		{"not across a large one", []int64{5, 90, 5, 5}, 1000, 0, 0},
		{"the cheapest first", []int64{9, 9, 9, 2, 2, 2}, 1000, 3, 6},
		{"no room", []int64{5, 5, 5}, 14, 0, 0},
		{"too wide", []int64{35, 35, 35}, 1000, 0, 0},
	} {
		segs := make([]extent, len(tc.sizes))
		for i, n := range tc.sizes {
			segs[i] = extent{n, int(n)}
		}
		if lo, hi := l.neighbours(segs, tc.room); lo != tc.lo || hi != tc.hi {
			t.Errorf("%s: %d:%d, want %d:%d", tc.name, lo, hi, tc.lo, tc.hi)
		}
	}
}

// TestMergingIsBounded lets segments of random sizes arrive and merges them by
// the rule: bytes written, segments left and bytes on the disk stay in bounds
// that follow from the rule alone.
func TestMergingIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Limits{FanOut: rapid.IntRange(2, 16).Draw(t, "fan-out"), MergeShare: rapid.SampledFrom([]int{15, 1000}).Draw(t, "share"), SegmentBytes: 64}.orDefault()
		largest := rapid.Int64Range(1, 64).Draw(t, "largest new segment")
		var segs []extent
		var sealed, merged int64
		for range rapid.IntRange(1, 600).Draw(t, "arrivals") {
			n := rapid.Int64Range(1, largest).Draw(t, "bytes")
			segs = append(segs, extent{n, 1})
			sealed += n
			for {
				room := max(sealed*int64(l.MergeShare)/100, l.SegmentBytes/2)
				lo, hi := l.neighbours(segs, room)
				if lo == hi {
					break
				}
				var out extent
				for _, s := range segs[lo:hi] {
					out = extent{out.bytes + s.bytes, out.columns + s.columns}
				}
				if out.bytes > room {
					t.Fatalf("a merge of %d bytes in %d", out.bytes, room)
				}
				for _, s := range segs[lo:hi] {
					if 7*s.bytes*int64(l.FanOut) > 8*out.bytes {
						t.Fatalf("%d bytes are written again into %d", s.bytes, out.bytes)
					}
				}
				merged += out.bytes
				segs = append(segs[:lo], append([]extent{out}, segs[hi:]...)...)
			}
		}
		levels := 1 + math.Log(float64(sealed))/math.Log(float64(l.FanOut)*7/8)
		if bound := float64(sealed) * levels; float64(merged) > bound {
			t.Fatalf("%d bytes were written again of %d, more than %.0f", merged, sealed, bound)
		}
		if most := float64(l.FanOut) * (levels + 1); l.MergeShare == 1000 && float64(len(segs)) > most {
			t.Fatalf("%d segments are left, more than %.0f", len(segs), most)
		}
		var left int64
		for _, s := range segs {
			left += s.bytes
		}
		if left != sealed {
			t.Fatalf("%d of %d bytes are left", left, sealed)
		}
	})
}
