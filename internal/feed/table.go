package feed

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

// A dialect is a kind of table.
type dialect struct {
	format Format
	mark   string   // a column that no other kind has
	order  []string // of the columns, where the file does not say
	origin string   // the column of an entry's number
	read   func(cells) ([]mews.IntelIndicator, error)
}

func dialects() []dialect {
	return []dialect{
		{URLhaus, "url_status", urlhausColumns, "id", readURLhaus},
		{ThreatFox, "ioc_value", threatFoxColumns, "ioc_id", readThreatFox},
		{MalwareBazaar, "sha256_hash", bazaarColumns, "", readBazaar},
		{CSV, "indicator", nil, "", readPlain},
		{CSV, "value", nil, "", readPlain},
	}
}

// cells are those of a row, by the names of their columns.
type cells struct{ header, row []string }

// get is a cell without white space around it; "" where there is none.
func (c cells) get(name string) string {
	if i := slices.Index(c.header, name); name != "" && i >= 0 && i < len(c.row) {
		return strings.TrimSpace(c.row[i])
	}
	return ""
}

// first is the first of some cells that says something.
func (c cells) first(names ...string) string {
	for _, name := range names {
		if cell := c.get(name); cell != "" {
			return cell
		}
	}
	return ""
}

// list is a cell with several words.
func (c cells) list(separator string, names ...string) []string {
	var out []string
	for _, name := range names {
		if cell := c.get(name); cell != "" {
			out = append(out, strings.Split(cell, separator)...)
		}
	}
	return out
}

// A table reads rows. The files of abuse.ch name their columns in a comment.
type table struct {
	csv     *csv.Reader
	text    *iocfile.Text
	skipped int // lines before the first row
	header  []string
	kind    dialect
}

func readTable(text *iocfile.Text, format Format, out sink) error {
	t := &table{text: text}
	if err := t.comments(); err != nil {
		return err
	}
	t.csv = csv.NewReader(text)
	t.csv.Comment, t.csv.FieldsPerRecord, t.csv.TrimLeadingSpace, t.csv.LazyQuotes = '#', -1, true, true
	first, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return errors.New("the table has no rows")
	}
	if own := headerOf(first); err == nil && own != nil {
		t.header = own
		first, err = t.csv.Read()
	}
	if bad := t.choose(format); bad != nil {
		return bad
	}
	for ; !errors.Is(err, io.EOF); first, err = t.csv.Read() {
		text.More()
		if err := t.hand(first, err, out); err != nil {
			return err
		}
	}
	return nil
}

// comments reads the comments with which a file begins; one of them may be the
// header.
func (t *table) comments() error {
	for {
		c, err := t.text.Peek(1)
		if errors.Is(err, io.EOF) || err == nil && c[0] != '#' {
			return nil
		}
		if err != nil {
			return err
		}
		t.text.More()
		line, err := t.text.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		t.skipped++
		r := csv.NewReader(strings.NewReader(strings.TrimLeft(line, "# \t")))
		r.TrimLeadingSpace, r.LazyQuotes = true, true
		if row, err := r.Read(); err == nil {
			if own := headerOf(row); own != nil {
				t.header = own
			}
		}
	}
}

// headerOf gives a header in lower case; nil: the row is none.
func headerOf(row []string) []string {
	header := make([]string, len(row))
	for i, cell := range row {
		header[i] = strings.ToLower(strings.TrimSpace(cell))
	}
	for _, d := range dialects() {
		if slices.Contains(header, d.mark) {
			return header
		}
	}
	return nil
}

// choose tells the kind of table: by the format, or by the header.
func (t *table) choose(format Format) error {
	for _, d := range dialects() {
		if format == d.format || format == anyTable && slices.Contains(t.header, d.mark) {
			t.kind = d
			break
		}
	}
	switch {
	case t.kind.read == nil, t.kind.format == CSV && t.header == nil:
		t.kind, t.header = dialect{format: CSV, read: readPlain}, nil // a list
	case t.header == nil:
		t.header = t.kind.order
	case !slices.Contains(t.header, t.kind.mark) && t.kind.format != CSV:
		return fmt.Errorf("the table has no column %q; it is none of %s", t.kind.mark, t.kind.format)
	}
	return nil
}

// hand reads one row and gives its indicators to out.
func (t *table) hand(row []string, err error, out sink) error {
	bad, unreadable := errors.AsType[*csv.ParseError](err)
	if err != nil && !unreadable {
		return err
	}
	if unreadable {
		return out(Row{At: t.line(bad.StartLine), Problem: bad.Err.Error()})
	}
	line, _ := t.csv.FieldPos(0)
	at := t.line(line)
	switch {
	case t.header == nil && len(row) != 1:
		return out(Row{At: at, Problem: fmt.Sprintf("has %d cells where one value is expected; a table needs a header", len(row))})
	case t.header == nil:
		return out(Row{At: at, Indicator: mews.IntelIndicator{Indicator: row[0]}})
	case len(row) != len(t.header):
		return out(Row{At: at, Problem: fmt.Sprintf("has %d cells where the header has %d", len(row), len(t.header))})
	}
	of := cells{t.header, row}
	found, err := t.kind.read(of)
	if err != nil {
		return out(Row{At: at, Problem: err.Error()})
	}
	for _, i := range found {
		if err := out(Row{At: at, Indicator: i, Origin: of.get(t.kind.origin)}); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) line(n int) string { return fmt.Sprintf("line %d", t.skipped+n) }
