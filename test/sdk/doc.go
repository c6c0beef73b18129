// Package sdk holds what the Go client promises as one list of behaviours, which
// are run against two servers: a real mews, and a stub that was written from the
// public description of the API and shares no code with mews. What holds for
// both does not rest on anything that mews alone does.
package sdk
