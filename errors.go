package mews

import (
	"errors"
	"fmt"
	"time"
)

// The kinds of failure that callers branch on. The server maps each to one
// HTTP status and the client maps the status back, so errors.Is works alike on
// both sides of the wire.
var (
	ErrInvalid      = errors.New("invalid request")        // 400
	ErrUnauthorized = errors.New("not authenticated")      // 401
	ErrForbidden    = errors.New("not allowed")            // 403
	ErrNotFound     = errors.New("not found")              // 404
	ErrConflict     = errors.New("conflict")               // 409
	ErrTooLarge     = errors.New("too large")              // 413
	ErrLimited      = errors.New("rate or quota exceeded") // 429
	ErrUnavailable  = errors.New("unavailable")            // 503
)

// An Error is a failure with a text for the user. Its Kind is one of the
// sentinels above; Cause is for the log and never crosses the wire.
type Error struct {
	Kind    error
	Message string
	ID      string // the object the error speaks of, where there is one
	// Code is the reply's HTTP status and TraceID its name in the server's log;
	// the client fills them in where there was a reply.
	Code    int
	TraceID string
	// Each tells of every object that made a call fail which changes all of its
	// objects or none; nil where there is no more to tell than Message and ID.
	Each []APIError
	// RetryAt is when the same call may succeed; zero when nobody knows.
	RetryAt time.Time
	Cause   error
}

// Errorf makes an Error of one kind. Its text is shown to users: say what is
// wrong and what to do.
func Errorf(kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// WithID names the object the error speaks of.
func (e *Error) WithID(id string) *Error { e.ID = id; return e }

// WithEach lists the objects that made the call fail.
func (e *Error) WithEach(list []APIError) *Error { e.Each = list; return e }

// WithRetryAt tells when the same call may succeed.
func (e *Error) WithRetryAt(at time.Time) *Error { e.RetryAt = at; return e }

// WithCause keeps the private reason for the log.
func (e *Error) WithCause(err error) *Error { e.Cause = err; return e }

func (e *Error) Error() string { return e.Message }

// Unwrap lets errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}
