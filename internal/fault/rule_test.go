package fault

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
)

func TestCheck(t *testing.T) {
	status := Effect{Status: 503}
	for name, c := range map[string]struct {
		rule Rule
		bad  string // part of the refusal; "" for none
	}{
		"status":                   {Rule{Effect: status}, ""},
		"delay and status":         {Rule{Effect: Effect{Status: 500, Delay: time.Second}}, ""},
		"truncated error":          {Rule{Effect: Effect{Status: 500, Truncate: 3}}, ""},
		"limit":                    {Rule{Effect: Effect{Status: 429, RetryAfter: 2 * time.Second, Message: "slow"}}, ""},
		"outage":                   {Rule{Effect: Effect{Status: 503, RetryAfter: time.Second}}, ""},
		"delayed close":            {Rule{Effect: Effect{Close: true, Delay: time.Second}}, ""},
		"every":                    {Rule{Every: 3, Effect: status}, ""},
		"lowest and highest":       {Rule{Effect: Effect{Status: 599}}, ""},
		"no effect":                {Rule{Path: "*"}, "no effect"},
		"two ends":                 {Rule{Effect: Effect{Status: 500, Close: true}}, "one of"},
		"two other ends":           {Rule{Effect: Effect{ExpireToken: true, Close: true}}, "one of"},
		"success":                  {Rule{Effect: Effect{Status: 399}}, "400..599"},
		"no status":                {Rule{Effect: Effect{Status: 600}}, "400..599"},
		"negative cut":             {Rule{Effect: Effect{Truncate: -1}}, "negative"},
		"cut of nothing":           {Rule{Effect: Effect{Truncate: 1, Close: true}}, "truncate"},
		"text without status":      {Rule{Effect: Effect{Message: "x", Close: true}}, "message"},
		"wait on 500":              {Rule{Effect: Effect{Status: 500, RetryAfter: 1}}, "429 or 503"},
		"long wait":                {Rule{Effect: Effect{Status: 429, RetryAfter: 25 * time.Hour}}, "a day"},
		"long delay":               {Rule{Effect: Effect{Delay: maxDelay + 1}}, "at most"},
		"negative delay":           {Rule{Effect: Effect{Delay: -1}}, "at most"},
		"negative times":           {Rule{Times: -1, Effect: status}, "negative"},
		"negative after":           {Rule{After: -1, Effect: status}, "negative"},
		"negative every":           {Rule{Every: -1, Effect: status}, "negative"},
		"too probable":             {Rule{Probability: 1.1, Effect: status}, "0 to 1"},
		"less than never":          {Rule{Probability: -0.1, Effect: status}, "0 to 1"},
		"probable and every":       {Rule{Probability: 0.5, Every: 2, Effect: status}, "not both"},
		"long text":                {Rule{Path: strings.Repeat("x", maxText+1), Effect: status}, "path"},
		"text that is not UTF-8":   {Rule{Client: "\xff", Effect: status}, "client"},
		"message that is too long": {Rule{Effect: Effect{Status: 500, Message: strings.Repeat("x", maxText+1)}}, "message"},
	} {
		_, err := New(1).Add(c.rule)
		switch {
		case c.bad == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.bad != "" && (!errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), c.bad)):
			t.Errorf("%s: got %v, want a refusal with %q", name, err, c.bad)
		}
	}
}

func TestCovers(t *testing.T) {
	q := Request{Client: "c1", Operation: "QueryDevicesByFilter", Method: "GET", Path: "/devices/queries/devices/v1"}
	login := Request{Operation: "oauth2AccessToken", Method: "POST", Path: "/oauth2/token", Login: true}
	for _, c := range []struct {
		rule Rule
		q    Request
		want bool
	}{
		{Rule{}, q, true},
		{Rule{Client: "c1"}, q, true},
		{Rule{Client: "c2"}, q, false},
		{Rule{Method: "get"}, q, true},
		{Rule{Method: "POST"}, q, false},
		{Rule{Operation: "querydevicesbyfilter"}, q, true},
		{Rule{Operation: "QueryDevices"}, q, false},
		{Rule{Operation: "QueryDevices*"}, q, true},
		{Rule{Path: "/devices/*"}, q, true},
		{Rule{Path: "/hosts/*"}, q, false},
		{Rule{Path: "/devices/*", Method: "PATCH"}, q, false},
		{Rule{}, login, false},
		{Rule{Client: "*", Method: "POST"}, login, false},
		{Rule{Operation: "oauth2*"}, login, true},
		{Rule{Path: "*"}, login, true},
	} {
		if got := Covers(c.rule, c.q); got != c.want {
			t.Errorf("%+v for %+v: %v", c.rule, c.q, got)
		}
	}
}

func TestEndless(t *testing.T) {
	for name, c := range map[string]struct {
		rule Rule
		want bool
	}{
		"status":         {Rule{Effect: outage}, true},
		"close":          {Rule{Client: "*", Effect: Effect{Close: true}}, true},
		"expired":        {Rule{After: 5, Every: 1, Probability: 1, Effect: Effect{ExpireToken: true}}, true},
		"truncated":      {Rule{Effect: Effect{Truncate: 1}}, true},
		"delayed":        {Rule{Effect: Effect{Delay: 1}}, false},
		"once":           {Rule{Times: 1, Effect: outage}, false},
		"each second":    {Rule{Every: 2, Effect: outage}, false},
		"often":          {Rule{Probability: 0.99, Effect: outage}, false},
		"for one client": {Rule{Client: "c", Effect: outage}, false},
	} {
		if got := Endless(c.rule); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestPatterns compares with regular expressions.
func TestPatterns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[aB/*]{1,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[Ab/]{0,10}`).Draw(t, "text")
		re := regexp.MustCompile("(?i)^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
		if got, want := matches(pattern, text), re.MatchString(text); got != want {
			t.Fatalf("%q against %q: %v", pattern, text, got)
		}
	})
}
