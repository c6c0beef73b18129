package auth

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// TestLimiterAgainstAnExactLog: no minute holds more than the limit, a request
// is refused only when the last 65 seconds are full, and RetryAt is true.
func TestLimiterAgainstAnExactLog(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(1, 20).Draw(rt, "limit")
		l := newLimiter(limit)
		now := time.Unix(1_700_000_000, 0)
		var passed []time.Time
		since := func(d time.Duration) (n int) {
			for _, p := range passed {
				if now.Sub(p) < d {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 300).Draw(rt, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 9_000).Draw(rt, "pause")) * time.Millisecond)
			before := since(window + slot)
			d := l.allow("k", now)
			if d.OK {
				passed = append(passed, now)
				if n := since(window); n > limit {
					rt.Fatalf("%d in a minute, limit %d", n, limit)
				}
				if d.Remaining < 0 || d.Remaining != limit-since(now.Sub(now.Truncate(slot))+window+1) || d.Limit != limit {
					rt.Fatalf("decision %+v", d)
				}
				continue
			}
			if before < limit {
				rt.Fatalf("refused after %d of %d", before, limit)
			}
			if wait := d.RetryAt.Sub(now); wait <= 0 || wait > window+slot {
				rt.Fatalf("retry in %v", wait)
			}
			if early := *l.keys["k"]; true {
				early.advance(d.RetryAt.Add(-time.Nanosecond).UnixNano() / int64(slot))
				if early.sum < limit {
					rt.Fatal("it could have passed before RetryAt")
				}
				early.advance(d.RetryAt.UnixNano() / int64(slot))
				if early.sum >= limit {
					rt.Fatal("it could not pass at RetryAt")
				}
			}
		}
	})
}

func TestLimiterClockJumpsAndMemory(t *testing.T) {
	l := newLimiter(2)
	now := time.Unix(1_700_000_000, 0)
	for range 2 {
		l.allow("k", now)
	}
	if l.allow("k", now.Add(-30*time.Second)).OK {
		t.Error("a clock put back by seconds gave a new allowance")
	}
	if !l.allow("k", now.Add(-10*365*24*time.Hour)).OK {
		t.Error("a clock put back by years blocks for years")
	}
	if !l.allow("k", now.Add(10*365*24*time.Hour)).OK {
		t.Error("a clock put ahead blocks")
	}
	for i := range maxKeys + 10 {
		l.allow(fmt.Sprint(i), now)
	}
	if len(l.keys) > maxKeys {
		t.Errorf("%d parties remembered", len(l.keys))
	}
	g := newGuard(1, time.Minute)
	for i := range maxKeys + 10 {
		g.failed(fmt.Sprint(i), nil, now)
	}
	if len(g.keys) > maxKeys {
		t.Errorf("%d guessers remembered", len(g.keys))
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"fe80::1%eth0": "fe80::/64", "": "unknown", "x": "unknown", "@": "unknown",
	} {
		if got := address(in); got != want {
			t.Errorf("address(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestRequestsPerCID(t *testing.T) {
	b := newBench(t, Limits{})
	if d := b.Idle(); !d.OK || d.Limit != 6000 || d.Remaining != 6000 {
		t.Errorf("idle: %+v", d)
	}
	for i := range 6000 {
		if d := b.Allow(store.Actor{CID: cidA}); !d.OK || d.Remaining != 5999-i {
			t.Fatalf("request %d: %+v", i+1, d)
		}
	}
	d := b.Allow(store.Actor{CID: cidA})
	if d.OK || d.Remaining != 0 || d.RetryAt.Before(b.clock.now()) {
		t.Errorf("one beyond the limit: %+v", d)
	}
	if !b.Allow(store.Actor{CID: cidB}).OK {
		t.Error("another CID pays for it")
	}
	b.clock.pass(d.RetryAt.Sub(b.clock.now()))
	if !b.Allow(store.Actor{CID: cidA}).OK {
		t.Error("still limited at RetryAt")
	}
}

// limitedAt checks a refusal and gives its time.
func limitedAt(t *testing.T, what string, err error) time.Time {
	t.Helper()
	l, ok := errors.AsType[*mews.Error](err)
	if !ok || l.RetryAt.IsZero() || !errors.Is(err, mews.ErrLimited) || !strings.HasPrefix(err.Error(), "rate limit exceeded: ") {
		t.Fatalf("%s: %v", what, err)
	}
	return l.RetryAt
}

func TestBadTokensPerAddress(t *testing.T) {
	b := newBench(t, Limits{})
	c, secret := b.client(t, cidA)
	tok := b.token(t, c, secret)
	for i := range 15 {
		if _, err := b.Verify(ctx, "None", ip); !errors.Is(err, mews.ErrUnauthorized) {
			t.Fatalf("bad token %d: %v", i+1, err)
		}
	}
	_, err := b.Verify(ctx, "None", ip)
	limitedAt(t, "bad token 16", err)
	if _, err := b.Verify(ctx, "None", "192.0.2.8"); !errors.Is(err, mews.ErrUnauthorized) {
		t.Errorf("another address: %v", err)
	}
	if _, err := b.Verify(ctx, tok, ip); err != nil {
		t.Errorf("a good token from that address: %v", err)
	}
	b.clock.pass(65 * time.Second)
	if _, err := b.Verify(ctx, "None", ip); !errors.Is(err, mews.ErrUnauthorized) {
		t.Errorf("after a minute: %v", err)
	}
}

func TestTokenRequestsPerAddressAndClient(t *testing.T) {
	b := newBench(t, Limits{})
	c, secret := b.client(t, cidA)
	for i := range 30 {
		if _, err := b.IssueToken(ctx, c.ID, secret, "", fmt.Sprint("192.0.2.", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	hashed := b.hashes.Load()
	_, err := b.IssueToken(ctx, c.ID, secret, "", "192.0.2.99", nil)
	limitedAt(t, "token 31 of a client", err)
	if b.hashes.Load() != hashed {
		t.Error("hashed before it was limited")
	}
	b = newBench(t, Limits{})
	for i := range 300 {
		if err := b.AuthenticateClient(ctx, fmt.Sprint("c", i), "x", ip); !errors.Is(err, mews.ErrForbidden) {
			t.Fatalf("request %d: %v", i+1, err)
		}
	}
	limitedAt(t, "request 301 of an address", b.AuthenticateClient(ctx, "c", "x", ip))
}

func TestGuessing(t *testing.T) {
	b := newBench(t, Limits{TokensPerClient: 1 << 20, TokensPerIP: 1 << 20})
	c, secret := b.client(t, cidA)
	guess := 0
	try := func() error { guess++; return b.AuthenticateClient(ctx, c.ID, fmt.Sprint("guess", guess), ip) }
	for i := range 10 {
		if err := try(); !errors.Is(err, mews.ErrForbidden) {
			t.Fatalf("guess %d: %v", i+1, err)
		}
	}
	hashed := b.hashes.Load()
	for _, wait := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
		at := limitedAt(t, "a guess too many", try())
		if got := at.Sub(b.clock.now()); got != wait*time.Minute {
			t.Fatalf("wait %v, want %v minutes", got, int(wait))
		}
		if err := b.AuthenticateClient(ctx, c.ID, secret, ip); !errors.Is(err, mews.ErrLimited) {
			t.Fatalf("the right secret while waiting: %v", err)
		}
		if err := b.AuthenticateClient(ctx, c.ID, secret, "198.51.100.1"); err != nil {
			t.Fatalf("the right secret from elsewhere: %v", err)
		}
		b.clock.pass(wait * time.Minute)
		if err := try(); !errors.Is(err, mews.ErrForbidden) {
			t.Fatalf("after the wait: %v", err)
		}
	}
	if n := b.hashes.Load() - hashed; n != 16 {
		t.Errorf("%d hashes, want one per admitted request: 16", n)
	}
	b.clock.pass(2 * time.Hour)
	if err := b.AuthenticateClient(ctx, c.ID, secret, ip); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if err := try(); !errors.Is(err, mews.ErrForbidden) {
			t.Fatalf("guess %d after success: %v", i+1, err)
		}
	}
}

// gofalcon sends each wrong secret twice; ten wrong attempts of a user are
// twenty requests.
func TestTwinsCountOnce(t *testing.T) {
	b := newBench(t, Limits{TokensPerClient: 1 << 20, TokensPerIP: 1 << 20})
	c, _ := b.client(t, cidA)
	for i := range 10 {
		for twin := range 2 {
			if i == 9 && twin == 1 {
				break // the tenth attempt begins the wait
			}
			if err := b.AuthenticateClient(ctx, c.ID, "same wrong secret", ip); !errors.Is(err, mews.ErrForbidden) {
				t.Fatalf("attempt %d, request %d: %v", i+1, twin+1, err)
			}
			b.clock.pass(100 * time.Millisecond)
		}
	}
	limitedAt(t, "after ten attempts", b.AuthenticateClient(ctx, c.ID, "same wrong secret", ip))

	// Far apart they are two.
	d, _ := b.client(t, cidA)
	for range 10 {
		if err := b.AuthenticateClient(ctx, d.ID, "same wrong secret", ip); !errors.Is(err, mews.ErrForbidden) {
			t.Fatal(err)
		}
		b.clock.pass(pairTime)
	}
	limitedAt(t, "after ten slow attempts", b.AuthenticateClient(ctx, d.ID, "same wrong secret", ip))
}

func TestOldGuessesAreForgotten(t *testing.T) {
	b := newBench(t, Limits{TokensPerClient: 1 << 20, TokensPerIP: 1 << 20})
	for i := range 100 {
		if err := b.AuthenticateClient(ctx, "c", fmt.Sprint(i), ip); !errors.Is(err, mews.ErrForbidden) {
			t.Fatalf("guess %d at one in two minutes: %v", i+1, err)
		}
		b.clock.pass(2 * time.Minute)
	}
}

func FuzzParseCID(f *testing.F) {
	f.Add(string(cidA))
	f.Add("ABCDEF0123456789ABCDEF0123456789-7F")
	f.Add("-")
	f.Fuzz(func(t *testing.T, s string) {
		cid, ok := parseCID(s)
		if !ok {
			return
		}
		if again, ok := parseCID(string(cid)); !ok || again != cid || len(cid) != 32 || strings.ToLower(string(cid)) != string(cid) {
			t.Errorf("%q became %q", s, cid)
		}
	})
}

func FuzzAddress(f *testing.F) {
	f.Add("192.0.2.1")
	f.Add("2001:db8::1%eth0")
	f.Fuzz(func(t *testing.T, s string) {
		if key := address(s); key == "" || len(key) > 50 {
			t.Errorf("%q has the key %q", s, key)
		}
	})
}
