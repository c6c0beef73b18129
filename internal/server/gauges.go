package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/search"
)

// A gauge is one number of a room's status, as Prometheus shows it.
type gauge[S any] struct {
	name, help string
	value      func(S) float64
}

// A collector shows the status of a room to Prometheus; it asks when it is asked.
type collector[S any] struct {
	status func(context.Context) (S, error)
	gauges []gauge[S]
	descs  []*prometheus.Desc
}

func newCollector[S any](status func(context.Context) (S, error), gauges []gauge[S]) *collector[S] {
	c := &collector[S]{status: status, gauges: gauges}
	for _, g := range gauges {
		c.descs = append(c.descs, prometheus.NewDesc(g.name, g.help, nil, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector[S]) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector[S]) Collect(ch chan<- prometheus.Metric) {
	st, err := c.status(context.Background())
	if err != nil {
		return
	}
	for i, g := range c.gauges {
		ch <- prometheus.MustNewConstMetric(c.descs[i], prometheus.GaugeValue, g.value(st))
	}
}

// indexGauges tell how the index stands.
func indexGauges() []gauge[search.Status] {
	return []gauge[search.Status]{
		{"mews_index_files", "Files in segments.", func(st search.Status) float64 { return float64(st.Files) }},
		{"mews_index_segments", "Segments.", func(st search.Status) float64 { return float64(st.Segments) }},
		{"mews_index_bytes", "Bytes of segment files.", func(st search.Status) float64 { return float64(st.IndexBytes) }},
		{"mews_index_corpus_bytes", "Plain bytes of indexed files.", func(st search.Status) float64 { return float64(st.CorpusBytes) }},
		{"mews_index_tail_files", "Files not indexed yet.", func(st search.Status) float64 { return float64(st.TailFiles) }},
		{"mews_index_tail_bytes", "Plain bytes of files not indexed yet.", func(st search.Status) float64 { return float64(st.TailBytes) }},
		{"mews_index_queue_lag", "Seconds that the oldest file of the tail has waited.", func(st search.Status) float64 { return st.QueueLag.Seconds() }},
		{"mews_index_damaged_regions", "Damaged regions seen since the start.", func(st search.Status) float64 { return float64(st.Damaged) }},
		{"mews_index_written_bytes", "Bytes of segments written since the start.", func(st search.Status) float64 { return float64(st.Written) }},
		{"mews_index_merged_bytes", "Of these, bytes written by merges and repairs.", func(st search.Status) float64 { return float64(st.Merged) }},
	}
}

// sightingGauges tell how the runs of sightings stand.
func sightingGauges() []gauge[mews.SightingStatus] {
	return []gauge[mews.SightingStatus]{
		{"mews_sighting_runs", "Files of sightings.", func(st mews.SightingStatus) float64 { return float64(st.Runs) }},
		{"mews_sighting_entries", "Entries in them.", func(st mews.SightingStatus) float64 { return float64(st.Entries) }},
		{"mews_sighting_bytes", "Bytes of them.", func(st mews.SightingStatus) float64 { return float64(st.Bytes) }},
		{"mews_sighting_runs_behind", "Files that wait to be merged; ingest waits when they are many.", func(st mews.SightingStatus) float64 { return float64(st.Behind) }},
		{"mews_sighting_runs_damaged", "Files seen to be damaged since the start.", func(st mews.SightingStatus) float64 { return float64(st.Damaged) }},
		{"mews_sighting_cache_bytes", "Bytes of decoded blocks in memory.", func(st mews.SightingStatus) float64 { return float64(st.Cached) }},
	}
}
