package mewstest_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/mewstest"
)

// TestFail: each kind of failure reaches the client that it is for, so often as
// the rule says, and is over when the rules are gone.
func TestFail(t *testing.T) {
	t.Parallel()
	srv := mewstest.Start(t)
	client := srv.Client(mews.WithRetries(0))
	quotas := func() error {
		_, err := client.MalQuery().Quotas(t.Context())
		return err
	}
	if err := quotas(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		effect mews.FaultEffect
		want   error // nil: any
	}{
		"limited":     {mews.FaultEffect{Status: http.StatusTooManyRequests, RetryAfter: time.Minute}, mews.ErrLimited},
		"unavailable": {mews.FaultEffect{Status: http.StatusInternalServerError}, mews.ErrInternal},
		"closed":      {mews.FaultEffect{Close: true}, nil},
		"cut":         {mews.FaultEffect{Truncate: 5}, nil},
	} {
		srv.Fail(mews.FaultRule{Operation: "get_quotas", Effect: c.effect})
		if err := quotas(); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		srv.Heal()
		if err := quotas(); err != nil {
			t.Errorf("%s: a rule that is gone struck: %v", name, err)
		}
	}
	srv.Fail(mews.FaultRule{Operation: "get_quotas", Times: 1, Effect: mews.FaultEffect{Status: 500}})
	if first, second := quotas(), quotas(); first == nil || second != nil {
		t.Errorf("a rule for one request: %v, then %v", first, second)
	}
	srv.Fail(mews.FaultRule{Client: "00000000000000000000000000000000", Effect: mews.FaultEffect{Status: 500}})
	if err := quotas(); err != nil {
		t.Errorf("a rule for another client struck: %v", err)
	}
	srv.Fail(mews.FaultRule{Effect: mews.FaultEffect{Status: 500}})
	if err := quotas(); !errors.Is(err, mews.ErrInternal) {
		t.Errorf("a rule for everything: %v", err)
	}
}

// TestClientOutlivesFailures: a client that repeats what is safe to repeat gets
// its answer, and the server saw each attempt.
func TestClientOutlivesFailures(t *testing.T) {
	t.Parallel()
	srv := mewstest.Start(t)
	srv.Fail(
		mews.FaultRule{Operation: "GetMalQueryQuotasV1", Times: 1, Effect: mews.FaultEffect{ExpireToken: true}},
		mews.FaultRule{Operation: "GetMalQueryQuotasV1", Times: 1, Effect: mews.FaultEffect{Status: 503}},
	)
	if _, err := srv.Client().MalQuery().Quotas(t.Context()); err != nil {
		t.Fatal(err)
	}
	var statuses []int
	for _, r := range srv.Requests("GetMalQueryQuotasV1") {
		statuses = append(statuses, r.Status)
	}
	if len(statuses) != 3 || statuses[0] != 401 || statuses[1] != 503 || statuses[2] != 200 {
		t.Errorf("the server answered %v, want 401, 503, 200", statuses)
	}
	if logins := srv.Requests("oauth2AccessToken"); len(logins) != 2 {
		t.Errorf("%d logins, want 2: %+v", len(logins), logins)
	}
	srv.ForgetRequests()
	if left := srv.Requests(""); len(left) != 0 {
		t.Errorf("still remembered: %+v", left)
	}
}

// TestRequestsHoldNoSecret: what the log shows may stand in the output of a test.
func TestRequestsHoldNoSecret(t *testing.T) {
	t.Parallel()
	srv := mewstest.Start(t)
	form := "client_id=" + srv.ClientID + "&client_secret=" + srv.ClientSecret
	resp, err := srv.HTTPClient().Post(srv.URL+"/oauth2/token?"+form, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	seen := srv.Requests("")
	if len(seen) != 1 || seen[0].Path != "/oauth2/token" {
		t.Fatalf("seen: %+v", seen)
	}
	if strings.Contains(seen[0].Query, srv.ClientSecret) || seen[0].RequestSHA256 != "" {
		t.Errorf("the log tells of the secret: %+v", seen[0])
	}
}

// TestReset: subtests that share a server begin with the same data, and need not
// log in again.
func TestReset(t *testing.T) {
	t.Parallel()
	srv := mewstest.Start(t, mewstest.WithSeed(1))
	client := srv.Client()
	waiting := func() []string {
		var ids []string
		for id, err := range client.Quarantine().All(t.Context(), mews.RecordQuery{Filter: "state:'quarantined'", Sort: "date_created.asc"}) {
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		return ids
	}
	before := waiting()
	if _, err := client.Quarantine().Update(t.Context(), mews.QuarantineUpdate{Action: mews.ActionDelete, IDs: before}); err != nil {
		t.Fatal(err)
	}
	if left := waiting(); len(left) > 0 {
		t.Fatalf("still there: %q", left)
	}
	srv.Fail(mews.FaultRule{Operation: "QueryQuarantineFiles", Effect: mews.FaultEffect{Status: 500}})
	srv.Reset()
	if again := waiting(); !slices.Equal(before, again) {
		t.Errorf("after the reset\n%q\nwant\n%q", again, before)
	}
	if logins := srv.Requests("oauth2AccessToken"); len(logins) > 0 {
		t.Errorf("the client had to log in again: %+v", logins)
	}
}
