package telemetry

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"strconv"

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

// entityID makes the number of a process of the id that a sensor gave it (a
// GUID, mostly), 0 without one. Letters' case and braces do not matter.
func (r *reader) entityID(v value) uint64 {
	id := bytes.ToLower(bytes.Trim(r.bytes(v), "{}"))
	if len(id) == 0 || len(bytes.Trim(id, "0-")) == 0 {
		return 0
	}
	return number(append([]byte("entity:"), id...))
}

// startID makes the number of a process of its number in the system, which is
// used again, and the second it started in; 0 unless both are known.
func startID(pid uint64, start int64) uint64 {
	if pid == 0 || start == 0 {
		return 0
	}
	id := append([]byte("start:"), strconv.FormatUint(pid, 10)...)
	return number(strconv.AppendInt(append(id, ':'), start/1e6, 10))
}

// number is a hash of 63 bits that is not 0: clients read it as a signed number.
func number(id []byte) uint64 {
	sum := sha256.Sum256(id)
	return max(binary.BigEndian.Uint64(sum[:8])>>1, 1)
}

// address tells whether a text is an address worth knowing a host by.
func address(text string) bool {
	_, ok := observable.IP(text)
	return ok
}
