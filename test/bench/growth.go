package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

// A growthPoint is one size on the growth curve. All points ask the same
// literals, which the smallest part holds, or no file of it.
type growthPoint struct {
	Files       int     `json:"files"`
	Bytes       int64   `json:"bytes"`
	Segments    int     `json:"segments"`
	IngestCPU   float64 `json:"ingest_cpu_ms_per_mb"`
	FilterCPU   float64 `json:"filter_cpu_ms_per_mb"` // index room alone: filters
	WriteCPU    float64 `json:"write_cpu_ms_per_mb"`  // ... placing, transposing, writing
	MergeCPU    float64 `json:"merge_cpu_ms_per_mb"`  // ... one merge of everything
	MergeRSS    int64   `json:"merge_rss"`
	IngestRSS   int64   `json:"ingest_rss"`
	QueryRSS    int64   `json:"query_rss"`
	IndexBytes  int64   `json:"index_bytes"`
	Rows        float64 `json:"rows_per_query"`      // of one merged segment
	RowBytes    float64 `json:"row_bytes_per_query"` // ...
	FuzzyMedian float64 `json:"fuzzy_median_ms"`
	FuzzyP95    float64 `json:"fuzzy_p95_ms"`
	ExactMedian float64 `json:"exact_median_ms"`
	ExactP95    float64 `json:"exact_p95_ms"`
}

// growthCorpus has no file that would be most of the smallest part.
const growthCorpus = "small"

// growth measures parts of the corpus, each four times the one before.
func growth(ctx context.Context, s settings, c *corpus) (points []growthPoint, wrong int, err error) {
	var sizes []int64
	for _, share := range []int64{16, 4, 1} {
		sizes = append(sizes, c.bytes/share)
	}
	parts, err := c.parts(s, sizes)
	defer func() {
		for _, p := range parts {
			err = errors.Join(err, os.RemoveAll(p.dir))
		}
	}()
	if err != nil {
		return nil, 0, err
	}
	d := newDrawer(parts[0], s.source(purposeGrowthProbes))
	var probes []*probe
	for _, n := range []int{6, 8, 8, 12, 12, 16, 16, 32} {
		for range 6 {
			probes = append(probes, d.piece(n, bytesKind), d.piece(n, ascii), d.absent(n))
		}
	}
	if *d.err != nil {
		return nil, 0, *d.err
	}
	for _, part := range parts {
		p, bad, err := grow(ctx, s, part, probes)
		if err != nil {
			return points, wrong, fmt.Errorf("part of %d bytes: %w", part.bytes, err)
		}
		points, wrong = append(points, p), wrong+bad
	}
	return points, wrong, nil
}

func grow(ctx context.Context, s settings, c *corpus, probes []*probe) (p growthPoint, wrong int, err error) {
	size := float64(c.bytes) / figures.MB
	p.Files, p.Bytes = len(c.files), c.bytes
	for _, q := range probes {
		q.in = nil
	}
	if err := askOracle(c, probes); err != nil {
		return p, 0, err
	}
	room, merged, err := measureRoom(ctx, s, c)
	if err != nil {
		return p, 0, err
	}
	p.FilterCPU, p.WriteCPU, p.MergeCPU = figures.MS(room.build.FilterCPU)/size, figures.MS(room.build.CPU)/size, figures.MS(room.merge.CPU)/size
	p.MergeRSS = room.merge.PeakRSS
	rows, err := measureRows(ctx, merged, probes)
	if err != nil {
		return p, 0, err
	}
	p.Rows, p.RowBytes = rows.rows, rows.bytes
	srv, err := startFresh(ctx, s, "growth")
	if err != nil {
		return p, 0, err
	}
	in, err := ingest(ctx, srv, c)
	if err = errors.Join(err, srv.Stop()); err != nil {
		return p, 0, err
	}
	p.IngestCPU, p.IngestRSS = figures.MS(in.cpu)/size, max(in.rss, in.restRSS)
	p.IndexBytes, p.Segments = in.index, in.segments
	if srv, err = startAgain(ctx, srv); err != nil {
		return p, 0, err
	}
	wrong, err = p.ask(ctx, srv, c, probes)
	return p, wrong, errors.Join(err, srv.Stop(), os.RemoveAll(srv.Data))
}

func (p *growthPoint) ask(ctx context.Context, srv *harness.Server, c *corpus, probes []*probe) (wrong int, err error) {
	client, err := srv.Client()
	if err != nil {
		return 0, err
	}
	defer client.Close()
	t := &tester{corpus: c, srv: srv, client: client}
	if _, err := t.literals(ctx, probes[:6]); err != nil { // warm
		return 0, err
	}
	f, err := t.literals(ctx, probes)
	if err != nil {
		return 0, err
	}
	p.FuzzyMedian, p.FuzzyP95 = figures.Quantile(f.fuzzy.selective, .5), figures.Quantile(f.fuzzy.selective, .95)
	p.ExactMedian, p.ExactP95 = figures.Quantile(f.exact.selective, .5), figures.Quantile(f.exact.selective, .95)
	use, err := srv.Usage()
	p.QueryRSS = use.PeakRSS
	return t.missed + t.extra, err
}
