package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Healthz answers 200 as long as the process can answer at all.
func Healthz() http.Handler {
	return probeHandler(func(context.Context) string { return "" })
}

// Readyz answers 200 when ready gives "", and otherwise 503 with the reason.
// The reason is shown to strangers: it may name a part, never a path or count.
func Readyz(ready func(context.Context) string) http.Handler { return probeHandler(ready) }

func probeHandler(check func(context.Context) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, text := http.StatusOK, "ok"
		if reason := check(r.Context()); reason != "" {
			status, text = http.StatusServiceUnavailable, reason
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"status": text}) // the peer is gone: nobody is left to tell
	})
}

// Metrics serves the figures of a registry in the Prometheus text format.
func Metrics(from prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(from, promhttp.HandlerOpts{})
}
