package httpapi

import (
	"encoding/hex"
	"net/url"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// note puts the call that has ended into the request log. Bodies stay out of it,
// and of a login's body the digest too: it would let a secret be guessed.
func (t *tap) note(c *call, took time.Duration) {
	if t == nil || c.op != nil && c.op.dev {
		return
	}
	q := c.asFault()
	e := mews.DevRequest{
		Time: c.start.UTC(), TraceID: c.traceID, Client: q.Client, Operation: q.Operation, Method: clip(q.Method, 16),
		Path: clip(q.Path, 1024), Query: withoutSecrets(c.r.URL.RawQuery), UserAgent: clip(c.r.UserAgent(), 256),
		RequestBytes: t.read, Status: c.status, ResponseBytes: t.sent, Took: took.Seconds(), Fault: t.fault,
	}
	if t.read > 0 && !q.Login {
		e.RequestSHA256 = hex.EncodeToString(t.digest.Sum(nil))
	}
	c.api.deps.Dev.Requests.Add(e)
}

// secretWords are in the names of parameters whose value is not written down.
// They have no place in a URL; some clients put them there all the same.
var secretWords = []string{"secret", "token", "password", "passwd", "authorization", "credential", "key"}

// withoutSecrets is a query as it was sent, shortened, and without the values of
// parameters that may be secrets.
func withoutSecrets(query string) string {
	parts := strings.FieldsFunc(clip(query, 4096), func(r rune) bool { return r == '&' || r == ';' })
	for i, part := range parts {
		raw, _, _ := strings.Cut(part, "=")
		name := raw
		if plain, err := url.QueryUnescape(raw); err == nil {
			name = plain
		}
		name = strings.ToLower(name)
		for _, word := range secretWords {
			if strings.Contains(name, word) {
				parts[i] = raw + "=REDACTED"
				break
			}
		}
	}
	return strings.Join(parts, "&")
}

// clip shortens foreign text and makes it valid UTF-8.
func clip(s string, most int) string {
	return strings.ToValidUTF8(s[:min(len(s), most)], "\uFFFD")
}
