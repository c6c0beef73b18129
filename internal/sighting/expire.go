package sighting

import (
	"context"
	"errors"

	"github.com/mewshq/mews/internal/store"
)

// expire forgets calls whose repetition is no longer known, drops the runs that
// hold nothing but what has expired, and rewrites those that hold much of it.
func (s *Service) expire(ctx context.Context) error {
	err := s.forgetCalls(ctx, callsAtOnce)
	for ctx.Err() == nil {
		p, ok := s.nextExpired()
		if !ok {
			return err
		}
		if failed := s.replace(ctx, p); failed != nil {
			return errors.Join(err, failed)
		}
	}
	return ctx.Err()
}

// callsAtOnce is how many calls one transaction forgets.
const callsAtOnce = 1000

func (s *Service) forgetCalls(ctx context.Context, atOnce int) error {
	before := s.now().Add(-s.limits.KeepCalls)
	for forgotten := int64(atOnce); forgotten == int64(atOnce); {
		err := s.db.Write(ctx, func(tx *store.Tx) (err error) {
			forgotten, err = deleteCalls(tx, before, atOnce)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expiredShare: a run of whose time more than one part in so many has passed is
// rewritten. Its oldest entry is then young again, so that no run is rewritten
// often.
const expiredShare = 4

// nextExpired takes a run to be rewritten or dropped. It is busy from then on.
func (s *Service) nextExpired() (plan, bool) {
	cutoff := s.cutoff()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, shelf := range s.shelves {
		for _, r := range shelf {
			if r.busy || r.damaged || r.oldest >= cutoff || (cutoff-r.oldest)*expiredShare <= r.newest-r.oldest {
				continue
			}
			r.busy = true
			r.refs++
			return plan{runs: []*run{r}, bytes: r.bytes}, true
		}
	}
	return plan{}, false
}
