package sighting

import (
	"context"
	"maps"
	"slices"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Sightings tells of each host that has met an observable when, how often and
// how: of one host, when the query names it. As long as a host goes on meeting
// something, what it met before sightings expire may still be in the count.
func (s *Service) Sightings(ctx context.Context, who store.Actor, query mews.SightingQuery) ([]mews.Sighting, Page, error) {
	q, err := s.ask(who.CID, query)
	if err != nil {
		return nil, Page{}, err
	}
	aid, _ := host.ParseID(query.DeviceID)
	list, p, err := s.sightings(ctx, q, aid)
	return list, p, outward.Error("list sightings", err)
}

func (s *Service) sightings(ctx context.Context, q question, aid string) ([]mews.Sighting, Page, error) {
	v := s.view(q.cid)
	defer v.release()
	sums, err := s.sums(ctx, v, q, aid)
	if err != nil {
		return nil, Page{}, err
	}
	met := len(sums)
	maps.DeleteFunc(sums, func(_ uint32, sum seen) bool { return sum.last < q.cutoff })
	part, p := page(q, slices.Sorted(maps.Keys(sums)))
	if p.Total == 0 {
		p.Hint, err = s.hint(ctx, v, q, nothing{expired: met > 0, device: aid})
		return []mews.Sighting{}, p, err
	}
	aids, err := s.hosts.AIDs(ctx, q.cid, part)
	out := make([]mews.Sighting, len(aids))
	for i := range aids {
		sum := sums[part[i]]
		out[i] = mews.Sighting{
			Observable: q.word(), DeviceID: aids[i],
			First: timeText(sum.first), Last: timeText(sum.last), Count: sum.count, Kinds: sum.kinds.Words(),
		}
	}
	return out, p, err
}

// sums joins what each host met over all runs, or one host, expired entries
// included.
func (s *Service) sums(ctx context.Context, v *view, q question, aid string) (map[uint32]seen, error) {
	filter, out := observablePrefix(nil, q.observable), map[uint32]seen{}
	prefix, tail := filter, hostBytes
	if aid != "" {
		number, known, err := s.hosts.Number(ctx, q.cid, aid)
		if err != nil || !known {
			return out, err
		}
		prefix, tail = appendHost(slices.Clone(filter), number), 0
	}
	err := v.scan(filter, prefix, tail, func(key, value []byte) error {
		more, err := parseSeen(value)
		if err != nil {
			return err
		}
		sum, ok := out[hostAtEnd(key)]
		if !ok {
			sum = more
		} else {
			sum.add(more)
		}
		out[hostAtEnd(key)] = sum
		return nil
	})
	return out, err
}
