package mews

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// WebhookHeader carries the signature of a webhook call.
const WebhookHeader = "X-Mews-Signature"

// WebhookSignature signs the body of a webhook call that is sent at a time:
// "t=<unix time>,v1=<hex HMAC-SHA-256 of the time, a dot and the body>".
func WebhookSignature(secret, body []byte, at time.Time) string {
	stamp := strconv.FormatInt(at.Unix(), 10)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(webhookMAC(secret, stamp, body))
}

// VerifyWebhook tells whether the header of a webhook call is the signature of
// its body under the secret, and not older or newer than tolerance. A receiver
// should allow some minutes and answer 2xx to what it has taken in; anything
// else is sent again. The error is ErrUnauthorized.
func VerifyWebhook(secret []byte, header string, body []byte, now time.Time, tolerance time.Duration) error {
	var stamp string
	var macs [][]byte
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			stamp = value
		case "v1":
			if mac, err := hex.DecodeString(value); err == nil {
				macs = append(macs, mac)
			}
		}
	}
	unix, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || len(macs) == 0 {
		return Errorf(ErrUnauthorized, "%s is no signature", WebhookHeader)
	}
	want, right := webhookMAC(secret, stamp, body), false
	for _, mac := range macs { // one secret makes way for another by signing with both
		right = right || hmac.Equal(mac, want)
	}
	if !right {
		return Errorf(ErrUnauthorized, "%s does not fit body and secret", WebhookHeader)
	}
	if age := now.Sub(time.Unix(unix, 0)).Abs(); age > tolerance {
		return Errorf(ErrUnauthorized, "%s is %s off the clock here", WebhookHeader, age.Round(time.Second))
	}
	return nil
}

func webhookMAC(secret []byte, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}
