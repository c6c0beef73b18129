package server

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mewshq/mews/internal/sighting"
)

// A sightingCollector shows the runs of sightings to Prometheus; it asks when it
// is asked.
type sightingCollector struct {
	sightings *sighting.Service
	descs     map[string]*prometheus.Desc
}

var sightingGauges = map[string]string{
	"mews_sighting_runs":         "Files of sightings.",
	"mews_sighting_entries":      "Entries in them.",
	"mews_sighting_bytes":        "Bytes of them.",
	"mews_sighting_runs_behind":  "Files that wait to be merged; ingest waits when they are many.",
	"mews_sighting_runs_damaged": "Files seen to be damaged since the start.",
	"mews_sighting_cache_bytes":  "Bytes of decoded blocks in memory.",
}

func newSightingCollector(s *sighting.Service) *sightingCollector {
	c := &sightingCollector{sightings: s, descs: map[string]*prometheus.Desc{}}
	for name, help := range sightingGauges {
		c.descs[name] = prometheus.NewDesc(name, help, nil, nil)
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *sightingCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c *sightingCollector) Collect(ch chan<- prometheus.Metric) {
	st, err := c.sightings.Status(context.Background())
	if err != nil {
		return
	}
	for name, v := range map[string]float64{
		"mews_sighting_runs": float64(st.Runs), "mews_sighting_entries": float64(st.Entries), "mews_sighting_bytes": float64(st.Bytes),
		"mews_sighting_runs_behind": float64(st.Behind), "mews_sighting_runs_damaged": float64(st.Damaged),
		"mews_sighting_cache_bytes": float64(st.Cached),
	} {
		ch <- prometheus.MustNewConstMetric(c.descs[name], prometheus.GaugeValue, v)
	}
}
