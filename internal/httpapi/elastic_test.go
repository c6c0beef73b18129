package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	authpkg "github.com/mewshq/mews/internal/auth"
)

const bulkPath = "/elastic/_bulk"

// checkElastic holds an answer of the facade to what shippers rely on.
func checkElastic(t testing.TB, row operation, a answer) {
	t.Helper()
	if a.header.Get("X-Elastic-Product") != "Elasticsearch" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("%s: headers %v", row.id, a.header)
	}
	if row.method == "HEAD" {
		if len(a.body) != 0 {
			t.Errorf("%s: a body %q", row.id, a.body)
		}
		return
	}
	var top struct {
		Error  *elasticCause
		Status int
	}
	err := json.Unmarshal(a.body, &top)
	if failed := a.status >= 400; failed && (err != nil || top.Status != a.status || top.Error.Reason == "" || top.Error.Type == "" || len(top.Error.RootCause) != 1) {
		t.Errorf("%s: %d %s (%v)", row.id, a.status, a.body, err)
	}
	if !json.Valid(a.body) {
		t.Errorf("%s: %q is no JSON", row.id, a.body)
	}
	if challenge := a.header.Get("WWW-Authenticate"); (a.status == 401) != (challenge != "") {
		t.Errorf("%s: %d with the challenge %q", row.id, a.status, challenge)
	}
}

// bulkReply is what a shipper reads of an answer.
type bulkReply struct {
	Errors bool
	Items  []map[string]struct {
		Index  string `json:"_index"`
		ID     string `json:"_id"`
		Status int
		Error  *struct{ Type, Reason string }
	}
}

func (h *harness) bulk(t testing.TB, path, authorization string, lines ...string) (answer, bulkReply) {
	t.Helper()
	a := h.do(t, "POST", path, map[string]string{"Authorization": authorization, "Content-Type": mediaLines}, strings.Join(lines, "\n")+"\n")
	checkElastic(t, operation{id: path, method: "POST"}, a)
	var reply bulkReply
	must(t, json.Unmarshal(a.body, &struct {
		*bulkReply
		Errors any
	}{&reply, nil}))
	if a.status == 200 {
		must(t, json.Unmarshal(a.body, &reply))
	}
	return a, reply
}

func idAndSecret(id, secret string) string {
	return base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))
}

// TestBulk: each document has its own outcome, and the good ones are seen.
func TestBulk(t *testing.T) {
	h := newHarness(t)
	token := "Bearer " + h.token(t)
	const create = `{"create":{"_index":"logs"}}`
	a, reply := h.bulk(t, bulkPath, token,
		create, started(1, 1, "a.exe"),
		create, `{"no":"event"`,
		"", `{"index":{"_index":"other","_id":"own"}}`, started(2, 2, "a.exe"),
		`{"delete":{"_index":"logs","_id":"7"}}`,
		`{"update":{"_index":"logs","_id":"7"}}`, `{"doc":{}}`,
		create, "",
		create, asked(3, 3, "evil.example"),
	)
	want := []string{"create logs 201", "create logs 400", "index other 201", "delete logs 400", "update logs 400", "create logs 400", "create logs 201"}
	var got []string
	for _, item := range reply.Items {
		for verb, r := range item {
			got = append(got, fmt.Sprintf("%s %s %d", verb, r.Index, r.Status))
			if (r.Error != nil) != (r.Status >= 400) || r.ID == "" {
				t.Errorf("%s: %+v", verb, r)
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) || !reply.Errors || reply.Items[2]["index"].ID != "own" {
		t.Errorf("items %q, want %q in %s", got, want, a.body)
	}
	if list := h.hosts(t, "sha256", sum("a.exe")); len(list) != 2 {
		t.Errorf("seen on %+v", list)
	}
}

func (h *harness) hosts(t testing.TB, typ, value string) []mews.Sighting {
	t.Helper()
	return decode[mews.Sighting](t, h.get(t, h.token(t), hostsPath+"?type="+typ+"&value="+value)).Resources
}

// TestBulkOutcomes: every refused document is told of, however many there are,
// also when the call is repeated; and it counts once.
func TestBulkOutcomes(t *testing.T) {
	h := newHarness(t)
	token := "Bearer " + h.token(t)
	var lines []string
	for i := range 300 {
		document := "[]"
		if i%2 == 0 {
			document = started(i, i+1, "a.exe")
		}
		lines = append(lines, `{"index":{}}`, document)
	}
	for range 2 {
		_, reply := h.bulk(t, "/elastic/winlogbeat-8%2E0/_bulk", token, lines...)
		for i, item := range reply.Items {
			if r := item["index"]; r.Status != []int{201, 400}[i%2] || r.Index != "winlogbeat-8.0" {
				t.Fatalf("item %d: %+v", i, item)
			}
		}
		if len(reply.Items) != 300 {
			t.Errorf("%d items", len(reply.Items))
		}
	}
	for _, s := range h.hosts(t, "sha256", sum("a.exe")) {
		if s.Count != 1 {
			t.Errorf("counted twice: %+v", s)
		}
	}
}

func TestBulkRefusals(t *testing.T) {
	h := newHarness(t)
	token := "Bearer " + h.token(t)
	line := started(1, 1, "never.exe")
	for what, c := range map[string]struct {
		lines  []string
		status int
		want   string
	}{
		"nothing":          {nil, 400, "no action"},
		"empty lines":      {[]string{"", "", ""}, 400, "no action"},
		"no action":        {[]string{`{"index":{}}`, line, line}, 400, "action 2: expected"},
		"no JSON":          {[]string{`{"index":{}}`, line, "x"}, 400, "action 2: expected"},
		"two verbs":        {[]string{`{"index":{},"create":{}}`, line}, 400, "action 1: expected"},
		"unknown verb":     {[]string{`{"upsert":{}}`, line}, 400, "action 1: the verb"},
		"missing document": {[]string{`{"index":{}}`, line, `{"create":{}}`}, 400, "action 2: its document is missing"},
	} {
		text := strings.Join(c.lines, "\n")
		a := h.do(t, "POST", bulkPath, map[string]string{"Authorization": token, "Content-Type": mediaElasticLines + "; compatible-with=8"}, text)
		checkElastic(t, operation{id: what, method: "POST"}, a)
		if a.status != c.status || !strings.Contains(string(a.body), c.want) {
			t.Errorf("%s: %d %s, want %d %s", what, a.status, a.body, c.status, c.want)
		}
	}
	if list := h.hosts(t, "sha256", sum("never.exe")); len(list) != 0 {
		t.Errorf("a refused call was counted: %+v", list)
	}
}

// TestShipperLogin: the credentials that shippers send with every call are traded
// for a token once; when they end, so does the way in.
func TestShipperLogin(t *testing.T) {
	logins := 0
	h := newHarness(t, func(_ *Deps, o *authpkg.Options) { o.Limits.TokensPerClient = 4 })
	id, secret := h.client(t, ownCID)
	basic, key := "Basic "+idAndSecret(id, secret), "ApiKey "+idAndSecret(id, secret)
	for i := range 20 {
		authorization := []string{basic, key}[i%2]
		if a, _ := h.bulk(t, bulkPath, authorization, `{"create":{}}`, started(i, 1, "a.exe")); a.status != 200 {
			t.Fatalf("call %d as %s: %d %s", i, authorization[:6], a.status, a.body)
		}
	}
	if logins = strings.Count(h.logs.String(), `"operation":"oauth2AccessToken"`); logins != 0 {
		t.Errorf("%d logins over HTTP", logins)
	}
	reader, readerSecret := h.client(t, ownCID, mews.ScopeIOCsRead)
	for authorization, status := range map[string]int{
		"":                                  401,
		"Basic":                             401,
		"Basic !":                           401,
		"Basic " + idAndSecret(id, ""):      401,
		"Basic " + idAndSecret(id, "wrong"): 401,
		"ApiKey " + idAndSecret("x", "y"):   401,
		"Digest " + idAndSecret(id, secret): 401,
		"Bearer " + idAndSecret(id, secret): 401,
		"Basic " + idAndSecret(reader, readerSecret): 403,
	} {
		a := h.do(t, "GET", "/elastic/", map[string]string{"Authorization": authorization}, "")
		checkElastic(t, operation{id: authorization, method: "GET"}, a)
		if a.status != status {
			t.Errorf("%q: %d %s, want %d", authorization, a.status, a.body, status)
		}
	}
	// Elsewhere credentials are no token.
	if a := h.events(t, "", "", map[string]string{"Authorization": basic}, started(1, 1, "x")); a.status != 401 {
		t.Errorf("Basic outside of the facade: %d", a.status)
	}
	must(t, h.auth.RevokeClient(t.Context(), actor{CID: ownCID, Client: "test"}, id))
	if a, _ := h.bulk(t, bulkPath, basic, `{"create":{}}`, started(1, 1, "a.exe")); a.status != 401 {
		t.Errorf("a revoked client: %d %s", a.status, a.body)
	}
}

// TestShipperStart: what shippers ask before they ship has the answers that let
// them, and what they would set up is there.
func TestShipperStart(t *testing.T) {
	h := newHarness(t)
	header := bearing(h.token(t))
	for _, c := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/elastic", 200, `"number":"8.`},
		{"GET", "/elastic/", 200, `"number":"8.`},
		{"HEAD", "/elastic/", 200, ""},
		{"GET", "/elastic/_license?human=false", 200, `"status":"active"`},
		{"GET", "/elastic/_xpack", 200, `"license"`},
		{"GET", "/elastic/_cluster/health", 200, `"green"`},
		{"GET", "/elastic/_cat/health", 200, `"green"`},
		{"HEAD", "/elastic/_index_template/filebeat-8.19.0", 200, ""},
		{"PUT", "/elastic/_index_template/filebeat-8.19.0", 200, "acknowledged"},
		{"PUT", "/elastic/_ilm/policy/filebeat", 200, "acknowledged"},
		{"GET", "/elastic/_data_stream/filebeat-8.19.0", 200, ""},
		{"PUT", "/elastic/_ingest/pipeline/x", 200, "acknowledged"},
		{"GET", "/elastic/logs/_search", 404, "not implemented by this server"},
		{"GET", "/elastic/_bulk", 405, "use POST or PUT"},
		{"DELETE", "/elastic/logs/_bulk", 405, "use POST or PUT"},
		{"GET", "/elastic//_bulk", 404, ""},
		{"GET", "/elasticx", 404, ""},
	} {
		a := h.do(t, c.method, c.path, header, "{}")
		if strings.HasPrefix(c.path, "/elastic/") {
			checkElastic(t, operation{id: c.path, method: c.method}, a)
		}
		if a.status != c.status || !strings.Contains(string(a.body), c.want) {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.body)
		}
	}
}
