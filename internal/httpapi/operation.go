package httpapi

import (
	"context"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/mewshq/mews/internal/store"
)

// A class says what an operation does to the world. It decides whether unknown
// fields are refused, and it names the audit rule that the service follows.
type class string

// The classes of the authorisation matrix.
const (
	classAuth   class = "AUTH"   // success and failure are audited
	classRead   class = "READ"   // audit optional
	classMutate class = "MUT"    // one row per object, in the transaction
	classUpload class = "UP"     // as MUT
	classLoad   class = "DL"     // one row per sample, before the first byte
	classJob    class = "JOB"    // one row with the query or rule hash
	classSearch class = "SEARCH" // as JOB
)

// A handle runs one operation whose caller is known and allowed.
type handle func(ctx context.Context, c *call) error

// An operation is one row of the table. Everything about it is derived from
// this row: route, scope check, decoding, metrics, audit class, documentation.
type operation struct {
	id      string // upstream's, verbatim
	method  string
	path    string
	scope   string // empty: the operation checks its caller itself; see scopeOr
	class   class
	summary string
	req     reflect.Type // query parameters and body, for the document
	res     reflect.Type // element of resources; nil: none
	media   string       // of the success answer, when it is no envelope
	long    bool         // moves a file: no 30 s limit
	success int          // status of the success answer; 0: 200
	facade  bool         // of another product's API: not in the documents
	dev     bool         // of dev mode: served only there, never struck and never logged
	run     handle

	// consumes lists what a body that the operation reads itself may be.
	consumes []content
}

// scopeOr parts the scopes of a row where one of several is enough.
const scopeOr = " or "

// allowed gives the first of the row's scopes that a caller has.
func (o *operation) allowed(has func(scope string) bool) (scope string, ok bool) {
	for scope := range strings.SplitSeq(o.scope, scopeOr) {
		if has(scope) {
			return scope, true
		}
	}
	return "", false
}

// A content is one form of a request body, for the document: JSON of a type,
// fields of a form, or bytes where there is no type.
type content struct {
	media string
	typ   reflect.Type
}

func of[T any](media string) content { return content{media, reflect.TypeFor[T]()} }

// A route is the written part of a row.
type route struct {
	id, method, path, scope string
	class                   class
	summary                 string
}

// op makes a row whose request is Req (query parameters by `query` tags, a
// JSON body by one field tagged `body:"json"`) and whose resources are Res.
func op[Req, Res any](r route, fn func(context.Context, store.Actor, *Req) (reply[Res], error)) operation {
	shape := newShape(reflect.TypeFor[Req]())
	row := r.row(reflect.TypeFor[Req](), reflect.TypeFor[Res]())
	row.run = func(ctx context.Context, c *call) error {
		var req Req
		if err := shape.read(c, reflect.ValueOf(&req).Elem()); err != nil {
			return err
		}
		r, err := fn(ctx, c.who.Actor, &req)
		if err != nil {
			return err
		}
		return respond(c, r)
	}
	return row
}

// creates makes a row's success answer say that it made something.
func creates(row operation) operation {
	row.success = http.StatusCreated
	return row
}

// load makes a row that answers with bytes. fn writes them into the sink; an
// error is JSON as long as nothing left the sink.
func load[Req any](r route, media string, fn func(context.Context, store.Actor, *Req, *sink) error) operation {
	shape := newShape(reflect.TypeFor[Req]())
	row := r.row(reflect.TypeFor[Req](), nil)
	row.media, row.long = media, true
	row.run = func(ctx context.Context, c *call) error {
		var req Req
		if err := shape.read(c, reflect.ValueOf(&req).Elem()); err != nil {
			return err
		}
		out := &sink{call: c, media: media, size: -1}
		out.finish(fn(ctx, c.who.Actor, &req, out))
		return nil
	}
	return row
}

// raw makes a row that reads its own body. Req documents it.
func raw[Req, Res any](r route, fn handle) operation {
	row := r.row(reflect.TypeFor[Req](), reflect.TypeFor[Res]())
	row.run = fn
	return row
}

// bindCall reads the query of an operation that reads its own body.
func bindCall[Req any](c *call) (Req, error) {
	var req Req
	err := c.query(paramsOf(reflect.TypeFor[Req]()), reflect.ValueOf(&req).Elem())
	return req, err
}

func (r route) row(req, res reflect.Type) operation {
	return operation{
		id: r.id, method: r.method, path: r.path, scope: r.scope, class: r.class,
		summary: r.summary, req: req, res: res,
	}
}

// A shape is a request type taken apart once.
type shape struct {
	params []param
	body   int   // field index, -1 for none
	max    int64 // bytes of the body
}

func newShape(req reflect.Type) shape {
	s := shape{params: paramsOf(req), body: bodyField(req), max: maxJSON}
	if s.body >= 0 {
		if n, err := strconv.ParseInt(req.Field(s.body).Tag.Get("max"), 10, 64); err == nil {
			s.max = n
		}
	}
	return s
}

func bodyField(req reflect.Type) int {
	for i := range req.NumField() {
		if req.Field(i).Tag.Get("body") == "json" {
			return i
		}
	}
	return -1
}

// maxJSON is the largest JSON body in bytes, unless its field is tagged `max`.
const maxJSON = 1 << 20

// read fills a request from query and body. Bodies of operations that take
// none are ignored: FalconPy sends {} with everything.
func (s shape) read(c *call, dst reflect.Value) error {
	if err := c.query(s.params, dst); err != nil {
		return err
	}
	if s.body < 0 {
		return c.ignoreBody()
	}
	if err := checkEncoding(c.r); err != nil {
		return err
	}
	if _, _, err := checkMedia(c.r, "application/json"); err != nil {
		return err
	}
	raw, err := c.readBody(s.max, callLimit)
	if err != nil {
		return err
	}
	return decodeJSON(raw, dst.Field(s.body).Addr().Interface(), c.op.class == classMutate)
}
