package main

import (
	"fmt"
	"time"

	"github.com/mewshq/mews/test/figures"
)

func (r *corpusReport) searchRows(f literalFigures, rows rowCost) {
	bounds := map[int]float64{4: 5, 5: 5, 8: .2, 12: .02, 16: .001}
	for _, n := range lengths {
		shares := f.absent[n]
		if len(shares) == 0 {
			continue
		}
		key, name := fmt.Sprintf("absent_%d", n), fmt.Sprintf("bytes to verify, absent literal of %d bytes (%d of them)", n, len(shares))
		if bound, ok := bounds[n]; ok {
			r.AtMost(key, name, "% of corpus", 100*figures.Mean(shares), bound)
		} else {
			r.Add(key, name, "% of corpus", 100*figures.Mean(shares))
		}
	}
	n := len(f.fuzzy.selective)
	r.Add("fuzzy_median", fmt.Sprintf("fuzzy search, round trip, median (%d literals in <= %d files)", n, selectiveFiles), "ms", figures.Quantile(f.fuzzy.selective, .5))
	r.AtMost("fuzzy_p95", "fuzzy search, round trip, p95", "ms", figures.Quantile(f.fuzzy.selective, .95), 5)
	r.Add("fuzzy_p95_all", fmt.Sprintf("... p95 of all %d literals", len(f.fuzzy.all)), "ms", figures.Quantile(f.fuzzy.all, .95))
	r.Add("fuzzy_cpu", "fuzzy search, server CPU, mean", "ms", figures.MS(f.fuzzy.cpu/time.Duration(max(len(f.fuzzy.all), 1))))
	r.Add("exact_median", "exact search, job, median", "ms", figures.Quantile(f.exact.selective, .5))
	r.AtMost("exact_p95", "exact search, job, p95", "ms", figures.Quantile(f.exact.selective, .95), 20)
	r.Add("exact_p95_all", fmt.Sprintf("... p95 of all %d literals", len(f.exact.all)), "ms", figures.Quantile(f.exact.all, .95))
	r.Add("exact_cpu", "exact search, server CPU, mean", "ms", figures.MS(f.exact.cpu/time.Duration(max(len(f.exact.all), 1))))
	r.Add("rows", "rows read per literal, one merged segment", "", rows.rows)
	r.Add("row_bytes", "bytes of them", "KB", rows.bytes/1000)
	r.Add("row_cpu", "CPU time of them", "us", rows.cpuMicros)
}

func (r *corpusReport) patternRows() {
	var selective, engine, plain, ours float64
	n := 0
	for _, p := range r.Patterns {
		plain, ours = plain+p.Plain, ours+p.CPU
		if p.Files <= selectiveFiles {
			n++
			selective += float64(p.Bytes)
			engine += float64(p.Engine)
		}
	}
	perGB := figures.MB * float64(r.Bytes) / 1e9
	r.AtMost("selective", fmt.Sprintf("decompressed for the %d selective of %d patterns (<= %d files)", n, len(r.Patterns), selectiveFiles), "MB per GB", selective/perGB, 900)
	r.Add("selective_48", "... scaled to 48 patterns", "MB per GB", selective/perGB*48/float64(max(n, 1)))
	r.Add("selective_engine", "... of them whole files for the rule engine", "MB per GB", engine/perGB)
	r.Add("plain_ratio", "CPU of a plain scan in memory / CPU of mews, all patterns", "x", plain/max(ours, .1))
}

// huntRows sums up how much CPU time hunts saved against scanning everything.
func (r *corpusReport) huntRows() {
	median := 50.0
	if r.Name == "small" {
		median = 500
	}
	sum := func(key, name string, all func(huntFigure) float64, targets bool) {
		var ratios []float64
		var scan, ours float64
		for _, h := range r.Hunts {
			if all(h) > 0 {
				ratios = append(ratios, all(h)/max(h.CPU, .1))
				scan, ours = scan+all(h), ours+h.CPU
			}
		}
		if len(ratios) == 0 {
			return
		}
		if targets {
			r.AtLeast(key+"_median", "hunts, "+name+", CPU ratio: median", "x", figures.Quantile(ratios, .5), median)
			r.AtLeast(key+"_total", "... total", "x", scan/ours, 30)
			r.AtLeast(key+"_least", "... least (every rule has a string of >= 4 bytes)", "x", figures.Quantile(ratios, 0), 10)
			return
		}
		r.Add(key+"_median", "hunts, "+name+", CPU ratio: median", "x", figures.Quantile(ratios, .5))
		r.Add(key+"_total", "... total", "x", scan/ours)
		r.Add(key+"_least", "... least", "x", figures.Quantile(ratios, 0))
	}
	sum("hunt_yara", "against Debian's yara over everything", func(h huntFigure) float64 { return h.Yara }, true)
	sum("hunt_engine", "against YARA-X over everything", func(h huntFigure) float64 { return h.Scan }, false)
}
