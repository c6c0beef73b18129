package quarantinetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews"
)

// A recorder plays one history and writes it down.
type recorder struct {
	sys   System
	clock atomic.Int64 // orders beginnings and ends of calls
	dates atomic.Int64 // of reports

	mu  sync.Mutex
	ops []porcupine.Operation
	ids []string // of actions that some host has got
}

// Record has clients make steps random calls each, at the same time, on the
// records of a customer that has none yet.
func Record(ctx context.Context, sys System, rng *rand.Rand, clients, steps int) ([]porcupine.Operation, error) {
	r := &recorder{sys: sys}
	for _, in := range firstReports() {
		if _, err := call(ctx, sys, in); err != nil {
			return nil, fmt.Errorf("%+v: %w", in, err)
		}
	}
	var group errgroup.Group
	for client := range clients {
		own := rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
		group.Go(func() error {
			for range steps {
				if err := r.step(ctx, client, r.draw(own)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	err := group.Wait()
	// What stands in the end must be what some order leaves.
	for record := 0; record < records && err == nil; record++ {
		err = r.step(ctx, 0, input{kind: look, record: record})
	}
	return r.ops, err
}

func (r *recorder) step(ctx context.Context, client int, in input) error {
	op := porcupine.Operation{ClientId: client, Input: in, Call: r.clock.Add(1)}
	out, err := call(ctx, r.sys, in)
	if err != nil {
		return fmt.Errorf("%+v: %w", in, err)
	}
	op.Output, op.Return = out, r.clock.Add(1)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, op)
	r.ids = append(r.ids, out.ids...)
	return nil
}

// draw chooses a call.
func (r *recorder) draw(rng *rand.Rand) input {
	r.mu.Lock()
	defer r.mu.Unlock()
	return draw(rng, &r.dates, r.ids)
}

func draw(rng *rand.Rand, dates *atomic.Int64, ids []string) input {
	names := []string{mews.ActionRelease, mews.ActionRelease, mews.ActionUnrelease, mews.ActionUnrelease, mews.ActionDelete}
	name := names[rng.IntN(len(names))]
	record := rng.IntN(records)
	switch n := rng.IntN(20); {
	case n < 5:
		set := fmt.Sprint(record)
		if rng.IntN(2) == 0 {
			set = fmt.Sprint(record, (record+1)%records)
		}
		return input{kind: update, action: name, set: set}
	case n < 8:
		return input{kind: byQuery, action: name, filter: rng.IntN(len(filters))}
	case n < 9:
		return input{kind: counts, filter: rng.IntN(len(filters))}
	case n < 12:
		return input{kind: look, record: record}
	case n < 14:
		return input{kind: download, file: fileOf(record)}
	case n < 16:
		in := input{kind: report, record: record, bytes: rng.IntN(2) == 0}
		if rng.IntN(3) > 0 {
			in.date = int(dates.Add(1))
		}
		return in
	case n < 18:
		return input{kind: pull, host: hostOf(record)}
	}
	if len(ids) == 0 {
		return input{kind: pull, host: hostOf(record)}
	}
	outcomes := []string{mews.ActionAcknowledged, mews.ActionFailed}
	return input{kind: acknowledge, id: ids[rng.IntN(len(ids))], outcome: outcomes[rng.IntN(2)]}
}

// Tamper gives the history with one answer of an update altered, which no order
// of the calls can give; ok is false when there is none.
func Tamper(history []porcupine.Operation) (out []porcupine.Operation, ok bool) {
	out = append(out, history...)
	for i := range out {
		if in := out[i].Input.(input); in.kind == update {
			out[i].Output = output{text: fmt.Sprint(records + 1)}
			return out, true
		}
	}
	return out, false
}

// Check looks for an order of a history's calls that explains all answers.
func Check(history []porcupine.Operation, wrong Mistake, atMost time.Duration) porcupine.CheckResult {
	return porcupine.CheckOperationsTimeout(Model(wrong), history, atMost)
}

// List writes a history by the beginnings of its calls.
func List(history []porcupine.Operation) string {
	var b strings.Builder
	ops := slices.Clone(history)
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	for _, op := range ops {
		fmt.Fprintf(&b, "%3d-%3d client %d: %+v -> %+v\n", op.Call, op.Return, op.ClientId, op.Input, op.Output)
	}
	return b.String()
}

// CheckTheCheck fails the test when wrong models, or histories with an answer
// that was altered, pass for right.
func CheckTheCheck(t testing.TB, histories [][]porcupine.Operation) {
	t.Helper()
	for _, wrong := range []Mistake{CountsNoOps, RevivesAfter, KeepsBytes, AcksTwice} {
		refused := 0
		for _, history := range histories[:min(len(histories), 60)] {
			if Check(history, wrong, time.Minute) == porcupine.Illegal {
				refused++
			}
		}
		if refused == 0 {
			t.Errorf("a wrong model (%d) explains every history", wrong)
		}
	}
	tampered := 0
	for _, history := range histories[:min(len(histories), 20)] {
		if altered, ok := Tamper(history); ok {
			tampered++
			if got := Check(altered, Right, time.Minute); got != porcupine.Illegal {
				t.Errorf("an answer that cannot be is explained: %s", got)
			}
		}
	}
	if tampered == 0 {
		t.Error("no history has an update")
	}
}
