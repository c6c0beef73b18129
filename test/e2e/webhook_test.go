//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/harness"
)

// A receiver takes webhook calls in once it is up, and keeps what it was told.
type receiver struct {
	t      *testing.T
	secret string
	up     atomic.Bool
	asked  chan struct{} // gets a value with each call

	mu   sync.Mutex
	told map[string]mews.Detection
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err == nil {
		err = mews.VerifyWebhook([]byte(r.secret), req.Header.Get(mews.WebhookHeader), body, time.Now(), 5*time.Minute)
	}
	var event mews.DetectionEvent
	if err == nil {
		err = json.Unmarshal(body, &event)
	}
	if err != nil {
		r.t.Errorf("webhook call: %v", err)
	}
	if !r.up.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
	} else {
		r.mu.Lock()
		for _, d := range event.Detections {
			r.told[d.ID] = d
		}
		r.mu.Unlock()
	}
	select {
	case r.asked <- struct{}{}:
	default:
	}
}

// TestWebhook kills the server while the receiver is down: after the restart it
// is told of every detection whose telemetry was acknowledged.
func TestWebhook(t *testing.T) {
	const hosts = 250 // more than one call holds
	secret := strings.Repeat("secret", 6)
	file := filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(file, []byte(secret), 0o400))
	r := &receiver{t: t, secret: secret, asked: make(chan struct{}, 1), told: map[string]mews.Detection{}}
	hook := httptest.NewServer(r)
	defer hook.Close()
	opts := harness.Options{Data: filepath.Join(t.TempDir(), "data"), Args: []string{"--webhook-url", hook.URL + "/hook", "--webhook-secret-file", file}}
	s, err := harness.Start(t.Context(), opts)
	must(t, err)
	opts.ClientID, opts.ClientSecret = s.ClientID, s.ClientSecret
	client, err := s.Client()
	must(t, err)
	yes := true
	_, err = client.IOCs().Create(t.Context(), mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{{
		Type: mews.TypeDomain, Value: "Bad.Example", Action: mews.IndicatorDetect, Severity: mews.SeverityHigh,
		Platforms: mews.List{mews.PlatformLinux}, AppliedGlobally: &yes,
	}}})
	must(t, err)
	var lines strings.Builder
	for n := range hosts {
		fmt.Fprintf(&lines, `{"event_simpleName":"DnsRequest","aid":"%032x","event_platform":"Lin","ComputerName":"ws-%d","timestamp":"%d","ContextProcessId":"77","DomainName":"bad.example"}`+"\n",
			n+1, n, time.Now().UnixMilli())
	}
	env, err := client.Telemetry().Ingest(t.Context(), strings.NewReader(lines.String()), mews.IngestOptions{})
	must(t, err)
	if env.Meta.Ingest == nil || env.Meta.Ingest.Matches != hosts {
		t.Fatalf("ingest: %+v", env.Meta)
	}
	<-r.asked
	s.Kill()
	r.up.Store(true)
	s, err = harness.Start(t.Context(), opts)
	must(t, err)
	client, err = s.Client()
	must(t, err)
	defer client.Close()
	for told := 0; told < hosts; {
		select {
		case <-r.asked:
		case <-t.Context().Done():
			t.Fatalf("told of %d of %d detections", told, hosts)
		}
		r.mu.Lock()
		told = len(r.told)
		r.mu.Unlock()
	}
	listed := 0
	for d, err := range client.Detections().All(t.Context(), mews.RecordQuery{Filter: "value:'bad.example'"}) {
		must(t, err)
		listed++
		if got := r.told[d.ID]; got.DeviceID != d.DeviceID || got.Count != 1 || got.Severity != mews.SeverityHigh {
			t.Errorf("told of %+v, listed %+v", got, d)
		}
	}
	if listed != hosts {
		t.Errorf("%d detections are listed, want %d", listed, hosts)
	}
	must(t, s.Stop())
}
