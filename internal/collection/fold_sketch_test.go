package collection

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"
	"pgregory.net/rapid"
)

// TestDistinct: exact where it says so, and at most 2 % off beyond.
func TestDistinct(t *testing.T) {
	for run := range 20 {
		var d distinct
		mem := newLedger(maxMemory)
		want := 0
		for _, until := range []int{1, 100, exactDistinct, exactDistinct + 1, 10_000, 30_000, 100_000, 200_000} {
			for ; want < until; want++ {
				h := xxhash.Sum64String(fmt.Sprint(run, "value", want))
				d.add(mem, h)
				d.add(mem, h)
			}
			got := d.count()
			if off := math.Abs(float64(got)/float64(want) - 1); want <= exactDistinct && off != 0 || off > 0.02 {
				t.Errorf("run %d: %d of %d values", run, got, want)
			}
		}
		if mem.left > maxMemory-1<<sketchPrecision || mem.left < maxMemory-2<<sketchPrecision {
			t.Errorf("%d bytes booked", maxMemory-mem.left)
		}
	}
}

// TestSpread compares with the definition, over lists and sorting.
func TestSpread(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 300).Draw(rt, "values")
		if rapid.Bool().Draw(rt, "few") {
			for i := range values {
				values[i] = math.Round(values[i] / 3e5)
			}
		}
		var s spread
		mem := newLedger(maxMemory)
		for _, v := range values {
			s.add(mem, v)
		}
		percents := []float64{0, 1, 33.3, 50, 99, 100}
		got := s.percentiles(mem, percents)
		slices.Sort(values)
		for i, p := range percents {
			position := float64(len(values)-1) * p / 100
			low := values[int(position)]
			high := values[int(math.Ceil(position))]
			want := low + (high-low)*(position-math.Floor(position))
			if math.Abs(got[i]-want) > 1e-6 {
				rt.Errorf("%g %%: %g, want %g", p, got[i], want)
			}
		}
	})
}

// TestSpreadOfMany: beyond the exact bound an estimate is off by at most a
// thousandth of the ranks.
func TestSpreadOfMany(t *testing.T) {
	if testing.Short() {
		t.Skip("two million values")
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var s spread
	mem := newLedger(maxMemory)
	values := make([]float64, 2*exactSpread)
	for i := range values {
		values[i] = math.Exp(rng.NormFloat64())
		s.add(mem, values[i])
	}
	if mem.err() != nil {
		t.Fatalf("%d bytes booked", maxMemory-mem.left)
	}
	percents := []float64{1, 5, 25, 50, 75, 95, 99}
	got := s.percentiles(mem, percents)
	if s.digest == nil {
		t.Fatal("still exact")
	}
	slices.Sort(values)
	for i, p := range percents {
		rank, _ := slices.BinarySearch(values, got[i])
		if off := math.Abs(float64(rank)/float64(len(values)) - p/100); off > 0.001 {
			t.Errorf("%g %% is %g, which stands at %g %%", p, got[i], float64(rank)/float64(len(values))*100)
		}
	}
}
