package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/hunt"
)

// A refusal is an error with a status of its own, for the few that are no kind
// of the root package (405, 408, 414, 415, 431).
type refusal struct {
	status  int
	message string
	headers map[string]string
	scope   string    // the scope that is missing, on 403
	retryAt time.Time // on 429 and 503
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, message string) *refusal { return &refusal{status: status, message: message} }

// statusClientGone stands in logs and metrics for a peer that hung up; it is
// never sent.
const statusClientGone = 499

// classify turns any error into what the wire may know. The text of an unknown
// error stays here: it goes to the log only.
func classify(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(http.StatusRequestEntityTooLarge, "the body is larger than "+strconv.FormatInt(tooBig.Limit, 10)+" bytes")
	}
	known, ok := errors.AsType[*mews.Error](err)
	switch {
	case ok:
		return &refusal{status: mews.StatusOf(known.Kind), message: known.Message, retryAt: known.RetryAt}
	case errors.Is(err, context.Canceled):
		return refuse(statusClientGone, "the request was cancelled")
	case errors.Is(err, context.DeadlineExceeded):
		return refuse(http.StatusServiceUnavailable, "the request took too long")
	case mews.StatusOf(err) != http.StatusInternalServerError:
		return refuse(mews.StatusOf(err), mews.KindOf(mews.StatusOf(err)).Error())
	}
	return refuse(http.StatusInternalServerError, "internal error; the server's log has details under this trace id")
}

// private is an error's text for the log: with the cause, which the answer
// does not tell.
func private(err error) string {
	if known, ok := errors.AsType[*mews.Error](err); ok && known.Cause != nil {
		return err.Error() + ": " + known.Cause.Error()
	}
	return err.Error()
}

// fail answers with an error, if nothing was sent yet.
func (c *call) fail(err error) {
	r := classify(err)
	if r.status >= 500 {
		c.log.LogAttrs(c.r.Context(), slog.LevelError, "request failed", slog.String("error", private(err)))
	}
	if c.status != 0 {
		return
	}
	if r.status == statusClientGone {
		c.status = r.status
		panic(http.ErrAbortHandler)
	}
	h := c.w.Header()
	h.Del("Content-Disposition")
	if r.status == http.StatusRequestEntityTooLarge || r.status == http.StatusRequestTimeout {
		h.Set("Connection", "close") // the rest of the body is not worth reading
	}
	for name, value := range r.headers {
		h.Set(name, value)
	}
	if r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable {
		c.setRetry(r)
	}
	e := reply[struct{}]{Errors: list(r, err), Meta: mews.Meta{RequiredScope: r.scope}}
	if full, ok := errors.AsType[*hunt.FullScanError](err); ok {
		e.Meta.Estimate = &full.Estimate
	}
	b, err := c.encode(e.envelope())
	if inFacade(c.r) {
		b, err = elasticErrorOf(r)
	}
	if err != nil {
		c.log.LogAttrs(c.r.Context(), slog.LevelError, "encode error", slog.String("error", err.Error()))
		b = []byte(`{"meta":{"query_time":0,"trace_id":"` + c.traceID + `"},"errors":[{"code":500,"message":"internal error"}],"resources":[]}`)
	}
	c.writeJSON(r.status, b)
}

// list says in an envelope's way what went wrong: once, or with each object that
// made a call fail which changes all of its objects or none.
func list(r *refusal, err error) []mews.APIError {
	one := mews.APIError{Code: r.status, Message: r.message}
	known, ok := errors.AsType[*mews.Error](err)
	if !ok {
		return []mews.APIError{one}
	}
	if len(known.Each) > 0 {
		return known.Each
	}
	one.ID = known.ID
	return []mews.APIError{one}
}

// defaultRetry is how long to wait when an error does not say.
const defaultRetry = 60 * time.Second

// setRetry tells when to come back: X-Ratelimit-Retryafter in epoch seconds as
// upstream has it, Retry-After in seconds for everyone else.
func (c *call) setRetry(r *refusal) {
	now := c.api.now()
	at := r.retryAt
	if at.IsZero() {
		at = now.Add(defaultRetry)
	}
	wait := max(1, int64(at.Sub(now)/time.Second))
	c.w.Header().Set("Retry-After", strconv.FormatInt(wait, 10))
	if r.status == http.StatusTooManyRequests {
		c.w.Header().Set("X-Ratelimit-Retryafter", strconv.FormatInt(at.Unix(), 10))
	}
}
