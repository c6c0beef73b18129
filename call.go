package mews

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxJSON bounds a JSON reply in memory: 10,000 results of a hunt are 5 MB.
const maxJSON = 64 << 20

type authKind int

const (
	authBearer authKind = iota // log in when needed
	authToken                  // the token that the call brings
	authNone
)

// A call is one operation on the wire. A safe call may be repeated when it is
// unknown whether the first attempt was carried out.
type call struct {
	op     string // "get quotas": begins every error text
	method string
	path   string
	query  url.Values
	header http.Header // beside what every call carries
	body   *body
	auth   authKind
	token  string // for authToken
	safe   bool
	stream bool // the reply's body outlives the call; no deadline on it
}

// A body can be sent again from its start. Each open gives a reader of its own,
// because a transport may read on for a moment after an early answer.
type body struct {
	kind string
	size int64 // -1: unknown
	open func() (io.Reader, error)
	once bool // open works only once
}

func bytesBody(kind string, b []byte) *body {
	return &body{kind: kind, size: int64(len(b)), open: func() (io.Reader, error) {
		return bytes.NewReader(b), nil
	}}
}

func formBody(v url.Values) *body {
	return bytesBody("application/x-www-form-urlencoded", []byte(v.Encode()))
}

// callOne carries out a call whose reply holds one resource.
func callOne[T any](ctx context.Context, c *Client, k call) (T, error) {
	var none T
	env, err := callJSON[T](ctx, c, k)
	switch {
	case err != nil:
		return none, err
	case len(env.Resources) == 0:
		return none, Errorf(ErrInternal, "%s: the reply holds nothing", k.op)
	}
	return env.Resources[0], nil
}

// do carries out a call: it logs in, sends, repeats what may be repeated, turns
// a failure into an *Error and hands a success to handle. handle must not keep
// the reply unless the call streams; its error counts as a failed attempt.
func (c *Client) do(ctx context.Context, k call, handle func(*http.Response) error) error {
	relogin := k.auth == authBearer
	for n := 1; ; n++ {
		res := c.attempt(ctx, k, handle)
		if res.err == nil {
			return nil
		}
		again := k.body == nil || !k.body.once
		if again && relogin && res.status == http.StatusUnauthorized && res.token != "" {
			if relogin = false; c.tokens.Drop(res.token) {
				continue
			}
		}
		pause, ok := c.retry.wait(n, res.status, res.asked)
		if ok = ok && again && res.repeat && ctx.Err() == nil; ok && c.retry.notice != nil {
			c.retry.notice(k.op, res.err, pause)
		}
		if !ok || c.retry.sleep(ctx, pause) != nil {
			return fmt.Errorf("%s: %w", k.op, res.err)
		}
	}
}

// outcome is what became of one attempt.
type outcome struct {
	err    error
	status int
	token  string        // the token it used
	asked  time.Duration // the wait the server asks for, or negative
	repeat bool
}

func (c *Client) attempt(ctx context.Context, k call, handle func(*http.Response) error) outcome {
	out := outcome{asked: -1}
	switch k.auth {
	case authToken:
		out.token = k.token
	case authBearer:
		if out.token, out.err = c.tokens.Token(ctx); out.err != nil {
			return out // logging in has repeated what it could
		}
	}
	if out.err = c.slowDown(ctx); out.err != nil {
		return out
	}
	if !k.stream {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.deadline(k))
		defer cancel()
	}
	resp, err := c.send(ctx, k, out.token)
	if err != nil {
		out.err, out.repeat = explain(err), k.safe
		return out
	}
	record(ctx, resp, k.stream)
	if c.pace != nil {
		c.pace.note(resp.Header, c.now())
	}
	out.status = resp.StatusCode
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		out.asked = askedWait(resp.Header, c.now())
		out.repeat = repeatable(resp.StatusCode, k.safe, out.asked)
		out.err = replyError(resp)
		if e, ok := errors.AsType[*Error](out.err); ok && out.asked >= 0 {
			e.RetryAt = c.now().Add(out.asked)
		}
		_ = resp.Body.Close()
		return out
	}
	if out.err = handle(resp); out.err != nil || !k.stream {
		_ = resp.Body.Close()
	}
	// A success that could not be read to its end is a cut connection.
	out.repeat = k.safe && errors.Is(out.err, errCut)
	return out
}

// deadline is the time of one attempt: a body has what it needs at 16 KiB/s,
// the slowest that servers bear.
func (c *Client) deadline(k call) time.Duration {
	if k.body == nil {
		return c.timeout
	}
	if k.body.size < 0 {
		return c.timeout + 15*time.Minute
	}
	return c.timeout + time.Duration(k.body.size>>14)*time.Second
}

func (c *Client) send(ctx context.Context, k call, token string) (*http.Response, error) {
	var sent io.Reader
	if k.body != nil {
		var err error
		if sent, err = k.body.open(); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, k.method, c.url(k.path, k.query), sent)
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, c.headers)
	req.Header.Del("Authorization") // is the client's own
	maps.Copy(req.Header, k.header)
	req.Header.Set("User-Agent", c.userAgent)
	if !k.stream && req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	if k.body != nil {
		req.Header.Set("Content-Type", k.body.kind)
		if req.ContentLength = k.body.size; k.body.size == 0 {
			req.Body = http.NoBody
		}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return c.http.Do(req)
}

// callJSON carries out a call whose reply is an envelope.
func callJSON[T any](ctx context.Context, c *Client, k call) (*Envelope[T], error) {
	var env Envelope[T]
	err := c.do(ctx, k, func(r *http.Response) error {
		env = Envelope[T]{}
		return readJSON(r, &env)
	})
	if err != nil {
		return nil, err
	}
	return &env, nil
}

// postJSON is the body of a call that sends a value.
func postJSON(v any) *body {
	b, err := json.Marshal(v)
	if err != nil {
		return &body{open: func() (io.Reader, error) { return nil, err }}
	}
	return bytesBody("application/json", b)
}

// errCut marks a reply that ended early.
var errCut = errors.New("the reply was cut off")

func readJSON(r *http.Response, into any) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxJSON+1))
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errCut, err)
	case len(b) > maxJSON:
		return Errorf(ErrTooLarge, "the reply is larger than %d MiB; lower the limit", maxJSON>>20)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return Errorf(ErrInternal, "the server's reply is not the JSON expected").WithCause(err)
	}
	return nil
}

func discard(r *http.Response) error {
	_, err := io.Copy(io.Discard, io.LimitReader(r.Body, maxJSON))
	return err
}

// replyError turns a failed reply into an *Error of the kind its status has.
func replyError(r *http.Response) error {
	b, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	kind := KindOf(r.StatusCode)
	if kind == nil { // 1xx and 3xx: nothing that this API sends
		kind = ErrInternal
	}
	var env Envelope[json.RawMessage]
	if json.Unmarshal(b, &env) != nil || len(env.Errors) == 0 {
		text := strings.TrimSpace(http.StatusText(r.StatusCode))
		e := Errorf(kind, "the server answered %d %s without saying why; is the base URL right?", r.StatusCode, text)
		e.Code, e.TraceID = r.StatusCode, r.Header.Get("X-Cs-Traceid")
		return e
	}
	e := errorOf(kind, env.Errors)
	e.Code, e.TraceID = r.StatusCode, cmp.Or(env.Meta.TraceID, r.Header.Get("X-Cs-Traceid"))
	if env.Meta.RequiredScope != "" {
		e.Message += fmt.Sprintf(" (the API client lacks the scope %s)", env.Meta.RequiredScope)
	}
	return e
}

// errorOf makes one error of an envelope's list; its texts go line by line.
func errorOf(kind error, list []APIError) *Error {
	var lines []string
	for _, e := range list {
		lines = append(lines, e.Message)
	}
	e := Errorf(kind, "%s", strings.Join(lines, "\n")).WithID(list[0].ID)
	if len(list) > 1 || e.ID != "" {
		e.Each = list
	}
	return e
}

// explain names the usual reasons for a call that got no answer.
func explain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err // the text of url.Error repeats the address with its query
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errClosed) {
		return err
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "certificate signed by unknown authority"):
		text += "; trust the server's own CA (WithCA, --ca, MEWS_CA)"
	case strings.Contains(text, "connection refused"):
		text += "; is the server running there?"
	case strings.Contains(text, "server gave HTTP response to HTTPS client"):
		text = "the server speaks plain http; change the base URL to http://"
	}
	return Errorf(ErrUnavailable, "%s", text).WithCause(err)
}
