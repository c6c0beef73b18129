package search

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/demo/corpus"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var errPower = errors.New("power is gone")

var histories = flag.Int("histories", 12, "histories of the power cut test")

const crashPoints = 6 // per history

// TestPowerCut cuts the power at random calls of the file system while files
// are added, indexed, merged and deleted. After each cut a fresh engine on what
// the disk kept must answer like brute force over the acknowledged files.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	seed := newSeed(t)
	points := 0
	for h := range uint64(max(*histories/lessWork, 1)) {
		calls := runHistory(t, seed+h, -1)
		rng := newRand(seed + h)
		for range crashPoints {
			runHistory(t, seed+h, rng.IntN(calls))
			points++
		}
	}
	t.Logf("%d power cuts, 0 losses", points)
}

// runHistory replays a seeded history on a crashing file system, cuts the power
// at a call (-1: never), and checks what a restart finds. It gives the number
// of calls.
func runHistory(t *testing.T, seed uint64, cutAt int) int {
	t.Helper()
	mem := vfs.NewMem()
	w := &world{
		t: t, rng: newRand(seed), gen: corpus.New(seed), fs: mem,
		limits: Limits{FanOut: 2}, files: map[store.CID][]known{},
	}
	w.boot()
	calls, dead := 0, false
	var clone *vfs.Mem
	mem.Hook(func(op vfs.Op, name string) error {
		if dead {
			return errPower
		}
		calls++
		dead = calls-1 == cutAt
		if dead {
			return errPower
		}
		return nil
	})
	unsure := w.history()
	if cutAt < 0 {
		w.halt()
		return calls
	}
	percent := []int{0, 25, 50, 75, 100}[newRand(seed+uint64(cutAt)).IntN(5)]
	clone = mem.CrashClone(newRand(seed+uint64(cutAt)), percent)
	w.halt()

	w.fs = clone
	w.boot()
	defer w.halt()
	w.settle(unsure)
	context := fmt.Sprintf("seed=%d cut at call %d, %d %% unsynced kept", seed, cutAt, percent)
	for range 6 {
		w.checkAfter(context)
	}
	w.must(w.eng.Flush(t.Context()))
	w.must(w.eng.maintain(t.Context()))
	report, err := w.eng.Check(t.Context())
	w.must(err)
	if len(report.Problems) > 0 {
		t.Fatalf("%s: %v", context, report.Problems)
	}
	for range 3 {
		w.checkAfter(context)
	}
	return calls
}

func (w *world) checkAfter(context string) {
	w.t.Helper()
	plan := w.plan("c", 2)
	want := w.brute("c", plan)
	_, got, err := w.answer("c", plan, Select{})
	if err != nil || !slices.Equal(got, want) {
		w.t.Fatalf("%s: search %.200s: %v, %v; want %v", context, plan, got, err, want)
	}
}

// boot starts everything on the world's file system.
func (w *world) boot() {
	w.t.Helper()
	var err error
	w.db, err = store.Open(context.Background(), storetest.Options(w.fs))
	w.must(err)
	w.blobs, err = blob.Open(w.fs, blobtest.Keys(), blob.Options{})
	w.must(err)
	w.eng, err = Open(context.Background(), Deps{DB: w.db, Blobs: w.blobs, FS: w.fs, Keys: blobtest.Keys(), Limits: w.limits})
	w.must(err)
}

// halt stops everything; after a power cut that may fail.
func (w *world) halt() {
	_ = w.eng.Close()
	_ = w.db.Close()
}

// An attempt is a change whose acknowledgement never came: it may have
// happened.
type attempt struct {
	file    known
	deleted bool
}

// history does random things until one fails, and tells what was in doubt then.
func (w *world) history() *attempt {
	ctx := context.Background()
	for range 14 {
		var err error
		switch w.rng.IntN(6) {
		case 0:
			if n := len(w.files["c"]); n > 0 {
				i := w.rng.IntN(n)
				doubt := &attempt{w.files["c"][i], true}
				if err = w.forget("c", i); err != nil {
					return doubt
				}
			}
		case 1:
			err = w.eng.Flush(ctx)
		case 2:
			err = w.eng.maintain(ctx)
		default:
			plain := w.gen.Next(60_000).Bytes
			before := w.seq
			err = w.put("c", plain, "data", atColumns, w.rng.IntN(2) == 0)
			if err != nil && w.seq > before {
				return &attempt{file: w.unacknowledged(plain)}
			}
		}
		if err != nil {
			return nil
		}
	}
	return nil
}

func (w *world) unacknowledged(plain []byte) known {
	return known{plain: plain, lower: lowerASCII(plain), File: fileOf(w.seq, plain, "data")}
}

// settle asks the catalog whether the attempt in doubt happened.
func (w *world) settle(a *attempt) {
	if a == nil {
		return
	}
	there := w.eng.alive("c", a.file.Seq)
	same := func(k known) bool { return k.Seq == a.file.Seq }
	w.files["c"] = slices.DeleteFunc(w.files["c"], same)
	if there {
		w.files["c"] = append(w.files["c"], a.file)
	}
}

// TestDeletedMeanwhile: a file whose deletion is durable is not an error
// of a search that still has it as a candidate.
func TestDeletedMeanwhile(t *testing.T) {
	for _, indexed := range []bool{false, true} {
		w := newWorld(t, 5)
		w.must(w.put("c", []byte("some text to find"), "text", atColumns, true))
		if indexed {
			w.must(w.eng.Flush(t.Context()))
		}
		s, err := w.eng.Snapshot(t.Context(), "c")
		w.must(err)
		defer s.Close()
		w.must(w.forget("c", 0))
		for c, err := range s.Candidates(t.Context(), query.Literal{Bytes: []byte("text")}, Select{}) {
			w.must(err)
			if ok, _, err := c.Confirm(t.Context()); ok || err != nil {
				t.Errorf("indexed %v: deleted file gives %v, %v", indexed, ok, err)
			}
		}
		if s2, err := w.eng.Snapshot(t.Context(), "c"); err != nil || s2.Files() != 0 {
			t.Errorf("a new snapshot holds a deleted file: %v", err)
		}
	}
}
