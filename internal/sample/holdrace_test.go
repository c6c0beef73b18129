package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// Many hold and let go of the same few samples while others upload and delete
// them, turn the switch and destroy what nobody holds. Who holds bytes has them.
func TestHoldersAtTheSameTime(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	steps := 60
	if testing.Short() {
		steps = 20
	}
	var group, busy sync.WaitGroup
	stop := make(chan struct{})
	worker := func(to *sync.WaitGroup, n uint64, body func(rng *rand.Rand, step int)) {
		rng := rand.New(rand.NewPCG(*seedFlag, n))
		to.Go(func() {
			for step := 0; to == &busy || step < steps; step++ {
				select {
				case <-stop:
					return
				default:
				}
				body(rng, step)
			}
		})
	}
	check := func(err error, fine ...error) {
		for _, f := range fine {
			if errors.Is(err, f) {
				return
			}
		}
		if err != nil {
			t.Error(err)
		}
	}
	held := make([]map[int]bool, 6)
	for n := range held {
		held[n] = map[int]bool{}
		worker(&group, uint64(n), func(rng *rand.Rand, _ int) {
			i, id := rng.IntN(len(contents)), fmt.Sprint("holder ", n)
			if held[n][i] {
				r, _, err := w.Download(ctx, me, shaOf(contents[i]))
				if check(err); err == nil {
					got, err := content(r)
					if check(err); !bytes.Equal(got, contents[i]) {
						t.Errorf("other bytes of %d", i)
					}
				}
				delete(held[n], i)
				var gone bool
				check(w.db.Write(ctx, func(tx *store.Tx) (err error) {
					gone, err = w.Unhold(tx, cid, shaOf(contents[i]), id)
					return err
				}))
				if gone && rng.IntN(2) == 0 {
					check(w.FinishDeletes(ctx, cid, []string{shaOf(contents[i])}))
				}
				return
			}
			ok := false
			if rng.IntN(2) == 0 {
				check(w.db.Write(ctx, func(tx *store.Tx) (err error) {
					ok, err = w.Hold(tx, cid, shaOf(contents[i]), id)
					return err
				}))
			}
			if !ok {
				_, err := w.Put(ctx, me, bytes.NewReader(contents[i]), PutOptions{Hold: id, Searchable: []Switch{on, off}[rng.IntN(2)]})
				check(err)
			}
			held[n][i] = true
		})
	}
	corpus := map[int]bool{}
	worker(&group, 100, func(rng *rand.Rand, _ int) {
		i := rng.IntN(len(contents))
		if !corpus[i] {
			_, err := w.Put(ctx, me, bytes.NewReader(contents[i]), PutOptions{})
			check(err)
			corpus[i] = true
		} else if err := w.Delete(ctx, me, shaOf(contents[i])); !errors.Is(err, mews.ErrConflict) {
			check(err)
			corpus[i] = false
		}
	})
	worker(&busy, 200, func(rng *rand.Rand, _ int) {
		_, err := w.ShowHeld(ctx, cid, []Switch{on, off}[rng.IntN(2)])
		check(err)
	})
	worker(&busy, 201, func(*rand.Rand, int) { check(w.FinishDeletes(ctx, cid, nil)) })
	worker(&busy, 202, func(*rand.Rand, int) { check(errors.Join(w.engine.Flush(ctx), w.Recover(ctx))) })
	group.Wait()
	close(stop)
	busy.Wait()
	must(t, w.FinishDeletes(ctx, cid, nil))
	_, err := w.ShowHeld(ctx, cid, off)
	must(t, err)
	var seen []string
	for i, body := range contents {
		there := corpus[i]
		for n := range held {
			there = there || held[n][i]
		}
		if err := sameBytes(w, body, there); err != nil || w.gives(t, body) != there {
			t.Errorf("content %d, there %v: %v", i, there, err)
		}
		if corpus[i] {
			seen = append(seen, shaOf(body))
		}
	}
	w.mustFind(t, seen...)
}
