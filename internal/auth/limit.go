package auth

import (
	"net/netip"
	"sync"
	"time"

	"github.com/mewshq/mews/internal/store"
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

// A party is who a request counts for, and how often that one may pass.
type party struct {
	key   string
	limit int
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
	return l.allowAll(now, party{key, l.limit})
}

// allowAll counts a request for several parties if all of them let it pass, and
// for none if one does not. The decision is the tightest party's.
func (l *limiter) allowAll(now time.Time, parties ...party) RateDecision {
	l.mu.Lock()
	defer l.mu.Unlock()
	counters := make([]*counter, len(parties))
	var refused RateDecision
	for i, p := range parties {
		c := l.counter(p.key, now)
		if c.sum >= p.limit {
			if at := c.retryAt(p.limit); at.After(refused.RetryAt) {
				refused = RateDecision{Limit: p.limit, RetryAt: at}
			}
		}
		counters[i] = c
	}
	if !refused.RetryAt.IsZero() {
		return refused
	}
	var tightest RateDecision
	for i, c := range counters {
		c.count[c.last%(slots+1)]++
		c.sum++
		if left := parties[i].limit - c.sum; i == 0 || left < tightest.Remaining {
			tightest = RateDecision{OK: true, Limit: parties[i].limit, Remaining: left}
		}
	}
	return tightest
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

// Allow counts one request against the rate of the caller's customer and, if
// it has one, against the client's own.
func (s *Service) Allow(who store.Actor) RateDecision {
	parties := []party{{string(who.CID), s.o.Limits.RequestsPerMinute}}
	if own := s.ownRate(who.Client); own > 0 {
		parties = append(parties, party{"client " + who.Client, own})
	}
	return s.requests.allowAll(s.o.Now(), parties...)
}

// Idle is the rate as nobody has used it, for replies to strangers: it tells
// nothing about anybody's use.
func (s *Service) Idle() RateDecision { return s.requests.idle() }
