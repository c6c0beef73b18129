package mews_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
)

func TestWebhookSignature(t *testing.T) {
	secret, body, at := []byte("a secret of a receiver"), []byte(`{"event":"detections"}`), time.Unix(1_700_000_000, 0)
	header := mews.WebhookSignature(secret, body, at)
	// printf '1700000000.{"event":"detections"}' | openssl dgst -sha256 -hmac 'a secret of a receiver'
	if want := "t=1700000000,v1=8b6f2b8c981fae17019f710173926257e356f7bf7d80be329c1461f43c5f3c3e"; header != want {
		t.Errorf("the signature is %s, want %s", header, want)
	}
	if err := mews.VerifyWebhook(secret, "v1=00,"+header, body, at.Add(time.Minute), 5*time.Minute); err != nil {
		t.Errorf("a right signature beside one of another secret: %v", err)
	}
	for name, err := range map[string]error{
		"another body":   mews.VerifyWebhook(secret, header, body[1:], at, time.Minute),
		"another secret": mews.VerifyWebhook(secret[1:], header, body, at, time.Minute),
		"another time":   mews.VerifyWebhook(secret, strings.Replace(header, "t=17", "t=18", 1), body, at, 1<<62),
		"too old":        mews.VerifyWebhook(secret, header, body, at.Add(2*time.Minute), time.Minute),
		"too new":        mews.VerifyWebhook(secret, header, body, at.Add(-2*time.Minute), time.Minute),
		"no time":        mews.VerifyWebhook(secret, header[len("t=1700000000,"):], body, at, time.Minute),
		"no mac":         mews.VerifyWebhook(secret, "t=1700000000", body, at, time.Minute),
		"an empty mac":   mews.VerifyWebhook(secret, "t=1700000000,v1=", body, at, time.Minute),
		"nothing":        mews.VerifyWebhook(secret, "", body, at, time.Minute),
	} {
		if !errors.Is(err, mews.ErrUnauthorized) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
