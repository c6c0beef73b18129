//go:build e2e

package e2e

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/harness"
)

// TestWithoutToken looks at what a stranger sees.
func TestWithoutToken(t *testing.T) {
	s, err := harness.Start(t.Context(), harness.Options{Data: filepath.Join(t.TempDir(), "data")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()
	tests := []struct {
		method, path string
		status       int
		holds        string
		envelope     bool
	}{
		{"GET", "/healthz", 200, "ok", false},
		{"GET", "/readyz", 200, "ok", false},
		{"GET", "/metrics", 200, "mews_index_files", false},
		{"POST", "/metrics", 404, "", true},
		{"GET", "/malquery/aggregates/quotas/v1", 401, "access denied", true},
		{"GET", "/malquery/aggregates/quotas/v1/", 404, "", true},
		{"DELETE", "/malquery/aggregates/quotas/v1", 405, "", true},
		{"GET", "/quarantine/queries/quarantined-files/v1", 401, "access denied", true},
		{"GET", "/devices/queries/devices/v1", 401, "access denied", true},
		{"GET", "/intel/combined/actors/v1", 404, "not implemented by this server", true},
		{"GET", "/nowhere", 404, "", true},
		{"GET", "/admin/clients", 404, "", true},
	}
	c := trusting(t, s.CA)
	for _, tt := range tests {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, s.BaseURL+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatalf("%s %s: %v", tt.method, tt.path, err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != tt.status || !strings.Contains(string(body), tt.holds) {
			t.Errorf("%s %s: %d %s, want %d and %q", tt.method, tt.path, resp.StatusCode, body, tt.status, tt.holds)
		}
		if tt.envelope {
			checkEnvelope(t, tt.method+" "+tt.path, resp, body)
		}
	}
}

// checkEnvelope holds every error to what Falcon clients read of it.
func checkEnvelope(t *testing.T, what string, resp *http.Response, body []byte) {
	t.Helper()
	var env mews.Envelope[json.RawMessage]
	if err := json.Unmarshal(body, &env); err != nil {
		t.Errorf("%s: not JSON: %v: %s", what, err, body)
		return
	}
	if len(env.Errors) == 0 || env.Errors[0].Code != resp.StatusCode || env.Errors[0].Message == "" {
		t.Errorf("%s: errors %+v with status %d", what, env.Errors, resp.StatusCode)
	}
	if got := resp.Header.Get("X-Cs-Traceid"); got == "" || got != env.Meta.TraceID {
		t.Errorf("%s: trace id %q in the header, %q in meta", what, got, env.Meta.TraceID)
	}
	if got := resp.Header.Get("X-Cs-Region"); got != "local" {
		t.Errorf("%s: region %q would lead clients away", what, got)
	}
}

func trusting(t *testing.T, ca string) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
