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
	Seed       uint64       `json:"seed"`
	Started    time.Time    `json:"started"`
	Took       float64      `json:"seconds"` // wall
	Events     int          `json:"events"`
	Hosts      int          `json:"hosts"`
	Batch      int          `json:"batch"`
	Clients    int          `json:"clients"`
	Sizes      []*size      `json:"sizes"`
	Indicators figures.Rows `json:"indicators"`
	Wrong      []string     `json:"wrong_answers,omitempty"`
}

// Text writes the figures for a terminal.
func (r *report) Text(w io.Writer) {
	fmt.Fprintf(w, "mews bench telemetry  seed=%d  %.0f s  %d hosts, calls of %d lines, %d at a time  MB = 10^6 bytes\n",
		r.Seed, r.Took, r.Hosts, r.Batch, r.Clients)
	met, all := r.Indicators.Met()
	for _, s := range r.Sizes {
		fmt.Fprintf(w, "\n%d events, about %d observables\n", s.Events, s.Observables)
		figures.Lines(w, s.Rows)
		if s == r.Sizes[len(r.Sizes)-1] {
			m, a := s.Met()
			met, all = met+m, all+a
		}
	}
	if len(r.Indicators) > 0 {
		fmt.Fprintf(w, "\nindicators\n")
		figures.Lines(w, r.Indicators)
	}
	for _, wrong := range r.Wrong {
		fmt.Fprintf(w, "  WRONG %s\n", wrong)
	}
	fmt.Fprintf(w, "\n%d of %d targets met\n", met, all)
}

// Markdown writes the tables of docs/performance.md.
func (r *report) Markdown(w io.Writer) {
	fmt.Fprintf(w, "One run of %s UTC, seed %d, %.0f minutes, %d hosts, calls of %d lines, %d at a time.\n\n",
		r.Started.Format("2006-01-02 15:04"), r.Seed, r.Took/60, r.Hosts, r.Batch, r.Clients)
	head := []string{"figure", "target"}
	for _, s := range r.Sizes {
		head = append(head, fmt.Sprintf("%d events, %d observables", s.Events, s.Observables))
	}
	t := figures.NewTable(w, head...)
	for _, row := range r.Sizes[len(r.Sizes)-1].Rows {
		cells := []string{named(row), row.Target}
		for _, s := range r.Sizes {
			cell := ""
			if i := slices.IndexFunc(s.Rows, func(x figures.Row) bool { return x.Key == row.Key }); i >= 0 {
				cell = s.Rows[i].Bold()
			}
			cells = append(cells, cell)
		}
		t.Row(cells...)
	}
	if len(r.Indicators) == 0 {
		return
	}
	fmt.Fprintln(w)
	t = figures.NewTable(w, "indicators at ingest", "target", "measured")
	for _, row := range r.Indicators {
		t.Row(named(row), row.Target, row.Bold())
	}
}

// named is a figure's name with its unit.
func named(r figures.Row) string { return strings.TrimSuffix(r.Name+", "+r.Unit, ", ") }
