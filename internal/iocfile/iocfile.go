// Package iocfile reads and writes the files in which people exchange
// indicators: CSV tables and STIX 2.1 bundles. It works on streams, an indicator
// at a time. What cannot be read is told of row by row, because one bad line
// must not keep the others out, and a value that is no indicator here (a URL, a
// SHA-1) is never turned into one that is.
package iocfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/observable"
)

// An Indicator is a row of a file, in the words of the API. What a file does not
// say is empty.
type Indicator struct {
	Type, Value                    string // in normal form
	Action, MobileAction, Severity string
	Platforms, Tags, HostGroups    []string
	AppliedGlobally                *bool
	Expiration                     time.Time // zero: none
	Source, Description, Filename  string

	// For writing only.
	ID                string // of the record; names the indicator in STIX
	Created, Modified time.Time
}

// A Row is what stands at one place of a file.
type Row struct {
	At        string // the place: "line 12", or the id of a STIX object
	Indicator Indicator
	Problem   string // why the row cannot be read; its indicator is then none
	Skip      string // why there is nothing to take in: it is revoked, or another row of its object stands for it
}

// A Format is a kind of file.
type Format string

// The formats. Auto looks at the first character.
const (
	Auto Format = "auto"
	CSV  Format = "csv"
	STIX Format = "stix"
)

// maxRow bounds what is held of a file at a time, in bytes.
const maxRow = 1 << 20

// Read gives the rows of a file in their order. An error ends them: the file
// itself cannot be read on.
func Read(r io.Reader, format Format) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		in := &bounded{r: r, left: maxRow}
		text := bufio.NewReader(in)
		format, err := begin(text, format)
		if err == nil && format == STIX {
			err = readSTIX(text, in, yield)
		} else if err == nil {
			err = readCSV(text, in, yield)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(Row{}, err)
		}
	}
}

// errStopped: who asked for the rows wants no more of them.
var errStopped = errors.New("stopped")

// begin skips what stands before the text and tells its format.
func begin(text *bufio.Reader, format Format) (Format, error) {
	head, err := text.Peek(3)
	switch {
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}), bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return "", errors.New("the text is UTF-16; save it as UTF-8")
	case bytes.Equal(head, []byte{0xef, 0xbb, 0xbf}): // spreadsheets write it
		_, _ = text.Discard(3)
	case len(head) == 0 && errors.Is(err, io.EOF):
		return "", errors.New("the file is empty")
	case len(head) == 0:
		return "", err
	}
	for {
		c, err := text.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return "", errors.New("the file is empty")
		case err != nil:
			return "", err
		case strings.IndexByte(" \t\r\n", c) >= 0:
			continue
		}
		_ = text.UnreadByte()
		switch {
		case format == CSV || format == STIX:
			return format, nil
		case format != Auto:
			return "", fmt.Errorf("unknown format %q; use csv, stix or auto", format)
		case c == '{':
			return STIX, nil
		case c == '[':
			return "", errors.New(`the file begins with "["; a STIX bundle is an object, {"type": "bundle", "objects": [...]}`)
		}
		return CSV, nil
	}
}

// normal checks type and value and gives them their normal form.
func (i *Indicator) normal() error {
	o, err := observable.Parse(i.Type, i.Value)
	if err == nil {
		i.Type, i.Value = o.Type.String(), o.Value()
	}
	return err
}

// ParseTime reads a time (RFC 3339), or a day, which begins in UTC.
func ParseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q: expected a time such as 2027-01-31T12:00:00Z, or a day", cut(text))
}

// cut shortens a text that an error repeats.
func cut(text string) string {
	const most = 64
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "..."
}

// A bounded hands on at most maxRow bytes between two rows, so that a quote or a
// bracket without its end cannot draw a whole file into memory.
type bounded struct {
	r    io.Reader
	left int
}

var errRowSize = fmt.Errorf("a row is larger than %d MiB; is a quote or a bracket not closed?", maxRow>>20)

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errRowSize
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// more begins another row.
func (b *bounded) more() { b.left = maxRow }
