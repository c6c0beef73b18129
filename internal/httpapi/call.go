package httpapi

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/auth"
)

// A call is one request on its way through.
type call struct {
	api     *API
	op      *operation // nil until a route matched
	w       http.ResponseWriter
	r       *http.Request
	control *http.ResponseController
	log     *slog.Logger // carries the trace id
	who     auth.Principal
	rate    auth.RateDecision
	start   time.Time
	traceID string
	remote  string // the address that limits count for
	// behindProxy: the peer is a proxy that the operator trusts.
	behindProxy bool
	status      int  // 0 until an answer began
	tap         *tap // in dev mode only
}

// newTraceID makes a version 4 UUID.
func newTraceID(random io.Reader) string {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		// A trace id guards nothing: a constant one is better than no answer.
		b = [16]byte{}
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// query binds the query parameters and counts the unknown ones.
func (c *call) query(params []param, dst reflect.Value) error {
	values, err := parseQuery(c.r.URL.RawQuery)
	if err != nil {
		return err
	}
	unknown, err := bindQuery(values, params, dst)
	c.api.metrics.unknownParams.Add(float64(unknown))
	return err
}

// bearer takes the token from the one Authorization header. The scheme word
// has no case.
func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, ok := authorization(r)
	if !ok || scheme != "bearer" {
		return "", false
	}
	return token, true
}

// authorization splits the Authorization header; two of them are none.
func authorization(r *http.Request) (scheme, rest string, ok bool) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 || len(values[0]) > 8<<10 {
		return "", "", false
	}
	scheme, rest, ok = strings.Cut(strings.TrimSpace(values[0]), " ")
	rest = strings.TrimSpace(rest)
	return strings.ToLower(scheme), rest, ok && rest != "" && !strings.ContainsAny(rest, " \t")
}

// admit finds out who calls, whether they may, whether it is too often, and in
// dev mode whether it is to fail. A login asks for itself when it knows whose it is.
func (c *call) admit(ctx context.Context) error {
	if c.op.scope == "" {
		return nil // the operation checks its caller itself
	}
	if err := c.authenticate(ctx); err != nil {
		return err
	}
	scope, ok := c.op.allowed(c.who.Has)
	if !ok {
		return &refusal{status: http.StatusForbidden, message: "access denied, authorization failed", scope: c.op.scope}
	}
	c.who.Scope = scope
	return c.strike(ctx)
}
