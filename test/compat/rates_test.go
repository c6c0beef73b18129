package compat

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/crowdstrike/gofalcon/falcon"
	"github.com/crowdstrike/gofalcon/falcon/client/malquery"
)

// TestRateLimit: gofalcon gets its typed error, and with a RetryConfig it waits
// until the time that the answer names; here it has less time than that, and says
// for how long it would have waited.
func TestRateLimit(t *testing.T) {
	own := newClient(t, "malquery:read", "--requests-per-minute", "1")
	c, wire := connect(t, own.ID, own.Secret)
	if _, err := c.Malquery.GetMalQueryQuotasV1(nil); err != nil {
		t.Fatal(err)
	}
	_, err := c.Malquery.GetMalQueryQuotasV1(nil)
	var limited *malquery.GetMalQueryQuotasV1TooManyRequests
	if !errors.As(err, &limited) || len(limited.Payload.Errors) != 1 || *limited.Payload.Errors[0].Code != 429 {
		t.Fatalf("the second request of a minute: %v", err)
	}
	if limited.XRateLimitLimit != 1 || limited.XRateLimitRemaining != 0 {
		t.Errorf("limit %d, remaining %d", limited.XRateLimitLimit, limited.XRateLimitRemaining)
	}
	at := time.Unix(limited.XRateLimitRetryAfter, 0)
	if wait := time.Until(at); wait < -time.Second || wait > 66*time.Second {
		t.Errorf("retry at %v (%v)", at, wire.header)
	}

	patient, err := falcon.NewClient(&falcon.ApiConfig{
		ClientId: own.ID, ClientSecret: own.Secret, HostOverride: strings.TrimPrefix(server.BaseURL, "https://"), Context: t.Context(),
		RetryConfig: &falcon.RetryConfig{MaxTries: 5, MaxInterval: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	// Only a wait that is longer than this ends it at once; one of a second would go on and succeed.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	began := time.Now()
	_, err = patient.Malquery.GetMalQueryQuotasV1(malquery.NewGetMalQueryQuotasV1ParamsWithContext(ctx))
	m := regexp.MustCompile(`rate-limit cooldown \(([0-9.ms]+)\) exceeds context deadline`).FindStringSubmatch(errorText(err))
	if m == nil {
		t.Fatalf("with retries: %v after %v", err, time.Since(began))
	}
	wait, err := time.ParseDuration(m[1])
	if err != nil || wait < 20*time.Second || began.Add(wait).Sub(at).Abs() > 10*time.Second {
		t.Errorf("it would have waited %v (%v), until %v; the server said %v", wait, err, began.Add(wait), at)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
