package mewstest

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/fault"
	"github.com/mewshq/mews/internal/store"
)

// Fail makes requests fail on purpose from now on: a rule says which ones, how
// often, and what becomes of them. An operation may be named in any way that
// mews.LookupOperation knows. What a rule strikes depends on the rule and on the
// number of the request alone, so a test meets the same failures every time.
//
//	srv.Fail(mews.FaultRule{Operation: "QueryDevicesByFilter", Times: 2, Effect: mews.FaultEffect{Status: 429}})
func (s *Server) Fail(rules ...mews.FaultRule) {
	s.t.Helper()
	for i, r := range rules {
		rules[i].Operation = s.operation(r.Operation)
	}
	if _, err := s.server.Faults().Add(rules...); err != nil {
		s.t.Fatalf("fault rule: %v", err)
	}
}

// Heal removes all rules.
func (s *Server) Heal() { s.server.Faults().Clear() }

// Requests lists the last requests that the server answered, the oldest first:
// of one operation, named as in Fail, or with "" of all. Bodies are not kept,
// only their lengths and digests.
func (s *Server) Requests(operation string) []mews.DevRequest {
	s.t.Helper()
	return s.server.Requests().Find(fault.Query{Request: fault.Request{Operation: s.operation(operation)}})
}

// ForgetRequests empties the list that Requests gives.
func (s *Server) ForgetRequests() { s.server.Requests().Clear() }

// operation is the id of an operation. A name that is none would make a rule
// that never strikes, and a test that cannot fail.
func (s *Server) operation(name string) string {
	s.t.Helper()
	if name == "" {
		return ""
	}
	o, err := mews.LookupOperation(name)
	if err != nil {
		s.t.Fatalf("operation: %v", err)
	}
	return o.ID
}

// Reset gives the server the data it began with: none, or the seed's. Rules and
// remembered requests are gone; API clients and their tokens stay, so that one
// server can serve a row of subtests.
func (s *Server) Reset() {
	s.t.Helper()
	who := store.Actor{Client: "mewstest", Scope: mews.ScopeDev, Operation: "mews.dev.reset"}
	if err := s.server.Reset(context.Background(), who); err != nil {
		s.t.Fatalf("reset mews: %v", err)
	}
}
