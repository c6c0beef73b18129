package sighting

import (
	"context"
	"fmt"

	"github.com/mewshq/mews/internal/store"
)

// watched lists what a call tells of observables that may be indicators. Each
// observable is looked up once, however often it was met.
func (s *Service) watched(ctx context.Context, cid store.CID, batch *sorted, r *rollup, numbers []uint32) ([]Seen, error) {
	if s.watch == nil || len(batch.observables) == 0 {
		return nil, nil
	}
	candidate, err := s.watch.Candidates(ctx, cid)
	if err != nil {
		return nil, fmt.Errorf("look for indicators: %w", err)
	}
	var out []Seen
	var aids map[uint32]string
	for i := range batch.observables {
		o := &batch.observables[i]
		if !candidate(o.Observable) {
			continue
		}
		if aids == nil {
			aids = aidsOf(r, numbers)
		}
		for host, group := range groups(batch.notes[o.from:o.to], sameHost) {
			sum := sumOf(group)
			out = append(out, Seen{
				Observable: o.Observable, AID: aids[host], Process: lastProcess(group),
				First: sum.first, Last: sum.last, Count: sum.count, Kinds: sum.kinds,
			})
		}
	}
	return out, nil
}

func aidsOf(r *rollup, numbers []uint32) map[uint32]string {
	out := make(map[uint32]string, len(numbers))
	for i, number := range numbers {
		out[number] = r.hosts[i].AID
	}
	return out
}

// lastProcess is the process that met it last, of those that were named.
func lastProcess(group []note) (process uint64) {
	var at int64
	for _, n := range group {
		if n.process != 0 && n.time >= at {
			process, at = n.process, n.time
		}
	}
	return process
}
