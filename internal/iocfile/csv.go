package iocfile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A column is a cell of a CSV row: how it is read and written. Lists have ";"
// between their words.
type column struct {
	name string
	set  func(i *Indicator, cell string) error
	get  func(i *Indicator) string
}

var columns = []column{
	text("type", func(i *Indicator) *string { return &i.Type }),
	text("value", func(i *Indicator) *string { return &i.Value }),
	text("action", func(i *Indicator) *string { return &i.Action }),
	text("mobile_action", func(i *Indicator) *string { return &i.MobileAction }),
	text("severity", func(i *Indicator) *string { return &i.Severity }),
	words("platforms", func(i *Indicator) *[]string { return &i.Platforms }),
	{"applied_globally", setGlobally, getGlobally},
	words("host_groups", func(i *Indicator) *[]string { return &i.HostGroups }),
	{"expiration", setExpiration, func(i *Indicator) string { return rfc3339(i.Expiration) }},
	words("tags", func(i *Indicator) *[]string { return &i.Tags }),
	text("source", func(i *Indicator) *string { return &i.Source }),
	text("description", func(i *Indicator) *string { return &i.Description }),
	text("filename", func(i *Indicator) *string { return &i.Filename }),
}

// passed over are columns of a listing that nobody can set.
var passedOver = []string{
	"id", "deleted", "expired", "created_on", "created_by", "modified_on", "modified_by", "from_parent", "parent_cid_name", "metadata",
}

func text(name string, field func(*Indicator) *string) column {
	return column{
		name: name,
		set:  func(i *Indicator, cell string) error { *field(i) = cell; return nil },
		get:  func(i *Indicator) string { return *field(i) },
	}
}

func words(name string, field func(*Indicator) *[]string) column {
	return column{
		name: name,
		set: func(i *Indicator, cell string) error {
			for w := range strings.SplitSeq(cell, ";") {
				if w = strings.TrimSpace(w); w != "" {
					*field(i) = append(*field(i), w)
				}
			}
			return nil
		},
		get: func(i *Indicator) string { return strings.Join(*field(i), ";") },
	}
}

func setGlobally(i *Indicator, cell string) error {
	on, err := strconv.ParseBool(strings.ToLower(cell))
	if err != nil {
		return fmt.Errorf("%q: expected true or false", cut(cell))
	}
	i.AppliedGlobally = &on
	return nil
}

func getGlobally(i *Indicator) string {
	if i.AppliedGlobally == nil {
		return ""
	}
	return strconv.FormatBool(*i.AppliedGlobally)
}

func setExpiration(i *Indicator, cell string) error {
	t, err := ParseTime(cell)
	i.Expiration = t
	return err
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// readCSV reads a table with a header, or a list: one value a line.
func readCSV(text *Text, yield func(Row, error) bool) error {
	r := csv.NewReader(text)
	r.FieldsPerRecord = -1
	r.ReuseRecord = true
	r.Comment = '#'
	cells, err := r.Read()
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	header, err := headerOf(cells)
	read := func(cells []string) (Indicator, error) { return readCells(header, cells) }
	if err == nil {
		r.Comment = 0 // a row may begin with the sign
		cells, err = r.Read()
	} else if _, nope := readValue(cells); nope == nil {
		read, err = readValue, nil
	} else {
		return err
	}
	for ; !errors.Is(err, io.EOF); cells, err = r.Read() {
		text.More()
		row := Row{}
		bad, unreadable := errors.AsType[*csv.ParseError](err)
		switch {
		case unreadable:
			row.At, err = fmt.Sprintf("line %d", bad.StartLine), bad.Err
		case err != nil:
			return err
		default:
			line, _ := r.FieldPos(0)
			row.At = fmt.Sprintf("line %d", line)
			row.Indicator, err = read(cells)
		}
		if err != nil {
			row = Row{At: row.At, Problem: err.Error()}
		}
		if !yield(row, nil) {
			return errStopped
		}
	}
	return nil
}

// headerOf finds the columns of a header; nil stands for one passed over.
func headerOf(cells []string) ([]*column, error) {
	header := make([]*column, len(cells))
	seen := map[string]bool{}
	for n, cell := range cells {
		name := strings.ToLower(strings.TrimSpace(cell))
		i := slices.IndexFunc(columns, func(c column) bool { return c.name == name })
		switch {
		case seen[name]:
			return nil, fmt.Errorf("the header names the column %q twice", cut(name))
		case i >= 0:
			header[n] = &columns[i]
		case !slices.Contains(passedOver, name):
			return nil, fmt.Errorf("the header names an unknown column %q; the columns are %s", cut(name), columnNames())
		}
		seen[name] = true
	}
	if !seen["value"] {
		return nil, fmt.Errorf("the header names no column \"value\"; the columns are %s", columnNames())
	}
	return header, nil
}

func columnNames() string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}

func readCells(header []*column, cells []string) (Indicator, error) {
	var i Indicator
	if len(cells) != len(header) {
		return i, fmt.Errorf("has %d cells where the header has %d", len(cells), len(header))
	}
	for n, c := range header {
		cell := unguarded(strings.TrimSpace(cells[n]))
		if c == nil || cell == "" {
			continue
		}
		if err := c.set(&i, cell); err != nil {
			return i, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for _, word := range []*string{&i.Type, &i.Action, &i.MobileAction, &i.Severity} {
		*word = strings.ToLower(*word)
	}
	if i.Type != "" {
		return i, i.normal()
	}
	found, err := ParseValue(i.Value)
	if err != nil {
		return i, fmt.Errorf("value: %w; the column type tells which it is", err)
	}
	i.Type, i.Value = found.Type, found.Value
	return i, nil
}

// readValue reads a line of a list.
func readValue(cells []string) (Indicator, error) {
	if len(cells) != 1 {
		return Indicator{}, fmt.Errorf("has %d cells where one value is expected", len(cells))
	}
	return ParseValue(cells[0])
}

// A CSVWriter writes a table that Read reads back as it was.
type CSVWriter struct {
	w     *csv.Writer
	begun bool
}

// NewCSV starts a table.
func NewCSV(w io.Writer) *CSVWriter { return &CSVWriter{w: csv.NewWriter(w)} }

// Write adds a row.
func (c *CSVWriter) Write(i Indicator) error {
	if err := c.begin(); err != nil {
		return err
	}
	cells := make([]string, len(columns))
	for n, col := range columns {
		cells[n] = guarded(col.get(&i))
	}
	return c.w.Write(cells)
}

func (c *CSVWriter) begin() error {
	if c.begun {
		return nil
	}
	c.begun = true
	names := make([]string, len(columns))
	for n, col := range columns {
		names[n] = col.name
	}
	return c.w.Write(names)
}

// Close ends the table; one without rows has its header.
func (c *CSVWriter) Close() error {
	if err := c.begin(); err != nil {
		return err
	}
	c.w.Flush()
	return c.w.Error()
}

// formula tells whether a spreadsheet would take a cell for one.
func formula(cell string) bool {
	cell = strings.TrimLeft(cell, " \u00a0")
	return cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n'") || strings.HasPrefix(cell, "＝") ||
		strings.HasPrefix(cell, "＋") || strings.HasPrefix(cell, "－") || strings.HasPrefix(cell, "＠")
}

// guarded keeps a spreadsheet from running a cell that somebody else wrote; an
// apostrophe in front makes it text.
func guarded(cell string) string {
	if formula(cell) {
		return "'" + cell
	}
	return cell
}

// unguarded is the inverse of guarded.
func unguarded(cell string) string {
	if rest, ok := strings.CutPrefix(cell, "'"); ok && formula(rest) {
		return rest
	}
	return cell
}
