package facts

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestRanges(t *testing.T) {
	some := rapid.Custom(func(t *rapid.T) ranges {
		var out ranges
		for range rapid.IntRange(0, 6).Draw(t, "n") {
			first := rapid.Uint64Range(0, 30).Draw(t, "first")
			last := first + rapid.Uint64Range(0, 5).Draw(t, "more")
			if rapid.IntRange(0, 20).Draw(t, "open") == 0 {
				last = math.MaxUint64
			}
			out = append(out, [2]uint64{first, last})
		}
		return out
	})
	in := func(r ranges, n uint64) bool {
		return slices.ContainsFunc(r, func(x [2]uint64) bool { return x[0] <= n && n <= x[1] })
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := some.Draw(t, "a"), some.Draw(t, "b")
		holes := rapid.SliceOfN(rapid.Uint64Range(0, 40), 0, 5).Draw(t, "holes")
		both := union(a, b)
		rest := both.complement()
		cut := without(5, 25, holes)
		for _, r := range []ranges{both, rest, cut} {
			for i, x := range r {
				if x[0] > x[1] || i > 0 && x[0] <= r[i-1][1]+1 {
					t.Fatalf("%v is not in order", r)
				}
			}
		}
		for _, n := range append(slices.Collect(func(yield func(uint64) bool) {
			for n := range uint64(50) {
				if !yield(n) {
					return
				}
			}
		}), math.MaxUint64-1, math.MaxUint64) {
			if want := in(a, n) || in(b, n); both.has(n) != want || rest.has(n) == want {
				t.Fatalf("%d: union %v of %v and %v, complement %v", n, both, a, b, rest)
			}
			if want := n >= 5 && n <= 25 && !slices.Contains(holes, n); cut.has(n) != want {
				t.Fatalf("%d: %v without %v", n, cut, holes)
			}
		}
	})
}
