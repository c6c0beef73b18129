package telemetry

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/mewshq/mews/internal/observable"
)

// Bounds of texts in events, in bytes. Longer ones are cut: the sensors' own
// limits are lower.
const (
	maxName    = 1 << 10
	maxPath    = 4 << 10
	maxCommand = 32 << 10
)

// event opens the next event of the line.
func (p *Parser) event() *Event {
	n := len(p.events)
	if n == cap(p.events) {
		p.events = append(p.events, Event{})
	} else {
		p.events = p.events[:n+1]
		p.events[n] = Event{Seen: p.events[n].Seen[:0]}
	}
	return &p.events[n]
}

// drop takes the event back that was opened last.
func (p *Parser) drop() { p.events = p.events[:len(p.events)-1] }

// see adds what a field holds to the event's sightings. What is no observable
// is left out: sensors fill fields with zeros and blanks.
func (p *Parser) see(e *Event, kind Kind, v value, read func(string) (observable.Observable, bool)) (ok bool) {
	if v.form == absent {
		return false
	}
	o, ok := read(view(p.bytes(v)))
	if ok {
		e.add(o, kind)
	}
	return ok
}

// seeHash adds a hash and returns its text for the process it is of.
func (p *Parser) seeHash(e *Event, kind Kind, v value) (text string) {
	if !p.see(e, kind, v, observable.Hash) {
		return ""
	}
	return strings.ToLower(p.text(v, maxName))
}

// maxSeen bounds the observables of one event: no name has more addresses, and
// finding repeated ones must stay cheap.
const maxSeen = 256

// add adds a sighting once.
func (e *Event) add(o observable.Observable, kind Kind) {
	for i := range e.Seen {
		if e.Seen[i].Observable == o {
			e.Seen[i].Kind |= kind
			return
		}
	}
	if len(e.Seen) < maxSeen {
		e.Seen = append(e.Seen, Sighting{o, kind})
	}
}

// host reads the host of a record, and what is new about it at that time.
func (p *Parser) host(rec *record, at int64) (Host, error) {
	h, err := p.identify(rec)
	if err == nil {
		h.Facts = p.facts(rec, &h, at)
	}
	return h, err
}

// identify names the host of a record: by its id when it has one of 32
// hexadecimal digits, else by its name.
func (p *Parser) identify(rec *record) (Host, error) {
	h := Host{AID: p.hexID(rec[fAID]), Hostname: p.text(rec[fHostname], maxName)}
	if h.AID == "" {
		h.AID = p.hexID(rec[fMachineID])
	}
	if h.Hostname == "" {
		h.Hostname = p.text(rec[fComputer], maxName)
	}
	if h.AID == "" && h.Hostname == "" {
		return h, &LineError{"the line names no host"}
	}
	return h, nil
}

// time reads the time of an event, whose name in the line is for the error.
func (p *Parser) time(name string, v value) (int64, error) {
	if v.form == absent {
		return 0, &LineError{name + ": missing"}
	}
	micros, ok := p.when(v)
	if !ok {
		return 0, &LineError{fmt.Sprintf("%s: %q is no time between 1990 and tomorrow", name, p.text(v, 64))}
	}
	return micros, nil
}

// started reads a process and the hashes of the image that it runs. A process
// without an id is none, but its image was seen.
func (p *Parser) started(e *Event, id, parent uint64) {
	rec := &p.rec
	sha256, md5 := p.seeHash(e, Exec, rec[fSHA256]), p.seeHash(e, Exec, rec[fMD5])
	if id == 0 {
		return
	}
	e.Process = Process{
		ID: id, Parent: parent,
		Image:       p.text(rec[fImage], maxPath),
		CommandLine: p.text(rec[fCommandLine], maxCommand),
		User:        p.text(rec[fUser], maxName),
		SHA256:      sha256,
		MD5:         md5,
		Start:       p.maybe(rec[fStart]),
		Stop:        p.maybe(rec[fStop]),
	}
}

// addresses adds the addresses of a name lookup's answer: a list, or a text
// with separators between addresses and other records.
func (p *Parser) addresses(e *Event, v value) {
	if v.form == absent {
		return
	}
	p.each(v, func(b []byte) {
		for len(b) > 0 {
			end := bytes.IndexAny(b, ";, ")
			if end < 0 {
				end = len(b)
			}
			if o, ok := observable.IP(view(b[:end])); ok {
				e.add(o, DNS)
			}
			b = b[min(end+1, len(b)):]
		}
	})
}

// platform gives a system its one name; others keep theirs.
func platform(text string) string {
	switch strings.ToLower(text) {
	case "win", "windows", "microsoft windows":
		return "Windows"
	case "mac", "macos", "darwin", "mac os x", "osx":
		return "Mac"
	case "lin", "linux":
		return "Linux"
	}
	return text
}
