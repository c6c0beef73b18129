package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/detection"
)

// Pauses after calls that failed: each is twice the one before, up to the
// longest.
const (
	firstPause   = time.Second
	longestPause = 5 * time.Minute
)

// webhookTimeout bounds one call.
const webhookTimeout = 15 * time.Second

// minWebhookSecret is the least length of a secret in bytes.
const minWebhookSecret = 16

// A webhook tells a receiver of detections, the longest waiting first, until it
// has taken each of them in.
type webhook struct {
	url        string
	secret     []byte
	detections *detection.Service
	http       *http.Client
	log        *slog.Logger
	now        func() time.Time
	pause      time.Duration // the first one
	calls      *prometheus.CounterVec
}

// newWebhook reads the secret. It gives nil when no webhook is configured.
func newWebhook(cfg WebhookConfig, d *detection.Service, log *slog.Logger) (*webhook, error) {
	if cfg.URL == "" {
		return nil, nil
	}
	secret, err := readPrivate("webhook secret", cfg.SecretFile)
	if err != nil {
		return nil, err
	}
	if len(secret) < minWebhookSecret {
		return nil, fmt.Errorf("webhook secret %s has %d bytes, want at least %d; for example: openssl rand -hex 32", cfg.SecretFile, len(secret), minWebhookSecret)
	}
	return &webhook{
		url: cfg.URL, secret: secret, detections: d, log: log, now: time.Now, pause: firstPause,
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "mews_webhook_calls_total", Help: "Calls of the webhook: taken in by the receiver (ok), or to be made again (failed).",
		}, []string{"outcome"}),
		http: &http.Client{
			Timeout: webhookTimeout,
			// What was signed for one receiver is for no other.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Run tells the receiver until ctx ends. While a call fails only a pause helps:
// detections that come meanwhile wait with the others.
func (w *webhook) Run(ctx context.Context) error {
	pause := w.pause
	for ctx.Err() == nil {
		told, err := w.tellNext(ctx)
		switch {
		case told > 0:
			pause = w.pause
		case err == nil:
			select {
			case <-ctx.Done():
			case <-w.detections.Waiting():
			}
		case ctx.Err() == nil:
			w.log.Warn("the webhook was not told of detections; trying again", slog.String("error", err.Error()), slog.Duration("in", pause))
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
			pause = min(2*pause, longestPause)
		}
	}
	return nil
}

// tellNext makes one call, if something waits. A call whose outcome is not known
// is made again.
func (w *webhook) tellNext(ctx context.Context) (told int, err error) {
	next, err := w.detections.Untold(ctx)
	if err != nil || len(next.Detections) == 0 {
		return 0, err
	}
	body, err := json.Marshal(mews.DetectionEvent{
		Event: mews.EventDetections, CID: string(next.CID), Time: w.now().UTC().Format(time.RFC3339), Detections: next.Detections,
	})
	if err != nil {
		return 0, err
	}
	if err := w.send(ctx, body); err != nil {
		w.calls.WithLabelValues("failed").Inc()
		return 0, err
	}
	w.calls.WithLabelValues("ok").Inc()
	return len(next.Detections), w.detections.Told(ctx, next)
}

func (w *webhook) send(ctx context.Context, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "mews-webhook")
	req.Header.Set(mews.WebhookHeader, mews.WebhookSignature(w.secret, body, w.now()))
	resp, err := w.http.Do(req)
	if err != nil {
		if u, ok := err.(*url.Error); ok {
			err = u.Err // its text repeats the URL, which may hold a password
		}
		return fmt.Errorf("webhook: %w", err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection serves again
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("webhook: the receiver answered %s", resp.Status)
	}
	return nil
}
