// Package mews is the Go client of mews, a self-hosted server that speaks the
// part of the Falcon API that deals with samples, malware search, indicators,
// sightings and quarantine. It holds the wire types and error kinds that client
// and server share, so the two cannot drift apart.
package mews
