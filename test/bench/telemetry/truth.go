package main

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/demo/fleet"
)

// A truth knows who met some of the observables of a stream: those of its first
// events, which are popular, and a random share of all others.
type truth struct {
	hosts   int
	share   uint64 // one of so many observables
	most    int
	popular int // events left whose observables are all watched
	watched map[string]*witness
	order   []string
}

// A witness knows who met one observable, and in how many events.
type witness struct {
	observable mews.Observable
	hosts      []uint64 // bits
	events     int
}

// newTruth watches about so many observables of a stream of so many events.
func newTruth(hosts, samples, events int) *truth {
	return &truth{
		hosts: hosts, share: uint64(max(events/max(samples, 1), 1)), most: 2 * samples, popular: samples / 10,
		watched: map[string]*witness{},
	}
}

// add hears of an event.
func (t *truth) add(e fleet.Event) {
	for i, seen := range e.Seen {
		if slices.ContainsFunc(e.Seen[:i], func(s fleet.Sighting) bool { return string(s.Value) == string(seen.Value) }) {
			continue
		}
		w := t.watched[string(seen.Value)]
		if w == nil {
			if t.popular <= 0 && xxhash.Sum64(seen.Value)%t.share != 0 || len(t.watched) >= t.most {
				continue
			}
			value := strings.Clone(string(seen.Value))
			w = &witness{observable: mews.Observable{Type: seen.Type, Value: value}, hosts: make([]uint64, (t.hosts+63)/64)}
			t.watched[value] = w
			t.order = append(t.order, value)
		}
		w.hosts[e.Host/64] |= 1 << (e.Host % 64)
		w.events++
	}
	if len(e.Seen) > 0 {
		t.popular--
	}
}

// witnesses copies what is known, in the order in which it was met first.
func (t *truth) witnesses() []witness {
	all := make([]witness, len(t.order))
	for i, value := range t.order {
		all[i] = *t.watched[value]
		all[i].hosts = slices.Clone(all[i].hosts)
	}
	return all
}

// count is on how many hosts an observable was met.
func (w *witness) count() (n int) {
	for _, word := range w.hosts {
		n += bits.OnesCount64(word)
	}
	return n
}

// ids are the hosts, sorted.
func (w *witness) ids(stream *fleet.Stream) []string {
	ids := []string{}
	for n := range len(w.hosts) * 64 {
		if w.hosts[n/64]&(1<<(n%64)) != 0 {
			ids = append(ids, stream.Host(n).AID)
		}
	}
	slices.Sort(ids)
	return ids
}

// strangers are observables that nobody has met.
func strangers(n int) []witness {
	all := make([]witness, n)
	for i := range all {
		all[i].observable = mews.Observable{Type: mews.TypeSHA256, Value: fmt.Sprintf("%064x", 0xbeef<<32|i)}
		if i%2 == 0 {
			all[i].observable = mews.Observable{Type: mews.TypeDomain, Value: fmt.Sprintf("nobody-%d.example.com", i)}
		}
	}
	return all
}
