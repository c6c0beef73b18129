package httpapi

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the figures of this surface. Their labels come from the table,
// never from a request.
type metrics struct {
	requests      *prometheus.CounterVec
	seconds       *prometheus.HistogramVec
	inFlight      prometheus.Gauge
	panics        prometheus.Counter
	unknownParams prometheus.Counter
}

func newMetrics(into prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mews_http_requests_total", Help: "Requests by operation and status.",
		}, []string{"operation", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "mews_http_request_seconds", Help: "Time from the first byte of a request to the last of its answer.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 10),
		}, []string{"operation"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "mews_http_in_flight", Help: "Requests being served.",
		}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mews_http_panics_total", Help: "Handlers that panicked; each is a bug.",
		}),
		unknownParams: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "mews_http_unknown_parameters_total", Help: "Query parameters that no operation knows, and that were ignored.",
		}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.seconds, m.inFlight, m.panics, m.unknownParams} {
		if err := into.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) done(operation string, status int, took time.Duration) {
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
}
