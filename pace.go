package mews

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// A pace slows calls down when the server grants few more, so that a client
// runs into its limit late, or never.
type pace struct {
	mu   sync.Mutex
	left int
	at   time.Time // when the server said so; zero: never
}

// note reads what a reply says of the limit.
func (p *pace) note(h http.Header, now time.Time) {
	if left, ok := rateRemaining(h); ok {
		p.mu.Lock()
		p.left, p.at = left, now
		p.mu.Unlock()
	}
}

// slowDown waits where the server has told that few calls are left.
func (c *Client) slowDown(ctx context.Context) error {
	if c.pace == nil {
		return nil
	}
	if wait := c.pace.pause(c.now()); wait > 0 {
		return c.retry.sleep(ctx, wait)
	}
	return nil
}

// pause is how long the next call should wait. What was said a minute ago no
// longer counts: limits are by the minute.
func (p *pace) pause(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.at.IsZero() || now.Sub(p.at) >= time.Minute:
		return 0
	case p.left <= 5:
		return 500 * time.Millisecond
	case p.left <= 10:
		return 200 * time.Millisecond
	}
	return 0
}
