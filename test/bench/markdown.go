package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// markdown writes the tables of docs/performance.md, ready to paste.
func (r *report) markdown(w io.Writer) {
	fmt.Fprintf(w, "One run of %s UTC, seed %d, %.0f minutes.\n\n", r.Started.Format("2006-01-02 15:04"), r.Seed, r.Took/60)
	r.figures(w)
	fmt.Fprintf(w, "\n### This machine\n\n")
	table(w, "one core", "figure", "target")
	for _, m := range r.Machine {
		table(w, m.Name, m.text()+" "+m.Unit, m.Target)
	}
	for _, c := range r.Corpora {
		c.patternTable(w)
		c.huntTable(w)
		c.growthTable(w)
	}
}

// figures is the main table: one row for each figure, one column for each corpus.
func (r *report) figures(w io.Writer) {
	head := []string{"figure", "target"}
	for _, c := range r.Corpora {
		head = append(head, fmt.Sprintf("%s: %d files, %.0f MB", c.Name, c.Files, float64(c.Bytes)/mb))
	}
	table(w, head...)
	for _, first := range r.Corpora[0].Rows {
		line := []string{first.Name, ""}
		if first.Unit != "" {
			line[0] += ", " + first.Unit
		}
		var targets []string
		for _, c := range r.Corpora {
			i := slices.IndexFunc(c.Rows, func(x row) bool { return x.Key == first.Key })
			if i < 0 {
				line = append(line, "-")
				continue
			}
			x := c.Rows[i]
			line = append(line, bold(x))
			if !slices.Contains(targets, x.Target) {
				targets = append(targets, x.Target)
			}
		}
		line[1] = strings.Join(targets, "; ")
		table(w, line...)
	}
}

// bold marks a figure that missed its target.
func bold(x row) string {
	if x.Met != nil && !*x.Met {
		return "**" + x.text() + "**"
	}
	return x.text()
}

// table writes one line of a table, and the rule under it when it is the head:
// heads begin with a word of their own.
func table(w io.Writer, cells ...string) {
	fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	if slices.Contains([]string{"figure", "one core", "pattern class", "hunt", "growth"}, cells[0]) {
		fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(cells)))
	}
}

func (r *corpusReport) patternTable(w io.Writer) {
	fmt.Fprintf(w, "\n### Patterns, corpus %s\n\n", r.Name)
	table(w, "pattern class", "patterns", "true files", "MB decompressed", "of them by the rule engine", "ms, mean", "CPU ms, mean", "CPU ms of a plain scan")
	for _, c := range r.classes() {
		n := float64(c.n)
		table(w, c.class, fmt.Sprint(c.n), fmt.Sprint(c.files), fmt.Sprintf("%.2f", float64(c.bytes)/mb), fmt.Sprintf("%.2f", float64(c.engine)/mb),
			fmt.Sprintf("%.1f", c.ms/n), fmt.Sprintf("%.1f", c.cpu/n), fmt.Sprintf("%.0f", c.plain/n))
	}
}

func (r *corpusReport) huntTable(w io.Writer) {
	fmt.Fprintf(w, "\n### Hunts, corpus %s\n\n", r.Name)
	table(w, "hunt", "matches", "MB decompressed", "of them scanned", "CPU ms", "YARA-X over everything, CPU ms", "yara over everything, CPU ms", "x YARA-X", "x yara")
	for _, h := range r.Hunts {
		table(w, h.Name, fmt.Sprint(h.Matches), fmt.Sprintf("%.1f", float64(h.Bytes)/mb), fmt.Sprintf("%.1f", float64(h.Engine)/mb),
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
		head = append(head, fmt.Sprintf("%.0f MB", float64(p.Bytes)/mb))
	}
	table(w, head...)
	for _, l := range growthLines {
		cells := []string{l.name}
		for _, p := range r.Growth {
			cells = append(cells, row{Value: l.of(p)}.text())
		}
		table(w, cells...)
	}
}
