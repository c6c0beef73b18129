package auth

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// TestSeveralPartiesAreOneDecision: a request passes exactly when every party's
// own limiter lets it pass, costs all of them or none, and is told the tightest.
func TestSeveralPartiesAreOneDecision(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limits := map[string]int{}
		for _, key := range []string{"customer", "a", "b"} {
			limits[key] = rapid.IntRange(1, 8).Draw(rt, key)
		}
		both, alone := newLimiter(0), map[string]*limiter{}
		for key, limit := range limits {
			alone[key] = newLimiter(limit)
		}
		now := time.Unix(1_700_000_000, 0)
		for range rapid.IntRange(1, 200).Draw(rt, "requests") {
			now = now.Add(time.Duration(rapid.IntRange(0, 6_000).Draw(rt, "pause")) * time.Millisecond)
			keys := []string{"customer", rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "client")}
			want := decisionOf(alone, keys, now)
			got := both.allowAll(now, party{keys[0], limits[keys[0]]}, party{keys[1], limits[keys[1]]})
			if got != want {
				rt.Fatalf("%v: %+v, want %+v", keys, got, want)
			}
		}
	})
}

// decisionOf asks limiters one after the other, on copies first.
func decisionOf(alone map[string]*limiter, keys []string, now time.Time) (out RateDecision) {
	for _, key := range keys {
		c := *alone[key].counter(key, now)
		if c.sum >= alone[key].limit && c.retryAt(alone[key].limit).After(out.RetryAt) {
			out = RateDecision{Limit: alone[key].limit, RetryAt: c.retryAt(alone[key].limit)}
		}
	}
	if !out.RetryAt.IsZero() {
		return out
	}
	for i, key := range keys {
		if d := alone[key].allow(key, now); i == 0 || d.Remaining < out.Remaining {
			out = d
		}
	}
	return out
}

func TestRateOfAClient(t *testing.T) {
	b := newBench(t, Limits{RequestsPerMinute: 10})
	slow, _, err := b.CreateClient(ctx, admin, ClientSpec{Name: "slow", CID: cidA, Scopes: AllScopes(), RequestsPerMinute: 2})
	if err != nil {
		t.Fatal(err)
	}
	usual, _ := b.client(t, cidA)
	ask := func(c Client) RateDecision { return b.Allow(store.Actor{CID: c.CID, Client: c.ID}) }
	told := func(what string, d RateDecision, ok bool, limit, remaining int) {
		t.Helper()
		if d.OK != ok || d.Limit != limit || d.Remaining != remaining {
			t.Errorf("%s: %+v", what, d)
		}
	}
	told("the client's own rate", ask(slow), true, 2, 1)
	told("another client", ask(usual), true, 10, 8)
	ask(slow)
	told("beyond its own rate", ask(slow), false, 2, 0)
	told("what was refused cost the customer nothing", ask(usual), true, 10, 6)
	for range 6 {
		ask(usual)
	}
	if d := ask(usual); d.OK || d.Limit != 10 {
		t.Errorf("the customer's rate: %+v", d)
	}

	b.clock.pass(2 * time.Minute)
	changed, err := b.SetRate(ctx, admin, slow.ID, 20)
	if err != nil || changed.RequestsPerMinute != 20 || changed.ID != slow.ID {
		t.Fatalf("%+v, %v", changed, err)
	}
	told("above the customer's, the customer's is told", ask(slow), true, 10, 9)
	if _, err := b.SetRate(ctx, admin, slow.ID, 3); err != nil {
		t.Fatal(err)
	}
	told("what it sent before counts", ask(slow), true, 3, 1)

	// It outlives the process, and its trail tells who set it.
	again := benchOn(t, b.db, b.clock, Limits{RequestsPerMinute: 10})
	told("after a restart", again.Allow(store.Actor{CID: cidA, Client: slow.ID}), true, 3, 2)
	if rows := b.trail(t, "client.set"); len(rows) != 2 || rows[1].Entry.Comment != "requests_per_minute 3" || rows[1].Entry.Actor.Client != admin.Client {
		t.Errorf("trail: %+v", rows)
	}
	if _, err := b.SetRate(ctx, admin, slow.ID, 0); err != nil {
		t.Fatal(err)
	}
	told("taken away", ask(slow), true, 10, 7)
	list, err := b.ListClients(ctx)
	if err != nil || fmt.Sprint(list[0].RequestsPerMinute, list[1].RequestsPerMinute) != "0 0" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestSetRateRefuses(t *testing.T) {
	b := newBench(t, Limits{})
	c, _ := b.client(t, cidA)
	for _, rate := range []int{-1, maxRate + 1} {
		_, err := b.SetRate(ctx, admin, c.ID, rate)
		want(t, fmt.Sprint(rate), err, mews.ErrInvalid, fmt.Sprintf("requests_per_minute: expected 1 to %d, or 0 for no rate of the client's own", maxRate))
		if _, _, err := b.CreateClient(ctx, admin, ClientSpec{CID: cidA, Scopes: AllScopes(), RequestsPerMinute: rate}); err == nil {
			t.Errorf("a client was made with the rate %d", rate)
		}
	}
	_, err := b.SetRate(ctx, admin, "nope", 5)
	want(t, "unknown client", err, mews.ErrNotFound, `no active client "nope"`)
	if err := b.RevokeClient(ctx, admin, c.ID); err != nil {
		t.Fatal(err)
	}
	_, err = b.SetRate(ctx, admin, c.ID, 5)
	want(t, "revoked client", err, mews.ErrNotFound, fmt.Sprintf("no active client %q", c.ID))
	if b.ownRate(c.ID) != 0 {
		t.Error("a refused rate is kept")
	}
}
