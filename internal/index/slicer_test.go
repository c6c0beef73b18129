package index

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func compareDocs() cmp.Option { return cmp.AllowUnexported(Doc{}, column{}) }

// TestCutsDependOnBytesOnly hands the same file over in other portions.
func TestCutsDependOnBytesOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := drawFile(t)
		p := rapid.SampledFrom([]Params{smallParams(), evenParams()}).Draw(t, "params")
		whole, parts := NewSlicer(p), NewSlicer(p)
		slice(parts, data[:len(data)/2], 7) // a slicer is good for many files
		want := slice(whole, data, len(data)+1)
		rest := data
		for len(rest) > 0 {
			n, _ := parts.Next(rest[:rapid.IntRange(1, min(len(rest), 400)).Draw(t, "portion")])
			rest = rest[n:]
		}
		if diff := cmp.Diff(want, parts.Finish(), compareDocs()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestColumnsHoldTheirGrams compares each column with the rules, taken over its
// bytes alone, and its place with the rules for cuts.
func TestColumnsHoldTheirGrams(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data, p := drawFile(t), rapid.SampledFrom([]Params{smallParams(), evenParams()}).Draw(t, "params")
		d := slice(NewSlicer(p), data, 300)
		end := int64(0)
		for i, c := range d.columns {
			if want := max(0, end-int64(p.Overlap)); c.off != want {
				t.Fatalf("column %d begins at %d, want %d", i, c.off, want)
			}
			end = c.off + int64(c.length)
			if last := i == len(d.columns)-1; !last && c.class != unfilled && c.length%p.Step != 0 || c.length > p.MaxColumn {
				t.Fatalf("column %d has %d bytes", i, c.length)
			}
			if (c.class == unfilled) != (c.off+int64(min(c.length, p.Overlap)) >= p.MaxFilled && i > 0) {
				t.Fatalf("column %d at %d has class %d", i, c.off, c.class)
			}
			if c.class == unfilled {
				continue
			}
			s := p.Classes[c.class].shape()
			if want := gramBits(&s, data[c.off:end]); !cmp.Equal(want, c.bits) || popcount(s.filter(want, long)) != c.set {
				t.Fatalf("filters of column %d differ", i)
			}
			if i < len(d.columns)-1 && c.length < p.MaxColumn && c.set < s.limit {
				t.Fatalf("column %d ends with %d of %d bits", i, c.set, s.limit)
			}
		}
		if end != int64(len(data)) || d.Size() != end || !bytes.HasPrefix(d.head[:], data[:min(len(data), headLen)]) {
			t.Fatalf("columns end at %d of %d, head %x", end, len(data), d.head)
		}
	})
}

// TestClasses tells which content goes to which class under the parameters in
// use, and how full columns get.
func TestClasses(t *testing.T) {
	p := DefaultParams()
	if err := p.validate(); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 9))
	for _, tc := range []struct {
		kind, class       int
		shortest, longest int
	}{
		{0, 0, 20 << 10, 90 << 10},
		{1, 0, 30 << 10, 200 << 10},
		{2, 0, 30 << 10, 120 << 10},
		{3, 1, 52 << 10, 64 << 10}, // 60 K grams
		{4, 0, 100 << 10, 1 << 20},
	} {
		var data []byte
		for len(data) < 3<<20 {
			data = append(data, content(rng, tc.kind, 1000)...)
		}
		d := slice(NewSlicer(p), data, 64<<10)
		for i, c := range d.columns[:len(d.columns)-1] {
			if c.class != tc.class || c.length < tc.shortest || c.length > tc.longest {
				t.Errorf("kind %d: column %d has class %d, %d bytes", tc.kind, i, c.class, c.length)
			}
			if m := int(p.Classes[c.class].Long); c.length < p.MaxColumn && c.set > int(p.Classes[c.class].Limit)+m/20 {
				t.Errorf("kind %d: column %d has %d of %d bits set", tc.kind, i, c.set, m)
			}
		}
	}
}
