package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	authpkg "github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/store"
)

const formType = "application/x-www-form-urlencoded"

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

func basicHeader(scheme, id, secret string) string {
	return scheme + " " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))
}

// TestTokenBytes holds the reply of a login to what FalconPy reads: status 201,
// no envelope, an integer lifetime.
func TestTokenBytes(t *testing.T) {
	h := newHarness(t)
	id, secret := h.client(t, ownCID)
	for name, c := range map[string]struct {
		header map[string]string
		body   string
	}{
		"form":             {nil, form("client_id", id, "client_secret", secret)},
		"form with grant":  {nil, form("client_id", id, "client_secret", secret, "grant_type", "client_credentials")},
		"basic":            {map[string]string{"Authorization": basicHeader("Basic", id, secret)}, form("grant_type", "client_credentials")},
		"basic, lowercase": {map[string]string{"Authorization": basicHeader("basic", id, secret)}, ""},
		"basic, escaped":   {map[string]string{"Authorization": basicHeader("Basic", strings.ReplaceAll(id, "a", "%61"), url.QueryEscape(secret))}, ""},
		"own member_cid":   {nil, form("client_id", id, "client_secret", secret, "member_cid", strings.ToUpper(string(ownCID)))},
		"narrower scope":   {nil, form("client_id", id, "client_secret", secret, "scope", "malquery:read samplestore:read")},
		"empty fields":     {nil, form("client_id", id, "client_secret", secret, "grant_type", "", "member_cid", "", "scope", "")},
	} {
		t.Run(name, func(t *testing.T) {
			if c.header == nil {
				c.header = map[string]string{}
			}
			a := h.do(t, "POST", "/oauth2/token", with(c.header, "Content-Type", formType), c.body)
			var got map[string]json.RawMessage
			must(t, json.Unmarshal(a.body, &got))
			if a.status != 201 || len(got) != 3 || string(got["expires_in"]) != "1799" || string(got["token_type"]) != `"bearer"` || len(got["access_token"]) < 40 {
				t.Errorf("%d %s", a.status, a.body)
			}
			if a.header.Get("X-Cs-Region") != "local" || a.header.Get("Content-Type") != "application/json" {
				t.Errorf("headers %v", a.header)
			}
		})
	}
}

func TestTokenRefusals(t *testing.T) {
	h := newHarness(t)
	id, secret := h.client(t, ownCID, "malquery:read")
	good := form("client_id", id, "client_secret", secret)
	for name, c := range map[string]struct {
		header map[string]string
		body   string
		status int
		want   string
	}{
		"nothing":          {nil, "", 400, "could not generate a token"},
		"JSON body":        {map[string]string{"Content-Type": "application/json"}, "{}", 400, "could not generate a token"},
		"no secret":        {nil, form("client_id", id), 400, "could not generate a token"},
		"wrong secret":     {nil, form("client_id", id, "client_secret", "x"), 403, "access denied, invalid client"},
		"unknown client":   {nil, form("client_id", "x", "client_secret", "x"), 403, "access denied, invalid client"},
		"wrong basic":      {map[string]string{"Authorization": basicHeader("Basic", id, "x")}, "", 403, "access denied, invalid client"},
		"broken basic":     {map[string]string{"Authorization": "Basic !!!"}, "", 400, "could not generate a token"},
		"two methods":      {map[string]string{"Authorization": basicHeader("Basic", id, secret)}, good, 400, "credentials once"},
		"another grant":    {nil, good + "&grant_type=password", 400, "grant_type"},
		"foreign member":   {nil, good + "&member_cid=" + string(foreignCID), 403, ""},
		"malformed member": {nil, good + "&member_cid=zz", 403, ""},
		"wider scope":      {nil, good + "&scope=malquery:write", 400, "invalid_scope"},
		"id twice":         {nil, good + "&client_id=" + id, 400, "duplicate parameter: client_id"},
		"bad escape":       {nil, good + "&x=%zz", 400, "malformed form"},
		"NUL":              {nil, form("client_id", "a\x00b", "client_secret", secret), 400, "client_id"},
		"large":            {nil, good + "&x=" + strings.Repeat("a", maxForm), 413, "larger than"},
		"other media":      {map[string]string{"Content-Type": "multipart/form-data; boundary=x"}, good, 415, ""},
	} {
		t.Run(name, func(t *testing.T) {
			header := map[string]string{"Content-Type": formType}
			for k, v := range c.header {
				header[k] = v
			}
			a := h.do(t, "POST", "/oauth2/token", header, c.body)
			checkEnvelope(t, a.status, a.header, a.body)
			if a.status != c.status || !strings.Contains(string(a.body), c.want) || strings.Contains(string(a.body), "access_token\"") {
				t.Errorf("%d %s, want %d %q", a.status, a.body, c.status, c.want)
			}
		})
	}
	if a := h.do(t, "POST", "/oauth2/token?"+good, map[string]string{"Content-Type": formType}, ""); a.status != 400 {
		t.Errorf("credentials in the URL: %d", a.status)
	}
	if strings.Contains(h.logs.String(), secret) {
		t.Error("a secret stands in the log")
	}
}

func TestRevoke(t *testing.T) {
	h := newHarness(t)
	id, secret := h.client(t, ownCID)
	other, otherSecret := h.client(t, ownCID)
	login := func(id, secret string) string {
		tok, err := h.auth.IssueToken(t.Context(), id, secret, "", "192.0.2.1", nil)
		must(t, err)
		return tok.AccessToken
	}
	valid := func(token string) bool {
		return h.do(t, "GET", samplesPath, bearing(token), "").status == 400 // ids are missing
	}
	basic := basicHeader("basic", id, secret)
	revoke := func(auth, body string) answer {
		a := h.do(t, "POST", "/oauth2/revoke", map[string]string{"Authorization": auth, "Content-Type": formType}, body)
		checkEnvelope(t, a.status, a.header, a.body)
		return a
	}
	for name, auth := range map[string]func(token string) string{
		"basic":  func(string) string { return basic },
		"bearer": func(token string) string { return "Bearer " + token },
	} {
		token := login(id, secret)
		if a := revoke(auth(token), form("token", token, "client_id", id)); a.status != 200 || !strings.Contains(string(a.body), `"errors":[]`) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		if valid(token) {
			t.Errorf("%s: the token outlives its revocation", name)
		}
	}
	for _, unknown := range []string{"None", "x", strings.Repeat("a", 43)} {
		if a := revoke(basic, form("token", unknown)); a.status != 200 {
			t.Errorf("unknown token %q: %d %s", unknown, a.status, a.body)
		}
	}
	foreign := login(other, otherSecret)
	if a := revoke(basic, form("token", foreign)); a.status != 200 || !valid(foreign) {
		t.Errorf("another client's token: %d, still valid: %v", a.status, valid(foreign))
	}
	for name, c := range map[string]struct {
		auth, body string
		status     int
	}{
		"no token":        {basic, "", 400},
		"no credentials":  {"", form("token", foreign), 403},
		"wrong secret":    {basicHeader("Basic", id, "x"), form("token", foreign), 403},
		"bad bearer":      {"Bearer None", form("token", foreign), 403},
		"other client_id": {basic, form("token", foreign, "client_id", other), 403},
	} {
		if a := revoke(c.auth, c.body); a.status != c.status {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, c.status)
		}
	}
}

// TestLoginTrace: a login's row in the trail, good or bad, bears the trace id of
// its answer.
func TestLoginTrace(t *testing.T) {
	h := newHarness(t)
	id, secret := h.client(t, ownCID)
	for _, secret := range []string{secret, "wrong"} {
		a := h.do(t, "POST", "/oauth2/token", map[string]string{"Content-Type": formType}, form("client_id", id, "client_secret", secret))
		rows := 0
		must(t, h.db.Read(t.Context(), func(tx *store.Tx) error {
			return tx.QueryRow(`SELECT count(*) FROM audit WHERE action = 'login' AND trace_id = ?`, a.header.Get("X-Cs-Traceid")).Scan(&rows)
		}))
		if rows != 1 {
			t.Errorf("%d: %d rows with its trace id", a.status, rows)
		}
	}
}

// TestRates: each limit answers 429 with the time to come back.
func TestRates(t *testing.T) {
	h := newHarness(t, func(_ *Deps, o *authpkg.Options) {
		o.Limits = authpkg.Limits{RequestsPerMinute: 3, BadTokensPerIP: 2, FailedSecrets: 2}
	})
	id, _ := h.client(t, ownCID)
	token := h.token(t)
	check := func(name string, a answer, limited bool) {
		t.Helper()
		checkEnvelope(t, a.status, a.header, a.body)
		if (a.status == 429) != limited {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	for i := range 4 {
		a := h.do(t, "GET", samplesPath, bearing(token), "")
		check("requests", a, i == 3)
		if want := []string{"2", "1", "0", "0"}[i]; a.header.Get("X-Ratelimit-Limit") != "3" || a.header.Get("X-Ratelimit-Remaining") != want {
			t.Errorf("call %d: limit %s, remaining %s", i, a.header.Get("X-Ratelimit-Limit"), a.header.Get("X-Ratelimit-Remaining"))
		}
	}
	for i := range 3 {
		check("bad tokens", h.do(t, "GET", samplesPath, bearing("None"), ""), i == 2)
	}
	// A limit must not read as bad credentials, or nobody waits.
	check("revoke with a bad token", h.do(t, "POST", "/oauth2/revoke", map[string]string{"Authorization": "Bearer None", "Content-Type": formType}, form("token", "x")), true)
	for i := range 3 {
		a := h.do(t, "POST", "/oauth2/token", map[string]string{"Content-Type": formType}, form("client_id", id, "client_secret", "guess"+string(rune('a'+i))))
		check("guessed secrets", a, i == 2)
	}
}

// TestRateOfOneClient: a client with a rate of its own is told of that one, and
// does not slow down its customer's others.
func TestRateOfOneClient(t *testing.T) {
	h := newHarness(t)
	id, secret := h.client(t, ownCID)
	tok, err := h.auth.IssueToken(t.Context(), id, secret, "", "192.0.2.1", nil)
	must(t, err)
	srv := newAdminServer(t, h, nil)
	if status, env := adminCall[mews.AdminClient](t, srv, "PATCH", "/admin/clients/"+id, `{"requests_per_minute":2}`); status != 200 || env.Resources[0].RequestsPerMinute != 2 {
		t.Fatalf("%d %+v", status, env)
	}
	others := h.token(t)
	for i, want := range []string{"1", "0", "0"} {
		a := h.do(t, "GET", samplesPath, bearing(tok.AccessToken), "")
		checkEnvelope(t, a.status, a.header, a.body)
		if (a.status == 429) != (i == 2) || a.header.Get("X-Ratelimit-Limit") != "2" || a.header.Get("X-Ratelimit-Remaining") != want {
			t.Errorf("call %d: %d, limit %s, remaining %s", i, a.status, a.header.Get("X-Ratelimit-Limit"), a.header.Get("X-Ratelimit-Remaining"))
		}
		if b := h.do(t, "GET", samplesPath, bearing(others), ""); b.status == 429 || b.header.Get("X-Ratelimit-Limit") != "6000" {
			t.Errorf("another client: %d, limit %s", b.status, b.header.Get("X-Ratelimit-Limit"))
		}
	}
	for body, want := range map[string]int{`{"requests_per_minute":-1}`: 400, `{}`: 400, `{"name":"x"}`: 400, `{"requests_per_minute":"5"}`: 400, `{"requests_per_minute":0}`: 200} {
		if status, env := adminCall[any](t, srv, "PATCH", "/admin/clients/"+id, body); status != want {
			t.Errorf("%s: %d %+v", body, status, env.Errors)
		}
	}
	if a := h.do(t, "GET", samplesPath, bearing(tok.AccessToken), ""); a.status == 429 {
		t.Error("still limited when its rate was taken away")
	}
}

// TestPairedFailure sends each bad login twice, as gofalcon's OAuth layer does:
// the pair is one failure.
func TestPairedFailure(t *testing.T) {
	h := newHarness(t, func(_ *Deps, o *authpkg.Options) { o.Limits = authpkg.Limits{FailedSecrets: 2} })
	id, secret := h.client(t, ownCID)
	header := map[string]string{"Content-Type": formType, "Authorization": basicHeader("Basic", id, "wrong")}
	h.do(t, "POST", "/oauth2/token", header, form("grant_type", "client_credentials"))
	h.do(t, "POST", "/oauth2/token", map[string]string{"Content-Type": formType}, form("client_id", id, "client_secret", "wrong", "grant_type", "client_credentials"))
	a := h.do(t, "POST", "/oauth2/token", map[string]string{"Content-Type": formType}, form("client_id", id, "client_secret", secret))
	if a.status != 201 {
		t.Errorf("after one doubled failure: %d %s at %s", a.status, a.body, time.Now())
	}
}
