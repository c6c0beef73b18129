package mews

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// AgentService is what a program on a host uses: it fetches what the host is
// asked to do with its quarantined files, does it, and acknowledges it. Until
// it has, it gets the same actions again, so a host remembers the ids of those
// it has carried out.
type AgentService struct{ c *Client }

// Actions gives the pending actions of a host in the order in which they are to
// be carried out, limit of them at most (0: the server's default).
func (s AgentService) Actions(ctx context.Context, aid string, limit int) ([]HostAction, error) {
	q := url.Values{"aid": {aid}}
	if limit != 0 {
		q.Set("limit", strconv.Itoa(limit))
	}
	env, err := callJSON[HostAction](ctx, s.c, call{
		op: "fetch host actions", method: http.MethodGet, path: "/agent/v1/actions", query: q, safe: true,
	})
	if err != nil {
		return nil, err
	}
	return env.Resources, nil
}

// Acknowledge tells how up to 1000 actions went. Meta.Writes counts those that were still
// open: the first answer counts and a repeated one changes nothing. Unknown ids
// are entries of Errors; when none is known the error is ErrNotFound.
func (s AgentService) Acknowledge(ctx context.Context, acks ...ActionAck) (*Envelope[struct{}], error) {
	return callWrite(ctx, s.c, call{
		op: "acknowledge host actions", method: http.MethodPost, path: "/agent/v1/actions/ack", safe: true, body: postJSON(acks),
	})
}
