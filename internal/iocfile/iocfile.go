// Package iocfile reads and writes the files in which people exchange
// indicators: CSV tables and STIX 2.1 bundles. It works on streams, an indicator
// at a time. What cannot be read is told of row by row, because one bad line
// must not keep the others out, and a value that is no indicator here (a URL, a
// SHA-1) is never turned into one that is.
package iocfile

import (
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
		text, err := NewText(r, maxRow)
		if err == nil {
			format, err = formatOf(text, format)
		}
		if err == nil && format == STIX {
			err = readSTIX(text, yield)
		} else if err == nil {
			err = readCSV(text, yield)
		}
		if err != nil && !errors.Is(err, errStopped) {
			yield(Row{}, err)
		}
	}
}

// errStopped: who asked for the rows wants no more of them.
var errStopped = errors.New("stopped")

// formatOf tells the format by the first character, where nobody says it.
func formatOf(text *Text, format Format) (Format, error) {
	first, err := text.Peek(1)
	switch {
	case err != nil:
		return "", err
	case format == CSV || format == STIX:
		return format, nil
	case format != Auto:
		return "", fmt.Errorf("unknown format %q; use csv, stix or auto", format)
	case first[0] == '{':
		return STIX, nil
	case first[0] == '[':
		return "", errors.New(`the file begins with "["; a STIX bundle is an object, {"type": "bundle", "objects": [...]}`)
	}
	return CSV, nil
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
