package mews

import "time"

// The wire types of the admin socket. It is no part of the Falcon API: only
// the server's own account reaches it.

// An AdminClient is an API client as its administrator sees it.
type AdminClient struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	CID     string    `json:"cid"`
	Scopes  []string  `json:"scopes"`
	Created time.Time `json:"created"`
	Revoked time.Time `json:"revoked,omitzero"`
	// Secret is set in the replies of create and rotate, and never again.
	Secret string `json:"secret,omitempty"`
}

// An AdminClientSpec asks for a new API client. An empty CID stands for the
// server's first customer.
type AdminClientSpec struct {
	Name   string   `json:"name"`
	CID    string   `json:"cid,omitempty"`
	Scopes []string `json:"scopes"`
}

// An AdminEvent is one line of a long admin call: progress lines first, then
// exactly one line with Final set.
type AdminEvent struct {
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Final bool   `json:"final,omitempty"`
	Error string `json:"error,omitempty"`
}

// An AuditReport is the outcome of an audit verification.
type AuditReport struct {
	Rows  int64  `json:"rows"`
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}
