package sample

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/mewshq/mews/internal/store"
)

// Held samples follow the switch, to and fro, however often the index has
// worked in between; those of the corpus and of others stay as they are.
func TestShowHeld(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	corpus := w.put(t, []byte("of the corpus"), PutOptions{})
	both := w.put(t, []byte("of the corpus, and held"), PutOptions{})
	w.put(t, []byte("of the corpus, and held"), PutOptions{Hold: "a"})
	all := []string{corpus.SHA256, both.SHA256}
	const n = 3*showChunk/2 + 1
	for i := range n {
		all = append(all, w.put(t, fmt.Appendf(nil, "held %d", i), PutOptions{Hold: "a", Searchable: off}).SHA256)
	}
	for round := range 4 {
		for _, yes := range []bool{true, false} {
			seen, want := Switch(off), all[:2]
			if yes {
				seen, want = on, all
			}
			if got := w.unsettled(t, yes); got != n {
				t.Errorf("round %d: %d are unsettled, want %d", round, got, n)
			}
			changed, err := w.ShowHeld(ctx, cid, seen)
			if err != nil || changed != n || w.unsettled(t, yes) != 0 {
				t.Fatalf("round %d: %d changed, %v", round, changed, err)
			}
			w.mustFind(t, slices.Clone(want)...) // it sorts them
			if round%2 == 0 {
				must(t, w.engine.Flush(ctx))
			}
			if round == 2 {
				must(t, w.engine.Rebuild(ctx, nil))
			}
			w.mustFind(t, slices.Clone(want)...) // it sorts them
			if m, err := w.Many(ctx, cid, all); err != nil || len(m) != len(want) {
				t.Errorf("round %d: lists know %d, %v", round, len(m), err)
			}
			if changed, err := w.ShowHeld(ctx, cid, seen); err != nil || changed != 0 {
				t.Errorf("round %d: again %d changed, %v", round, changed, err)
			}
		}
	}
}

func (w *world) unsettled(t testing.TB, yes bool) (n int64) {
	t.Helper()
	must(t, w.db.Read(context.Background(), func(tx *store.Tx) (err error) { n, err = w.Unsettled(tx, cid, yes); return err }))
	return n
}

// A switch that is turned meanwhile is obeyed, and one that fails changes nothing.
func TestShowHeldAsksAgain(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	for i := range showChunk + 50 {
		w.put(t, fmt.Appendf(nil, "held %d", i), PutOptions{Hold: "a"})
	}
	asked := 0
	n, err := w.ShowHeld(ctx, cid, func(*store.Tx) (bool, error) { asked++; return asked == 1, nil })
	if err != nil || n != 2*showChunk || asked != 3 {
		t.Errorf("%d changed by asking %d times, %v", n, asked, err)
	}
	w.mustFind(t)
	broken := errors.New("broken")
	fails := func(*store.Tx) (bool, error) { return true, broken }
	if n, err := w.ShowHeld(ctx, cid, fails); n != 0 || !errors.Is(err, broken) {
		t.Errorf("%d, %v", n, err)
	}
	w.mustFind(t)
}
