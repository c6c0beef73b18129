package telemetry

import (
	"bytes"
	"time"
)

// earliest is the first time that is believed: the start of 1990, in µs.
var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// when reads a time of any form that sensors write. It is false for what is no
// time, and for times that cannot be: before 1990 or more than a day ahead.
func (r *reader) when(v value) (micros int64, ok bool) {
	b := bytes.TrimSpace(r.bytes(v))
	if micros, ok = epoch(b); !ok {
		micros, ok = calendar(b)
	}
	return micros, ok && micros >= earliest && micros <= r.latest
}

// maybe reads a time that an event may well lack: 0 for none, or for one that
// cannot be.
func (r *reader) maybe(v value) int64 {
	if micros, ok := r.when(v); ok {
		return micros
	}
	return 0
}

// fileTimeEpoch is 1970 as Windows counts: in 100 ns since 1601.
const fileTimeEpoch = 116444736000000000

// epoch reads a count of seconds, milliseconds, microseconds or nanoseconds
// since 1970, or a Windows FILETIME; seconds and milliseconds may have a
// fraction. Which it is shows in its size: read as another unit, the times of
// this century lie before 1990 or far ahead.
func epoch(b []byte) (micros int64, ok bool) {
	var n, fraction int64
	at := 0
	for ; at < len(b) && b[at] >= '0' && b[at] <= '9'; at++ {
		if at == 19 {
			return 0, false
		}
		n = n*10 + int64(b[at]-'0')
	}
	if at == 0 || n < 0 {
		return 0, false
	}
	if at < len(b) && b[at] == '.' {
		at++
		for scale := int64(100_000); at < len(b) && b[at] >= '0' && b[at] <= '9'; at++ {
			fraction += int64(b[at]-'0') * scale
			scale /= 10
		}
	}
	if at < len(b) {
		return 0, false
	}
	switch {
	case n < 1e11:
		return n*1e6 + fraction, true
	case n < 1e14:
		return n*1e3 + fraction/1e3, true
	case n < 1e17:
		return n, true
	case n < 1e18:
		return (n - fileTimeEpoch) / 10, true
	}
	return n / 1e3, true
}

// calendarForms are the written-out times: RFC 3339 with or without a zone, and
// Sysmon's own. A missing zone is UTC.
var calendarForms = [...]string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700"}

func calendar(b []byte) (micros int64, ok bool) {
	if len(b) < len("2006-01-02 15:04:05") || len(b) > 40 {
		return 0, false
	}
	for _, layout := range calendarForms {
		if t, err := time.Parse(layout, view(b)); err == nil {
			return t.UnixMicro(), true
		}
	}
	return 0, false
}
