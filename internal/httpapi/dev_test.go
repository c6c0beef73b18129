package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	authpkg "github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/fault"
	"github.com/mewshq/mews/internal/store"
)

// devMode turns dev mode on.
func devMode(d *Deps, o *authpkg.Options) {
	o.Dev = true
	d.Dev = &Dev{Faults: fault.New(1), Requests: fault.NewLog(100), Data: &someData{}}
}

const quotasPath = "/malquery/aggregates/quotas/v1"

// asDev is a caller that has the scope of dev mode.
func (h *harness) asDev(t testing.TB) map[string]string {
	t.Helper()
	if h.dev == "" {
		h.dev = h.token(t, mews.ScopeDev)
	}
	return bearing(h.dev)
}

// addFault adds a rule through the API.
func (h *harness) addFault(t testing.TB, rule string) mews.FaultRule {
	t.Helper()
	a := h.do(t, "POST", "/mews/dev/v1/faults", h.asDev(t), rule)
	checkEnvelope(t, a.status, a.header, a.body)
	list := resourcesOf[mews.FaultRule](t, a)
	if a.status != 200 || len(list) != 1 {
		t.Fatalf("add %s: %d %s", rule, a.status, a.body)
	}
	return list[0]
}

func resourcesOf[T any](t testing.TB, a answer) []T {
	t.Helper()
	var env mews.Envelope[T]
	if err := json.Unmarshal(a.body, &env); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	return env.Resources
}

// requests gives the request log.
func (h *harness) requests(t testing.TB, query string) []mews.DevRequest {
	t.Helper()
	a := h.do(t, "GET", "/mews/dev/v1/requests?"+query, h.asDev(t), "")
	checkEnvelope(t, a.status, a.header, a.body)
	if a.status != 200 {
		t.Fatalf("requests: %d %s", a.status, a.body)
	}
	return resourcesOf[mews.DevRequest](t, a)
}

// TestDevOff: without dev mode there is neither route nor scope.
func TestDevOff(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	for _, row := range h.api.devOperations() {
		if a := h.do(t, row.method, row.path, bearing(token), "{}"); a.status != 404 {
			t.Errorf("%s: %d %s", row.id, a.status, a.body)
		}
		if !row.dev || row.scope != mews.ScopeDev {
			t.Errorf("%s is not kept to dev mode", row.id)
		}
	}
	_, _, err := h.auth.CreateClient(t.Context(), actor{CID: ownCID}, authpkg.ClientSpec{CID: ownCID, Scopes: []string{mews.ScopeDev}})
	if !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("the scope was granted: %v", err)
	}
}

// TestStatusFaults: an answer by rule looks as if the server meant it.
func TestStatusFaults(t *testing.T) {
	h := newHarness(t, devMode)
	token := h.token(t)
	for _, c := range []struct {
		effect, message string
		status          int
		wait            time.Duration // 0: the answer asks for none
	}{
		{`{"status":429}`, "rate limit exceeded", 429, time.Second},
		{`{"status":429,"retry_after":"30s","message":"slow down"}`, "slow down", 429, 30 * time.Second},
		{`{"status":503,"retry_after":"5s"}`, "too many requests in flight", 503, 5 * time.Second},
		{`{"status":500}`, "internal server error", 500, 0},
		{`{"status":401}`, "access denied, invalid bearer token", 401, 0},
		{`{"status":403}`, "access denied, authorization failed", 403, 0},
		{`{"status":418}`, "i'm a teapot", 418, 0},
		{`{"status":599}`, "failed", 599, 0},
	} {
		rule := h.addFault(t, `{"operation":"get_quotas","times":1,"effect":`+c.effect+`}`)
		before := time.Now()
		a := h.do(t, "GET", quotasPath, bearing(token), "")
		after := time.Now()
		checkEnvelope(t, a.status, a.header, a.body)
		var env mews.Envelope[struct{}]
		must(t, json.Unmarshal(a.body, &env))
		if a.status != c.status || len(env.Errors) != 1 || env.Errors[0] != (mews.APIError{Code: c.status, Message: c.message}) {
			t.Errorf("%s: %d %s", c.effect, a.status, a.body)
		}
		if got, want := a.header.Get("Retry-After"), ""; c.wait == 0 && got != want {
			t.Errorf("%s: Retry-After %q", c.effect, got)
		}
		if c.status == 429 {
			at, err := strconv.ParseInt(a.header.Get("X-Ratelimit-Retryafter"), 10, 64)
			if err != nil || at < before.Add(c.wait).Unix() || at > after.Add(c.wait).Unix() {
				t.Errorf("%s: X-Ratelimit-Retryafter %q", c.effect, a.header.Get("X-Ratelimit-Retryafter"))
			}
			if got := a.header.Get("X-Ratelimit-Remaining"); got != "0" {
				t.Errorf("%s: X-Ratelimit-Remaining %q", c.effect, got)
			}
		}
		if a := h.do(t, "GET", quotasPath, bearing(token), ""); a.status != 200 {
			t.Errorf("%s: the next answer is %d %s", c.effect, a.status, a.body)
		}
		log := h.requests(t, "operation=GetMalQuery*&limit=2")
		if len(log) != 2 || log[0].Fault != rule.ID || log[0].Status != c.status || log[1].Fault != "" || log[1].Status != 200 {
			t.Errorf("%s: the log says %+v", c.effect, log)
		}
	}
}

// TestFaultsKnowTheirClient: a rule for one client leaves others alone, and bad
// tokens are refused as such, whatever rules say.
func TestFaultsKnowTheirClient(t *testing.T) {
	h := newHarness(t, devMode)
	id, secret := h.client(t, ownCID)
	struck, err := h.auth.IssueToken(t.Context(), id, secret, "", "", nil)
	must(t, err)
	h.addFault(t, `{"client":"`+id+`","effect":{"status":503}}`)
	if a := h.do(t, "GET", quotasPath, bearing(struck.AccessToken), ""); a.status != 503 {
		t.Errorf("the client of the rule: %d", a.status)
	}
	if a := h.do(t, "GET", quotasPath, bearing(h.token(t)), ""); a.status != 200 {
		t.Errorf("another client: %d %s", a.status, a.body)
	}
	h.addFault(t, `{"effect":{"status":500}}`)
	if a := h.do(t, "GET", quotasPath, bearing("x"), ""); a.status != 401 {
		t.Errorf("a bad token: %d", a.status)
	}
	if a := h.do(t, "GET", quotasPath, bearing(h.token(t, mews.ScopeDevicesRead)), ""); a.status != 403 {
		t.Errorf("a missing scope: %d", a.status)
	}
}

// TestExpiredToken: the token is over for good, and a new one works.
func TestExpiredToken(t *testing.T) {
	h := newHarness(t, devMode)
	id, secret := h.client(t, ownCID)
	login := func() string {
		tok, err := h.auth.IssueToken(t.Context(), id, secret, "", "", nil)
		must(t, err)
		return tok.AccessToken
	}
	token, other := login(), login()
	h.addFault(t, `{"path":"/malquery/*","times":1,"effect":{"expire_token":true}}`)
	for range 2 {
		if a := h.do(t, "GET", quotasPath, bearing(token), ""); a.status != 401 || !strings.Contains(string(a.body), "invalid bearer token") {
			t.Errorf("the expired token: %d %s", a.status, a.body)
		}
	}
	for _, token := range []string{other, login()} {
		if a := h.do(t, "GET", quotasPath, bearing(token), ""); a.status != 200 {
			t.Errorf("another token: %d %s", a.status, a.body)
		}
	}
}

// TestLoginFaults: rules reach logins only when they name them, by form and by
// Basic, and none may keep everybody out.
func TestLoginFaults(t *testing.T) {
	h := newHarness(t, devMode)
	id, secret := h.client(t, ownCID)
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	byForm := func() answer {
		return h.do(t, "POST", "/oauth2/token", form, url.Values{"client_id": {id}, "client_secret": {secret}}.Encode())
	}
	byBasic := func() answer {
		header := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))}
		return h.do(t, "POST", "/oauth2/token", header, "grant_type=client_credentials")
	}
	h.addFault(t, `{"effect":{"status":500}}`)
	if a := byForm(); a.status != 201 {
		t.Errorf("a rule for everything struck a login: %d %s", a.status, a.body)
	}
	h.addFault(t, `{"operation":"oauth2AccessToken","client":"`+id+`","times":2,"effect":{"status":429}}`)
	if a, b := byForm(), byBasic(); a.status != 429 || b.status != 429 {
		t.Errorf("logins of the rule's client: %d and %d", a.status, b.status)
	}
	if a := byBasic(); a.status != 201 {
		t.Errorf("the login after: %d %s", a.status, a.body)
	}
	h.addFault(t, `{"operation":"oauth2RevokeToken","times":1,"effect":{"status":500}}`)
	if a := h.do(t, "POST", "/oauth2/revoke", with(form, "Authorization", "Bearer "+h.token(t)), "token=x"); a.status != 500 {
		t.Errorf("a logout: %d %s", a.status, a.body)
	}
	for _, e := range h.requests(t, "path=/oauth2/*") {
		if e.RequestSHA256 != "" || e.RequestBytes == 0 {
			t.Errorf("the log has the digest of a login's body: %+v", e)
		}
		if e.Operation == "oauth2AccessToken" && e.Client != id {
			t.Errorf("the log does not know who logged in: %+v", e)
		}
	}
	for _, rule := range []string{
		`{"operation":"oauth2AccessToken","effect":{"status":503}}`,
		`{"operation":"oauth2*","effect":{"close":true}}`,
		`{"path":"*","method":"POST","effect":{"truncate":1}}`,
		`[{"effect":{"status":500}},{"path":"/oauth2/token","client":"*","effect":{"status":503}}]`,
	} {
		a := h.do(t, "POST", "/mews/dev/v1/faults", h.asDev(t), rule)
		if a.status != 400 || !strings.Contains(string(a.body), "logging in") {
			t.Errorf("%s: %d %s", rule, a.status, a.body)
		}
	}
}

// TestCutAnswers: the connection ends where the rule says, and a truncated
// answer is of an operation that was carried out.
func TestCutAnswers(t *testing.T) {
	h := newHarness(t, devMode)
	token := h.token(t)
	body := strings.Repeat("a file to be cut ", 20_000)
	a := h.do(t, "POST", "/samples/entities/samples/v3?file_name=x", with(bearing(token), "Content-Type", mediaBytes), body)
	if a.status != 200 {
		t.Fatalf("upload: %d %s", a.status, a.body)
	}
	sha := resourcesOf[struct {
		SHA256 string `json:"sha256"`
	}](t, a)[0].SHA256

	h.addFault(t, `{"path":"/samples/*","method":"GET","times":1,"effect":{"truncate":100000}}`)
	a, err := h.try(t, "GET", "/samples/entities/samples/v3?ids="+sha, bearing(token))
	if !errors.Is(err, io.ErrUnexpectedEOF) || a.status != 200 || string(a.body) != body[:100_000] {
		t.Errorf("cut download: %v, %d, %d bytes", err, a.status, len(a.body))
	}
	if a := h.do(t, "GET", "/samples/entities/samples/v3?ids="+sha, bearing(token), ""); string(a.body) != body {
		t.Errorf("the next download has %d bytes", len(a.body))
	}

	h.addFault(t, `{"operation":"DeleteSampleV3","times":1,"effect":{"truncate":5}}`)
	a, err = h.try(t, "DELETE", "/samples/entities/samples/v3?ids="+sha, bearing(token))
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(a.body) != 5 {
		t.Errorf("cut JSON: %v, %q", err, a.body)
	}
	if a := h.do(t, "GET", "/samples/entities/samples/v3?ids="+sha, bearing(token), ""); a.status != 404 {
		t.Errorf("the delete whose answer was cut was not carried out: %d", a.status)
	}

	h.addFault(t, `{"operation":"GetMalQueryQuotasV1","times":1,"effect":{"status":503,"truncate":7}}`)
	if a, err = h.try(t, "GET", quotasPath, bearing(token)); !errors.Is(err, io.ErrUnexpectedEOF) || a.status != 503 || len(a.body) != 7 {
		t.Errorf("cut error: %v, %d %q", err, a.status, a.body)
	}
	h.addFault(t, `{"operation":"GetMalQueryQuotasV1","times":1,"effect":{"truncate":100000}}`)
	if a := h.do(t, "GET", quotasPath, bearing(token), ""); a.status != 200 {
		t.Errorf("an answer shorter than the cut: %d", a.status)
	}
	log := h.requests(t, "limit=2")
	if log[0].ResponseBytes != 7 || log[0].Status != 503 {
		t.Errorf("the log says %+v", log[0])
	}
}

// TestClosedConnection: no answer, nothing carried out, and the log knows.
func TestClosedConnection(t *testing.T) {
	h := newHarness(t, devMode)
	token := h.token(t)
	rule := h.addFault(t, `{"method":"POST","path":"/samples/*","effect":{"close":true}}`)
	body := "never stored"
	_, err := h.send(t, "POST", "/samples/entities/samples/v3?file_name=x", with(bearing(token), "Content-Type", mediaBytes), body)
	if err == nil {
		t.Fatal("there was an answer")
	}
	log := h.requests(t, "path=/samples/*")
	if len(log) != 1 || log[0].Status != 0 || log[0].Fault != rule.ID || log[0].ResponseBytes != 0 {
		t.Errorf("the log says %+v", log)
	}
	var n int
	must(t, h.db.Read(t.Context(), func(tx *store.Tx) error { return tx.QueryRow(`SELECT count(*) FROM sample`).Scan(&n) }))
	if n != 0 {
		t.Errorf("%d samples were stored", n)
	}
}

// TestDelay: a struck request waits, and goes on when its peer does not.
func TestDelay(t *testing.T) {
	h := newHarness(t, devMode)
	token := h.token(t)
	h.addFault(t, `{"operation":"GetMalQueryQuotasV1","times":1,"effect":{"delay":"50ms"}}`)
	begin := time.Now()
	if a := h.do(t, "GET", quotasPath, bearing(token), ""); a.status != 200 || time.Since(begin) < 50*time.Millisecond {
		t.Errorf("%d after %s", a.status, time.Since(begin))
	}
	h.addFault(t, `{"operation":"GetMalQueryQuotasV1","effect":{"delay":"5m"}}`)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "GET", h.srv.URL+quotasPath, nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	if resp, err := http.DefaultClient.Do(r); err == nil {
		resp.Body.Close()
		t.Fatalf("an answer before the delay: %s", resp.Status)
	}
	for len(h.requests(t, "operation=GetMalQueryQuotasV1&status=499")) == 0 { // ends with the test's own time
		time.Sleep(5 * time.Millisecond)
	}
}

// TestUnservedRoutes: what this server does not serve can fail as well.
func TestUnservedRoutes(t *testing.T) {
	h := newHarness(t, devMode)
	h.addFault(t, `{"path":"/alerts/*","effect":{"status":503}}`)
	if a := h.do(t, "GET", "/alerts/queries/alerts/v2", nil, ""); a.status != 503 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := h.do(t, "GET", "/incidents/queries/incidents/v1", nil, ""); a.status != 404 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestFaultRoutes(t *testing.T) {
	h := newHarness(t, devMode)
	token := h.token(t, mews.ScopeDev)
	ask := func(method, query, body string, status int, part string) answer {
		t.Helper()
		a := h.do(t, method, "/mews/dev/v1/"+query, bearing(token), body)
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != status || !strings.Contains(string(a.body), part) {
			t.Errorf("%s %s %s: %d %s", method, query, body, a.status, a.body)
		}
		return a
	}
	ask("POST", "faults", `[]`, 400, "no rule")
	ask("POST", "faults", `{"effect":{"status":200}}`, 400, "400..599")
	ask("POST", "faults", `{"effect":{"stats":500}}`, 400, "stats")
	ask("POST", "faults", `{"operations":"x","effect":{"status":500}}`, 400, "operations")
	ask("POST", "faults", `{"operation":"QueryDevicesByFilters","effect":{"status":500}}`, 400, "QueryDevicesByFilters")
	a := ask("POST", "faults", `{"operation":"GetIndicatorsReport","effect":{"status":500}}`, 200, "fault-1")
	if r := resourcesOf[mews.FaultRule](t, a)[0]; r.Operation != "" || r.Path != "/iocs/entities/indicators-reports/v1" || r.Method != "POST" {
		t.Errorf("the rule for an operation that is not served: %+v", r)
	}
	ask("DELETE", "faults?all=true", "", 200, `"resources_affected":1`)
	ask("POST", "faults", `{"path":"/mews/*","effect":{"status":500}}`, 200, "fault-1")
	ask("POST", "faults", `[{"operation":"QueryDevices*","times":2,"effect":{"status":500}},{"method":"PUT","effect":{"close":true}}]`, 200, "fault-3")
	list := resourcesOf[mews.FaultRule](t, ask("GET", "faults", "", 200, "fault-2"))
	if len(list) != 3 || list[0].Seen != 0 || list[1].Times != 2 || !list[2].Effect.Close {
		t.Errorf("rules: %+v", list)
	}
	ask("DELETE", "faults", "", 400, "all=true")
	ask("DELETE", "faults?ids=fault-1&all=true", "", 400, "all=true")
	ask("DELETE", "faults?ids=fault-1,fault-9", "", 200, "no such rule")
	ask("DELETE", "faults?ids=fault-9", "", 404, "no such rule")
	ask("DELETE", "faults?all=true", "", 200, `"resources_affected":2`)
	ask("GET", "faults", "", 200, `"resources":[]`)
	ask("GET", "requests?limit=0", "", 400, "limit")
	ask("GET", "requests?operation=get_quota", "", 400, "GetMalQueryQuotasV1")
}

// TestRequestLog: what is there, what is not, and how it is asked for.
func TestRequestLog(t *testing.T) {
	h := newHarness(t, devMode)
	token := h.token(t)
	const secret = "s3cr3t-of-the-test"
	header := with(bearing(token), "User-Agent", "falcon-test/1.0")
	h.do(t, "POST", "/devices/entities/devices/v2?client_secret="+secret+"&limit=5&access%5Ftoken="+secret, header, `{"ids":["`+secret+`"]}`)
	h.do(t, "GET", quotasPath+"?filter=a%2Bb", bearing(token), "")
	h.do(t, "GET", "/no/such/route", nil, "")

	log := h.requests(t, "")
	if len(log) != 3 {
		t.Fatalf("%d entries: %+v", len(log), log)
	}
	first := log[0]
	if first.Sequence != 1 || first.Operation != "PostDeviceDetailsV2" || first.Method != "POST" || first.Path != "/devices/entities/devices/v2" ||
		first.UserAgent != "falcon-test/1.0" || first.Client == "" || first.TraceID == "" || first.Time.IsZero() || first.Took < 0 {
		t.Errorf("%+v", first)
	}
	if want := "client_secret=REDACTED&limit=5&access%5Ftoken=REDACTED"; first.Query != want {
		t.Errorf("query %q, want %q", first.Query, want)
	}
	body := `{"ids":["` + secret + `"]}`
	if first.RequestBytes != int64(len(body)) || first.RequestSHA256 != sum(body) || first.ResponseBytes == 0 || first.Status != 404 {
		t.Errorf("%+v", first)
	}
	if b := fmt.Sprintf("%+v", log); strings.Contains(b, secret) || strings.Contains(b, token) {
		t.Errorf("the log holds a secret: %s", b)
	}
	if log[2].Operation != "" || log[2].Client != "" || log[2].Status != 404 {
		t.Errorf("%+v", log[2])
	}
	for query, want := range map[string][]int64{
		"after=1": {2, 3}, "status=404": {1, 3}, "method=get&path=/no/*": {3}, "limit=1": {3}, "client=" + first.Client: {1, 2},
		"operation=GetMalQueryQuotasV1": {2}, "operation=get_quotas": {2}, "operation=Query*": nil,
	} {
		var got []int64
		for _, e := range h.requests(t, query) {
			got = append(got, e.Sequence)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	a := h.do(t, "DELETE", "/mews/dev/v1/requests", h.asDev(t), "")
	if a.status != 200 || !strings.Contains(string(a.body), `"resources_affected":3`) || len(h.requests(t, "")) != 0 {
		t.Errorf("clear: %d %s", a.status, a.body)
	}
}

func FuzzWithoutSecrets(f *testing.F) {
	for _, seed := range []string{"client_secret=x", "a=b&Access_Token=x", "%74oken=x;secret", "=&&=", "%zz=x&api%2Dkey=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		out := withoutSecrets(query + "&client_secret=WORDTHATMUSTGO")
		if strings.Contains(out, "WORDTHATMUSTGO") && !strings.Contains(query, "WORDTHATMUSTGO") {
			t.Fatalf("%q became %q", query, out)
		}
		if len(query) < 4000 && !strings.HasSuffix(out, "client_secret=REDACTED") {
			t.Fatalf("%q became %q", query, out)
		}
	})
}
