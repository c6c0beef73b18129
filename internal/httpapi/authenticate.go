package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/mewshq/mews"
)

// authenticate finds the principal of the bearer token and counts the call
// against its customer's rate. A missing or odd header counts as a bad token.
func (c *call) authenticate(ctx context.Context) error {
	token, _ := bearer(c.r)
	who, err := c.api.deps.Auth.Verify(ctx, token, c.remote)
	if errors.Is(err, mews.ErrUnauthorized) {
		return refuse(http.StatusUnauthorized, "access denied, invalid bearer token")
	}
	if err != nil {
		return err
	}
	who.Operation, who.TraceID = c.op.id, c.traceID
	c.who = who
	c.rate = c.api.deps.Auth.Allow(string(who.CID))
	c.setHeaders()
	if !c.rate.OK {
		return &refusal{status: http.StatusTooManyRequests, message: "rate limit exceeded", retryAt: c.rate.RetryAt}
	}
	return nil
}
