package httpapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/quarantine"
)

const (
	recordsPath  = "/quarantine/entities/quarantined-files/v1"
	recordsQuery = "/quarantine/queries/quarantined-files/v1"
	recordsGet   = "/quarantine/entities/quarantined-files/GET/v1"
	aggregates   = "/quarantine/aggregates/quarantined-files/GET/v1"
	countsPath   = "/quarantine/aggregates/action-update-count/v1"
	detailsPath  = "/mews/entities/quarantined-files/v1"
	settingsPath = "/mews/entities/quarantine-settings/v1"
)

// reported takes in a record as JSON, with the bytes of content unless it is
// empty, and gives it back.
func (h *harness) reported(t testing.TB, token, record, content string) mews.QuarantinedFile {
	t.Helper()
	a := h.do(t, "POST", ingestPath, bearing(token), record)
	if content != "" {
		a = h.ingestForm(t, token, part{name: "record", value: record}, part{"sample", content, true})
	}
	checkEnvelope(t, a.status, a.header, a.body)
	if a.status != 200 {
		t.Fatalf("report %s: %d %s", record, a.status, a.body)
	}
	return decode[mews.QuarantinedFile](t, a).Resources[0]
}

func (h *harness) patch(t testing.TB, token, path, body string) answer {
	t.Helper()
	a := h.do(t, "PATCH", path, bearing(token), body)
	checkEnvelope(t, a.status, a.header, a.body)
	return a
}

func (h *harness) get(t testing.TB, token, path string) answer {
	t.Helper()
	a := h.do(t, "GET", path, bearing(token), "{}")
	checkEnvelope(t, a.status, a.header, a.body)
	return a
}

// some takes in n records of as many hosts, and gives them.
func (h *harness) some(t testing.TB, token string, n int) []mews.QuarantinedFile {
	t.Helper()
	var list []mews.QuarantinedFile
	for i := range n {
		list = append(list, h.reported(t, token, fmt.Sprintf(
			`{"hostname":"host-%02d","username":"u%d","date_created":"2024-01-%02dT00:00:00Z","max_severity":%d,"paths":[{"path":"/home/u/%d.exe"}]}`,
			i, i%3, i+1, 10*i%101, i), fmt.Sprintf("file %d", i)))
	}
	return list
}

// TestSeedLoop is the loop of the client's documentation: it feeds the reply's
// offset back and ends.
func TestSeedLoop(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	list := h.some(t, token, 7)
	for _, limit := range []int{1, 3, 7, 10, MaxPage} {
		var got []string
		offset, total := 0, 1
		for offset < total {
			env := decode[string](t, h.get(t, token, fmt.Sprintf("%s?offset=%d&limit=%d&sort=date_created.asc&filter=*&q=", recordsQuery, offset, limit)))
			if env.Meta.Pagination.Offset != offset+len(env.Resources) || env.Meta.Pagination.Limit != limit {
				t.Fatalf("%+v with %d ids", env.Meta.Pagination, len(env.Resources))
			}
			offset, total = env.Meta.Pagination.Offset, env.Meta.Pagination.Total
			got = append(got, env.Resources...)
		}
		if len(got) != 7 || got[0] != list[0].ID || got[6] != list[6].ID {
			t.Errorf("limit %d: %d ids", limit, len(got))
		}
		got = nil
		for after := ""; ; {
			env := decode[string](t, h.get(t, token, fmt.Sprintf("%s?limit=%d&sort=date_created|asc&after=%s", recordsQuery, limit, url.QueryEscape(after))))
			got = append(got, env.Resources...)
			if after = env.Meta.Pagination.After; after == "" {
				break
			}
		}
		if len(got) != 7 || got[0] != list[0].ID || got[6] != list[6].ID {
			t.Errorf("limit %d by token: %d ids", limit, len(got))
		}
	}
	past := decode[string](t, h.get(t, token, recordsQuery+"?offset=50"))
	if p := past.Meta.Pagination; p.Offset != 50 || p.Total != 7 || len(past.Resources) != 0 {
		t.Errorf("past the end: %+v", p)
	}
	if a := h.get(t, token, recordsQuery+"?offset=9900&limit=100"); a.status != 200 {
		t.Errorf("the last page within the reach of offsets: %d %s", a.status, a.body)
	}
	bare := decode[string](t, h.get(t, token, recordsQuery+"?filter=&offset=&limit=&sort=&later=x"))
	if p := bare.Meta.Pagination; len(bare.Resources) != 7 || p.Limit != 100 || bare.Resources[0] != list[6].ID {
		t.Errorf("empty parameters: %+v %v", p, bare.Resources)
	}
}

// TestQueryRefusals: what a user can get wrong is a 400 that says what to do.
func TestQueryRefusals(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.some(t, token, 3)
	other := h.token(t)
	after := decode[string](t, h.get(t, token, recordsQuery+"?limit=1")).Meta.Pagination.After
	if after == "" {
		t.Fatal("no token although there is more")
	}
	for query, want := range map[string]string{
		"limit=0":                     "limit must be 1..5000",
		"limit=-1":                    "limit must be 1..5000",
		"limit=5001":                  "limit must be 1..5000",
		"limit=abc":                   "limit: expected an integer",
		"limit=1&limit=9":             "duplicate parameter: limit",
		"offset=-1":                   "offset",
		"offset=abc":                  "offset: expected an integer",
		"offset=1.0":                  "offset: expected an integer",
		"offset=1000000000000":        "after",
		"offset=9999&limit=2":         "after",
		"offset=1&after=x":            "after",
		"sort=nope|asc":               "nope",
		"sort=hostname|up":            "up",
		"filter=hostname":             "FQL error at 9",
		"filter=nope:'x'":             "hostname",
		"filter=state:'a'%2B":         "FQL error",
		"filter=max_severity:'abc'":   "max_severity",
		"filter=date_created:>'soon'": "date_created",
		"filter=(((state:'a'))":       "FQL error",
		"filter=hostname:*'a*b*c*d*e*f*g*h*i*j*'":                  "*",
		"filter=" + strings.Repeat("(", 40):                        "FQL error",
		"after=x":                                                  "token",
		"after=" + url.QueryEscape(after) + "&filter=hostname:'a'": "token",
		"after=" + url.QueryEscape(after+"A"):                      "token",
		"%zz":                                                      "malformed query",
	} {
		a := h.get(t, token, recordsQuery+"?"+query)
		if message := decode[any](t, a).Errors; a.status != 400 || !strings.Contains(message[0].Message, want) {
			t.Errorf("%s: %d %s, want %q", query, a.status, a.body, want)
		}
		path, _, _ := strings.Cut(query, "&")
		if strings.HasPrefix(query, "filter=") || strings.HasPrefix(query, "q=") {
			if a := h.get(t, token, countsPath+"?"+path); a.status != 400 {
				t.Errorf("counts of %s: %d %s", query, a.status, a.body)
			}
		}
	}
	if a := h.get(t, other, recordsQuery+"?limit=1&after="+url.QueryEscape(after)); a.status != 400 {
		t.Errorf("another client's token: %d %s", a.status, a.body)
	}
}

// TestUnknownFieldAsUpstream: where the operator wants it, a filter with a field
// that does not exist matches nothing, and an update by it changes nothing.
func TestUnknownFieldAsUpstream(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.some(t, token, 2)
	var err error
	h.api.deps.Quarantine, err = quarantine.New(quarantine.Deps{
		DB: h.db, Samples: h.api.deps.Samples, Hosts: h.api.deps.Hosts, Keys: blob.NewKeyring([32]byte{1}), UnknownField: collection.UnknownEmpty,
	})
	must(t, err)
	a := h.get(t, token, recordsQuery+"?filter=nope:'x'")
	if env := decode[string](t, a); a.status != 200 || env.Meta.Pagination.Total != 0 || !strings.Contains(string(a.body), `"resources":[]`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	a = h.patch(t, token, recordsQuery, `{"action":"delete","filter":"nope:!'x'"}`)
	if env := decode[any](t, a); a.status != 200 || env.Meta.Writes.ResourcesAffected != 0 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := h.get(t, token, recordsQuery+"?filter=nope"); a.status != 400 {
		t.Errorf("a filter that is none: %d %s", a.status, a.body)
	}
}

func TestGetRecords(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	list := h.some(t, token, 3)
	body := fmt.Sprintf(`{"ids":["%s","nope","%s","%s"],"later":1}`, list[2].ID, strings.ToUpper(list[0].ID), list[2].ID)
	env := decode[mews.QuarantinedFile](t, h.post(t, token, recordsGet, body))
	if len(env.Resources) != 2 || env.Resources[0].ID != list[2].ID || env.Resources[1].ID != list[0].ID ||
		len(env.Errors) != 1 || env.Errors[0].ID != "nope" || env.Errors[0].Code != 404 {
		t.Errorf("%+v %+v", env.Errors, env.Resources)
	}
	if got := decode[mews.QuarantinedFile](t, h.post(t, token, recordsGet, `{"ids":"`+list[0].ID+`, `+list[1].ID+`"}`)); len(got.Resources) != 2 {
		t.Errorf("a string with a comma: %d records", len(got.Resources))
	}
	detail := decode[mews.QuarantineDetail](t, h.get(t, token, detailsPath+"?ids="+list[0].ID+"&ids=x,"+list[1].ID))
	if len(detail.Resources) != 2 || len(detail.Errors) != 1 || !detail.Resources[0].HasBytes || len(detail.Resources[0].History) != 1 || detail.Resources[0].History[0].Event != "added" {
		t.Errorf("%+v", detail)
	}
	for body, status := range map[string]int{
		`{}`: 400, `{"ids":null}`: 400, `{"ids":[]}`: 400, `{"ids":""}`: 400, `[]`: 400, `null`: 400, `{"ids":[1]}`: 400, ``: 400,
		`{"ids":["x"]}`: 404, `{"ids":"` + strings.Repeat("x", 300) + `"}`: 404,
		`{"ids":"` + many(5001) + `"}`: 400, `{"ids":"` + many(5000) + `"}`: 404,
	} {
		if a := h.post(t, token, recordsGet, body); a.status != status {
			t.Errorf("%.80s: %d %.200s, want %d", body, a.status, a.body, status)
		}
	}
	if a := h.get(t, token, detailsPath); a.status != 400 {
		t.Errorf("details of nothing: %d %s", a.status, a.body)
	}
}

// many are as many ids that nobody has.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%032x_%064x,", i, i)
	}
	return b.String()
}

// TestUpdates: both calls answer with meta alone, count what they changed, and
// may be repeated.
func TestUpdates(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	list := h.some(t, token, 5)
	state := func(i int) string {
		return decode[mews.QuarantinedFile](t, h.post(t, token, recordsGet, `{"ids":"`+list[i].ID+`"}`)).Resources[0].State
	}
	update := func(path, body string, affected int) {
		t.Helper()
		a := h.patch(t, token, path, body)
		env := decode[any](t, a)
		if a.status != 200 || env.Meta.Writes == nil || env.Meta.Writes.ResourcesAffected != affected || strings.Contains(string(a.body), `"resources":`) {
			t.Errorf("%s: %d %s, want %d affected", body, a.status, a.body, affected)
		}
	}
	release := fmt.Sprintf(`{"action":"Release","comment":null,"ids":["%s","%s"]}`, list[0].ID, strings.ToUpper(list[1].ID))
	update(recordsPath, release, 2)
	update(recordsPath, release, 0)
	update(recordsPath+"?action=unrelease", `{"comment":"back","ids":"`+list[0].ID+`,`+list[3].ID+`"}`, 1)
	update(recordsPath+"?action=delete", `{"action":"release","ids":["`+list[0].ID+`"]}`, 1)
	a := h.patch(t, token, recordsPath, `{"action":"release","ids":["`+list[2].ID+`","`+many(1)[:97]+`"]}`)
	if env := decode[any](t, a); a.status != 200 || env.Meta.Writes.ResourcesAffected != 1 || len(env.Errors) != 1 || env.Errors[0].ID != many(1)[:97] {
		t.Errorf("one of two known: %d %s", a.status, a.body)
	}
	update(recordsQuery, `{"action":"unrelease","comment":null,"filter":["hostname:'host-01'","state:'released'"],"q":null}`, 1)
	update(recordsQuery, `{"action":"delete","comment":"done","filter":null,"q":"host 04"}`, 1)
	update(recordsQuery, `{"action":"release","filter":"hostname:'none'"}`, 0)
	counts := decode[mews.AggregateResult](t, h.get(t, token, countsPath+"?filter="))
	want := `[{"name":"affected_files_by_action","buckets":[{"label":"release","count":2},{"label":"delete","count":4},{"label":"unrelease","count":2}]}]`
	if got, _ := json.Marshal(counts.Resources); string(got) != want {
		t.Errorf("counts %s, want %s", got, want)
	}
	update(recordsQuery+"?action=release", `{"filter":"*"}`, 2)
	if state(1) != "released" || state(4) != "purged" {
		t.Errorf("states %s and %s", state(1), state(4))
	}
	if a := h.get(t, token, samplesPath+"?ids="+list[4].SHA256); a.status != 404 {
		t.Errorf("the bytes of a purged file: %d", a.status)
	}
	if a := h.do(t, "GET", samplesPath+"?ids="+list[1].SHA256, bearing(token), ""); a.status != 200 || string(a.body) != "file 1" {
		t.Errorf("the bytes of a released file: %d %s", a.status, a.body)
	}
}

func TestUpdateRefusals(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	id := h.some(t, token, 1)[0].ID
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{recordsPath, `{}`, 400, "action"},
		{recordsPath, `{"action":"string","ids":["` + id + `"]}`, 400, "release, unrelease or delete"},
		{recordsPath, `{"action":null,"ids":["` + id + `"]}`, 400, "action"},
		{recordsPath, `{"action":"release","comment":"string"}`, 400, "ids"},
		{recordsPath, `{"action":"release","ids":[]}`, 400, "ids"},
		{recordsPath, `{"action":"release","ids":["` + id + `"],"filter":"*"}`, 400, `unknown field "filter"`},
		{recordsPath, `{"action":"release","Ids":["` + id + `"]}`, 400, `unknown field "Ids"`},
		{recordsPath, `{"action":"release","ids":["ID1","ID2","ID3"]}`, 404, "no such quarantined file"},
		{recordsPath, `{"action":"release","ids":["` + strings.Repeat("0", 97) + `"]}`, 404, "no such quarantined file"},
		{recordsPath, `{"action":"delete","comment":"` + strings.Repeat("x", 4097) + `","ids":["` + id + `"]}`, 400, "4096"},
		{recordsPath, `[{"action":"release","ids":["` + id + `"]}]`, 400, "a JSON object"},
		{recordsQuery, `{"action":"delete"}`, 400, `filter \"*\"`},
		{recordsQuery, `{"action":"delete","filter":"","q":""}`, 400, `filter \"*\"`},
		{recordsQuery, `{"action":"delete","filter":null,"q":null,"comment":null}`, 400, `filter \"*\"`},
		{recordsQuery, `{"action":"delete","filter":[],"q":" "}`, 400, `filter \"*\"`},
		{recordsQuery, `{"action":"delete","filter":["",null]}`, 400, `filter \"*\"`},
		{recordsQuery, `{"action":"delete","fliter":"*"}`, 400, `unknown field "fliter"`},
		{recordsQuery, `{"action":"delete","filter":"hostname"}`, 400, "FQL error at 9"},
		{recordsQuery, `{"action":"delete","filter":"nope:'x'"}`, 400, "nope"},
		{recordsQuery, `{"action":"delete","filter":{"a":1}}`, 400, "expected a string or a list of strings"},
		{recordsQuery, `{"action":"purge","filter":"*"}`, 400, "release, unrelease or delete"},
		{recordsQuery, `{"filter":"*"}`, 400, "action"},
		{settingsPath, `{}`, 400, "searchable"},
		{settingsPath, `{"searchable":"true"}`, 400, "searchable: expected true or false"},
		{settingsPath, `{"searchable":true,"pending":0}`, 400, `unknown field "pending"`},
	} {
		a := h.patch(t, token, c.path, c.body)
		text := strings.ReplaceAll(string(a.body), `\"`, `"`)
		if a.status != c.status || !strings.Contains(text, strings.ReplaceAll(c.want, `\"`, `"`)) {
			t.Errorf("%s %.100s: %d %s, want %d %q", c.path, c.body, a.status, a.body, c.status, c.want)
		}
	}
	got := decode[mews.QuarantineDetail](t, h.get(t, token, detailsPath+"?ids="+id)).Resources[0]
	if got.State != mews.StateQuarantined || len(got.History) != 1 {
		t.Errorf("a refused update changed something: %+v", got)
	}
}

func TestAggregates(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.some(t, token, 6)
	for body, want := range map[string]string{
		`{"type":"terms","field":"username","name":"users","sort":"_term|asc"}`:                                     `[{"name":"users","buckets":[{"label":"u0","count":2},{"label":"u1","count":2},{"label":"u2","count":2}],"sum_other_doc_count":0,"doc_count_error_upper_bound":0}]`,
		`[{"type":"cardinality","field":"hostname"},{"type":"max","field":"max_severity","sub_aggregates":[null]}]`: `[{"name":"hostname","buckets":[{"count":6,"value":6}]},{"name":"max_severity","buckets":[{"count":6,"value":50}]}]`,
		`{"type":"terms","field":"nope"}`:                                                                   `[{"name":"nope","buckets":null}]`,
		`{"type":"terms","field":"adversary_id","from":null,"size":null}`:                                   `[{"name":"adversary_id","buckets":[],"sum_other_doc_count":0,"doc_count_error_upper_bound":0}]`,
		`{"type":"range","field":"max_severity","ranges":[{"From":0,"To":30},{"from":30}],"interval":null}`: `[{"name":"max_severity","buckets":[{"label":"0-30","count":3,"from":0,"to":30},{"label":"30-*","count":3,"from":30}]}]`,
	} {
		a := h.post(t, token, aggregates, body)
		var env struct{ Resources json.RawMessage }
		must(t, json.Unmarshal(a.body, &env))
		if a.status != 200 || string(env.Resources) != want {
			t.Errorf("%s: %d %s\nwant %s", body, a.status, env.Resources, want)
		}
	}
	for body, want := range map[string]string{
		`{}`:                                "type",
		`[]`:                                "",
		`[null]`:                            "",
		`{"type":"string","field":"state"}`: "type",
		`{"type":"terms"}`:                  "field",
		`{"type":"terms","field":"state","filter":"state"}`:                                                                              "FQL error at 6",
		`{"type":"terms","field":"state","size":-1}`:                                                                                     "size",
		`{"type":"terms","field":"state","size":10001}`:                                                                                  "10000",
		`{"type":"terms","field":"state","sort":"up"}`:                                                                                   "sort",
		`{"type":"date_histogram","field":"date_created"}`:                                                                               "interval",
		`{"type":"date_histogram","field":"date_created","interval":"day","time_zone":"../../etc/passwd"}`:                               "time_zone",
		`{"type":"date_histogram","field":"date_created","interval":"minute","extended_bounds":{"min":"1920-01-01","max":"2020-01-01"}}`: "10000",
		`{"type":"terms","field":"state","sub_aggregates":[{"type":"terms","field":"state","sub_aggregates":[{"type":"terms","field":"state","sub_aggregates":[{"type":"terms","field":"state","sub_aggregates":[{"type":"max","field":"max_severity"}]}]}]}]}`: "3",
		"[" + strings.Repeat(`{"type":"terms","field":"state"},`, 10) + `{"type":"terms","field":"state"}]`:                                                                                                                                                     "10",
	} {
		a := h.post(t, token, aggregates, body)
		if a.status != 400 || !strings.Contains(decode[any](t, a).Errors[0].Message, want) {
			t.Errorf("%.120s: %d %s, want %q", body, a.status, a.body, want)
		}
	}
}

// TestForeignRecordIsAbsent: another customer's record answers exactly as one
// that never was, on every route that can name one, and no list shows it.
func TestForeignRecordIsAbsent(t *testing.T) {
	h := newHarness(t)
	own, foreign := h.token(t), h.tokenOf(t, foreignCID)
	theirs := h.reported(t, foreign, `{"hostname":"their-host","agent":true,"paths":[{"path":"/their/path"}]}`, "their bytes")
	if a := h.patch(t, foreign, recordsPath, `{"action":"release","ids":["`+theirs.ID+`"]}`); a.status != 200 {
		t.Fatal(a.status)
	}
	action := decode[mews.HostAction](t, h.get(t, foreign, actionsPath+"?aid="+theirs.AID)).Resources[0].ID
	absentAID := strings.Repeat("0", 32)
	absentAction := strings.Repeat("ab", len(action)/2)
	ids := strings.NewReplacer("THEIRS", theirs.ID, "AID", theirs.AID, "SUM", theirs.SHA256, "ACTION", action)
	nobody := strings.NewReplacer("THEIRS", absentAID+"_"+sum("absent"), "AID", absentAID, "SUM", sum("absent"), "ACTION", absentAction)
	back := strings.NewReplacer(theirs.ID, "ID", absentAID+"_"+sum("absent"), "ID", theirs.AID, "AID", absentAID, "AID",
		theirs.SHA256, "SUM", sum("absent"), "SUM", action, "ACTION", absentAction, "ACTION")
	mask := func(a answer) string {
		var env map[string]any
		must(t, json.Unmarshal(a.body, &env))
		meta := env["meta"].(map[string]any)
		delete(meta, "trace_id")
		delete(meta, "query_time")
		b, err := json.Marshal(env)
		must(t, err)
		return fmt.Sprint(a.status, " ", back.Replace(string(b)))
	}
	covered := map[string]bool{}
	for _, c := range []struct{ id, method, path, body, want string }{
		{"GetQuarantineFiles", "POST", recordsGet, `{"ids":["THEIRS"]}`, "404"},
		{"UpdateQuarantinedDetectsByIds", "PATCH", recordsPath, `{"action":"delete","ids":["THEIRS"]}`, "404"},
		{"mews.quarantine.get", "GET", detailsPath + "?ids=THEIRS", "", "404"},
		{"QueryQuarantineFiles", "GET", recordsQuery + "?filter=id:'THEIRS'", "", "200"},
		{"QueryQuarantineFiles", "GET", recordsQuery + "?q=their", "", "200"},
		{"UpdateQfByQuery", "PATCH", recordsQuery, `{"action":"delete","filter":"id:'THEIRS'"}`, "200"},
		{"UpdateQfByQuery", "PATCH", recordsQuery, `{"action":"delete","filter":"*"}`, "200"},
		{"ActionUpdateCount", "GET", countsPath + "?filter=aid:'AID'", "", "200"},
		{"GetAggregateFiles", "POST", aggregates, `{"type":"terms","field":"sha256"}`, "200"},
		{"mews.agent.actions", "GET", actionsPath + "?aid=AID", "", "200"},
		{"mews.agent.acknowledge", "POST", ackPath, `{"id":"ACTION","outcome":"acknowledged"}`, "404"},
		{"mews.quarantine.settings.get", "GET", settingsPath, "", "200"},
		{"GetSampleV3", "GET", samplesPath + "?ids=SUM", "", "404"},
		{"DeleteSampleV3", "DELETE", samplesPath + "?ids=SUM", "", "404"},
		{"mews.samples.get", "GET", "/mews/entities/samples/v1?ids=SUM", "", "404"},
	} {
		covered[c.id] = true
		ask := func(r *strings.Replacer) string {
			return mask(h.do(t, c.method, strings.ReplaceAll(r.Replace(c.path), " ", "+"), bearing(own), r.Replace(c.body)))
		}
		got, absent := ask(ids), ask(nobody)
		if got != absent || !strings.HasPrefix(got, c.want) || strings.Contains(got, "their") {
			t.Errorf("%s %s %s:\n%s, but of nobody's\n%s", c.id, c.path, c.body, got, absent)
		}
	}
	for _, row := range h.api.quarantineOperations() {
		if !covered[row.id] && row.id != "mews.quarantine.settings.update" {
			t.Errorf("%s is not asked for another customer's records", row.id)
		}
	}
	got := decode[mews.QuarantineDetail](t, h.get(t, foreign, detailsPath+"?ids="+theirs.ID)).Resources[0]
	if got.State != mews.StateReleased || got.Actions[0].State != mews.ActionPending || !got.HasBytes {
		t.Errorf("their record changed: %+v", got)
	}
	// The same file and the same host name are another record, of another host.
	mine := h.reported(t, own, `{"hostname":"their-host"}`, "their bytes")
	if mine.AID == theirs.AID || mine.CID != string(ownCID) || mine.State != mews.StateQuarantined {
		t.Errorf("%+v", mine)
	}
	// The host id of another customer is free to be used, and stays apart.
	twin := h.reported(t, own, `{"aid":"`+theirs.AID+`","hostname":"x"}`, "their bytes")
	if twin.ID != theirs.ID || twin.State != mews.StateQuarantined || twin.Hostname != "x" {
		t.Errorf("%+v", twin)
	}
	if a := h.patch(t, own, recordsPath, `{"action":"delete","ids":["`+twin.ID+`","`+mine.ID+`"]}`); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := h.do(t, "GET", samplesPath+"?ids="+theirs.SHA256, bearing(foreign), ""); a.status != 200 || string(a.body) != "their bytes" {
		t.Errorf("their bytes after mine were purged: %d %s", a.status, a.body)
	}
}

// TestHeldBytes: what records hold is theirs to destroy. It can be fetched by
// its hash, but is no part of the corpus.
func TestHeldBytes(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	one := h.reported(t, token, `{"hostname":"a"}`, "held bytes")
	two := h.reported(t, token, `{"hostname":"b"}`, "held bytes")
	status := func(method, path string) int {
		a := h.do(t, method, path+"?ids="+one.SHA256, bearing(token), "")
		if a.status >= 400 {
			checkEnvelope(t, a.status, a.header, a.body)
		}
		return a.status
	}
	remove := func(id string) {
		if a := h.patch(t, token, recordsPath, `{"action":"delete","ids":"`+id+`"}`); a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if s := status("GET", filePath); s != 404 {
		t.Errorf("MalQuery downloads it: %d", s)
	}
	if env := decode[mews.SampleMeta](t, h.get(t, token, metaPath+"?ids="+one.SHA256)); len(env.Resources) != 0 || env.Errors[0].Code != 404 {
		t.Errorf("the corpus knows it: %+v", env)
	}
	a := h.do(t, "DELETE", samplesPath+"?ids="+one.SHA256, bearing(token), "")
	if checkEnvelope(t, a.status, a.header, a.body); a.status != 409 || !strings.Contains(string(a.body), "2 quarantined files") {
		t.Errorf("delete of a sample that records hold: %d %s", a.status, a.body)
	}
	remove(one.ID)
	if s := status("GET", samplesPath); s != 200 {
		t.Errorf("the other record holds it: %d", s)
	}
	remove(two.ID)
	if s := status("GET", samplesPath); s != 404 {
		t.Errorf("nobody holds it: %d", s)
	}
	if a := h.upload(t, token, "held bytes", "file_name=n"); a.status != 200 || status("GET", samplesPath) != 200 || status("DELETE", samplesPath) != 200 {
		t.Errorf("uploaded to the corpus: %d %s", a.status, a.body)
	}
}

// TestSearchableSwitch: quarantined files are found by MalQuery when the
// customer says so, and then only by him.
func TestSearchableSwitch(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	file := h.reported(t, token, `{"hostname":"h"}`, "needle in the quarantine")
	found := func() bool {
		a := h.post(t, token, fuzzyPath, `{"patterns":[{"type":"ascii","value":"needle in the"}]}`)
		list := decode[mews.SampleMeta](t, a).Resources
		return slices.ContainsFunc(list, func(m mews.SampleMeta) bool { return m.SHA256 == file.SHA256 })
	}
	settled := func() {
		t.Helper()
		for range 10_000 {
			if decode[mews.QuarantineSettings](t, h.get(t, token, settingsPath)).Resources[0].Pending == 0 {
				return
			}
			time.Sleep(time.Millisecond) // the background has to come to it
		}
		t.Fatal("the files do not follow")
	}
	if found() {
		t.Error("found before anybody said so")
	}
	for _, on := range []bool{true, false} {
		a := h.patch(t, token, settingsPath, fmt.Sprintf(`{"searchable":%t}`, on))
		if got := decode[mews.QuarantineSettings](t, a).Resources; a.status != 200 || got[0].Searchable != on {
			t.Errorf("%d %s", a.status, a.body)
		}
		settled()
		if found() != on {
			t.Errorf("searchable %t: found %t", on, !on)
		}
	}
}
