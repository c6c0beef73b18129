package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/detection"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/httpapi"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

const (
	hookCID    = store.CID("0123456789abcdef0123456789abcdef")
	hookSecret = "a secret of thirty-two characters"
)

// A hookWorld is a webhook over real detections, and the calls that its receiver
// has taken in.
type hookWorld struct {
	db         *store.DB
	detections *detection.Service
	calls      chan mews.DetectionEvent
	metric     prometheus.Collector
}

// newHookWorld starts a webhook whose receiver answers as it is told, one status
// a call and 200 from then on. It ends with the test.
func newHookWorld(t *testing.T, answers ...int) *hookWorld {
	t.Helper()
	w := &hookWorld{db: storetest.New(t), calls: make(chan mews.DetectionEvent, 100)}
	keys := blob.NewKeyring([32]byte{1})
	iocs, err := ioc.New(ioc.Deps{DB: w.db, Keys: keys})
	check(t, err)
	hosts, err := host.New(host.Deps{DB: w.db, Keys: keys})
	check(t, err)
	w.detections, err = detection.New(detection.Deps{DB: w.db, IOCs: iocs, Hosts: hosts, Keys: keys, Tell: true})
	check(t, err)
	yes := true
	_, err = iocs.Create(t.Context(), store.Actor{CID: hookCID, Client: "me"}, mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{{
		Type: "domain", Value: "bad.example", Action: "detect", Severity: "low", Platforms: mews.List{"linux"}, AppliedGlobally: &yes,
	}}})
	check(t, err)
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var event mews.DetectionEvent
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err == nil {
			err = mews.VerifyWebhook([]byte(hookSecret), r.Header.Get(mews.WebhookHeader), body, time.Now(), time.Minute)
		}
		if err != nil || r.Method != http.MethodPost || r.URL.Path != "/hook" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v: %v", r.Method, r.URL, r.Header, err)
		}
		if len(answers) > 0 {
			status := answers[0]
			answers = answers[1:]
			rw.Header().Set("Location", "/elsewhere")
			rw.WriteHeader(status)
			return
		}
		w.calls <- event
	}))
	t.Cleanup(receiver.Close)
	file := filepath.Join(t.TempDir(), "secret")
	check(t, os.WriteFile(file, []byte(hookSecret+"\n"), 0o400))
	hook, err := newWebhook(WebhookConfig{URL: receiver.URL + "/hook", SecretFile: file}, w.detections, slog.New(slog.DiscardHandler))
	check(t, err)
	w.metric = hook.calls
	hook.pause = time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- hook.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		check(t, <-ended)
	})
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// detect has some hosts meet the IOC.
func (w *hookWorld) detect(t *testing.T, hosts ...int) {
	t.Helper()
	var seen []sighting.Seen
	for _, n := range hosts {
		seen = append(seen, sighting.Seen{
			Observable: observable.Observable{Type: observable.Domain, Key: "bad.example"}, AID: fmt.Sprintf("%032x", n), First: 1, Last: 2, Count: 1,
		})
	}
	check(t, w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := w.detections.Record(tx, hookCID, seen)
		return err
	}))
}

func TestWebhookTellsOfEveryDetection(t *testing.T) {
	w := newHookWorld(t)
	var hosts []int
	for n := range detection.MaxTold + 1 {
		hosts = append(hosts, n+1)
	}
	w.detect(t, hosts...)
	told := map[string]bool{}
	for len(told) < len(hosts) {
		event := <-w.calls
		if event.Event != mews.EventDetections || event.CID != string(hookCID) || event.Time == "" || len(event.Detections) > detection.MaxTold {
			t.Fatalf("the event is %+v", event)
		}
		for _, d := range event.Detections {
			if told[d.ID] || d.Value != "bad.example" {
				t.Fatalf("told of %+v again", d)
			}
			told[d.ID] = true
		}
	}
	w.detect(t, 1, 1000) // 1 is known
	if event := <-w.calls; len(event.Detections) != 1 || event.Detections[0].DeviceID != fmt.Sprintf("%032x", 1000) {
		t.Errorf("told of %+v", event)
	}
}

// Whatever goes wrong, a detection waits until it was taken in; a redirect is not
// followed.
func TestWebhookTriesAgain(t *testing.T) {
	w := newHookWorld(t, 500, 404, 302, 429)
	w.detect(t, 1, 2)
	if event := <-w.calls; len(event.Detections) != 2 {
		t.Errorf("told of %+v", event)
	}
	w.detect(t, 3)
	if event := <-w.calls; len(event.Detections) != 1 {
		t.Errorf("told of %+v", event)
	}
	// The second call was made after the first was counted.
	want := `mews_webhook_calls_total{outcome="failed"} 4`
	if got := w.metrics(t); !strings.Contains(got, want) || !strings.Contains(got, `mews_webhook_calls_total{outcome="ok"}`) {
		t.Errorf("metrics are %s, want %s", got, want)
	}
}

// metrics are those of the webhook, as they are read by others.
func (w *hookWorld) metrics(t *testing.T) string {
	t.Helper()
	registry := prometheus.NewRegistry()
	registry.MustRegister(w.metric)
	page := httptest.NewRecorder()
	httpapi.Metrics(registry).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return page.Body.String()
}

func TestWebhookNeedsASecret(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	cfg := WebhookConfig{URL: "https://hook.example/", SecretFile: file}
	refused := func(says string) {
		t.Helper()
		if _, err := newWebhook(cfg, nil, nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v; want it to say %q", err, says)
		}
	}
	refused("webhook secret")
	check(t, os.WriteFile(file, []byte("short"), 0o600))
	refused("at least 16")
	check(t, os.WriteFile(file, []byte(hookSecret), 0o600))
	check(t, os.Chmod(file, 0o644))
	refused("open to others")
	if hook, err := newWebhook(WebhookConfig{}, nil, nil); hook != nil || err != nil {
		t.Errorf("without a URL: %v, %v", hook, err)
	}
}
