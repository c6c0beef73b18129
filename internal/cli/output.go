package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

var formats = []string{"table", "json", "ndjson", "csv", "yaml"}

// outputOptions say how a result is written.
type outputOptions struct {
	format  string
	json    bool
	fields  []string
	noColor bool
}

func (o *outputOptions) register(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVarP(&o.format, "output", "o", "table", "format of the result: "+strings.Join(formats, "|"))
	f.BoolVar(&o.json, "json", false, "short for -o json")
	f.StringSliceVar(&o.fields, "fields", nil, "the fields to write, in this order")
	f.BoolVar(&o.noColor, "no-color", false, "no colours (as with NO_COLOR)")
	root.MarkFlagsMutuallyExclusive("output", "json")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("fields", completeFields)
}

func (o *outputOptions) check(c *cobra.Command) error {
	if o.json {
		o.format = "json"
	}
	if !slices.Contains(formats, o.format) {
		return fmt.Errorf("unknown output format %q; use one of %s", o.format, strings.Join(formats, ", "))
	}
	if known := rowFields(c); known != nil {
		return o.checkFields(known)
	}
	return nil
}

// checkFields refuses a field that no row has, before any work.
func (o *outputOptions) checkFields(known []string) error {
	for _, f := range o.fields {
		if !slices.Contains(known, f) {
			return usagef("unknown field %q; the fields here are %s", f, strings.Join(known, ", "))
		}
	}
	return nil
}

// whole tells whether a result is one document that holds all of it, errors too.
func (o *outputOptions) whole() bool { return o.format == "json" || o.format == "yaml" }

// forPeople tells whether nobody asked for a form that programs read.
func (o *outputOptions) forPeople() bool { return o.format == "table" && len(o.fields) == 0 }

// A view is a result ready to be written: rows are JSON objects.
type view struct {
	meta    mews.Meta
	errors  []mews.APIError
	known   []string // every field that a row can have
	columns []string // what a table shows
	rows    []any
}

// viewOf shows an envelope's resources; columns are what a table shows of them.
func viewOf[T any](env *mews.Envelope[T], columns ...string) view {
	v := view{meta: env.Meta, errors: env.Errors, known: fieldsOf(reflect.TypeFor[T]()), columns: columns}
	for _, r := range env.Resources {
		v.rows = append(v.rows, r)
	}
	return v
}

// fieldsOf lists the JSON names of a struct, embedded ones first.
func fieldsOf(t reflect.Type) []string {
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.Anonymous && name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// rowsNote is where a command says which fields its rows have.
const rowsNote = "mews: rows"

// rowsOf says that a command writes rows of type T: --fields is checked against
// them before the command does anything, shells complete it, and the reference
// lists them. A command that says so of several types, because its flags decide,
// calls checkFields with the one that it is.
func rowsOf[T any](c *cobra.Command) *cobra.Command {
	known := rowFields(c)
	for _, f := range fieldsOf(reflect.TypeFor[T]()) {
		if !slices.Contains(known, f) {
			known = append(known, f)
		}
	}
	if c.Annotations == nil {
		c.Annotations = map[string]string{}
	}
	c.Annotations[rowsNote] = strings.Join(known, ",")
	return c
}

// rowFields are the fields of a command's rows; nil where it has not said.
func rowFields(c *cobra.Command) []string {
	if note := c.Annotations[rowsNote]; note != "" {
		return strings.Split(note, ",")
	}
	return nil
}

// checkFields refuses a field that no row of type T has; see rowsOf.
func checkFields[T any](g *globals) error {
	return g.output.checkFields(fieldsOf(reflect.TypeFor[T]()))
}

// write puts a view on standard output in the format asked for. What a format
// that is no whole document cannot hold (errors) goes to standard error.
func (g *globals) write(v view) error {
	if !g.output.whole() {
		for _, e := range v.errors {
			g.note("mews: %s%s", e.Message, ifSet(" (%s)", e.ID))
		}
	}
	w := bufio.NewWriter(g.Out)
	var err error
	switch g.output.format {
	case "json", "yaml":
		err = g.writeDocument(w, v)
	case "ndjson":
		err = g.writeLines(w, v)
	case "csv":
		err = g.writeCSV(w, v)
	default:
		err = g.writeTable(w, v)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// A document is the JSON and YAML output: the API's envelope, rows projected.
type document struct {
	Meta      *mews.Meta        `json:"meta,omitempty"`
	Errors    []mews.APIError   `json:"errors"`
	Resources []json.RawMessage `json:"resources"`
}

func (g *globals) writeDocument(w *bufio.Writer, v view) error {
	rows := make([]json.RawMessage, 0, len(v.rows))
	for _, r := range v.rows {
		b, err := g.project(r)
		if err != nil {
			return err
		}
		rows = append(rows, b)
	}
	errs := v.errors
	if errs == nil {
		errs = []mews.APIError{}
	}
	doc := document{Errors: errs, Resources: rows}
	if v.meta.TraceID != "" { // else the rows do not come from one reply
		doc.Meta = &v.meta
	}
	b, err := marshal(doc, "  ")
	if err != nil {
		return err
	}
	return g.writeText(w, b)
}

// writeText writes JSON text as it is, or as YAML.
func (g *globals) writeText(w io.Writer, text []byte) (err error) {
	if g.output.format == "yaml" {
		text, err = yamlOf(text)
	} else {
		text = jsonSafe(text)
	}
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}

func (g *globals) writeLines(w *bufio.Writer, v view) error {
	for _, r := range v.rows {
		b, err := g.project(r)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(jsonSafe(b), '\n')); err != nil {
			return err
		}
	}
	return nil
}

// project gives a row's JSON with the fields asked for, in their order.
func (g *globals) project(row any) (json.RawMessage, error) {
	b, err := marshal(row, "")
	if err != nil || len(g.output.fields) == 0 {
		return bytes.TrimSpace(b), err
	}
	cells, err := cellsOf(row)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for i, f := range g.output.fields {
		value, ok := cells[f]
		if !ok {
			value = json.RawMessage("null")
		}
		fmt.Fprintf(&out, "%c%q:%s", "{,"[min(i, 1)], f, value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func (g *globals) writeCSV(w *bufio.Writer, v view) error {
	columns := v.known
	if len(g.output.fields) > 0 {
		columns = g.output.fields
	}
	line := make([]string, len(columns))
	for i, c := range columns {
		line[i] = csvCell(c, true)
	}
	fmt.Fprintf(w, "%s\r\n", strings.Join(line, ","))
	for _, r := range v.rows {
		cells, err := cellsOf(r)
		if err != nil {
			return err
		}
		for i, c := range columns {
			line[i] = csvCell(cellText(cells[c]))
		}
		fmt.Fprintf(w, "%s\r\n", strings.Join(line, ","))
	}
	return nil // a write error stays in w until Flush
}

func (g *globals) writeTable(w *bufio.Writer, v view) error {
	if len(v.rows) == 0 {
		return nil
	}
	columns := v.columns
	if len(g.output.fields) > 0 {
		columns = g.output.fields
	}
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = c
		if g.color() {
			header[i] = "\x1b[1m" + c + "\x1b[0m"
		}
	}
	rows := [][]string{header}
	for _, r := range v.rows {
		cells, err := cellsOf(r)
		if err != nil {
			return err
		}
		row := make([]string, len(columns))
		for i, c := range columns {
			value, _ := cellText(cells[c])
			row[i] = printable(value)
		}
		rows = append(rows, row)
	}
	for _, line := range columnsOf(rows) {
		fmt.Fprintln(w, line)
	}
	return nil
}

// columnsOf aligns rows, each as wide as the others.
func columnsOf(rows [][]string) []string {
	t := table.NewWriter()
	t.SetStyle(plainStyle)
	for _, r := range rows {
		row := make(table.Row, len(r))
		for i, cell := range r {
			row[i] = cell
		}
		t.AppendRow(row)
	}
	lines := strings.Split(t.Render(), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return lines
}

// plainStyle is columns two spaces apart: easy to read, and to cut and paste.
var plainStyle = table.Style{
	Name:    "plain",
	Box:     table.BoxStyle{PaddingRight: "  "},
	Format:  table.FormatOptions{Header: text.FormatDefault},
	Options: table.OptionsNoBordersAndSeparators,
}

// color tells whether standard output may carry colours.
func (g *globals) color() bool {
	return !g.output.noColor && g.env("NO_COLOR") == "" && g.env("TERM") != "dumb" && g.isTerminal(g.Out)
}

// cellsOf gives a row's values by JSON name.
func cellsOf(row any) (map[string]json.RawMessage, error) {
	b, err := marshal(row, "")
	if err != nil {
		return nil, err
	}
	var cells map[string]json.RawMessage
	err = json.Unmarshal(b, &cells)
	return cells, err
}

// cellText writes a JSON value for people, and tells whether it may hold words
// that others chose.
func cellText(value json.RawMessage) (text string, isText bool) {
	var s string
	var list []string
	switch {
	case len(value) == 0 || string(value) == "null":
		return "", false
	case json.Unmarshal(value, &s) == nil:
		return s, true
	case json.Unmarshal(value, &list) == nil:
		return strings.Join(list, ";"), true
	}
	number := value[0] == '-' || value[0] >= '0' && value[0] <= '9'
	return string(value), !number
}

// marshal is JSON without the escapes that HTML needs.
func marshal(v any, indent string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	err := e.Encode(v)
	return b.Bytes(), err
}

// ifSet formats a value unless it is empty.
func ifSet(format, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf(format, value)
}
