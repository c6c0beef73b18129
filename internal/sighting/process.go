package sighting

import (
	"encoding/binary"

	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/telemetry"
)

// A process is what is known of one process of one host. Times are unix
// microseconds, 0 when nobody said; "" and 0 are unknown.
type process struct {
	last        int64 // when an event last spoke of it
	start, stop int64
	parent      uint64
	image       string
	commandLine string
	user        string
	sha256, md5 string // of the image: raw bytes
}

// processOf takes from an event what it says about its process.
func processOf(ev *telemetry.Event) process {
	p := &ev.Process
	return process{
		last: ev.Time, start: max(p.Start, 0), stop: max(p.Stop, 0), parent: p.Parent,
		image: p.Image, commandLine: p.CommandLine, user: p.User,
		sha256: hashOf(p.SHA256, observable.SHA256), md5: hashOf(p.MD5, observable.MD5),
	}
}

// hashOf gives the raw bytes of a hash, "" when the text is none of that type.
func hashOf(text string, t observable.Type) string {
	if text == "" {
		return ""
	}
	if o, ok := observable.Hash(text); ok && o.Type == t {
		return o.Key
	}
	return ""
}

// add joins two accounts of the same process. The order never matters.
func (p *process) add(o process) {
	p.last = max(p.last, o.last)
	p.start = leastKnown(p.start, o.start)
	p.stop = max(p.stop, o.stop)
	p.parent = max(p.parent, o.parent)
	p.image = fuller(p.image, o.image)
	p.commandLine = fuller(p.commandLine, o.commandLine)
	p.user = fuller(p.user, o.user)
	p.sha256 = max(p.sha256, o.sha256)
	p.md5 = max(p.md5, o.md5)
}

// leastKnown is the earlier of two times, where 0 is none.
func leastKnown(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// fuller is the longer of two texts, because sensors cut them; of two equally
// long ones the greater.
func fuller(a, b string) string {
	if len(b) > len(a) || len(b) == len(a) && b > a {
		return b
	}
	return a
}

// append encodes it, last first as in seen.
func (p *process) append(dst []byte) []byte {
	for _, n := range [...]uint64{uint64(p.last), uint64(p.start), uint64(p.stop), p.parent} {
		dst = binary.AppendUvarint(dst, n)
	}
	for _, s := range [...]string{p.image, p.commandLine, p.user, p.sha256, p.md5} {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
		dst = append(dst, s...)
	}
	return dst
}

func parseProcess(b []byte) (process, error) {
	d := decoder{rest: b}
	p := process{
		last: int64(d.uvarint()), start: int64(d.uvarint()), stop: int64(d.uvarint()), parent: d.uvarint(),
		image: d.text(), commandLine: d.text(), user: d.text(), sha256: d.text(), md5: d.text(),
	}
	if d.failed || len(d.rest) != 0 || min(p.last, p.start, p.stop) < 0 {
		return process{}, errValue
	}
	return p, nil
}
