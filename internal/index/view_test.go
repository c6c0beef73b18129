package index

import (
	"math/rand/v2"
	"testing"

	"github.com/mewshq/mews/internal/query"
	"pgregory.net/rapid"
)

// A view is searched like the segment that the builder would write, and does not
// change when the builder goes on.
func TestViewsAreSearchedLikeSegments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		corpus := drawCorpus(t)
		p := smallParams()
		b, s := NewBuilder(p, newTestBox(t)), NewSlicer(p)
		seen := rapid.IntRange(0, len(corpus)).Draw(t, "seen")
		var view *Segment
		for i := range len(corpus) + 1 {
			if i == seen {
				view = b.View()
			}
			if i < len(corpus) {
				if err := b.Add(fileOf(i, corpus[i]), slice(s, corpus[i], 500)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if view.Files() != seen {
			t.Fatalf("the view has %d files, want %d", view.Files(), seen)
		}
		for range 4 {
			plan := drawPlan(t, corpus, 2)
			if err := missed(corpus[:seen], search(t, view, plan), plan); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestViewsSelectLittle(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 29))
	b, s := NewBuilder(smallParams(), newTestBox(t)), NewSlicer(smallParams())
	for i := range 60 {
		data := content(rng, rng.IntN(4), 2000)
		if err := b.Add(fileOf(i, data), slice(s, data, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	selected := 0
	for range 300 {
		selected += len(search(t, b.View(), query.Literal{Bytes: content(rng, 3, 12)}))
	}
	if selected > 300*60/20 {
		t.Errorf("%d files for 300 absent literals", selected)
	}
}
