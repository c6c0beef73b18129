package sighting

import (
	"encoding/binary"
	"errors"

	"github.com/mewshq/mews/internal/telemetry"
)

// seen is how often, when and how something was met. Times are unix
// microseconds.
type seen struct {
	first, last int64
	count       int64
	kinds       telemetry.Kind
}

// errValue says that a run holds a value that nobody has written.
var errValue = errors.New("a value of a run makes no sense")

// add joins two accounts of the same thing. The order never matters: runs are
// merged in any.
func (s *seen) add(o seen) {
	s.first = min(s.first, o.first)
	s.last = max(s.last, o.last)
	s.count += o.count
	s.kinds |= o.kinds
}

// append encodes it, the last time first: whoever looks for what has expired
// reads no further.
func (s seen) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(s.last))
	dst = binary.AppendUvarint(dst, uint64(s.last-s.first))
	dst = binary.AppendUvarint(dst, uint64(s.count))
	return append(dst, byte(s.kinds))
}

// lastOf reads only when it was last seen, of either kind of value.
func lastOf(value []byte) (int64, error) {
	last, n := binary.Uvarint(value)
	if n <= 0 {
		return 0, errValue
	}
	return int64(last), nil
}

func parseSeen(b []byte) (seen, error) {
	d := decoder{rest: b}
	last, span, count := d.uvarint(), d.uvarint(), d.uvarint()
	if d.failed || len(d.rest) != 1 || span > last || int64(last) < 0 || int64(count) <= 0 {
		return seen{}, errValue
	}
	return seen{first: int64(last - span), last: int64(last), count: int64(count), kinds: telemetry.Kind(d.rest[0])}, nil
}

// A decoder takes a value apart; failed tells at the end whether it was whole.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.failed, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) text() string {
	n := d.uvarint()
	if n > uint64(len(d.rest)) {
		d.failed, d.rest = true, nil
		return ""
	}
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}
