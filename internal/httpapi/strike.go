package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/fault"
)

// strike makes a call fail that a rule of dev mode says to fail. The answer is
// the one the server would give by itself: clients must not tell them apart.
func (c *call) strike(ctx context.Context) error {
	if c.tap == nil || c.op != nil && c.op.dev {
		return nil
	}
	rule, struck := c.api.deps.Dev.Faults.Strike(c.asFault())
	if !struck {
		return nil
	}
	c.tap.fault, c.tap.most = rule.ID, rule.Effect.Truncate
	if err := pause(ctx, rule.Effect.Delay); err != nil {
		return err
	}
	switch e := rule.Effect; {
	case e.Close:
		panic(http.ErrAbortHandler)
	case e.ExpireToken:
		return c.expire(ctx)
	case e.Status != 0:
		return c.stricken(e)
	}
	return nil
}

// strikeLogin is strike for a call that has no token, only the word of its caller.
func (c *call) strikeLogin(ctx context.Context, client string) error {
	if c.tap != nil {
		c.tap.client = clip(client, 64)
	}
	return c.strike(ctx)
}

// asFault is the call as rules see it.
func (c *call) asFault() fault.Request {
	q := fault.Request{Client: cmp.Or(c.who.Client, c.tap.client), Method: c.r.Method, Path: c.r.URL.Path}
	if c.op != nil {
		q.Operation, q.Login = c.op.id, c.op.class == classAuth
	}
	return q
}

// expire ends the call's token, as its time would.
func (c *call) expire(ctx context.Context) error {
	token, err := c.token(ctx)
	if err != nil {
		return err
	}
	if err := c.api.deps.Auth.Revoke(ctx, token, c.who.Client); err != nil {
		return err
	}
	return refuse(http.StatusUnauthorized, usual[http.StatusUnauthorized])
}

// usual are the texts that this server gives with a status.
var usual = map[int]string{
	http.StatusUnauthorized:       "access denied, invalid bearer token",
	http.StatusForbidden:          "access denied, authorization failed",
	http.StatusTooManyRequests:    "rate limit exceeded",
	http.StatusServiceUnavailable: "too many requests in flight",
}

// stricken is the answer of a rule with a status.
func (c *call) stricken(e fault.Effect) error {
	r := refuse(e.Status, cmp.Or(e.Message, usual[e.Status], strings.ToLower(http.StatusText(e.Status)), "failed"))
	switch e.Status {
	case http.StatusTooManyRequests:
		r.headers = map[string]string{"X-Ratelimit-Remaining": "0"}
		fallthrough
	case http.StatusServiceUnavailable:
		r.retryAt = c.api.now().Add(cmp.Or(e.RetryAfter, time.Second))
	}
	return r
}

// pause waits, unless the peer goes away.
func pause(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
