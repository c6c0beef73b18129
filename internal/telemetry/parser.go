package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
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
