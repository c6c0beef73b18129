package httpapi

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestMetrics: every request is counted under its operation, and no word of a
// request becomes a label.
func TestMetrics(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.do(t, "GET", samplesPath+"?ids="+sum("x")+"&surprise=1", bearing(token), "")
	h.do(t, "GET", "/evil-path", nil, "")
	srv := httptest.NewServer(Metrics(h.registry))
	defer srv.Close()
	resp, err := http.Get(srv.URL)
	must(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(t, err)
	for _, want := range []string{
		`mews_http_requests_total{code="404",operation="GetSampleV3"} 1`,
		`mews_http_requests_total{code="404",operation="unknown"} 1`,
		`mews_http_request_seconds_count{operation="GetSampleV3"} 1`,
		`mews_http_unknown_parameters_total 1`, `mews_http_in_flight 0`, `mews_http_panics_total 0`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no line %q", want)
		}
	}
	if strings.Contains(string(b), "evil") || strings.Contains(string(b), "surprise") {
		t.Error("a word of a request became a label")
	}
}

func TestProbes(t *testing.T) {
	for reason, status := range map[string]int{"": 200, "the database refuses writes": 503} {
		w := httptest.NewRecorder()
		Readyz(func(context.Context) string { return reason }).ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		var got map[string]string
		must(t, json.Unmarshal(w.Body.Bytes(), &got))
		if w.Code != status || reason != "" && got["status"] != reason {
			t.Errorf("%q: %d %v", reason, w.Code, got)
		}
	}
	w := httptest.NewRecorder()
	Healthz().ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	if w.Code != 200 {
		t.Errorf("healthz: %d", w.Code)
	}
}
