package search

import (
	"bytes"
	"context"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/demo/corpus"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/store"
)

func blobName(cid store.CID, f index.File) blob.Name {
	return blob.Name{CID: string(cid), SHA256: f.SHA256}
}

// The default run compares wide x plansWide + narrow x plansNarrow answers:
// 20,400. Narrow corpora have small files in small columns.
const (
	wide, plansWide     = 12, 100
	narrow, plansNarrow = 24, 800
	steps               = 20
	largestRandom       = 300_000
	largestNarrow       = 9_000
)

// TestAnswersEqualBruteForce is the one test that must never fail: over random
// corpora, histories and plans, the candidates hold every match, and the
// confirmed ones are exactly the matches.
func TestAnswersEqualBruteForce(t *testing.T) {
	t.Parallel()
	seed := newSeed(t)
	pairs := 0
	for i := range (wide + narrow) / lessWork {
		small := i%3 != 0
		plans := plansWide
		if small {
			plans = plansNarrow
		}
		w := makeWorld(t, seed+uint64(i), small)
		for step := range steps {
			w.step()
			for range plans / steps {
				cid := w.cid()
				w.check(cid, w.plan(cid, 3))
				pairs++
			}
			if t.Failed() {
				t.Fatalf("corpus %d, step %d", i, step)
			}
		}
	}
	t.Logf("%d pairs of query and corpus, 0 differences", pairs)
	if lessWork == 1 && pairs < 20_000 {
		t.Errorf("only %d pairs", pairs)
	}
}

func (w *world) cid() store.CID { return []store.CID{"alpha", "alpha", "beta"}[w.rng.IntN(3)] }

// step does one thing that changes what the engine knows or how it is stored.
func (w *world) step() {
	ctx := context.Background()
	cid := w.cid()
	switch w.rng.IntN(12) {
	case 0:
		if n := len(w.files[cid]); n > 0 {
			w.must(w.forget(cid, w.rng.IntN(n)))
		}
	case 1, 2:
		w.must(w.eng.Flush(ctx))
	case 3:
		w.must(w.eng.maintain(ctx))
	case 4:
		w.reopen()
	case 5:
		if w.rng.IntN(3) == 0 {
			w.must(w.eng.Rebuild(ctx, nil))
		}
	default:
		for range 1 + w.rng.IntN(4) {
			w.putRandom(cid)
		}
	}
}

var types = []string{"pe32", "text", "data", "elf"}

// putRandom adds a file of a random kind with planted text; sometimes one that
// shares most bytes with another, sometimes one of the other customer's.
func (w *world) putRandom(cid store.CID) {
	limit := largestRandom
	if w.small {
		limit = largestNarrow
	}
	if w.rng.IntN(25) == 0 {
		limit *= 6
	}
	plain := w.gen.Next(limit).Bytes
	other := w.files[w.cid()]
	if len(other) > 0 && w.rng.IntN(5) == 0 {
		plain = bytes.Clone(other[w.rng.IntN(len(other))].plain)
		if len(plain) > 0 {
			plain[w.rng.IntN(len(plain))]++
		}
	}
	for range w.rng.IntN(3) {
		text := []byte([]string{"CreateRemoteThread", "h\x00e\x00L\x00l\x00O\x00", "\xde\xad\xbe\xef", "http://Example.TEST/x"}[w.rng.IntN(4)])
		if len(plain) > len(text) {
			copy(plain[w.rng.IntN(len(plain)-len(text)):], text)
		}
	}
	for _, k := range w.files[cid] {
		if bytes.Equal(k.plain, plain) {
			return // the sample service stores equal bytes once
		}
	}
	w.must(w.put(cid, plain, types[w.rng.IntN(len(types))], cut(w.rng.IntN(2)), w.rng.IntN(2) == 0))
}

// TestPlantedAtEveryBorder plants a literal at each offset around the borders
// of columns and frames of one file, and looks for it.
func TestPlantedAtEveryBorder(t *testing.T) {
	t.Parallel()
	for _, how := range []cut{atColumns, anywhere} {
		w := newWorld(t, 1)
		base := w.gen.Sample(corpus.Packed, 200_000).Bytes
		w.must(w.put("c", base, "data", how, true))
		r, err := w.blobs.Get(blobName("c", w.files["c"][0].File))
		w.must(err)
		border := int(r.Frames()[len(r.Frames())/2].Offset)
		w.must(r.Close())
		for _, length := range []int{4, 9, 64, 65, 66, 200} {
			lit := bytes.Repeat([]byte("Qx7"), 100)[:length]
			for _, before := range []int{0, 1, 3, length / 2, length - 1, length, length + 63, length + 64} {
				plain := bytes.Clone(base)
				copy(plain[border-before:], lit)
				w.must(w.put("c", plain, "data", how, w.rng.IntN(2) == 0))
			}
			if length%2 == 0 {
				w.must(w.eng.Flush(context.Background()))
			}
			w.check("c", query.Literal{Bytes: lit})
			w.check("c", query.Literal{Bytes: lowerASCII(lit), Fold: true})
		}
	}
}
