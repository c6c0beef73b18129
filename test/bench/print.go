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
		fmt.Fprintf(w, "  %-66s %-12s %s\n", name, fmt.Sprintf(format, args...), target)
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
	for _, kind := range []struct {
		name, target string
		timing
	}{{"fuzzy search, round trip", "target p95 <= 5", m.fuzzy}, {"exact search, job run time", "target p95 <= 20", m.exact}} {
		few := fmt.Sprintf(", <= %d files true (n=%d)", selectiveFiles, len(kind.selective))
		row(kind.name+", median, ms"+few, "", "%.1f", ms(percentile(kind.selective, .5)))
		row(kind.name+", p95, ms"+few, kind.target, "%.1f", ms(percentile(kind.selective, .95)))
		row(fmt.Sprintf("%s, p95, ms, any literal (n=%d)", kind.name, len(kind.all)), "", "%.1f", ms(percentile(kind.all, .95)))
		row(kind.name+", server CPU ms, mean", "", "%.1f", ms(kind.cpu)/float64(max(len(kind.all), 1)))
	}
	row("plain scan, CPU ms per literal over the corpus", "", "%.0f", ms(m.scanPerProbe))
	row(fmt.Sprintf("false negatives in %d (query, file) pairs", m.pairs), "target 0", "%d", m.falseNegatives)
	m.printHunts(w)
}

func (m *figures) printHunts(w io.Writer) {
	const line = "  %-38s %8s %10s %8s %11s %9s %9s %8s\n"
	fmt.Fprintf(w, line, "hunt", "matches", "scanned MB", "CPU ms", "engine all", "yara all", "x engine", "x yara")
	var engine, yara speedup
	for _, h := range m.hunts {
		if h.refused != "" {
			fmt.Fprintf(w, "  %-38s refused: %s\n", h.name, firstLine(h.refused))
			continue
		}
		ours := max(h.cpu, 10*time.Millisecond) // the clock ticks every 10 ms: less than one tick reads as one
		fmt.Fprintf(w, line, h.name, fmt.Sprint(h.matches), fmt.Sprintf("%.1f", float64(h.scanned)/mb), fmt.Sprintf("%.0f", ms(h.cpu)),
			fmt.Sprintf("%.0f", ms(h.engineCPU)), fmt.Sprintf("%.0f", ms(h.yaraCPU)), engine.add(h.engineCPU, ours), yara.add(h.yaraCPU, ours))
	}
	engine.print(w, "the same engine")
	yara.print(w, "Debian's yara")
}

// A speedup sums up how much CPU time hunts saved against scanning everything.
type speedup struct {
	ratios    []float64
	all, ours time.Duration
}

// add counts one hunt, unless there is nothing to compare it with.
func (s *speedup) add(all, ours time.Duration) string {
	if all == 0 {
		return "-"
	}
	r := float64(all) / float64(ours)
	s.ratios, s.all, s.ours = append(s.ratios, r), s.all+all, s.ours+ours
	return fmt.Sprintf("%.1f", r)
}

func (s *speedup) print(w io.Writer, what string) {
	if len(s.ratios) > 0 {
		slices.Sort(s.ratios)
		fmt.Fprintf(w, "  hunts against %s over everything: median %.1fx, total %.1fx, least %.1fx\n",
			what, s.ratios[len(s.ratios)/2], float64(s.all)/float64(s.ours), s.ratios[0])
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
