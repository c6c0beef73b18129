package sighting

import (
	"cmp"
	"slices"
)

// Runs are merged with others of about their size: every byte is then rewritten
// once per tier, and each tier holds runs eight times as large as the one below.
const (
	tierBase   = 4 << 10
	tierFactor = 8
)

// tier tells to which size class a run belongs.
func tier(bytes int64) int {
	t := 0
	for limit := int64(tierBase); bytes > limit && t < 16; limit *= tierFactor {
		t++
	}
	return t
}

// A plan is what to merge next.
type plan struct {
	runs  []*run
	bytes int64
	tier  int
}

// mergeable puts the runs that can be merged into their tiers, smallest first
// within each. Service.mu is held.
func (s *Service) mergeable(shelf []*run) map[int][]*run {
	tiers := map[int][]*run{}
	for _, r := range shelf {
		if r.busy || r.damaged || r.bytes > s.limits.MaxRun/int64(s.limits.FanIn) {
			continue
		}
		t := tier(r.bytes)
		tiers[t] = append(tiers[t], r)
	}
	for _, runs := range tiers {
		slices.SortFunc(runs, func(a, b *run) int { return cmp.Or(cmp.Compare(a.bytes, b.bytes), cmp.Compare(a.id, b.id)) })
	}
	return tiers
}

// maxMerged bounds the runs of one merge, and so its memory.
const maxMerged = 64

// nextMerge takes the lowest full tier of any customer whose merge reads at
// least and at most so many bytes. Its runs are busy from then on. What has
// piled up is merged at once: then its bytes are rewritten fewer times.
func (s *Service) nextMerge(least, most int64) (best plan, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, shelf := range s.shelves {
		for t, runs := range s.mergeable(shelf) {
			if ok && t >= best.tier {
				continue
			}
			if p := planOf(t, runs, most); len(p.runs) >= s.limits.FanIn && p.bytes >= least {
				best, ok = p, true
			}
		}
	}
	for _, r := range best.runs {
		r.busy = true
		r.refs++
	}
	return best, ok
}

// planOf takes as many runs as one merge may have.
func planOf(tier int, runs []*run, most int64) plan {
	p := plan{tier: tier}
	for _, r := range runs {
		if len(p.runs) == maxMerged || p.bytes+r.bytes > most {
			break
		}
		p.runs = append(p.runs, r)
		p.bytes += r.bytes
	}
	return p
}

// newest is when anything in the runs was last seen.
func (p plan) newest() (at int64) {
	for _, r := range p.runs {
		at = max(at, r.newest)
	}
	return at
}

// backlog tells how many runs of a shelf merges are behind. Service.mu is held.
func (s *Service) backlog(shelf []*run) int {
	behind := 0
	for _, runs := range s.mergeable(shelf) {
		behind += max(0, len(runs)-s.limits.FanIn+1)
	}
	return behind
}
