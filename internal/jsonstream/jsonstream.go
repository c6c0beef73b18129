// Package jsonstream reads one large JSON document member by member, in the
// memory of one member: reports of scanners and bundles of feeds are mostly one
// long list, and who sent them may mean harm.
package jsonstream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxDepth bounds how deep what is skipped may nest; what is decoded is bounded
// by encoding/json.
const maxDepth = 1000

// A Reader stands at some place of a document. Its methods read what comes next.
type Reader struct {
	in *bounded
	d  *json.Decoder
}

// New makes a reader that holds at most most bytes of a value at a time (and
// what is buffered). A byte order mark, which some programs write, is passed
// over.
func New(r io.Reader, most int) *Reader {
	in := &bounded{r: r, most: most, left: most}
	text := bufio.NewReader(in)
	if head, _ := text.Peek(3); bytes.Equal(head, []byte{0xef, 0xbb, 0xbf}) {
		_, _ = text.Discard(3)
	}
	return &Reader{in: in, d: json.NewDecoder(text)}
}

// Object reads an object and calls member for each of its members, which must
// read the value or Skip it. A null counts as an empty object.
func (r *Reader) Object(member func(name string) error) error {
	found, err := r.begin('{')
	if err != nil || !found {
		return err
	}
	for r.d.More() {
		r.in.renew()
		t, err := r.d.Token()
		if err != nil {
			return explain(err)
		}
		name, ok := t.(string)
		if !ok {
			return fmt.Errorf("at byte %d: expected the name of a member", r.d.InputOffset())
		}
		if err := member(name); err != nil {
			return err
		}
	}
	return r.end()
}

// List reads a list and calls item for each of its items, which must read it or
// Skip it; n counts them from 1. A null counts as an empty list.
func (r *Reader) List(item func(n int) error) error {
	found, err := r.begin('[')
	if err != nil || !found {
		return err
	}
	for n := 1; r.d.More(); n++ {
		r.in.renew()
		if err := item(n); err != nil {
			return err
		}
	}
	return r.end()
}

// Value reads a value as [json.Unmarshal] does. An error that [Mistyped] knows
// leaves the reader behind the value, so that one wrong value need not end a
// list.
func (r *Reader) Value(into any) error {
	r.in.renew()
	return explain(r.d.Decode(into))
}

// Mistyped tells whether Value met a value of another type than was expected,
// and which.
func Mistyped(err error) (*json.UnmarshalTypeError, bool) {
	return errors.AsType[*json.UnmarshalTypeError](err)
}

// Skip passes over a value of any size.
func (r *Reader) Skip() error {
	for depth := 0; ; {
		r.in.renew()
		t, err := r.d.Token()
		if err != nil {
			return explain(err)
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			if depth++; depth > maxDepth {
				return fmt.Errorf("at byte %d: nested deeper than %d", r.d.InputOffset(), maxDepth)
			}
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// End checks that nothing but white space follows.
func (r *Reader) End() error {
	r.in.renew()
	_, err := r.d.Token()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return fmt.Errorf("at byte %d: there is text after the document", r.d.InputOffset())
	}
	return explain(err)
}

// begin reads an opening bracket; false: there is a null in its place.
func (r *Reader) begin(bracket json.Delim) (bool, error) {
	r.in.renew()
	t, err := r.d.Token()
	switch {
	case err != nil:
		return false, explain(err)
	case t == nil:
		return false, nil
	case t != bracket:
		what := map[json.Delim]string{'{': "an object", '[': "a list"}[bracket]
		return false, fmt.Errorf("at byte %d: expected %s", r.d.InputOffset(), what)
	}
	return true, nil
}

// end reads a closing bracket, where there can be nothing else.
func (r *Reader) end() error {
	r.in.renew()
	_, err := r.d.Token()
	return explain(err)
}

// explain names the end of the input in words.
func explain(err error) error {
	syntax, isSyntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the document ends too early")
	case isSyntax:
		return fmt.Errorf("at byte %d: is no JSON: %w", syntax.Offset, err)
	}
	return err
}

// A bounded hands on at most so many bytes until it is renewed, so that a value
// without an end cannot draw a whole document into memory.
type bounded struct {
	r          io.Reader
	most, left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a value is larger than %d KiB; is a quote or a bracket not closed?", b.most>>10)
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (b *bounded) renew() { b.left = b.most }
