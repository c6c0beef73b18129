package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/observable"
)

// A Format is a way of writing telemetry.
type Format string

// The formats. Auto tells them apart line by line.
const (
	Auto    Format = "auto"
	FDR     Format = "fdr"
	ECS     Format = "ecs"
	Sysmon  Format = "sysmon"
	Osquery Format = "osquery"
)

// Formats are all formats, Auto first.
func Formats() []Format { return []Format{Auto, FDR, ECS, Sysmon, Osquery} }

// Bounds of texts in events, in bytes. Longer ones are cut: the sensors' own
// limits are lower.
const (
	maxName    = 1 << 10
	maxPath    = 4 << 10
	maxCommand = 32 << 10
)

// lines is the tree of all formats' tables.
var lines = tree(fdrPaths, ecsPaths, sysmonPaths, osqueryPaths)

// A Parser reads lines of one format, or of several by Auto. It keeps buffers
// and what it has said of hosts, so that each goroutine needs its own.
type Parser struct {
	reader
	format Format
	now    func() time.Time
	read   uint64 // lines
	told   told
	rec    record
	row    record // of an osquery line
	events []Event
}

// NewParser makes a parser. now bounds the times that are believed.
func NewParser(f Format, now func() time.Time) (*Parser, error) {
	if f == "" {
		f = Auto
	}
	names := []string{}
	for _, known := range Formats() {
		if f == known {
			return &Parser{format: f, now: now, told: told{}}, nil
		}
		names = append(names, string(known))
	}
	return nil, &LineError{fmt.Sprintf("unknown format %q: use one of %s", f, strings.Join(names, ", "))}
}

// Parse reads one line. The events are valid until the next call, the texts in
// them for ever. No event and no error: the line is well-formed, but of a kind
// that carries nothing to see. A line with an error, which is a *LineError, has
// no events.
func (p *Parser) Parse(line []byte) ([]Event, error) {
	if p.read%1024 == 0 {
		p.latest = p.now().Add(24 * time.Hour).UnixMicro()
	}
	p.read++
	p.buf = p.buf[:0]
	p.events = p.events[:0]
	if err := p.line(line, p.format, false); err != nil {
		p.events = p.events[:0]
		return nil, lineError(err)
	}
	return p.events, nil
}

// lineError gives an error of a line its one type.
func lineError(err error) error {
	var ours *LineError
	if errors.As(err, &ours) {
		return ours
	}
	return &LineError{err.Error()}
}

// errUnknown is the error of a line that fits no format.
var errUnknown = &LineError{"the line is of no known format: expected FDR (has event_simpleName, aid or cid), ECS (has @timestamp), " +
	"Sysmon (has EventID and UtcTime, or is an <Event>) or osquery (has hostIdentifier)"}

// line reads a line into p.events. inner is a line that stood within another.
func (p *Parser) line(line []byte, want Format, inner bool) error {
	p.rec = record{}
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil
	}
	if line[0] == '{' {
		if err := scanObject(line, lines, &p.rec); err != nil {
			return err
		}
	} else if err := p.scanXML(line); err != nil {
		return err
	}
	is, err := p.shape(want)
	if err != nil {
		return err
	}
	switch is {
	case FDR:
		return p.fdr()
	case Osquery:
		return p.osquery()
	case Sysmon:
		return p.sysmon()
	}
	return p.ecs(inner)
}

// shape tells the format of a record by the fields that only it has. A format
// that is asked for needs them too: a file read as what it is not would look
// like one that holds nothing. Shippers put Sysmon's events into ECS as they are.
func (p *Parser) shape(want Format) (Format, error) {
	for _, is := range [...]Format{FDR, Osquery, Sysmon, ECS} {
		if p.is(is) && (want == is || want == Auto || want == ECS && is == Sysmon) {
			return is, nil
		}
	}
	if want == Auto {
		return "", errUnknown
	}
	return "", &LineError{"the line is not of format " + string(want) + "; leave the format out to have every line's found"}
}

// is tells whether the record has what makes a line one of a format.
func (p *Parser) is(f Format) bool {
	switch f {
	case FDR:
		return p.has(fEvent) || p.has(fAID) || p.has(fCustomer)
	case Osquery:
		return p.has(fHostID) && (p.has(fQuery) || p.has(fAction))
	case Sysmon:
		return p.isSysmon()
	}
	return p.has(fStamp) || p.has(fMessage)
}

func (p *Parser) has(f field) bool { return p.rec[f].form != absent }

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

// host reads the host of a record: its id when it has one of 32 hexadecimal
// digits, else its name.
func (p *Parser) host(rec *record) (Host, error) {
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
	h.Facts = p.facts(rec, &h)
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
