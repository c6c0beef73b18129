package main

import (
	"fmt"
	"io"

	"github.com/mewshq/mews/test/figures"
)

// Text writes one line for each figure.
func (r *report) Text(w io.Writer) {
	fmt.Fprintf(w, "mews bench  seed=%d  %.0f s  MB = 10^6 bytes\n\nthis machine, one core\n", r.Seed, r.Took)
	figures.Lines(w, r.Machine)
	for _, c := range r.Corpora {
		fmt.Fprintf(w, "\ncorpus %s: %d files, %.0f MB\n", c.Name, c.Files, float64(c.Bytes)/figures.MB)
		figures.Lines(w, c.Rows)
		c.patternText(w)
		c.huntText(w)
		c.growthText(w)
	}
	met, all := r.met()
	fmt.Fprintf(w, "\n%d of %d targets met\n", met, all)
}

// A classFigure sums up the patterns of one class.
type classFigure struct {
	class               string
	n                   int
	files               int
	bytes, engine       int64
	ms, cpu, plain, max float64
}

func (r *corpusReport) classes() (all []*classFigure) {
	byName := map[string]*classFigure{}
	for _, p := range r.Patterns {
		c := byName[p.Class]
		if c == nil {
			c = &classFigure{class: p.Class}
			byName[p.Class], all = c, append(all, c)
		}
		c.n++
		c.files += p.Files
		c.bytes += p.Bytes
		c.engine += p.Engine
		c.ms += p.MS
		c.cpu += p.CPU
		c.plain += p.Plain
		c.max = max(c.max, p.MS)
	}
	return all
}

func (r *corpusReport) patternText(w io.Writer) {
	const line = "  %-22s %9s %9s %9s %9s %9s %9s %11s\n"
	fmt.Fprintf(w, "\n"+line, "pattern class", "patterns", "files", "read MB", "scan MB", "mean ms", "CPU ms", "plain CPU ms")
	for _, c := range r.classes() {
		n := float64(c.n)
		fmt.Fprintf(w, line, c.class, fmt.Sprint(c.n), fmt.Sprint(c.files), fmt.Sprintf("%.2f", float64(c.bytes)/figures.MB),
			fmt.Sprintf("%.2f", float64(c.engine)/figures.MB), fmt.Sprintf("%.1f", c.ms/n), fmt.Sprintf("%.1f", c.cpu/n), fmt.Sprintf("%.0f", c.plain/n))
	}
}

func (r *corpusReport) huntText(w io.Writer) {
	const line = "  %-40s %8s %9s %9s %9s %10s %9s %9s %8s\n"
	fmt.Fprintf(w, "\n"+line, "hunt", "matches", "read MB", "scan MB", "CPU ms", "YARA-X all", "yara all", "x YARA-X", "x yara")
	for _, h := range r.Hunts {
		fmt.Fprintf(w, line, h.Name, fmt.Sprint(h.Matches), fmt.Sprintf("%.1f", float64(h.Bytes)/figures.MB), fmt.Sprintf("%.1f", float64(h.Engine)/figures.MB),
			fmt.Sprintf("%.1f", h.CPU), fmt.Sprintf("%.0f", h.Scan), fmt.Sprintf("%.0f", h.Yara), times(h.Scan, h.CPU), times(h.Yara, h.CPU))
	}
}

func times(all, ours float64) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", all/max(ours, .1))
}

func (r *corpusReport) growthText(w io.Writer) {
	if len(r.Growth) == 0 {
		return
	}
	fmt.Fprintf(w, "\n  %-52s", "growth")
	for _, p := range r.Growth {
		fmt.Fprintf(w, " %12s", fmt.Sprintf("%.0f MB", float64(p.Bytes)/figures.MB))
	}
	fmt.Fprintln(w)
	for _, l := range growthLines {
		fmt.Fprintf(w, "  %-52s", l.name)
		for _, p := range r.Growth {
			fmt.Fprintf(w, " %12s", figures.Number(l.of(p)))
		}
		fmt.Fprintln(w)
	}
}

// growthLines are the rows of the growth table.
var growthLines = []struct {
	name string
	of   func(growthPoint) float64
}{
	{"files", func(p growthPoint) float64 { return float64(p.Files) }},
	{"whole ingest, CPU ms per MB", func(p growthPoint) float64 { return p.IngestCPU }},
	{"index phase, CPU ms per MB: filters", func(p growthPoint) float64 { return p.FilterCPU }},
	{"... placing, transposing, writing", func(p growthPoint) float64 { return p.WriteCPU }},
	{"... one merge of everything", func(p growthPoint) float64 { return p.MergeCPU }},
	{"index, % of corpus", func(p growthPoint) float64 { return 100 * figures.Share(p.IndexBytes, p.Bytes) }},
	{"segments at rest", func(p growthPoint) float64 { return float64(p.Segments) }},
	{"memory while indexing, MB", func(p growthPoint) float64 { return float64(p.IngestRSS) / figures.MB }},
	{"memory of one merge of everything, MB", func(p growthPoint) float64 { return float64(p.MergeRSS) / figures.MB }},
	{"memory while querying, MB", func(p growthPoint) float64 { return float64(p.QueryRSS) / figures.MB }},
	{"rows per literal, one merged segment", func(p growthPoint) float64 { return p.Rows }},
	{"bytes of them, KB", func(p growthPoint) float64 { return p.RowBytes / 1000 }},
	{"fuzzy search, median ms", func(p growthPoint) float64 { return p.FuzzyMedian }},
	{"fuzzy search, p95 ms", func(p growthPoint) float64 { return p.FuzzyP95 }},
	{"exact search, median ms", func(p growthPoint) float64 { return p.ExactMedian }},
	{"exact search, p95 ms", func(p growthPoint) float64 { return p.ExactP95 }},
}
