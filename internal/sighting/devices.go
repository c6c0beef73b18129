package sighting

import (
	"context"
	"math/bits"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Count tells on how many hosts an observable was seen.
func (s *Service) Count(ctx context.Context, who store.Actor, o mews.Observable) (mews.DeviceCount, *mews.SightingHint, error) {
	q, err := s.ask(who.CID, mews.SightingQuery{Observable: o})
	if err != nil {
		return mews.DeviceCount{}, nil, err
	}
	n, hint, err := s.count(ctx, q)
	if err != nil {
		return mews.DeviceCount{}, nil, outward.Error("count devices", err)
	}
	o = q.word()
	return mews.DeviceCount{ID: o.ID(), Type: o.Type, Value: o.Value, DeviceCount: int32(n)}, hint, nil
}

func (s *Service) count(ctx context.Context, q question) (int, *mews.SightingHint, error) {
	v := s.view(q.cid)
	defer v.release()
	hosts, expired, err := v.hosts(q)
	if err != nil {
		return 0, nil, err
	}
	n := hosts.len()
	if n > 0 {
		return n, nil, nil
	}
	hint, err := s.hint(ctx, v, q, nothing{expired: expired})
	return 0, hint, err
}

// Devices lists the hosts that have met an observable, in the order in which
// they first reported anything: hosts that come later change no page before.
func (s *Service) Devices(ctx context.Context, who store.Actor, query mews.SightingQuery) (Page, error) {
	q, err := s.ask(who.CID, query)
	if err != nil {
		return Page{}, err
	}
	v := s.view(q.cid)
	defer v.release()
	hosts, expired, err := v.hosts(q)
	if err != nil {
		return Page{}, outward.Error("list devices", err)
	}
	part, p := page(q, hosts.list())
	if p.IDs, err = s.hosts.AIDs(ctx, q.cid, part); err != nil {
		return Page{}, outward.Error("list devices", err)
	}
	if p.Total == 0 {
		p.Hint, err = s.hint(ctx, v, q, nothing{expired: expired})
	}
	return p, outward.Error("list devices", err)
}

// hosts gathers the numbers of the hosts that have met an observable, and tells
// whether there were others, too long ago.
func (v *view) hosts(q question) (in hostSet, expired bool, err error) {
	prefix := observablePrefix(nil, q.observable)
	err = v.scan(prefix, prefix, hostBytes, func(key, value []byte) error {
		last, err := lastOf(value)
		if err != nil {
			return err
		}
		if last < q.cutoff {
			expired = true
			return nil
		}
		in.add(hostAtEnd(key))
		return nil
	})
	return in, expired, err
}

// A hostSet is a set of host numbers: a customer's are dense.
type hostSet []uint64

func (h *hostSet) add(number uint32) {
	word := int(number / 64)
	if word >= len(*h) {
		*h = append(*h, make([]uint64, word+1-len(*h))...)
	}
	(*h)[word] |= 1 << (number % 64)
}

func (h hostSet) has(number uint32) bool {
	word := int(number / 64)
	return word < len(h) && h[word]&(1<<(number%64)) != 0
}

func (h hostSet) len() (n int) {
	for _, word := range h {
		n += bits.OnesCount64(word)
	}
	return n
}

func (h hostSet) list() []uint32 {
	out := make([]uint32, 0, h.len())
	for i, word := range h {
		for ; word != 0; word &= word - 1 {
			out = append(out, uint32(i*64+bits.TrailingZeros64(word)))
		}
	}
	return out
}
