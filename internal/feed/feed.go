// Package feed reads the files in which intelligence about indicators is
// handed around: STIX 2.1 bundles, MISP events, the tables of abuse.ch, plain
// tables and lists, and the API's own form as NDJSON. Text goes in, indicators
// in normal form come out, in memory that does not grow with a table. A row that
// cannot be read is told of and keeps no other out.
package feed

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

// A Row is what stands at one place of a file.
type Row struct {
	At        string              // the place: "line 12", or the id of an object
	Indicator mews.IntelIndicator // as the file tells of it: ID, Marker and LastUpdated are empty
	// Origin names what in the feed says it, where that can change on its own: an
	// event, an object, an entry. "" is the feed itself.
	Origin string
	// Whole is set in a row without an indicator, behind all that an origin says: what
	// it said before and does not say here is taken back.
	Whole   bool
	Problem string // why the row cannot be read; its indicator is then none
	Skip    string // why there is nothing to take in
}

// A Format is a kind of file.
type Format string

// The formats. Auto tells them by how a file begins.
const (
	Auto          Format = "auto"
	STIX          Format = "stix"
	MISP          Format = "misp"
	URLhaus       Format = "urlhaus"
	ThreatFox     Format = "threatfox"
	MalwareBazaar Format = "malwarebazaar"
	CSV           Format = "csv"
	NDJSON        Format = "ndjson"
)

// Formats lists the words for formats.
func Formats() []string {
	var out []string
	for _, f := range []Format{Auto, STIX, MISP, URLhaus, ThreatFox, MalwareBazaar, CSV, NDJSON} {
		out = append(out, string(f))
	}
	return out
}

// Bounds of what is held of a file at a time.
const (
	maxRow     = 1 << 20  // bytes of a row, or of an object of a bundle
	maxEvent   = 32 << 20 // bytes of a MISP event, which makes sense only whole
	maxObjects = 250_000  // of a bundle, whose objects point at each other in any order
)

// Read gives the rows of a file in their order. An error ends them: the file
// itself cannot be read on, and what it did not say is not known.
func Read(r io.Reader, format Format) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		err := read(r, format, func(row Row) error {
			if row.Problem == "" && row.Skip == "" {
				if err := normalRow(&row); err != nil {
					row = Row{At: row.At, Problem: err.Error()}
				}
			}
			if !yield(row, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(Row{}, err)
		}
	}
}

// maxOrigin bounds the name of an origin in bytes.
const maxOrigin = 256

func normalRow(row *Row) error {
	if err := checkText("origin", row.Origin); err != nil || len(row.Origin) > maxOrigin {
		return errors.Join(err, fmt.Errorf("origin: expected at most %d bytes of text", maxOrigin))
	}
	if row.Whole && row.Origin == "" {
		return errors.New("whole: it needs an origin")
	}
	if row.Whole {
		return nil
	}
	return Normalize(&row.Indicator)
}

// errStopped: who asked for the rows wants no more of them.
var errStopped = errors.New("stopped")

// A sink takes rows in; its error ends the reading.
type sink func(Row) error

func read(r io.Reader, format Format, out sink) error {
	text, err := iocfile.NewText(r, maxRow)
	if err != nil {
		return err
	}
	if format == Auto || format == "" {
		if format, err = guessFormat(text); err != nil {
			return err
		}
	}
	switch format {
	case STIX:
		return readSTIX(text, out)
	case MISP:
		return readMISP(text, out)
	case NDJSON:
		return readNDJSON(text, out)
	case URLhaus, ThreatFox, MalwareBazaar, CSV, anyTable:
		return readTable(text, format, out)
	}
	return fmt.Errorf("unknown format %q; use one of %s", cut(string(format)), words(Formats()))
}
