package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews/test/figures"
)

// A report is all that a run measured, as -json writes it.
type report struct {
	Seed    uint64        `json:"seed"`
	Started time.Time     `json:"started"`
	Took    float64       `json:"seconds"` // wall
	Repeats int           `json:"repeats"`
	Sizes   []*sizeReport `json:"sizes"`
}

// A sizeReport is what one number of records measured.
type sizeReport struct {
	Records      int `json:"records"`
	figures.Rows `json:"rows"`
	Queries      []queryFigure `json:"queries"`
	Wrong        []string      `json:"wrong_answers,omitempty"`
}

// A queryFigure is one query, asked several times. Times are milliseconds.
type queryFigure struct {
	Class string    `json:"class"`
	Name  string    `json:"name"`
	Wall  []float64 `json:"wall"` // as the client waits
	CPU   float64   `json:"cpu"`  // of the server, mean
}

// A classFigure sums up the queries of one kind.
type classFigure struct {
	Class       string
	Queries     int
	Median, P95 float64
	CPU         float64 // mean
	CPUMost     float64 // of the query that used most
	Slowest     string
}

func (r *sizeReport) classes() (all []*classFigure) {
	byName := map[string]*classFigure{}
	walls := map[string][]float64{}
	worst := map[string]float64{}
	for _, q := range r.Queries {
		c := byName[q.Class]
		if c == nil {
			c = &classFigure{Class: q.Class}
			byName[q.Class], all = c, append(all, c)
		}
		c.Queries++
		c.CPU += q.CPU
		c.CPUMost = max(c.CPUMost, q.CPU)
		walls[q.Class] = append(walls[q.Class], q.Wall...)
		if median := figures.Quantile(q.Wall, .5); median >= worst[q.Class] {
			worst[q.Class], c.Slowest = median, q.Name
		}
	}
	for _, c := range all {
		c.Median, c.P95 = figures.Quantile(walls[c.Class], .5), figures.Quantile(walls[c.Class], .95)
		c.CPU /= float64(c.Queries)
	}
	return all
}

// Text writes the figures for a terminal.
func (r *report) Text(w io.Writer) {
	fmt.Fprintf(w, "mews bench records  seed=%d  %.0f s  MB = 10^6 bytes\n", r.Seed, r.Took)
	for _, s := range r.Sizes {
		fmt.Fprintf(w, "\n%d records\n", s.Records)
		figures.Lines(w, s.Rows)
		const line = "  %-26s %8s %10s %10s %10s %10s  %s\n"
		fmt.Fprintf(w, "\n"+line, "kind of query", "queries", "median ms", "p95 ms", "CPU ms", "most CPU", "slowest")
		for _, c := range s.classes() {
			fmt.Fprintf(w, line, c.Class, fmt.Sprint(c.Queries), one(c.Median), one(c.P95), one(c.CPU), one(c.CPUMost), c.Slowest)
		}
		for _, wrong := range s.Wrong {
			fmt.Fprintf(w, "  WRONG %s\n", wrong)
		}
	}
	last := r.Sizes[len(r.Sizes)-1]
	fmt.Fprintf(w, "\nslowest of %d records, median ms (CPU ms)\n", last.Records)
	for _, q := range slowest(last.Queries, 25) {
		fmt.Fprintf(w, "  %8s (%s)  %s: %s\n", one(figures.Quantile(q.Wall, .5)), one(q.CPU), q.Class, q.Name)
	}
	met, all := last.Met()
	fmt.Fprintf(w, "\n%d of %d targets met\n", met, all)
}

func one(v float64) string { return fmt.Sprintf("%.1f", v) }

func slowest(all []queryFigure, n int) []queryFigure {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b queryFigure) int {
		return int(1000 * (figures.Quantile(b.Wall, .5) - figures.Quantile(a.Wall, .5)))
	})
	return all[:min(n, len(all))]
}

// Markdown writes the tables of docs/performance.md.
func (r *report) Markdown(w io.Writer) {
	fmt.Fprintf(w, "One run of %s UTC, seed %d, %.0f minutes, each query %d times.\n\n", r.Started.Format("2006-01-02 15:04"), r.Seed, r.Took/60, r.Repeats)
	last := r.Sizes[len(r.Sizes)-1]
	t := figures.NewTable(w, fmt.Sprintf("kind of query, %d records", last.Records), "queries", "median, ms", "p95, ms (target <= 1000)", "CPU, mean, ms", "slowest")
	for _, c := range last.classes() {
		p95 := figures.Row{Value: c.P95, Met: new(bool)}
		*p95.Met = c.P95 <= 1000
		t.Row(c.Class, fmt.Sprint(c.Queries), one(c.Median), p95.Bold(), one(c.CPU), "`"+strings.ReplaceAll(c.Slowest, "|", `\|`)+"`")
	}
	fmt.Fprint(w, "\n### Records: growth\n\n")
	head := []string{"growth"}
	for _, s := range r.Sizes {
		head = append(head, fmt.Sprintf("%d records", s.Records))
	}
	t = figures.NewTable(w, head...)
	for _, row := range last.Rows {
		cells := []string{strings.TrimSuffix(row.Name+", "+row.Unit, ", ")}
		for _, s := range r.Sizes {
			if i := slices.IndexFunc(s.Rows, func(x figures.Row) bool { return x.Key == row.Key }); i >= 0 {
				cells = append(cells, s.Rows[i].Bold())
			}
		}
		t.Row(cells...)
	}
	for _, c := range last.classes() {
		cells := []string{c.Class + ", p95 ms"}
		for _, s := range r.Sizes {
			for _, same := range s.classes() {
				if same.Class == c.Class {
					cells = append(cells, one(same.P95))
				}
			}
		}
		t.Row(cells...)
	}
}
