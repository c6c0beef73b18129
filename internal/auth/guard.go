package auth

import (
	"bytes"
	"sync"
	"time"
)

const (
	// pairTime: one of x/oauth2's two tries of the same bad secret follows the
	// other within it.
	pairTime = 5 * time.Second
	maxWait  = time.Hour
)

// A guard slows down the guessing of secrets, per client and address.
type guard struct {
	most   int
	window time.Duration

	mu   sync.Mutex
	keys map[string]*guesses
}

type guesses struct {
	count       int
	first, last time.Time
	until       time.Time // no more guesses before
	digest      []byte    // of the last wrong secret, while its twin may come
}

func newGuard(most int, window time.Duration) *guard {
	return &guard{most: most, window: window, keys: map[string]*guesses{}}
}

// waits tells until when this party must wait; zero when it need not.
func (g *guard) waits(key string, now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if k := g.keys[key]; k != nil && now.Before(k.until) {
		return k.until
	}
	return time.Time{}
}

// failed counts a wrong secret. The same one twice in a short time counts once:
// gofalcon's OAuth layer sends each bad secret as header and as form. From the
// last allowed guess on, each further one doubles the wait.
func (g *guard) failed(key string, digest []byte, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	k := g.keys[key]
	if k == nil {
		if len(g.keys) >= maxKeys {
			g.forget(now)
		}
		k = &guesses{first: now}
		g.keys[key] = k
	}
	if bytes.Equal(k.digest, digest) && now.Sub(k.last) < pairTime {
		k.digest = nil // the pair is complete
		return
	}
	if k.stale(now, g.window) {
		k.count, k.first = 0, now
	}
	k.count++
	k.last, k.digest = now, digest
	if over := k.count - g.most; over >= 0 {
		k.until = now.Add(min(time.Minute<<min(over, 10), maxWait))
	}
}

// stale: the guesses are too old to count, and no wait ended lately.
func (k *guesses) stale(now time.Time, window time.Duration) bool {
	if k.until.IsZero() {
		return now.Sub(k.first) >= window
	}
	return now.Sub(k.until) >= window
}

// passed forgets the failures of a party that knew the secret in the end.
func (g *guard) passed(key string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.keys, key)
}

func (g *guard) forget(now time.Time) {
	for key, k := range g.keys {
		if k.stale(now, g.window) {
			delete(g.keys, key)
		}
	}
	for key := range g.keys {
		if len(g.keys) < maxKeys*9/10 {
			return
		}
		delete(g.keys, key)
	}
}
