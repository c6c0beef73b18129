package sample

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews/internal/store"
)

// heldRows makes the rows of n held samples, without their bytes.
func (w *world) heldRows(t testing.TB, n, state int) (all []Holding) {
	t.Helper()
	for start := 0; start < n; start += 10_000 {
		w.write(t, func(tx *store.Tx) error {
			for i := start; i < min(n, start+10_000); i++ {
				sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
				h := Holding{SHA256: hex.EncodeToString(sum[:]), Holder: fmt.Sprintf("%032x_%x", i%1000, sum)}
				rec := Record{CID: cid, SHA256: h.SHA256, MD5: h.SHA256[:32], SHA1: h.SHA256[:40], Size: 1, Type: other, Label: Unknown}
				if _, err := w.insert(tx, &rec, state); err != nil {
					return err
				}
				if err := insertHold(tx, cid, sum, h.Holder); err != nil {
					return err
				}
				all = append(all, h)
			}
			return nil
		})
	}
	return all
}

// BenchmarkUnhold lets go of 100,000 samples of 200,000 in one transaction, as
// an action on all records that a filter selects does.
func BenchmarkUnhold(b *testing.B) {
	for name, state := range map[string]int{"hidden": held, "searchable": shown} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, Limits{})
			all := w.heldRows(b, 200_000, state)
			var some []Holding
			for i := 0; i < len(all); i += 2 {
				some = append(some, all[i])
			}
			b.ResetTimer()
			for range b.N {
				var gone []string
				w.write(b, func(tx *store.Tx) (err error) { gone, err = w.UnholdAll(tx, cid, some); return err })
				if len(gone) != len(some) {
					b.Fatalf("%d of %d are gone; run it with -benchtime 1x", len(gone), len(some))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(len(some)), "us/sample")
		})
	}
}

// BenchmarkFinishDeletes destroys the bytes of a few thousand small samples.
func BenchmarkFinishDeletes(b *testing.B) {
	w := newWorld(b, Limits{})
	ctx := context.Background()
	const n = 2000
	for round := 0; b.Loop(); round++ {
		b.StopTimer()
		var all []Holding
		var group errgroup.Group
		group.SetLimit(16)
		for i := range n {
			body := fmt.Appendf(nil, "sample %d of round %d", i, round)
			all = append(all, Holding{shaOf(body), "a"})
			group.Go(func() error {
				_, err := w.Put(ctx, me, bytes.NewReader(body), PutOptions{Hold: "a"})
				return err
			})
		}
		must(b, group.Wait())
		w.write(b, func(tx *store.Tx) error { _, err := w.UnholdAll(tx, cid, all); return err })
		b.StartTimer()
		must(b, w.FinishDeletes(ctx, cid, nil))
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n*b.N), "us/sample")
}
