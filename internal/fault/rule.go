package fault

import (
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mewshq/mews"
)

// A Rule and its Effect are the API's own: what users write is what is kept.
type (
	Rule   = mews.FaultRule
	Effect = mews.FaultEffect
)

// A Request is what rules look at.
type Request struct {
	Client, Operation, Method, Path string
	// Login: a rule that names neither operation nor path leaves it alone. Whoever
	// makes "everything fail" still means to log in.
	Login bool
}

// Bounds of a rule.
const (
	maxText  = 1024
	maxDelay = 5 * time.Minute
)

// check refuses a rule that cannot work, or that nobody could take back.
func check(r Rule) error {
	bad := func(format string, args ...any) error { return mews.Errorf(mews.ErrInvalid, format, args...) }
	for _, text := range []struct{ key, value string }{
		{"client", r.Client}, {"operation", r.Operation}, {"path", r.Path}, {"method", r.Method}, {"effect.message", r.Effect.Message},
	} {
		if len(text.value) > maxText || !utf8.ValidString(text.value) {
			return bad("%s: expected text of at most %d bytes", text.key, maxText)
		}
	}
	switch {
	case r.Times < 0 || r.After < 0 || r.Every < 0:
		return bad("times, after and every must not be negative")
	case math.IsNaN(r.Probability) || r.Probability < 0 || r.Probability > 1:
		return bad("probability: expected a number from 0 to 1")
	case r.Probability != 0 && r.Every > 1:
		return bad("give probability or every, not both")
	}
	return checkEffect(r.Effect)
}

func checkEffect(e Effect) error {
	bad := func(format string, args ...any) error { return mews.Errorf(mews.ErrInvalid, format, args...) }
	ends := 0 // effects that decide alone how the request ends
	for _, end := range []bool{e.Status != 0, e.Close, e.ExpireToken} {
		if end {
			ends++
		}
	}
	switch {
	case e == Effect{}:
		return bad("the rule has no effect: give status, delay, truncate, close or expire_token")
	case ends > 1:
		return bad("effect: give one of status, close and expire_token")
	case e.Status != 0 && (e.Status < 400 || e.Status > 599):
		return bad("effect.status: expected 400..599")
	case e.Truncate < 0:
		return bad("effect.truncate must not be negative")
	case e.Truncate > 0 && (e.Close || e.ExpireToken):
		return bad("effect.truncate goes with status or alone")
	case e.Message != "" && e.Status == 0:
		return bad("effect.message is the text of a status; give a status, too")
	case e.RetryAfter != 0 && e.Status != 429 && e.Status != 503:
		return bad("effect.retry_after goes with status 429 or 503")
	case e.RetryAfter < 0 || e.RetryAfter > 24*time.Hour:
		return bad("effect.retry_after: expected at most a day")
	case e.Delay < 0 || e.Delay > maxDelay:
		return bad("effect.delay: expected at most %s", maxDelay)
	}
	return nil
}

// Endless tells whether a rule makes requests of everybody fail without end.
func Endless(r Rule) bool {
	e := r.Effect
	fails := e.Status != 0 || e.Close || e.ExpireToken || e.Truncate > 0
	spares := r.Times > 0 || r.Every > 1 || r.Probability > 0 && r.Probability < 1 || strings.Trim(r.Client, "*") != ""
	return fails && !spares
}

// Covers tells whether a request is one of the rule's, struck or not.
func Covers(r Rule, q Request) bool {
	if q.Login && r.Operation == "" && r.Path == "" {
		return false
	}
	return matches(r.Client, q.Client) && matches(r.Method, q.Method) &&
		matches(r.Operation, q.Operation) && matches(r.Path, q.Path)
}

// matches compares a text with a pattern, where * is any text and letters have
// no case. The empty pattern matches all. Its time is linear in both for each *.
func matches(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	head, rest, wild := strings.Cut(pattern, "*")
	if !wild {
		return pattern == text
	}
	text, ok := strings.CutPrefix(text, head)
	parts := strings.Split(rest, "*")
	for _, part := range parts[:len(parts)-1] {
		i := strings.Index(text, part)
		if !ok || i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return ok && strings.HasSuffix(text, parts[len(parts)-1])
}
