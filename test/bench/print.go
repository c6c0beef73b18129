package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

const mb = 1e6

// print writes the table: each figure, its target, its unit.
func (m *figures) print(w io.Writer) {
	size := float64(m.corpus.bytes)
	fmt.Fprintf(w, "\ncorpus %s: %d files, %.0f MB\n", m.corpus.name, len(m.corpus.files), size/mb)
	row := func(name, target, format string, args ...any) {
		fmt.Fprintf(w, "  %-52s %-12s %s\n", name, fmt.Sprintf(format, args...), target)
	}
	row("whole ingest, MB per CPU second", "target >= 75", "%.1f", size/mb/m.ingestCPU.Seconds())
	row("index, % of corpus", "target <= 22", "%.1f", 100*float64(m.indexBytes)/size)
	row("peak disk while indexing, x final index", "target <= 1.2", "%.2f", ratio(m.peakIndexBytes, m.indexBytes))
	row("server RSS peak, ingest, MB", "target <= 256", "%.0f", float64(m.peakIngestRSS)/mb)
	row("server RSS peak, queries, MB", "target <= 128", "%.0f", float64(m.peakQueryRSS)/mb)
	targets := map[int]string{4: "target <= 5", 5: "target <= 5", 8: "target <= .2", 12: "target <= .02", 16: "target <= .001"}
	for _, n := range lengths {
		if shares := m.absent[n]; len(shares) > 0 {
			row(fmt.Sprintf("bytes to verify, absent literal of %d bytes, %% (n=%d)", n, len(shares)), targets[n], "%.4f", 100*mean(shares))
		}
	}
	row("fuzzy search p95, ms, round trip", "target <= 5", "%.1f", ms(percentile(m.fuzzy, .95)))
	row("exact search p95, ms, job run time", "target <= 20", "%.1f", ms(percentile(m.exact, .95)))
	row("plain scan, CPU ms per literal over the corpus", "", "%.0f", ms(m.scanPerProbe))
	row(fmt.Sprintf("false negatives in %d (query, file) pairs", m.pairs), "target 0", "%d", m.falseNegatives)
	m.printHunts(w)
}

func (m *figures) printHunts(w io.Writer) {
	fmt.Fprintf(w, "  %-38s %8s %10s %9s %11s %11s %9s\n", "hunt", "matches", "scanned MB", "CPU ms", "engine all", "yara all", "speed-up")
	var ratios []float64
	var ours, all time.Duration
	for _, h := range m.hunts {
		if h.refused != "" {
			fmt.Fprintf(w, "  %-38s refused: %s\n", h.name, firstLine(h.refused))
			continue
		}
		base := h.yaraCPU
		if base == 0 {
			base = h.engineCPU
		}
		// A CPU clock ticks every 10 ms: less than one tick reads as one.
		speed := float64(base) / float64(max(h.cpu, 10*time.Millisecond))
		ratios = append(ratios, speed)
		ours, all = ours+max(h.cpu, 10*time.Millisecond), all+base
		fmt.Fprintf(w, "  %-38s %8d %10.1f %9.0f %11.0f %11.0f %8.1fx\n", h.name, h.matches, float64(h.scanned)/mb, ms(h.cpu), ms(h.engineCPU), ms(h.yaraCPU), speed)
	}
	if len(ratios) > 0 {
		slices.Sort(ratios)
		fmt.Fprintf(w, "  hunts: median %.1fx, total %.1fx of scanning everything (yara where installed, else the same engine)\n",
			ratios[len(ratios)/2], float64(all)/float64(ours))
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func ratio(a, b int64) float64 { return float64(a) / float64(max(b, 1)) }

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
