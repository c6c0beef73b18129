package mews

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// How long a server may ask the client to wait before the call is given up
// instead. A rate window is one minute; a quota that ends next month, or a full
// disk, is for the caller to decide.
const (
	limitPatience  = 65 * time.Second
	outagePatience = 10 * time.Second
)

// retryPolicy is when and how long to wait before a call is repeated.
type retryPolicy struct {
	attempts int
	first    time.Duration // doubled each time
	jitter   func() float64
	sleep    func(context.Context, time.Duration) error
	notice   func(op string, err error, pause time.Duration)
}

// wait decides about the pause after the n-th failed attempt (from 1). asked is
// what the server wants, negative when it said nothing.
func (p retryPolicy) wait(n, status int, asked time.Duration) (time.Duration, bool) {
	if n >= p.attempts {
		return 0, false
	}
	patience := outagePatience
	if status == http.StatusTooManyRequests {
		patience = limitPatience
	}
	own := time.Duration((0.5 + p.jitter()/2) * float64(p.first<<min(n-1, 5)))
	if asked < 0 {
		return own, true
	}
	// A little later than asked, and not all at the same moment.
	return asked + own/4, asked <= patience
}

// repeatable tells whether a status invites another attempt. A rate-limited
// call was not carried out, so with a time to come back any call may repeat;
// an outage leaves open what was done, so only safe calls may.
func repeatable(status int, safe bool, asked time.Duration) bool {
	switch status {
	case http.StatusTooManyRequests:
		return safe || asked >= 0
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return safe
	}
	return false
}

// askedWait reads how long the server wants the client to stay away, negative
// when it does not say. X-Ratelimit-Retryafter is a point in the server's time,
// so it is measured against the reply's own date.
func askedWait(h http.Header, now time.Time) time.Duration {
	if at, err := strconv.ParseInt(h.Get("X-Ratelimit-Retryafter"), 10, 64); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date
		}
		return max(time.Unix(at, 0).Sub(now), 0)
	}
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s >= 0 {
		return time.Duration(s) * time.Second
	}
	return -1
}

// sleep pauses unless the context ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}
