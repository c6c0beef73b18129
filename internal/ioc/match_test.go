package ioc

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// candidate tells whether the quick test lets an observable pass.
func (w *world) candidate(t testing.TB, cid store.CID, o observable.Observable) bool {
	t.Helper()
	pass, err := w.Candidates(ctx, cid)
	must(t, err)
	return pass(o)
}

// hits serves property tests, too.
func (w *world) hits(t interface{ Fatal(...any) }, cid store.CID, at time.Time, some ...observable.Observable) (out map[observable.Observable]Hit) {
	err := w.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, err = w.Hits(tx, cid, some, at)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestMatching walks an indicator through its life and asks after each step what
// ingest asks.
func TestMatching(t *testing.T) {
	w := newWorld(t)
	bad := observed(t, "domain", "bad.example")
	good := observed(t, "domain", "good.example")
	check := func(step string, known, active bool) {
		t.Helper()
		is, err := w.Known(ctx, cid, bad)
		must(t, err)
		if is != known {
			t.Errorf("%s: known %v, want %v", step, is, known)
		}
		hits := w.hits(t, cid, w.clock.now(), bad, good)
		if _, hit := hits[bad]; hit != active || len(hits) > 1 {
			t.Errorf("%s: hits %v, want %v", step, hits, active)
		}
		if active && !w.candidate(t, cid, bad) {
			t.Errorf("%s: the quick test holds an active indicator back", step)
		}
		if w.candidate(t, other, bad) || len(w.hits(t, other, epoch, bad)) > 0 {
			t.Errorf("%s: another customer's", step)
		}
	}
	check("before", false, false)
	in := simple("domain", "BAD.example.")
	in.Tags, in.Description = mews.List{"b", "a"}, "why"
	made := w.create(t, in)
	check("created", true, true)
	hit := w.hits(t, cid, w.clock.now(), bad)[bad]
	if want := (Hit{ID: made[0].ID, Action: "detect", Severity: "high", Description: "why"}); hit.ID != want.ID ||
		hit.Action != want.Action || hit.Severity != want.Severity || hit.Description != want.Description || fmt.Sprint(hit.Tags) != "[a b]" {
		t.Errorf("hit %+v", hit)
	}
	change := func(ch mews.IndicatorChange) {
		t.Helper()
		_, err := w.Update(ctx, me, mews.IndicatorUpdates{Indicators: []mews.IndicatorUpdate{{ID: made[0].ID, IndicatorChange: ch}}})
		must(t, err)
	}
	for action, active := range map[string]bool{"no_action": false, "allow": false, "prevent": true, "prevent_no_ui": true, "detect": true} {
		change(mews.IndicatorChange{Action: action})
		check(action, true, active)
	}
	change(mews.IndicatorChange{Action: "detect"})
	soon := w.clock.now().Add(time.Hour).Format(time.RFC3339)
	change(mews.IndicatorChange{Expiration: &soon})
	check("will expire", true, true)
	w.clock.pass(2 * time.Hour)
	check("expired", true, false)
	never := ""
	change(mews.IndicatorChange{Expiration: &never})
	check("never expires", true, true)
	_, err := w.Delete(ctx, me, Deletion{IDs: []string{made[0].ID}})
	must(t, err)
	check("deleted", false, false)
	w.create(t, in)
	check("back again", true, true)
}

// TestCandidatesForget: what is no longer active leaves memory when there is
// enough of it, and until then costs only time.
func TestCandidatesForget(t *testing.T) {
	storetest.SkipUnderRace(t)
	w := newWorld(t)
	const n = 3 * maxStale
	for i := 0; i < n; i += maxBatch {
		var list []mews.IndicatorCreate
		for j := i; j < min(i+maxBatch, n); j++ {
			list = append(list, simple("sha256", hash(j)))
		}
		w.create(t, list...)
	}
	held := func() int {
		_, err := w.Candidates(ctx, cid)
		must(t, err)
		return w.watchers[cid].set.n
	}
	if held() != n {
		t.Fatalf("%d in memory", held())
	}
	_, err := w.Delete(ctx, me, Deletion{Filter: "value:>='" + hash(1000) + "'"})
	must(t, err)
	held() // sees how much of it is of no use
	if got := held(); got != 1000 {
		t.Errorf("%d in memory after most of them were deleted", got)
	}
}

// TestSetHoldsWhatWasAdded: no number that was added is ever denied, before and
// after growing, and few others are affirmed.
func TestSetHoldsWhatWasAdded(t *testing.T) {
	storetest.SkipUnderRace(t)
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOf(rapid.Uint64()).Draw(t, "numbers")
		s := newSet(0)
		old, had := s, 0
		for i, n := range numbers {
			s = s.with(n)
			if i == len(numbers)/2 {
				old, had = s, i+1
			}
		}
		for i, n := range numbers {
			if !s.has(n) || i < had && !old.has(n) {
				t.Fatalf("%d is not in the set", n)
			}
		}
	})
	s := newSet(0)
	for range 100_000 {
		s = s.with(rand.Uint64())
	}
	wrong := 0
	for range 100_000 {
		if s.has(rand.Uint64()) {
			wrong++
		}
	}
	if wrong > 1 {
		t.Errorf("%d of 100,000 numbers are there that were not added", wrong)
	}
}

// TestManyIndicatorsFitMemory: a million of them take less than 64 MB.
func TestManyIndicatorsFitMemory(t *testing.T) {
	s := newSet(0)
	for i := range uint64(1_000_000) {
		s = s.with(i*0x9E3779B97F4A7C15 + 1)
	}
	if bytes := 8 * len(s.slots); bytes > 40<<20 {
		t.Errorf("%d bytes for %d numbers", bytes, s.n)
	}
}

// TestManyAtOnce: while some create, others ask; whoever created something is
// never told afterwards that it is no candidate.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 20 {
				o := observed(t, "sha256", hash(1000*worker+i))
				if _, err := w.Create(ctx, me, mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{simple("sha256", o.Value())}}); err != nil {
					t.Error(err)
					return
				}
				pass, err := w.Candidates(ctx, cid)
				if err != nil || !pass(o) {
					t.Errorf("%s is held back (%v)", o.ID(), err)
				}
				if _, err := w.Search(ctx, me, Query{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}
