package mews

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Params are what a call by name or by path sends. What Query, Body, Form and
// File hold is sent as it is; Values are put where the operation wants them.
type Params struct {
	// Values are by the names of the operation's parameters. A name that it does
	// not have is an error. Strings are read as what the parameter is: "5" is an
	// integer, "a,b" a list, "true" a boolean.
	Values map[string]any
	Query  url.Values
	Body   any // JSON; a []byte or json.RawMessage goes as it is
	Form   url.Values
	// File is the body itself; beside Form it is a file in a multipart form.
	File io.Reader
	// FileField names the file in a multipart form; default: as the operation
	// does, else "file".
	FileField string
	// Header is beside what every call carries. With an Authorization in it the
	// call is made on that, and not on the client's token.
	Header http.Header
	// ContentType is the body's media type where the usual one is not meant.
	ContentType string
}

// Command carries out an operation by its name: see LookupOperation. A failure
// is an *Error, and the reply is given beside it if one came.
func (c *Client) Command(ctx context.Context, operation string, p Params) (*Response, error) {
	o, k, err := commandCall(operation, p)
	if err != nil {
		return nil, err
	}
	if o.Binary {
		return nil, Errorf(ErrInvalid, "%s answers with bytes; use CommandStream", o.ID)
	}
	return c.exchange(ctx, k)
}

// CommandStream carries out an operation that answers with bytes. Close the
// download.
func (c *Client) CommandStream(ctx context.Context, operation string, p Params) (*Download, error) {
	o, k, err := commandCall(operation, p)
	if err != nil {
		return nil, err
	}
	if !o.Binary && o.Served {
		return nil, Errorf(ErrInvalid, "%s answers with JSON; use Command", o.ID)
	}
	return c.stream(ctx, k, "")
}

// Do carries out any call: a path below the base URL, with or without a query.
// p.Values need an operation and are refused.
func (c *Client) Do(ctx context.Context, method, path string, p Params) (*Response, error) {
	u, err := url.Parse(path)
	if err != nil || !strings.HasPrefix(path, "/") || u.Host != "" || u.Fragment != "" {
		return nil, Errorf(ErrInvalid, "path %q: expected /family/... with no host", path)
	}
	if len(p.Values) > 0 {
		return nil, Errorf(ErrInvalid, "%s %s: no operation, so no parameters by name; use Query, Body or Form", method, path)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, Errorf(ErrInvalid, "path %q: malformed query", path)
	}
	o := Operation{ID: method + " " + u.Path, Method: strings.ToUpper(method), Path: u.Path}
	o.ReadOnly = o.Method == http.MethodGet || o.Method == http.MethodHead
	k, err := p.call(o)
	if err != nil {
		return nil, err
	}
	for name, values := range query {
		k.query[name] = append(values, k.query[name]...)
	}
	return c.exchange(ctx, k)
}

func commandCall(name string, p Params) (Operation, call, error) {
	o, err := LookupOperation(name)
	if err != nil {
		return o, call{}, err
	}
	k, err := p.call(o)
	if err != nil {
		return o, call{}, fmt.Errorf("%s: %w", o.ID, err)
	}
	return o, k, nil
}
