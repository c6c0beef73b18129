// Package fault decides which requests a server in dev mode fails on purpose,
// and remembers the requests that it has seen. It knows rules and requests and no
// service: the surface asks it, and carries out what it says.
//
// Decisions are reproducible. Whether a rule strikes its n-th request is a
// function of the seed, the rule's id and n alone, so other rules, other
// clients and the clock have no say in it.
package fault
