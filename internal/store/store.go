// Package store keeps records in an SQL database: one writer with group
// commit, many readers, migrations, and the hash-chained audit trail that
// shares a transaction with the change it records.
package store

// A CID is a customer id: the wall between tenants. Repository methods cannot
// be called without one.
type CID string

// An Actor says on whose behalf a service acts. It is filled from the bearer
// token, never from a request's body.
type Actor struct {
	CID       CID
	Client    string // API client id
	Scope     string // the scope that allowed the call
	Operation string // operation id, as in api/operations.yaml
	TraceID   string
}
