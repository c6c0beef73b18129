package mews

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// The wire types of dev mode, in which a server is a tenant to test against. An
// extension of mews; a server has these routes only when it was asked for them.

// A FaultRule makes a server in dev mode fail on purpose. Client, Operation,
// Path and Method say on which requests: an empty one matches all, and * in it
// stands for any text. A rule that names neither Operation nor Path leaves
// login and logout alone, and no rule is ever for the routes of dev mode.
type FaultRule struct {
	ID        string `json:"id,omitempty"`     // given by the server
	Client    string `json:"client,omitempty"` // id of an API client
	Operation string `json:"operation,omitempty"`
	Path      string `json:"path,omitempty"`
	Method    string `json:"method,omitempty"`

	// After lets so many requests pass first. Of the others each one is struck,
	// or each Every'th, or each with a Probability (0: 1) that depends on the
	// server's seed and the request's number alone; until Times (0: no bound)
	// were struck.
	After       int     `json:"after,omitempty"`
	Every       int     `json:"every,omitempty"`
	Probability float64 `json:"probability,omitempty"`
	Times       int     `json:"times,omitempty"`

	Effect FaultEffect `json:"effect"`

	// Seen and Fired count the requests that the rule was for, and those it struck.
	Seen  int64 `json:"seen"`
	Fired int64 `json:"fired"`
}

// A FaultEffect is what becomes of a request that a rule strikes. Delay goes
// with each of the others, Truncate with Status.
type FaultEffect struct {
	// Status answers with an error envelope of this HTTP status (400 to 599), and
	// does nothing else. Message is its text; without one it says the usual.
	Status  int    `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	// RetryAfter is the wait that a 429 or 503 asks for; 0 stands for a second.
	RetryAfter time.Duration `json:"retry_after,omitempty"`
	// Delay is waited before anything else is done.
	Delay time.Duration `json:"delay,omitempty"`
	// Truncate cuts the connection after so many bytes of the answer's body. The
	// operation was carried out.
	Truncate int64 `json:"truncate,omitempty"`
	// Close ends the connection without an answer. Nothing was carried out.
	Close bool `json:"close,omitempty"`
	// ExpireToken ends the request's bearer token, which answers 401 from then on.
	ExpireToken bool `json:"expire_token,omitempty"`
}

// plainEffect is a FaultEffect without its methods.
type plainEffect FaultEffect

// wireEffect is a FaultEffect with its times as text.
type wireEffect struct {
	plainEffect
	RetryAfter string `json:"retry_after,omitempty"`
	Delay      string `json:"delay,omitempty"`
}

// MarshalJSON writes times as text, "1.5s".
func (e FaultEffect) MarshalJSON() ([]byte, error) {
	wire := wireEffect{plainEffect: plainEffect(e)}
	if e.RetryAfter != 0 {
		wire.RetryAfter = e.RetryAfter.String()
	}
	if e.Delay != 0 {
		wire.Delay = e.Delay.String()
	}
	return json.Marshal(wire)
}

// UnmarshalJSON reads times as text, "1.5s". A key that it does not know is an
// error: a misspelt effect would be none.
func (e *FaultEffect) UnmarshalJSON(b []byte) error {
	var wire wireEffect
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&wire); err != nil {
		return fmt.Errorf("read the effect: %w", err)
	}
	out := FaultEffect(wire.plainEffect)
	for _, d := range []struct {
		key, text string
		into      *time.Duration
	}{{"retry_after", wire.RetryAfter, &out.RetryAfter}, {"delay", wire.Delay, &out.Delay}} {
		if d.text == "" {
			continue
		}
		v, err := time.ParseDuration(d.text)
		if err != nil {
			return fmt.Errorf("%s: %q is no length of time; write it as 250ms or 1.5s", d.key, d.text)
		}
		*d.into = v
	}
	*e = out
	return nil
}

// A DevRequest is one entry of the request log of a server in dev mode. Bodies
// are not kept, nor what may be a secret.
type DevRequest struct {
	Sequence  int64     `json:"sequence"` // from 1, in the order in which requests ended
	Time      time.Time `json:"time"`     // of its begin
	TraceID   string    `json:"trace_id"`
	Client    string    `json:"client,omitempty"` // "" when nobody was logged in
	Operation string    `json:"operation,omitempty"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Query     string    `json:"query,omitempty"` // as sent; secrets are struck out
	UserAgent string    `json:"user_agent,omitempty"`
	// RequestBytes is what was read of the body. RequestSHA256 is their digest;
	// bodies of logins have none.
	RequestBytes  int64   `json:"request_bytes"`
	RequestSHA256 string  `json:"request_sha256,omitempty"`
	Status        int     `json:"status"` // 0: the connection was closed instead
	ResponseBytes int64   `json:"response_bytes"`
	Took          float64 `json:"took"`            // seconds
	Fault         string  `json:"fault,omitempty"` // the rule that struck
}

// A Snapshot is a copy of a dev server's data under a name.
type Snapshot struct {
	Name    string    `json:"name"`
	Created time.Time `json:"created"`
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"`
}

// A SnapshotName says which snapshot is meant.
type SnapshotName struct {
	Name string `json:"name"`
}
