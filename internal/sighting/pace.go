package sighting

import (
	"context"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// retryAfter is when a call that was refused for its time should come again.
const retryAfter = 5 * time.Second

// pace lets a call wait while merges are too far behind: every run that is not
// merged makes all reads slower.
func (s *Service) pace(ctx context.Context, cid store.CID) error {
	return s.wait(ctx, "telemetry comes in faster than it can be merged", func() (<-chan struct{}, bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.changed, s.backlog(s.shelves[cid]) < s.limits.Backlog
	})
}

// reserve lets a call hold so many bytes in all.
func (s *Service) reserve(ctx context.Context, sh *share, bytes int64) error {
	return s.wait(ctx, "too much telemetry comes in at the same time", func() (<-chan struct{}, bool) {
		return sh.grow(bytes)
	})
}

// wait tries until it succeeds, again each time that the channel is closed, and
// for as long as a call's patience lasts.
func (s *Service) wait(ctx context.Context, trouble string, try func() (again <-chan struct{}, ok bool)) error {
	again, ok := try()
	if ok {
		return nil
	}
	patience := time.NewTimer(s.limits.Patience)
	defer patience.Stop()
	for !ok {
		select {
		case <-again:
			again, ok = try()
		case <-ctx.Done():
			return ctx.Err()
		case <-patience.C:
			return mews.Errorf(mews.ErrLimited, "%s; send this call again later", trouble).WithRetryAt(s.now().Add(retryAfter))
		}
	}
	return nil
}
