package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/yara"
)

func decode[T any](t testing.TB, a answer) mews.Envelope[T] {
	t.Helper()
	var env mews.Envelope[T]
	must(t, json.Unmarshal(a.body, &env))
	return env
}

func (h *harness) post(t testing.TB, token, path, body string) answer {
	t.Helper()
	a := h.do(t, "POST", path, bearing(token), body)
	checkEnvelope(t, a.status, a.header, a.body)
	return a
}

// wait polls a request until it has ended.
func (h *harness) wait(t testing.TB, token, id string) answer {
	t.Helper()
	for range 500 {
		a := h.do(t, "GET", "/malquery/entities/requests/v1?ids="+id, bearing(token), "{}")
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if decode[any](t, a).Meta.Status != mews.StatusInProgress {
			return a
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the request does not end")
	return answer{}
}

const (
	fuzzyPath   = "/malquery/combined/fuzzy-search/v1"
	exactPath   = "/malquery/queries/exact-search/v1"
	huntPath    = "/malquery/queries/hunt/v1"
	archivePath = "/malquery/entities/samples-multidownload/v1"
	fetchPath   = "/malquery/entities/samples-fetch/v1"
	filePath    = "/malquery/entities/download-files/v1"
	metaPath    = "/malquery/entities/metadata/v1"
	quotaPath   = "/malquery/aggregates/quotas/v1"
)

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// TestSearches finds what was uploaded, by each kind of pattern, fuzzy and
// exact, under every option.
func TestSearches(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	texts := map[string]string{
		"one": "the falcon sees", "two": "the falcon sleeps", "three": "a\x00 w\x00i\x00d\x00e\x00 text f\x00a\x00l\x00c\x00o\x00n\x00",
	}
	for name, text := range texts {
		if a := h.upload(t, token, text, "file_name="+name+"&first_seen=2020/01/02&label="+map[string]string{"one": "pua", "two": "malware", "three": ""}[name]); a.status != 200 {
			t.Fatal(a.status)
		}
	}
	for body, want := range map[string][]string{
		`{"patterns":[{"type":"ascii","value":"falcon"}]}`:                                                                       {"one", "two"},
		`{"patterns":[{"type":"WIDE","value":"falcon"}],"options":null}`:                                                         {"three"},
		`{"patterns":[{"type":"hex","value":"66 61 6C 63 6f 6e"}],"options":{"limit":0}}`:                                        {"one", "two"},
		`{"patterns":[{"type":"ascii","value":"falcon"},{"type":"ascii","value":"sleeps"}]}`:                                     {"two"},
		`{"patterns":[{"type":"ascii","value":"absent"}]}`:                                                                       {},
		`{"patterns":[{"type":"ascii","value":"falcon"}],"options":{"max_size":15}}`:                                             {"one"},
		`{"patterns":[{"type":"ascii","value":"falcon"}],"options":{"min_size":"0.01 kb","limit":99999}}`:                        {"one", "two"},
		`{"patterns":[{"type":"ascii","value":"falcon"}],"options":{"min_date":"2020/01/03"}}`:                                   {},
		`{"patterns":[{"type":"ascii","value":"falcon"}],"options":{"max_date":"2020-01-02","min_date":"2020-01-02T05:00:00Z"}}`: {"one", "two"},
		`{"patterns":[{"type":"ascii","value":"falcon"}],"options":{"filter_filetypes":"PDF"}}`:                                  {},
		`{"patterns":[{"type":"ascii","value":"falcon"}],"options":{"app":"x","submitted_by_customer":true}}`:                    {"one", "two"},
	} {
		fuzzy := h.post(t, token, fuzzyPath, body)
		env := decode[mews.SampleMeta](t, fuzzy)
		if fuzzy.status != 200 || env.Meta.Status != mews.StatusDone || env.Meta.Stats == nil || len(env.Errors) != 0 {
			t.Errorf("fuzzy %s: %d %s", body, fuzzy.status, fuzzy.body)
			continue
		}
		created := decode[any](t, h.post(t, token, exactPath, body))
		if !uuid.MatchString(created.Meta.ReqID) || created.Meta.Status == "" || len(created.Resources) != 0 {
			t.Fatalf("exact %s: %+v", body, created)
		}
		done := decode[mews.RequestResult](t, h.wait(t, token, created.Meta.ReqID))
		if done.Meta.Status != mews.StatusDone || done.Meta.ReqType != mews.ReqTypeSearch || done.Meta.Stats.TotalCount != len(want) || done.Meta.YARARule == "" || len(done.Meta.Patterns) == 0 {
			t.Errorf("exact %s: %+v", body, done.Meta)
		}
		if done.Meta.QueryTime < 1 || done.Meta.QueryTime != float64(int64(done.Meta.QueryTime)) {
			t.Errorf("query_time of a finished request: %v", done.Meta.QueryTime)
		}
		found := map[string]bool{}
		for _, r := range done.Resources {
			found[r.SHA256] = true
			if r.Samples == nil {
				t.Error("a finished request's resource has no samples list")
			}
		}
		inFuzzy := map[string]bool{}
		for _, r := range env.Resources {
			inFuzzy[r.SHA256] = true
		}
		for _, name := range want {
			if id := sum(texts[name]); !found[id] || !inFuzzy[id] {
				t.Errorf("%s: %s was not found (exact %v, fuzzy %v)", body, name, found[id], inFuzzy[id])
			}
		}
		if len(found) != len(want) {
			t.Errorf("%s: exact found %d files, want %d", body, len(found), len(want))
		}
	}
	one := h.post(t, token, fuzzyPath, `{"patterns":[{"type":"ascii","value":"falcon sees"}],"options":{"filter_meta":["sha256","type","size"]}}`)
	if want := `"resources":[{"sha256":"` + sum(texts["one"]) + `","filesize":15,"filetype":"TEXT"}]`; !strings.Contains(string(one.body), want) {
		t.Errorf("projection: %s, want %s", one.body, want)
	}
	all := decode[mews.SampleMeta](t, h.post(t, token, fuzzyPath, `{"patterns":[{"type":"ascii","value":"falcon sees"}]}`))
	if m := all.Resources[0]; m.Label != "unwanted" || m.FirstSeen != "2020/01/02" || len(m.SHA1) != 40 || all.Meta.Stats.PUACount != 1 {
		t.Errorf("%+v %+v", m, all.Meta.Stats)
	}
}

// TestPatternRefusals is the table of bad searches: each is a 400 in JSON.
func TestPatternRefusals(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	good := `"patterns":[{"type":"ascii","value":"falcon"}]`
	pattern := func(kind, value string) string {
		return fmt.Sprintf(`{"patterns":[{"type":%q,"value":%q}]}`, kind, value)
	}
	for body, want := range map[string]string{
		`{}`:                                       "patterns",
		`{"patterns":null}`:                        "patterns",
		`{"patterns":[]}`:                          "patterns",
		`{"patterns":{}}`:                          "patterns: expected a list",
		`{"patterns":[1]}`:                         "patterns[0]: expected an object",
		`[]`:                                       "JSON object",
		pattern("string", "falcon"):                "unknown type",
		pattern("file", "falcon"):                  "unknown type",
		pattern("", "falcon"):                      "unknown type",
		pattern("ascii", "abc"):                    "at least 4",
		pattern("ascii", ""):                       "at least 4",
		pattern("wide", "abc"):                     "4 characters",
		pattern("hex", "4d5a90"):                   "4 fixed bytes",
		pattern("hex", "4d5a900"):                  "hex",
		pattern("hex", "4d5a90??"):                 "wildcards",
		pattern("hex", "zzzzzzzz"):                 "hex",
		pattern("ascii", strings.Repeat("a", 257)): "256",
		`{"patterns":[` + strings.TrimSuffix(strings.Repeat(`{"type":"ascii","value":"falcon"},`, 33), ",") + `]}`: "at most 32",
		`{` + good + `,"options":{"limit":-1}}`:                                      "limit",
		`{` + good + `,"options":{"limit":"10"}}`:                                    "options.limit: expected an integer",
		`{` + good + `,"options":{"min_size":"2kb","max_size":"1kb"}}`:               "min_size",
		`{` + good + `,"options":{"min_size":"10ZB"}}`:                               "min_size",
		`{` + good + `,"options":{"max_size":"-1"}}`:                                 "max_size",
		`{` + good + `,"options":{"max_date":"2024-02-31"}}`:                         "max_date",
		`{` + good + `,"options":{"min_date":"UTC_Date_Here"}}`:                      "min_date",
		`{` + good + `,"options":{"min_date":"2024/01/02","max_date":"2024/01/01"}}`: "min_date",
		`{` + good + `,"options":{"filter_filetypes":["exe"]}}`:                      "filter_filetypes",
		`{` + good + `,"options":{"filter_meta":["nonsense"]}}`:                      "filter_meta",
		`{` + good + `,"options":{"filter_meta":"sha256"},"PATTERNS":[]}`:            "another case",
	} {
		for _, path := range []string{fuzzyPath, exactPath} {
			if a := h.post(t, token, path, body); a.status != 400 || !strings.Contains(string(a.body), want) {
				t.Errorf("%.120s: %d %s, want 400 %q", body, a.status, a.body, want)
			}
		}
	}
	for body, status := range map[string]int{`{}`: 400, `{"yara_rule":null}`: 400, `{"yara_rule":""}`: 400, `{"yara_rule":"rule a { condition: true }"}`: 503} {
		for _, path := range []string{huntPath, "/mews/aggregates/hunt-estimate/v1"} {
			if a := h.post(t, token, path, body); a.status != status {
				t.Errorf("%s %s: %d %s, want %d", path, body, a.status, a.body, status)
			}
		}
	}
	if q := decode[any](t, h.do(t, "GET", quotaPath, bearing(token), "")); q.Meta.HuntCount != 0 {
		t.Errorf("refused searches cost %d of the quota", q.Meta.HuntCount)
	}
}

// TestArchive walks samples into an archive and out of it.
func TestArchive(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.upload(t, token, "one", "file_name=n")
	h.upload(t, token, "two", "file_name=n")
	a := h.post(t, token, archivePath, fmt.Sprintf(`{"samples":["%s","%s","%s"]}`, sum("one"), sum("two"), sum("none")))
	env := decode[any](t, a)
	if a.status != 200 || !uuid.MatchString(env.Meta.ReqID) || len(env.Errors) != 1 || env.Errors[0].ID != sum("none") {
		t.Fatalf("%d %s", a.status, a.body)
	}
	done := decode[mews.RequestResult](t, h.wait(t, token, env.Meta.ReqID))
	if done.Meta.ReqType != mews.ReqTypeDownload || len(done.Resources) != 2 {
		t.Errorf("%+v", done)
	}
	for sdk, media := range map[string]string{"": mediaZip, "crowdstrike-falconpy/1.6.2": mediaZip, "crowdstrike-gofalcon/0.21.1": mediaBytes} {
		zip := h.do(t, "GET", fetchPath+"?ids="+env.Meta.ReqID, with(bearing(token), "CrowdStrike-SDK", sdk), "")
		if zip.status != 200 || zip.header.Get("Content-Type") != media || !bytes.Contains(zip.body, []byte(sum("two"))) || zip.header.Get("Content-Disposition") != `attachment; filename="`+env.Meta.ReqID+`.zip"` {
			t.Errorf("%s: %d %v", sdk, zip.status, zip.header)
		}
	}
	for path, want := range map[string]string{
		fetchPath + "?ids=00000000-0000-4000-8000-000000000000": "404 Could not find sample archive",
		fetchPath + "?ids=12345678":                             "404 Could not find sample archive",
		fetchPath:                                               "400 ids",
		fetchPath + "?ids=a,b":                                  "400 exactly one",
		filePath + "?ids=12345678":                              "400 sha256",
		filePath + "?ids=" + sum("none"):                        "404 not found",
		filePath + "?ids=" + sum("one") + "," + sum("two"):      "400 exactly one",
		metaPath + "?ids=x":                                     "400 sha256",
		metaPath:                                                "400 ids",
		"/malquery/entities/requests/v1?ids=x":                  "400 no such request",
		"/malquery/entities/requests/v1?ids=a%2Cb":              "400 exactly one",
		"/malquery/entities/requests/v1":                        "400 ids",
	} {
		a := h.do(t, "GET", path, bearing(token), "{}")
		checkEnvelope(t, a.status, a.header, a.body)
		status, text, _ := strings.Cut(want, " ")
		if fmt.Sprint(a.status) != status || !strings.Contains(string(a.body), text) {
			t.Errorf("%s: %d %s, want %s", path, a.status, a.body, want)
		}
	}
	for body, status := range map[string]int{`{}`: 400, `{"samples":["x"]}`: 400, `{"samples":["` + sum("none") + `"]}`: 404} {
		if a := h.post(t, token, archivePath, body); a.status != status {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

// TestQuotas counts what costs, and refuses beyond.
func TestQuotas(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.upload(t, token, "one", "file_name=n")
	h.post(t, token, fuzzyPath, `{"patterns":[{"type":"ascii","value":"falcon"}]}`)
	h.post(t, token, exactPath, `{"patterns":[{"type":"ascii","value":"falcon"}]}`)
	if a := h.do(t, "GET", filePath+"?ids="+sum("one"), bearing(token), ""); a.status != 200 || string(a.body) != "one" || a.header.Get("Content-Type") != mediaBytes {
		t.Errorf("%d %q", a.status, a.body)
	}
	a := h.do(t, "GET", quotaPath, bearing(token), "{}")
	checkEnvelope(t, a.status, a.header, a.body)
	var top struct{ Meta map[string]any }
	must(t, json.Unmarshal(a.body, &top))
	for name, want := range map[string]float64{"hunt_count": 1, "hunt_limit": 100, "download_count": 1, "download_limit": 50, "monitor_count": 0, "monitor_limit": 0} {
		if got, ok := top.Meta[name].(float64); !ok || got != want {
			t.Errorf("%s is %v, want %v", name, top.Meta[name], want)
		}
	}
	if strings.Contains(string(a.body), `"resources"`) {
		t.Errorf("the quotas reply has resources: %s", a.body)
	}
	for i := range 50 {
		if a = h.do(t, "GET", filePath+"?ids="+sum("one"), bearing(token), ""); (a.status == 429) != (i == 49) {
			t.Fatalf("download %d: %d %s", i+2, a.status, a.body)
		}
	}
	checkEnvelope(t, a.status, a.header, a.body)
	now := time.Now().UTC()
	next := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	wait, _ := strconv.Atoi(a.header.Get("Retry-After"))
	if a.header.Get("X-Ratelimit-Retryafter") != fmt.Sprint(next.Unix()) || (next.Sub(now)-time.Duration(wait)*time.Second).Abs() > time.Minute {
		t.Errorf("the quota is renewed at %d, but come back at %s, in %d s", next.Unix(), a.header.Get("X-Ratelimit-Retryafter"), wait)
	}
}

// TestLargeRule: the largest rule text fits into a body, however it is escaped;
// one byte more is refused by the limit on rules. No scanner is there, which is
// what a text within the limits is told.
func TestLargeRule(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	for size, want := range map[int]int{yara.MaxSource: 503, yara.MaxSource + 1: 400} {
		a := h.post(t, token, huntPath, `{"yara_rule":"`+strings.Repeat(`\u000a`, size)[:size*6-6]+`a"}`)
		if a.status != want {
			t.Errorf("%d bytes: %d %.200s", size, a.status, a.body)
		}
	}
}

// TestForeignRequests: another customer's request, and by default another
// client's, is unknown on every route.
func TestForeignRequests(t *testing.T) {
	h := newHarness(t)
	owner := h.token(t)
	h.upload(t, owner, "one", "file_name=n")
	search := decode[any](t, h.post(t, owner, exactPath, `{"patterns":[{"type":"ascii","value":"falcon"}]}`)).Meta.ReqID
	archive := decode[any](t, h.post(t, owner, archivePath, `{"samples":"`+sum("one")+`"}`)).Meta.ReqID
	h.wait(t, owner, archive)
	for who, token := range map[string]string{"another client": h.token(t), "another customer": h.tokenOf(t, foreignCID)} {
		for _, c := range []struct {
			method, path string
			status       int
		}{
			{"GET", "/malquery/entities/requests/v1?ids=" + search, 400},
			{"GET", fetchPath + "?ids=" + archive, 404},
			{"DELETE", "/mews/entities/requests/v1?ids=" + search, 404},
			{"GET", "/mews/queries/request-outcomes/v1?ids=" + search, 404},
		} {
			if a := h.do(t, c.method, c.path, bearing(token), ""); a.status != c.status {
				t.Errorf("%s, %s %s: %d %s", who, c.method, c.path, a.status, a.body)
			}
		}
	}
	if a := h.do(t, "DELETE", "/mews/entities/requests/v1?ids="+strings.Repeat("a", 5000), bearing(owner), ""); a.status != 404 || len(a.body) > 1000 {
		t.Errorf("a long id comes back in %d bytes: %d", len(a.body), a.status)
	}
	theirs := h.do(t, "GET", metaPath+"?ids="+sum("one"), bearing(h.tokenOf(t, foreignCID)), "")
	if env := decode[any](t, theirs); theirs.status != 200 || len(env.Resources) != 0 || len(env.Errors) != 1 || env.Errors[0].Code != 404 {
		t.Errorf("metadata of a foreign sample: %d %s", theirs.status, theirs.body)
	}
	h.wait(t, owner, search)
	if a := h.do(t, "DELETE", "/mews/entities/requests/v1?ids="+search, bearing(owner), ""); a.status != 200 || !strings.Contains(string(a.body), `"writes":{"resources_affected":0}`) || !strings.HasSuffix(string(a.body), `"resources":[]}`) {
		t.Errorf("cancel of an ended request: %d %s", a.status, a.body)
	}
	if a := h.do(t, "GET", "/mews/queries/request-outcomes/v1?ids="+search, bearing(owner), ""); a.status != 200 {
		t.Errorf("outcomes: %d %s", a.status, a.body)
	}
}
