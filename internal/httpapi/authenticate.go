package httpapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/mewshq/mews"
)

// authenticate finds the principal of the bearer token and counts the call
// against its customer's rate and the client's own. A missing or odd header counts as a bad token.
func (c *call) authenticate(ctx context.Context) error {
	token, err := c.token(ctx)
	if err != nil {
		return err
	}
	who, err := c.api.deps.Auth.Verify(ctx, token, c.remote)
	if errors.Is(err, mews.ErrUnauthorized) {
		return c.unauthorized("access denied, invalid bearer token")
	}
	if err != nil {
		return err
	}
	who.Operation, who.TraceID = c.op.id, c.traceID
	c.who = who
	c.rate = c.api.deps.Auth.Allow(who.Actor)
	c.setHeaders()
	if !c.rate.OK {
		return &refusal{status: http.StatusTooManyRequests, message: "rate limit exceeded", retryAt: c.rate.RetryAt}
	}
	return nil
}

// token gives the request's bearer token. Shippers may send their credentials
// instead, as they do to Elasticsearch: "Basic" or "ApiKey" and id:secret in
// base64.
func (c *call) token(ctx context.Context) (string, error) {
	scheme, rest, ok := authorization(c.r)
	if !ok || !c.op.facade || scheme != "basic" && scheme != "apikey" {
		token, _ := bearer(c.r)
		return token, nil
	}
	id, secret, ok := basic(rest)
	if !ok || id == "" || secret == "" {
		return "", nil
	}
	token, err := c.api.exchange.token(ctx, id, secret, c.remote)
	if errors.Is(err, mews.ErrForbidden) {
		return "", c.unauthorized(err.Error())
	}
	return token, err
}

func (c *call) unauthorized(message string) error {
	r := refuse(http.StatusUnauthorized, message)
	if c.op.facade {
		r.headers = map[string]string{"WWW-Authenticate": `Basic realm="mews"`}
	}
	return r
}
