package mews

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
)

// A ResponseInfo is the last reply of a call as it came.
type ResponseInfo struct {
	StatusCode int // 0: no reply came
	Header     http.Header
	// Body is empty for a download, which gives its bytes itself.
	Body []byte
}

// TraceID is the server's name of the call, for its log.
func (r ResponseInfo) TraceID() string { return r.Header.Get("X-Cs-Traceid") }

// RateLimit tells how many calls a minute the server grants, and how many are
// left of them; ok is false when it did not say.
func (r ResponseInfo) RateLimit() (limit, remaining int, ok bool) {
	limit, err := strconv.Atoi(r.Header.Get("X-Ratelimit-Limit"))
	remaining, ok = rateRemaining(r.Header)
	return limit, remaining, ok && err == nil
}

func rateRemaining(h http.Header) (int, bool) {
	n, err := strconv.Atoi(h.Get("X-Ratelimit-Remaining"))
	return n, err == nil
}

type responseKey struct{}

// WithResponse gives a context whose calls leave their last reply in into:
// status, headers and body, of failures too. A call that is several on the wire
// leaves the last one. Use it for one call at a time.
func WithResponse(ctx context.Context, into *ResponseInfo) context.Context {
	return context.WithValue(ctx, responseKey{}, into)
}

// record notes a reply where the context asks for it. The body is noted as it
// is read, unless the caller gets it as a stream.
func record(ctx context.Context, r *http.Response, stream bool) {
	into, ok := ctx.Value(responseKey{}).(*ResponseInfo)
	if !ok {
		return
	}
	*into = ResponseInfo{StatusCode: r.StatusCode, Header: r.Header}
	if !stream || r.StatusCode > 299 {
		r.Body = &recorder{ReadCloser: r.Body, into: into}
	}
}

type recorder struct {
	io.ReadCloser
	into *ResponseInfo
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.into.Body = append(r.into.Body, p[:n]...)
	return n, err
}

// A Response is the reply of a call by name or by path: taken apart as far as it
// is an envelope, and whole in Body.
type Response struct {
	StatusCode int
	Header     http.Header
	Meta       Meta
	Errors     []APIError
	// Resources are the envelope's, one by one; an API that has an object there
	// instead of a list gives one.
	Resources []json.RawMessage
	Body      []byte
}

// Decode reads the resources into a pointer to a slice.
func (r *Response) Decode(into any) error {
	list, err := json.Marshal(r.Resources)
	if err == nil {
		err = json.Unmarshal(list, into)
	}
	if err != nil {
		return Errorf(ErrInternal, "the resources are not of the type expected: %v", err).WithCause(err)
	}
	return nil
}

// newResponse takes a reply apart. What is no envelope is no mistake: not every
// API has them, and Body holds it all.
func newResponse(info ResponseInfo) *Response {
	r := &Response{StatusCode: info.StatusCode, Header: info.Header, Body: info.Body}
	var env struct {
		Meta      json.RawMessage `json:"meta"`
		Errors    json.RawMessage `json:"errors"`
		Resources json.RawMessage `json:"resources"`
	}
	if json.Unmarshal(info.Body, &env) != nil {
		return r
	}
	lenient(env.Meta, &r.Meta)
	lenient(env.Errors, &r.Errors)
	switch list := bytes.TrimSpace(env.Resources); {
	case bytes.HasPrefix(list, []byte{'['}):
		lenient(list, &r.Resources)
	case len(list) > 0 && !bytes.Equal(list, []byte("null")):
		r.Resources = []json.RawMessage{json.RawMessage(list)}
	}
	return r
}

// lenient reads what has the expected type and leaves out what has not.
func lenient(text json.RawMessage, into any) {
	if len(text) > 0 {
		_ = json.Unmarshal(text, into)
	}
}

// exchange carries out a call and gives its reply, be it a success or not.
func (c *Client) exchange(ctx context.Context, k call) (*Response, error) {
	var info ResponseInfo
	err := c.do(WithResponse(ctx, &info), k, func(r *http.Response) error {
		n, err := io.Copy(io.Discard, io.LimitReader(r.Body, maxJSON+1))
		switch {
		case err != nil:
			return errors.Join(errCut, err)
		case n > maxJSON:
			return Errorf(ErrTooLarge, "the reply is larger than %d MiB; lower the limit, or use CommandStream", maxJSON>>20)
		}
		return nil
	})
	if outer, ok := ctx.Value(responseKey{}).(*ResponseInfo); ok {
		*outer = info
	}
	if info.StatusCode == 0 {
		return nil, err
	}
	return newResponse(info), err
}
