package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mewshq/mews"
)

// fake is a server with fixed answers for searches and a real, small sample
// store, so that commands can be tested alone and in each state a server has.
type fake struct {
	*httptest.Server
	t *testing.T

	quarantine *fakeQuarantine
	hosts      *fakeHosts
	iocs       *fakeIOCs
	intel      *fakeIntel

	mu        sync.Mutex
	samples   map[string]mews.SampleRecord
	bytes     map[string][]byte
	cancelled []string
	asked     []string // hash questions, one entry per call with its size
	uploads   int
	intercept func(w http.ResponseWriter, r *http.Request) bool // true: answered
}

const (
	traceID  = "11111111-2222-4333-8444-555555555555"
	huntID   = "aaaaaaaa-0000-4000-8000-000000000001"
	runID    = "aaaaaaaa-0000-4000-8000-000000000002"
	failID   = "aaaaaaaa-0000-4000-8000-000000000003"
	noneID   = "aaaaaaaa-0000-4000-8000-000000000004"
	zipID    = "aaaaaaaa-0000-4000-8000-000000000005"
	limitID  = "aaaaaaaa-0000-4000-8000-000000000007"
	searchID = "aaaaaaaa-0000-4000-8000-000000000006"
)

func shaOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// results hold a name that would be a formula, and one that would steer a
// terminal.
var results = []mews.RequestResult{
	{SampleMeta: mews.SampleMeta{
		SHA256: shaOf("one"), FileType: "PE32", FileSize: 73802, FirstSeen: "2024/05/06", Label: "malware", Family: "=cmd|'/c calc'!A1",
	}, Samples: []mews.SampleMeta{}, YARARules: []string{"loader", "packed"}},
	{SampleMeta: mews.SampleMeta{
		SHA256: shaOf("two"), FileType: "ELF64", FileSize: 1 << 20, FirstSeen: "2023/01/02", Label: "unknown", Family: "\x1b[31mred\u202egpj.exe",
	}, Samples: []mews.SampleMeta{}},
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, samples: map[string]mews.SampleRecord{}, bytes: map[string][]byte{}}
	f.quarantine = newFakeQuarantine(f)
	f.hosts = newFakeHosts(f)
	f.iocs = newFakeIOCs(f)
	f.intel = newFakeIntel(f)
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f.intercept != nil && f.intercept(w, r) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	id := r.URL.Query().Get("ids")
	if f.quarantine.serve(w, r) || f.hosts.serve(w, r) || f.iocs.serve(w, r) || f.vulns(w, r) || f.intel.serve(w, r) {
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /oauth2/token":
		if r.FormValue("client_secret") != "s3cret" {
			f.refuse(w, 403, "access denied, invalid client")
			return
		}
		w.WriteHeader(201)
		_, _ = io.WriteString(w, `{"access_token":"t","expires_in":1799,"token_type":"bearer"}`)
	case "POST /oauth2/revoke":
		f.answer(w, mews.Meta{})
	case "GET /malquery/aggregates/quotas/v1":
		f.answer(w, mews.Meta{Quotas: &mews.Quotas{
			HuntCount: 45, HuntLimit: 100, DownloadCount: 50, DownloadLimit: 50, MonitorLimit: 10, RefreshTime: "2024-07-01T00:00:00Z",
		}})
	case "POST /malquery/combined/fuzzy-search/v1":
		f.fuzzy(w, r)
	case "POST /malquery/queries/exact-search/v1":
		f.exact(w, r)
	case "POST /malquery/queries/hunt/v1":
		f.hunt(w, r)
	case "POST /mews/aggregates/hunt-estimate/v1":
		f.estimate(w, r)
	case "GET /mews/entities/requests/v1":
		f.request(w, id)
	case "DELETE /mews/entities/requests/v1":
		if id != searchID { // which has ended
			f.cancelled = append(f.cancelled, id)
			f.answer(w, mews.Meta{}, id)
			return
		}
		f.answer(w, mews.Meta{})
	case "GET /mews/queries/request-outcomes/v1":
		f.answer(w, mews.Meta{},
			mews.RequestOutcome{SHA256: shaOf("one"), Outcome: "match", Rules: []string{"loader"}},
			mews.RequestOutcome{SHA256: shaOf("three"), Outcome: "error", Reason: "timeout"})
	case "POST /malquery/entities/samples-multidownload/v1":
		f.answer(w, mews.Meta{ReqID: zipID, Status: "done"})
	case "GET /malquery/entities/samples-fetch/v1":
		_, _ = io.WriteString(w, "zip of "+id)
	case "GET /malquery/entities/download-files/v1", "GET /samples/entities/samples/v3":
		f.download(w, r, id)
	case "POST /samples/entities/samples/v3":
		f.upload(w, r)
	case "DELETE /samples/entities/samples/v3":
		if _, ok := f.samples[id]; !ok {
			f.refuse(w, 404, "unknown sample "+id)
			return
		}
		delete(f.samples, id)
		f.answer(w, mews.Meta{}, id)
	case "GET /mews/entities/samples/v1":
		f.info(w, r.URL.Query()["ids"])
	case "GET /mews/queries/fql-explain/v1":
		f.explain(w, r.FormValue("collection"), r.FormValue("filter"))
	case "GET /mews/combined/detections/v1":
		f.detections(w, r)
	case "PATCH /mews/entities/samples/v1":
		f.update(w, r)
	default:
		f.refuse(w, 404, "unknown route "+r.URL.Path)
	}
}

func (f *fake) answer(w http.ResponseWriter, meta mews.Meta, resources ...any) {
	f.answerAll(w, mews.Envelope[any]{Meta: meta, Errors: []mews.APIError{}, Resources: append([]any{}, resources...)})
}

func (f *fake) answerAll(w http.ResponseWriter, env mews.Envelope[any]) {
	env.Meta.TraceID = traceID
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(env)
}

func (f *fake) refuse(w http.ResponseWriter, code int, text string) { f.refuseID(w, code, text, "") }

func (f *fake) refuseID(w http.ResponseWriter, code int, text, id string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(mews.Envelope[any]{
		Meta: mews.Meta{TraceID: traceID}, Errors: []mews.APIError{{Code: code, Message: text, ID: id}},
	})
}

func (f *fake) fuzzy(w http.ResponseWriter, r *http.Request) {
	var q mews.SearchRequest
	_ = json.NewDecoder(r.Body).Decode(&q)
	if len(q.Patterns) != 3 || q.Patterns[1] != (mews.Pattern{Type: "wide", Value: "w1de"}) || q.Options.Limit != 2 {
		f.refuse(w, 400, fmt.Sprintf("unexpected request %+v %+v", q.Patterns, q.Options))
		return
	}
	f.answer(w, mews.Meta{Status: "done", Stats: &mews.Stats{MalwareCount: 1, UnknownCount: 1, TotalCount: 2002}},
		results[0].SampleMeta, results[1].SampleMeta)
}

func (f *fake) exact(w http.ResponseWriter, r *http.Request) {
	var q mews.SearchRequest
	_ = json.NewDecoder(r.Body).Decode(&q)
	switch {
	case len(q.Patterns[0].Value) < 4:
		f.refuse(w, 400, "pattern 1: needs at least 4 fixed bytes")
	case q.Patterns[0].Value == "nothing":
		f.answer(w, mews.Meta{ReqID: noneID, Status: "inprogress"})
	case q.Patterns[0].Value == "slow":
		f.answer(w, mews.Meta{ReqID: runID, Status: "inprogress"})
	default:
		f.answer(w, mews.Meta{ReqID: searchID, Status: "inprogress"})
	}
}

func (f *fake) hunt(w http.ResponseWriter, r *http.Request) {
	var q mews.HuntRequest
	_ = json.NewDecoder(r.Body).Decode(&q)
	switch {
	case !strings.Contains(q.YARARule, "condition"):
		f.refuse(w, 400, "line 1, column 1: syntax error\nexpected a rule")
	case strings.Contains(q.YARARule, "weak") && !q.Options.AllowFullScan:
		f.refuse(w, 400, "rule weak has no indexable string; add one of >= 4 bytes or allow a full scan")
	case q.Options.Limit == 2:
		f.answer(w, mews.Meta{ReqID: limitID, Status: "inprogress"})
	case strings.Contains(q.YARARule, "slow"):
		f.answer(w, mews.Meta{ReqID: runID, Status: "inprogress"})
	default:
		f.answer(w, mews.Meta{ReqID: huntID, Status: "inprogress", Estimate: &mews.HuntEstimate{Files: 1000, Candidates: 12, CandidateBytes: 3 << 20}})
	}
}

func (f *fake) estimate(w http.ResponseWriter, r *http.Request) {
	var q mews.HuntRequest
	_ = json.NewDecoder(r.Body).Decode(&q)
	e := mews.HuntEstimate{
		Files: 1000, Candidates: 12, CandidateBytes: 3 << 20, CorpusBytes: 900 << 20, CorpusShare: 0.0033, CPUSeconds: 0.4,
		Weak: []mews.WeakPattern{{Rule: "loader", Pattern: "$b", Why: "shorter than 4 bytes"}},
	}
	switch {
	case !strings.Contains(q.YARARule, "condition"):
		f.refuse(w, 400, "yara_rule does not compile: line 1, column 1: syntax error\nexpected a rule")
		return
	case strings.Contains(q.YARARule, "weak"):
		e.Rules = []mews.RulePlan{
			{Name: "weak", Quality: mews.PlanNone, Why: &mews.RuleProblem{Code: "constant", Line: 1, Column: 24, Message: "`true` holds for every file"}},
			{Name: "helper", Private: true, Quality: mews.PlanWeak},
		}
		e.Warnings = []mews.RuleProblem{{Code: "invariant_expr", Line: 1, Message: "always true"}}
	default:
		e.Rules = []mews.RulePlan{{Name: "loader", Quality: mews.PlanStrong}}
	}
	f.answer(w, mews.Meta{Estimate: &e})
}

func (f *fake) request(w http.ResponseWriter, id string) {
	counts := mews.HuntCounts{Candidates: 12, Match: 2, NoMatch: 7, Skipped: 1, Error: 2, BytesScanned: 3 << 20}
	stats := &mews.Stats{MalwareCount: 1, UnknownCount: 1, TotalCount: 2}
	switch id {
	case huntID:
		f.answer(w, mews.Meta{ReqID: id, ReqType: "hunt", Status: "done", Stats: stats, Hunt: &counts}, results[0], results[1])
	case limitID:
		cut := mews.HuntCounts{Candidates: 90, Match: 2, Skipped: 88, Reasons: map[string]int64{"result limit": 88}}
		f.answer(w, mews.Meta{ReqID: id, ReqType: "hunt", Status: "done", Stats: stats, Hunt: &cut, Partial: true}, results[0], results[1])
	case searchID:
		f.answer(w, mews.Meta{ReqID: id, ReqType: "search", Status: "done", Stats: stats, QueryTime: 6360}, results[0], results[1])
	case noneID:
		f.answer(w, mews.Meta{ReqID: id, ReqType: "search", Status: "done", Stats: &mews.Stats{}})
	case zipID:
		f.answer(w, mews.Meta{ReqID: id, ReqType: "download", Status: "done"})
	case runID:
		f.answer(w, mews.Meta{ReqID: id, ReqType: "hunt", Status: "inprogress", Progress: &mews.Progress{Done: 3, Total: 12, Bytes: 5000, Found: 1}, Partial: true}, results[0])
	case failID:
		f.answerAll(w, mews.Envelope[any]{
			Meta:   mews.Meta{ReqID: id, ReqType: "hunt", Status: "failed"},
			Errors: []mews.APIError{{Code: 400, Message: "rule too slow"}}, Resources: []any{results[0]},
		})
	default:
		f.refuseID(w, 400, "no such request", id)
	}
}

func (f *fake) download(w http.ResponseWriter, r *http.Request, id string) {
	b, ok := f.bytes[id]
	if !ok {
		f.refuse(w, 404, "unknown sample "+id)
		return
	}
	if r.FormValue("password_protected") == "true" {
		b = append([]byte("zip of "), b...)
	}
	_, _ = w.Write(b)
}

func (f *fake) upload(w http.ResponseWriter, r *http.Request) {
	f.uploads++
	b, err := io.ReadAll(r.Body)
	q := r.URL.Query()
	sha := shaOf(string(b))
	switch {
	case err != nil:
		f.refuse(w, 400, "unexpected EOF")
		return
	case bytes.HasPrefix(b, []byte("refuse me")):
		f.refuse(w, 400, "refused")
		return
	case q.Get("sha256") != sha:
		f.refuse(w, 400, "sha256 mismatch: computed "+sha)
		return
	}
	f.bytes[sha] = b
	f.samples[sha] = mews.SampleRecord{
		SampleMeta: mews.SampleMeta{SHA256: sha, FileSize: int64(len(b)), Label: q.Get("label"), Family: q.Get("family"), FirstSeen: q.Get("first_seen"), FileType: "TEXT"},
		Tags:       q["tags"], FileName: q.Get("file_name"),
	}
	f.answer(w, mews.Meta{}, mews.UploadedSample{SHA256: sha, FileName: q.Get("file_name")})
}

func (f *fake) info(w http.ResponseWriter, ids []string) {
	f.asked = append(f.asked, fmt.Sprint(len(ids)))
	env := mews.Envelope[any]{Errors: []mews.APIError{}, Resources: []any{}}
	slices.Sort(ids)
	for _, id := range ids {
		if s, ok := f.samples[id]; ok {
			env.Resources = append(env.Resources, s)
		} else {
			env.Errors = append(env.Errors, mews.APIError{Code: 404, Message: "unknown sample", ID: id})
		}
	}
	if len(env.Resources) == 0 {
		f.refuse(w, 404, "no such sample")
		return
	}
	f.answerAll(w, env)
}

func (f *fake) update(w http.ResponseWriter, r *http.Request) {
	var u mews.SampleUpdate
	_ = json.NewDecoder(r.Body).Decode(&u)
	env := mews.Envelope[any]{Errors: []mews.APIError{}, Resources: []any{}}
	for _, id := range u.IDs {
		s, ok := f.samples[id]
		if !ok {
			env.Errors = append(env.Errors, mews.APIError{Code: 404, Message: "unknown sample", ID: id})
			continue
		}
		if u.Label != nil {
			s.Label = *u.Label
		}
		if u.Family != nil {
			s.Family = *u.Family
		}
		s.Tags = append(s.Tags, u.AddTags...)
		f.samples[id] = s
		env.Resources = append(env.Resources, id)
	}
	env.Meta.Writes = &mews.Writes{ResourcesAffected: len(env.Resources)}
	f.answerAll(w, env)
}

// put stores a sample beside the API.
func (f *fake) put(content, label string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	sha := shaOf(content)
	f.bytes[sha] = []byte(content)
	f.samples[sha] = mews.SampleRecord{SampleMeta: mews.SampleMeta{SHA256: sha, FileSize: int64(len(content)), FileType: "TEXT", Label: label}, FileName: "f.txt"}
	return sha
}

// A run is one command line in process.
type run struct {
	ctx      context.Context
	stdin    string
	env      map[string]string
	terminal []string // which of in, out, err are terminals
}

// mews runs a command against the fake and gives what it wrote and its code.
func (f *fake) mews(r run, args ...string) (out, errOut string, code int) {
	var stdout, stderr bytes.Buffer
	env := map[string]string{"FALCON_BASE_URL": f.URL, "FALCON_CLIENT_ID": "id", "FALCON_CLIENT_SECRET": "s3cret"}
	for k, v := range r.env {
		env[k] = v
	}
	if r.ctx == nil {
		r.ctx = f.t.Context()
	}
	in := strings.NewReader(r.stdin)
	g := &globals{
		Stdio: Stdio{In: in, Out: &stdout, Err: &stderr},
		env:   func(k string) string { return env[k] },
		isTerminal: func(s any) bool {
			return s == any(in) && slices.Contains(r.terminal, "in") ||
				s == any(&stdout) && slices.Contains(r.terminal, "out") ||
				s == any(&stderr) && slices.Contains(r.terminal, "err")
		},
	}
	code = g.main(r.ctx, append([]string{"mews"}, args...))
	return stdout.String(), stderr.String(), code
}
