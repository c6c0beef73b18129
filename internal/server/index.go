package server

import (
	"context"
	"crypto/rand"
	"math"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/httpapi"
	"github.com/mewshq/mews/internal/search"
)

// adminHandler is what the admin socket serves.
func (n *node) adminHandler() http.Handler {
	return httpapi.NewAdmin(httpapi.AdminDeps{
		Auth: n.auth, Log: n.log, Now: time.Now, Rand: rand.Reader, CID: n.cid,
		IndexStatus:  n.indexStatus,
		IndexCheck:   n.indexCheck,
		IndexRebuild: n.index.Rebuild,
		Sightings:    n.sightings,
		VerifyAudit:  n.db.VerifyAudit,
	})
}

func (n *node) indexStatus(ctx context.Context) (any, error) {
	st, err := n.index.Status(ctx)
	if err != nil {
		return nil, err
	}
	wire := mews.IndexStatus{
		Files: st.Files, Segments: st.Segments, Columns: st.Columns, IndexBytes: st.IndexBytes, CorpusBytes: st.CorpusBytes,
		TailFiles: st.TailFiles, TailBytes: st.TailBytes, QueueLag: st.QueueLag.Seconds(),
		Stale: st.Stale, Damaged: st.Damaged, SetAside: st.SetAside,
	}
	known, err := n.facts.Status(ctx)
	if err != nil {
		return nil, err
	}
	wire.FactsUnknown, wire.FactsFailed = known.Unknown, known.Failed
	if st.CorpusBytes > 0 {
		wire.IndexShare = math.Round(1e4*float64(st.IndexBytes)/float64(st.CorpusBytes)) / 1e4
	}
	if st.LastError != nil {
		wire.LastError = st.LastError.Error()
	}
	return wire, nil
}

func (n *node) indexCheck(ctx context.Context) (any, error) {
	r, err := n.index.Check(ctx)
	if err != nil {
		return nil, err
	}
	wire := mews.IndexReport{Segments: r.Segments, Files: r.Files, Bytes: r.Bytes, Problems: []mews.IndexProblem{}}
	for _, p := range r.Problems {
		wire.Problems = append(wire.Problems, mews.IndexProblem{CID: string(p.CID), Segment: p.Segment, Problem: p.Text})
	}
	return wire, nil
}

// An indexCollector shows the index to Prometheus; it asks when it is asked.
type indexCollector struct {
	index *search.Engine
	descs map[string]*prometheus.Desc
}

var indexGauges = map[string]string{
	"mews_index_files":           "Files in segments.",
	"mews_index_segments":        "Segments.",
	"mews_index_bytes":           "Bytes of segment files.",
	"mews_index_corpus_bytes":    "Plain bytes of indexed files.",
	"mews_index_tail_files":      "Files not indexed yet.",
	"mews_index_tail_bytes":      "Plain bytes of files not indexed yet.",
	"mews_index_queue_lag":       "Seconds that the oldest file of the tail has waited.",
	"mews_index_damaged_regions": "Damaged regions seen since the start.",
	"mews_index_written_bytes":   "Bytes of segments written since the start.",
	"mews_index_merged_bytes":    "Of these, bytes written by merges and repairs.",
}

func newIndexCollector(index *search.Engine) *indexCollector {
	c := &indexCollector{index: index, descs: map[string]*prometheus.Desc{}}
	for name, help := range indexGauges {
		c.descs[name] = prometheus.NewDesc(name, help, nil, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *indexCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *indexCollector) Collect(ch chan<- prometheus.Metric) {
	st, err := c.index.Status(context.Background())
	if err != nil {
		return
	}
	for name, v := range map[string]float64{
		"mews_index_files": float64(st.Files), "mews_index_segments": float64(st.Segments), "mews_index_bytes": float64(st.IndexBytes),
		"mews_index_corpus_bytes": float64(st.CorpusBytes), "mews_index_tail_files": float64(st.TailFiles), "mews_index_tail_bytes": float64(st.TailBytes),
		"mews_index_queue_lag": st.QueueLag.Seconds(), "mews_index_damaged_regions": float64(st.Damaged),
		"mews_index_written_bytes": float64(st.Written), "mews_index_merged_bytes": float64(st.Merged),
	} {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, v)
	}
}
