package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mewshq/mews/test/figures"
)

// Markdown writes the tables of docs/performance.md, ready to paste.
func (r *report) Markdown(w io.Writer) {
	fmt.Fprintf(w, "One run of %s UTC, seed %d, %.0f minutes.\n\n", r.Started.Format("2006-01-02 15:04"), r.Seed, r.Took/60)
	r.mainTable(w)
	fmt.Fprintf(w, "\n### This machine\n\n")
	t := figures.NewTable(w, "one core", "figure", "target")
	for _, m := range r.Machine {
		t.Row(m.Name, m.Text()+" "+m.Unit, m.Target)
	}
	for _, c := range r.Corpora {
		c.patternTable(w)
		c.huntTable(w)
		c.growthTable(w)
	}
}

// mainTable is the main table: one row for each figure, one column for each corpus.
func (r *report) mainTable(w io.Writer) {
	head := []string{"figure", "target"}
	for _, c := range r.Corpora {
		head = append(head, fmt.Sprintf("%s: %d files, %.0f MB", c.Name, c.Files, float64(c.Bytes)/figures.MB))
	}
	t := figures.NewTable(w, head...)
	for _, first := range r.Corpora[0].Rows {
		line := []string{first.Name, ""}
		if first.Unit != "" {
			line[0] += ", " + first.Unit
		}
		var targets []string
		for _, c := range r.Corpora {
			i := slices.IndexFunc(c.Rows, func(x figures.Row) bool { return x.Key == first.Key })
			if i < 0 {
				line = append(line, "-")
				continue
			}
			x := c.Rows[i]
			line = append(line, x.Bold())
			if !slices.Contains(targets, x.Target) {
				targets = append(targets, x.Target)
			}
		}
		line[1] = strings.Join(targets, "; ")
		t.Row(line...)
	}
}

func (r *corpusReport) patternTable(w io.Writer) {
	fmt.Fprintf(w, "\n### Patterns, corpus %s\n\n", r.Name)
	t := figures.NewTable(w, "pattern class", "patterns", "true files", "MB decompressed", "of them by the rule engine", "ms, mean", "CPU ms, mean", "CPU ms of a plain scan")
	for _, c := range r.classes() {
		n := float64(c.n)
		t.Row(c.class, fmt.Sprint(c.n), fmt.Sprint(c.files), fmt.Sprintf("%.2f", float64(c.bytes)/figures.MB), fmt.Sprintf("%.2f", float64(c.engine)/figures.MB),
			fmt.Sprintf("%.1f", c.ms/n), fmt.Sprintf("%.1f", c.cpu/n), fmt.Sprintf("%.0f", c.plain/n))
	}
}

func (r *corpusReport) huntTable(w io.Writer) {
	fmt.Fprintf(w, "\n### Hunts, corpus %s\n\n", r.Name)
	t := figures.NewTable(w, "hunt", "matches", "MB decompressed", "of them scanned", "CPU ms", "YARA-X over everything, CPU ms", "yara over everything, CPU ms", "x YARA-X", "x yara")
	for _, h := range r.Hunts {
		t.Row(h.Name, fmt.Sprint(h.Matches), fmt.Sprintf("%.1f", float64(h.Bytes)/figures.MB), fmt.Sprintf("%.1f", float64(h.Engine)/figures.MB),
			fmt.Sprintf("%.1f", h.CPU), fmt.Sprintf("%.0f", h.Scan), fmt.Sprintf("%.0f", h.Yara), times(h.Scan, h.CPU), times(h.Yara, h.CPU))
	}
}

func (r *corpusReport) growthTable(w io.Writer) {
	if len(r.Growth) == 0 {
		return
	}
	fmt.Fprintf(w, "\n### Growth, corpus %s\n\n", r.Name)
	head := []string{"growth"}
	for _, p := range r.Growth {
		head = append(head, fmt.Sprintf("%.0f MB", float64(p.Bytes)/figures.MB))
	}
	t := figures.NewTable(w, head...)
	for _, l := range growthLines {
		cells := []string{l.name}
		for _, p := range r.Growth {
			cells = append(cells, figures.Number(l.of(p)))
		}
		t.Row(cells...)
	}
}
