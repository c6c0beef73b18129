package telemetry

import (
	"bytes"
	"fmt"
)

// maxDepth bounds how deep a line may be nested.
const maxDepth = 64

// A form tells what stands behind a value's bytes.
type form uint8

const (
	absent  form = iota
	plain        // a string without escapes; raw is what stands between the quotes
	escaped      // a string with escapes
	literal      // a number, true or false
	list         // raw has the brackets
	object       // raw has the braces
)

// A value is a piece of a line.
type value struct {
	form form
	raw  []byte
}

// A scanner walks over JSON text once, without building a tree: it checks all of
// it and keeps only what the table maps.
type scanner struct {
	text []byte
	at   int
	rec  *record
}

// A syntaxError says where text stops being JSON, and why.
type syntaxError struct {
	at   int
	what string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("not JSON at byte %d: %s", e.at+1, e.what)
}

// scanObject reads text, which must be one object, into rec.
func scanObject(text []byte, n *node, rec *record) error {
	s := scanner{text: text, rec: rec}
	s.space()
	if s.at == len(text) || text[s.at] != '{' {
		return s.fail("expected {")
	}
	if _, err := s.value(n, 0); err != nil {
		return err
	}
	if s.space(); s.at != len(text) {
		return s.fail("text after the end of the object")
	}
	return nil
}

// elements calls each with the elements of a list that a scanner has accepted.
func (v value) elements(each func(value)) {
	s := scanner{text: v.raw, at: 1}
	for s.space(); s.at < len(s.text) && s.text[s.at] != ']'; s.space() {
		element, err := s.value(nil, 0)
		if err != nil {
			return
		}
		each(element)
		if s.space(); s.at < len(s.text) && s.text[s.at] == ',' {
			s.at++
		}
	}
}

func (s *scanner) fail(what string) error { return &syntaxError{s.at, what} }

// space skips white space.
func (s *scanner) space() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// value reads one value and, below an object, keeps what the paths of n map.
func (s *scanner) value(n *node, depth int) (value, error) {
	if s.at == len(s.text) {
		return value{}, s.fail("expected a value")
	}
	from := s.at
	switch c := s.text[s.at]; {
	case c == '"':
		return s.quoted()
	case c == '{' || c == '[':
		if depth == maxDepth {
			return value{}, s.fail(fmt.Sprintf("nested deeper than %d", maxDepth))
		}
		s.at++
		if c == '{' {
			err := s.members(n, depth+1)
			return value{object, s.text[from:s.at]}, err
		}
		err := s.items(n, depth+1)
		return value{list, s.text[from:s.at]}, err
	case c == '-' || c >= '0' && c <= '9':
		err := s.number()
		return value{literal, s.text[from:s.at]}, err
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if bytes.HasPrefix(s.text[from:], []byte(word)) {
			if s.at += len(word); word == "null" {
				return value{}, nil
			}
			return value{literal, s.text[from:s.at]}, nil
		}
	}
	return value{}, s.fail("expected a value")
}

// members reads an object from behind its brace.
func (s *scanner) members(n *node, depth int) error {
	if s.space(); s.at < len(s.text) && s.text[s.at] == '}' {
		s.at++
		return nil
	}
	for {
		if s.space(); s.at == len(s.text) || s.text[s.at] != '"' {
			return s.fail("expected a key")
		}
		key, err := s.quoted()
		if err != nil {
			return err
		}
		if s.space(); s.at == len(s.text) || s.text[s.at] != ':' {
			return s.fail("expected : after a key")
		}
		s.at++
		s.space()
		next := n.step(key.raw)
		v, err := s.value(next, depth)
		if err != nil {
			return err
		}
		if next != nil && next.field != unmapped && v.form != absent && v.form != object {
			s.rec[next.field] = v
		}
		if done, err := s.more('}'); done || err != nil {
			return err
		}
	}
}

// items reads a list from behind its bracket. Objects in it are walked with the
// list's own paths: ECS has lists where one object would do.
func (s *scanner) items(n *node, depth int) error {
	if s.space(); s.at < len(s.text) && s.text[s.at] == ']' {
		s.at++
		return nil
	}
	for {
		s.space()
		if _, err := s.value(n, depth); err != nil {
			return err
		}
		if done, err := s.more(']'); done || err != nil {
			return err
		}
	}
}

// more reads what follows an element: a comma, or the end.
func (s *scanner) more(end byte) (done bool, err error) {
	if s.space(); s.at < len(s.text) {
		switch s.text[s.at] {
		case ',':
			s.at++
			return false, nil
		case end:
			s.at++
			return true, nil
		}
	}
	return false, s.fail(fmt.Sprintf("expected , or %c", end))
}
