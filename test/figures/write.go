package figures

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Lines writes one line of plain text for each row.
func Lines(w io.Writer, rows Rows) {
	for _, r := range rows {
		target := ""
		if r.Target != "" {
			target = fmt.Sprintf("target %-8s %s", r.Target, r.verdict())
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("  %-74s %10s %-18s %s", r.Name, r.Text(), r.Unit, target), " "))
	}
}

// A Table is a Markdown table that is being written.
type Table struct{ w io.Writer }

// NewTable writes the head of a table.
func NewTable(w io.Writer, head ...string) Table {
	t := Table{w}
	t.Row(head...)
	fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(head)))
	return t
}

// Row writes one line of the table.
func (t Table) Row(cells ...string) {
	fmt.Fprintf(t.w, "| %s |\n", strings.Join(cells, " | "))
}

// A Report is all that a run measured. It is encoded as JSON as it is.
type Report interface {
	Text(io.Writer)
	Markdown(io.Writer)
}

// Files say where else a report goes; an empty name is nowhere.
type Files struct {
	JSON     string // every figure, to compare versions
	Markdown string // the tables, or the document that has a place for them
	Place    string // the name of the place in the document
}

// FlagFiles has the command line choose the files of a bench whose name in
// documents is place.
func FlagFiles(place string) *Files {
	f := &Files{Place: place}
	flag.StringVar(&f.JSON, "json", "", "write all figures to this file, to compare versions")
	flag.StringVar(&f.Markdown, "markdown", "", "write the tables to this file, or to their place in it: docs/performance.md")
	return f
}

// Main runs a bench until it ends or is interrupted, and ends the program when
// it fails.
func Main(name string, run func(context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// Write prints a report and writes the files that were asked for.
func Write(r Report, f Files) error {
	r.Text(os.Stdout)
	if f.JSON != "" {
		out, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.JSON, append(out, '\n'), 0o644); err != nil {
			return err
		}
	}
	if f.Markdown == "" {
		return nil
	}
	var b strings.Builder
	r.Markdown(&b)
	return place(f.Markdown, f.Place, b.String())
}

// place puts tables between the two lines with which a document keeps their
// place; any other file becomes the tables alone.
func place(file, name, tables string) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	begin := "<!-- figures: written by " + name + " -->\n"
	const end = "<!-- end of figures -->\n"
	before, rest, begins := strings.Cut(string(old), begin)
	_, after, ends := strings.Cut(rest, end)
	if begins && ends {
		tables = before + begin + "\n" + tables + "\n" + end + after
	} else if strings.Contains(string(old), "<!-- figures: ") {
		return fmt.Errorf("%s has no place for the figures of %s", file, name)
	}
	return os.WriteFile(file, []byte(tables), 0o644)
}
