package main

import (
	"slices"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/demo/fleet"
)

// TestTruth compares the sampled truth with a count of everything.
func TestTruth(t *testing.T) {
	const hosts, events = 130, 20_000
	s := fleet.New(fleet.Options{Seed: 3, Hosts: hosts, Fresh: .1, Start: time.Unix(1_750_000_000, 0)})
	known := newTruth(hosts, 200, events)
	on, times := map[string]map[string]bool{}, map[string]int{}
	for range events {
		e := s.Next()
		known.add(e)
		met := map[string]bool{}
		for _, seen := range e.Seen {
			id := seen.Type + ":" + string(seen.Value)
			if on[id] == nil {
				on[id] = map[string]bool{}
			}
			on[id][s.Host(e.Host).AID] = true
			if !met[id] {
				met[id] = true
				times[id]++
			}
		}
	}
	all := known.witnesses()
	popular := false
	for _, w := range all {
		id := w.observable.ID()
		want := []string{}
		for aid := range on[id] {
			want = append(want, aid)
		}
		slices.Sort(want)
		if got := w.ids(s); !slices.Equal(got, want) || w.count() != len(want) || w.events != times[id] {
			t.Errorf("%s: %d hosts in %d events, want %d in %d", id, w.count(), w.events, len(want), times[id])
		}
		popular = popular || w.count() > hosts/2
	}
	if len(all) < 100 || !popular {
		t.Errorf("a poor sample: %d observables, popular %v", len(all), popular)
	}
	for _, w := range strangers(10) {
		if on[w.observable.ID()] != nil || w.count() != 0 {
			t.Errorf("%s is no stranger", w.observable.ID())
		}
	}
}
