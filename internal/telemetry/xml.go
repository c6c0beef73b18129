package telemetry

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
)

// eventTag begins an event of Windows in XML, which Sysmon writes on Linux too;
// in front of it may stand what syslog puts there.
var eventTag = []byte("<Event")

// eventData names its elements by an attribute.
const eventData = "Data"

// scanXML reads the event in a line into the record. An element's place among
// the others is its path, as in JSON.
func (p *Parser) scanXML(line []byte) error {
	at := bytes.Index(line, eventTag)
	if at < 0 {
		return errUnknown
	}
	decoder := xml.NewDecoder(bytes.NewReader(line[at:]))
	path := []*node{lines}
	for len(path) <= maxDepth {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return &LineError{"not XML: the event has no end"}
		}
		if err != nil {
			return &LineError{"not XML: " + err.Error()}
		}
		switch token := token.(type) {
		case xml.StartElement:
			path = append(path, p.element(path[len(path)-1], token))
		case xml.CharData:
			p.keep(path[len(path)-1], token)
		case xml.EndElement:
			if path = path[:len(path)-1]; len(path) == 1 {
				return nil
			}
			if len(path) == 0 {
				return &LineError{"not XML: an end without a start"}
			}
		}
	}
	return &LineError{"not XML: nested too deep"}
}

// element goes one step down and keeps the attributes that are mapped.
func (p *Parser) element(parent *node, start xml.StartElement) *node {
	name := start.Name.Local
	if name == eventData {
		for _, a := range start.Attr {
			if a.Name.Local == "Name" {
				return parent.step([]byte(a.Value))
			}
		}
	}
	n := parent.step([]byte(name))
	for _, a := range start.Attr {
		p.keep(n.step([]byte(a.Name.Local)), []byte(a.Value))
	}
	return n
}

// keep copies a text into the record: the decoder's own is overwritten.
func (p *Parser) keep(n *node, text []byte) {
	if text = bytes.TrimSpace(text); n == nil || n.field == unmapped || len(text) == 0 {
		return
	}
	from := len(p.buf)
	p.buf = append(p.buf, text...)
	p.rec[n.field] = value{plain, p.buf[from:len(p.buf):len(p.buf)]}
}
