package telemetry

import (
	"bytes"

	"github.com/mewshq/mews/internal/observable"
)

// hexID reads an id of 32 hexadecimal digits, or a UUID, as lower-case digits;
// "" for anything else, and for ids of one digit all over, which firmware has
// when nobody set one.
func (r *reader) hexID(v value) string {
	var id [32]byte
	n := 0
	for _, c := range bytes.Trim(r.bytes(v), "{}") {
		if c == '-' {
			continue
		}
		if n == len(id) || hexDigit(c) < 0 {
			return ""
		}
		if c >= 'A' && c <= 'F' {
			c |= 0x20
		}
		id[n] = c
		n++
	}
	if n < len(id) || bytes.Count(id[:], id[:1]) == len(id) {
		return ""
	}
	return r.texts.text(id[:])
}

// address tells whether a text is an address worth knowing a host by.
func address(text string) bool {
	_, ok := observable.IP(text)
	return ok
}
