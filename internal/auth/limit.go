package auth

import (
	"net/netip"
	"sync"
	"time"
)

// A RateDecision says whether a request may pass, in the terms of the rate
// headers.
type RateDecision struct {
	OK        bool
	Limit     int
	Remaining int
	RetryAt   time.Time // when the next one may pass; zero when OK
}

const (
	window  = time.Minute
	slots   = 12
	slot    = window / slots
	maxKeys = 100_000 // parties remembered at a time
)

// A limiter lets each party pass so often per minute. It counts in slots of
// five seconds and looks back over twelve full ones and the one begun: no
// minute, wherever it begins, ever sees more than the limit.
type limiter struct {
	limit int

	mu   sync.Mutex
	keys map[string]*counter
}

// A counter is a ring of slots; the slot of number n is n modulo its length.
type counter struct {
	last  int64 // number of the newest slot
	count [slots + 1]int32
	sum   int
}

func newLimiter(limit int) *limiter {
	return &limiter{limit: limit, keys: map[string]*counter{}}
}

// allow counts a request if it may pass. One that may not costs nothing.
func (l *limiter) allow(key string, now time.Time) RateDecision {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.counter(key, now)
	if c.sum >= l.limit {
		return RateDecision{Limit: l.limit, RetryAt: c.retryAt(l.limit)}
	}
	c.count[c.last%(slots+1)]++
	c.sum++
	return RateDecision{OK: true, Limit: l.limit, Remaining: l.limit - c.sum}
}

// idle is the decision for nobody in particular.
func (l *limiter) idle() RateDecision {
	return RateDecision{OK: true, Limit: l.limit, Remaining: l.limit}
}

func (l *limiter) counter(key string, now time.Time) *counter {
	n := now.UnixNano() / int64(slot)
	c := l.keys[key]
	if c == nil {
		if len(l.keys) >= maxKeys {
			l.forget(n)
		}
		c = &counter{last: n}
		l.keys[key] = c
	}
	c.advance(n)
	return c
}

// forget drops parties that have been quiet, or, under an attack of many, any
// tenth of them: memory stays bounded.
func (l *limiter) forget(now int64) {
	for key, c := range l.keys {
		if c.last+slots < now {
			delete(l.keys, key)
		}
	}
	for key := range l.keys {
		if len(l.keys) < maxKeys*9/10 {
			return
		}
		delete(l.keys, key)
	}
}

// advance empties the slots that have passed. A clock that jumped back keeps
// the counts, one that jumped ahead clears them.
func (c *counter) advance(now int64) {
	if now < c.last-slots {
		*c = counter{last: now} // far back: old slots would never pass
		return
	}
	if now-c.last > slots {
		*c = counter{last: now}
		return
	}
	for c.last < now {
		c.last++
		i := c.last % (slots + 1)
		c.sum -= int(c.count[i])
		c.count[i] = 0
	}
}

// retryAt is when enough slots have passed for one more request.
func (c *counter) retryAt(limit int) time.Time {
	left := c.sum
	n := c.last - slots
	for ; n <= c.last; n++ {
		left -= int(c.count[(n+slots+1)%(slots+1)])
		if left < limit {
			break
		}
	}
	return time.Unix(0, (n+slots+1)*int64(slot))
}

// address is the key of a remote address: IPv6 by its /64, which is what one
// party usually has.
func address(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return "unknown"
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, err := a.Prefix(64)
		if err == nil {
			return p.String()
		}
	}
	return a.String()
}

// Allow counts one request against the CID's rate.
func (s *Service) Allow(cid string) RateDecision { return s.requests.allow(cid, s.o.Now()) }

// Idle is the rate as nobody has used it, for replies to strangers: it tells
// nothing about anybody's use.
func (s *Service) Idle() RateDecision { return s.requests.idle() }
