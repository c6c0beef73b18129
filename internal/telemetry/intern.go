package telemetry

import "github.com/cespare/xxhash/v2"

// An interner keeps one copy of texts that come again and again (hosts, users,
// images, command lines), in bounded room: a text pushes out the one that was
// in its place.
type interner [1 << 11]string

// maxInterned is the longest text worth keeping.
const maxInterned = 256

func (in *interner) text(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > maxInterned {
		return string(b)
	}
	place := &in[xxhash.Sum64(b)%uint64(len(in))]
	if *place != string(b) {
		*place = string(b)
	}
	return *place
}
