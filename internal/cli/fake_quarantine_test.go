package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
)

const (
	aidOne = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	aidTwo = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// fakeQuarantine is a small store of records behind the routes of quarantine.
type fakeQuarantine struct {
	f          *fake
	records    []mews.QuarantineDetail // the oldest first
	comments   []string
	searchable bool
	ndjson     int // lines taken in
	acks       []mews.ActionAck
	aggregates []mews.AggregateRequest // of the last call
}

func newFakeQuarantine(f *fake) *fakeQuarantine {
	q := &fakeQuarantine{f: f}
	severity := 80
	for i, r := range []mews.QuarantineDetail{
		{
			QuarantinedFile: mews.QuarantinedFile{
				AID: aidOne, SHA256: shaOf("one"), State: mews.StateQuarantined, Hostname: "ws1", Username: "=cmd|'/c calc'!A1",
				DateCreated: "2024-05-06T07:08:09Z", DateUpdated: "2024-05-06T07:08:09Z", DetectIDs: []string{"clamav:Sig.A"},
				Paths: []mews.QuarantinePath{
					{Filename: "a.exe", Path: `C:\Users\bob\a.exe`, State: mews.StateQuarantined},
					{Filename: "b.exe", Path: "C:\\\x1b[2J\\b.exe", State: "error", Reason: 5},
				},
			}, HasBytes: true, MaxSeverity: &severity, FirstBehavior: "2024-05-06T07:00:00Z", LastBehavior: "2024-05-06T07:00:00Z",
			Behaviors: []mews.QuarantineBehavior{{BehaviorID: "Sig.A", IOCType: "hash_md5", IOCValue: "0123"}},
			History:   []mews.QuarantineEvent{{Time: "2024-05-06T07:08:09Z", Client: "id", Event: "added", Comment: "case 17"}},
			Actions: []mews.HostAction{{
				ID: "a1", AID: aidOne, Action: mews.ActionRelease, State: mews.ActionFailed, DateCreated: "2024-05-06T08:00:00Z",
				Reason: "disk full", SHA256: shaOf("one"), Paths: []mews.QuarantinePath{{Path: `C:\Users\bob\a.exe`}},
			}},
		},
		{QuarantinedFile: mews.QuarantinedFile{
			AID: aidTwo, SHA256: shaOf("two"), State: mews.StatePurged, Hostname: "ws2", DateCreated: "2024-05-07T00:00:00Z",
			DateUpdated: "2024-05-08T00:00:00Z", Paths: []mews.QuarantinePath{{Filename: "x", Path: "/tmp/x", State: mews.StatePurged}},
		}},
		{QuarantinedFile: mews.QuarantinedFile{
			AID: aidTwo, SHA256: shaOf("one"), State: mews.StateReleased, Hostname: "ws2", DateCreated: "2024-05-09T00:00:00Z",
			DateUpdated: "2024-05-10T00:00:00Z",
		}, HasBytes: true},
	} {
		r.ID = r.AID + "_" + r.SHA256
		r.CID = strings.Repeat("c", 32)
		if i == 1 {
			r.Extracted = true
		}
		q.records = append(q.records, r)
	}
	return q
}

// serve answers the routes of quarantine; false: it is none of them.
func (q *fakeQuarantine) serve(w http.ResponseWriter, r *http.Request) bool {
	switch r.Method + " " + r.URL.Path {
	case "GET /quarantine/queries/quarantined-files/v1":
		q.query(w, r)
	case "POST /quarantine/entities/quarantined-files/GET/v1":
		var body struct{ IDs []string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		q.entities(w, body.IDs, func(d mews.QuarantineDetail) any { return d.QuarantinedFile })
	case "GET /mews/entities/quarantined-files/v1":
		q.entities(w, r.URL.Query()["ids"], func(d mews.QuarantineDetail) any { return d })
	case "GET /quarantine/aggregates/action-update-count/v1":
		q.counts(w, r)
	case "POST /quarantine/aggregates/quarantined-files/GET/v1":
		q.aggregate(w, r)
	case "PATCH /quarantine/entities/quarantined-files/v1", "PATCH /quarantine/queries/quarantined-files/v1":
		q.update(w, r)
	case "POST /ingest/v1/quarantine":
		q.ingest(w, r)
	case "GET /mews/entities/quarantine-settings/v1", "PATCH /mews/entities/quarantine-settings/v1":
		var s mews.QuarantineSettings
		if json.NewDecoder(r.Body).Decode(&s) == nil {
			q.searchable = s.Searchable
		}
		q.f.answer(w, mews.Meta{}, mews.QuarantineSettings{Searchable: q.searchable, Pending: 2})
	case "GET /agent/v1/actions":
		var list []any
		for _, d := range q.records {
			for _, a := range d.Actions {
				if a.AID == r.FormValue("aid") {
					list = append(list, a)
				}
			}
		}
		q.f.answer(w, mews.Meta{}, list...)
	case "POST /agent/v1/actions/ack":
		_ = json.NewDecoder(r.Body).Decode(&q.acks)
		env := mews.Envelope[any]{Errors: []mews.APIError{}, Meta: mews.Meta{Writes: &mews.Writes{}}}
		for _, a := range q.acks {
			if a.ID == "a1" {
				env.Meta.Writes.ResourcesAffected++
			} else {
				env.Errors = append(env.Errors, mews.APIError{Code: 404, Message: "no such action", ID: a.ID})
			}
		}
		q.f.answerAll(w, env)
	default:
		return false
	}
	return true
}

// selected gives the records that the few filters of the tests select, the newest first.
func (q *fakeQuarantine) selected(w http.ResponseWriter, filter, phrase string) ([]mews.QuarantineDetail, bool) {
	if strings.HasPrefix(filter, "bad") {
		q.f.refuse(w, 400, "FQL error at 4: expected operator")
		return nil, false
	}
	filter = strings.ReplaceAll(filter, `"`, "'")
	var found []mews.QuarantineDetail
	for _, d := range slices.Backward(q.records) {
		hashes, host, byHash := strings.Cut(filter, "]+hostname:")
		match := filter == "" || filter == "*" || filter == "state:'"+d.State+"'" ||
			byHash && strings.Contains(hashes, d.SHA256) && host == fqlString(d.Hostname)
		if match && strings.Contains(d.Hostname, phrase) {
			found = append(found, d)
		}
	}
	return found, true
}

func (q *fakeQuarantine) query(w http.ResponseWriter, r *http.Request) {
	found, ok := q.selected(w, r.FormValue("filter"), r.FormValue("q"))
	if !ok {
		return
	}
	limit, _ := strconv.Atoi(r.FormValue("limit"))
	if limit == 0 {
		limit = 2
	}
	from, _ := strconv.Atoi(r.FormValue("after"))
	page := found[min(from, len(found)):min(from+limit, len(found))]
	p := &mews.Pagination{Offset: from + len(page), Limit: limit, Total: len(found)}
	if p.Offset < p.Total {
		p.After = strconv.Itoa(p.Offset)
	}
	ids := []any{}
	for _, d := range page {
		ids = append(ids, d.ID)
	}
	q.f.answer(w, mews.Meta{Pagination: p}, ids...)
}

func (q *fakeQuarantine) entities(w http.ResponseWriter, ids []string, show func(mews.QuarantineDetail) any) {
	env := mews.Envelope[any]{Errors: []mews.APIError{}, Resources: []any{}}
	for _, id := range ids {
		if i := q.index(id); i >= 0 {
			env.Resources = append(env.Resources, show(q.records[i]))
		} else {
			env.Errors = append(env.Errors, mews.APIError{Code: 404, Message: "no such quarantined file", ID: id})
		}
	}
	if len(env.Resources) == 0 {
		q.f.refuse(w, 404, "no such quarantined file")
		return
	}
	q.f.answerAll(w, env)
}

func (q *fakeQuarantine) index(id string) int {
	return slices.IndexFunc(q.records, func(d mews.QuarantineDetail) bool { return d.ID == id })
}

func (q *fakeQuarantine) counts(w http.ResponseWriter, r *http.Request) {
	found, ok := q.selected(w, r.FormValue("filter"), r.FormValue("q"))
	if !ok {
		return
	}
	result := mews.AggregateResult{Name: "affected_files_by_action", Buckets: []mews.AggregateBucket{}}
	for _, verb := range []actionVerb{verbRelease, verbUnrelease, verbDelete} {
		n := int64(0)
		for _, d := range found {
			if slices.Contains(verb.from, d.State) {
				n++
			}
		}
		result.Buckets = append(result.Buckets, mews.AggregateBucket{Label: verb.action, Count: n})
	}
	q.f.answer(w, mews.Meta{}, result)
}

func (q *fakeQuarantine) aggregate(w http.ResponseWriter, r *http.Request) {
	_ = json.NewDecoder(r.Body).Decode(&q.aggregates)
	var results []any
	for _, a := range q.aggregates {
		others, value := int64(3), 2.5
		res := mews.AggregateResult{Name: a.Field}
		switch {
		case a.Field == "nonsense":
		case a.Type == mews.AggregateAvg:
			res.Buckets = []mews.AggregateBucket{{Count: 3, Value: &value}}
		case a.Type == mews.AggregateDateHistogram:
			res.Buckets = []mews.AggregateBucket{{Label: 1.7e12, KeyAsString: "2023-11-14T00:00:00Z", Count: 4}}
		default:
			res.Buckets = []mews.AggregateBucket{
				{Label: "ws2", Count: 2, SubAggregates: []mews.AggregateResult{{
					Name: "state", Buckets: []mews.AggregateBucket{{Label: "released", Count: 1}, {Label: "\x1b[2J", Count: 1}},
				}}},
				{Label: 7.0, Count: 1},
			}
			res.SumOtherDocCount = &others
		}
		results = append(results, res)
	}
	q.f.answer(w, mews.Meta{}, results...)
}

func (q *fakeQuarantine) update(w http.ResponseWriter, r *http.Request) {
	var u struct {
		Action, Comment, Filter, Q string
		IDs                        []string
	}
	_ = json.NewDecoder(r.Body).Decode(&u)
	env := mews.Envelope[any]{Errors: []mews.APIError{}, Meta: mews.Meta{Writes: &mews.Writes{}}}
	var found []mews.QuarantineDetail
	if strings.Contains(r.URL.Path, "queries") {
		if u.Filter == "" && u.Q == "" {
			q.f.refuse(w, 400, "neither filter nor q")
			return
		}
		var ok bool
		if found, ok = q.selected(w, u.Filter, u.Q); !ok {
			return
		}
	}
	for _, id := range u.IDs {
		if i := q.index(id); i >= 0 {
			found = append(found, q.records[i])
		} else {
			env.Errors = append(env.Errors, mews.APIError{Code: 404, Message: "no such quarantined file", ID: id})
		}
	}
	if len(found) == 0 && len(u.IDs) > 0 {
		q.f.refuse(w, 404, "no such quarantined file")
		return
	}
	verbs := map[string]actionVerb{"release": verbRelease, "unrelease": verbUnrelease, "delete": verbDelete}
	states := map[string]string{"release": mews.StateReleased, "unrelease": mews.StateQuarantined, "delete": mews.StatePurged}
	for _, d := range found {
		if slices.Contains(verbs[u.Action].from, d.State) {
			q.records[q.index(d.ID)].State = states[u.Action]
			q.comments = append(q.comments, u.Comment)
			env.Meta.Writes.ResourcesAffected++
		}
	}
	q.f.answerAll(w, env)
}

func (q *fakeQuarantine) ingest(w http.ResponseWriter, r *http.Request) {
	switch kind := r.Header.Get("Content-Type"); {
	case kind == "application/x-ndjson":
		q.ingestLines(w, r)
	case strings.HasPrefix(kind, "multipart/form-data"):
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			q.f.refuse(w, 400, err.Error())
			return
		}
		var report mews.QuarantineReport
		_ = json.Unmarshal([]byte(r.FormValue("record")), &report)
		f, _, err := r.FormFile("sample")
		if err != nil {
			q.f.refuse(w, 400, err.Error())
			return
		}
		b, _ := io.ReadAll(f)
		q.report(w, report, b)
	default:
		q.f.refuse(w, 400, "unexpected "+kind)
	}
}

func (q *fakeQuarantine) report(w http.ResponseWriter, r mews.QuarantineReport, file []byte) {
	sha := shaOf(string(file))
	switch {
	case bytes.HasPrefix(file, []byte("refuse me")):
		q.f.refuse(w, 400, "refused")
		return
	case r.SHA256 != "" && r.SHA256 != sha:
		q.f.refuse(w, 400, "sha256 mismatch: computed "+sha)
		return
	case r.AID == "":
		r.AID = shaOf(r.Hostname)[:32]
	}
	d := mews.QuarantineDetail{
		QuarantinedFile: mews.QuarantinedFile{
			ID: r.AID + "_" + sha, AID: r.AID, SHA256: sha, State: mews.StateQuarantined, Hostname: r.Hostname, Username: r.Username,
			DateCreated: r.DateCreated, DateUpdated: r.DateCreated, Paths: r.Paths, DetectIDs: r.DetectIDs, AlertIDs: r.AlertIDs,
		},
		HasBytes: true, Agent: r.Agent, Behaviors: r.Behaviors, MaxSeverity: r.MaxSeverity,
	}
	if i := q.index(d.ID); i >= 0 {
		for _, p := range q.records[i].Paths {
			if !slices.ContainsFunc(d.Paths, func(x mews.QuarantinePath) bool { return x.Path == p.Path }) {
				d.Paths = append(d.Paths, p)
			}
		}
		q.records[i] = d
	} else {
		q.records = append(q.records, d)
	}
	q.f.bytes[sha] = file
	q.f.uploads++
	q.f.answer(w, mews.Meta{}, d.QuarantinedFile)
}

func (q *fakeQuarantine) ingestLines(w http.ResponseWriter, r *http.Request) {
	env := mews.Envelope[any]{Errors: []mews.APIError{}, Meta: mews.Meta{Writes: &mews.Writes{}}}
	lines := json.NewDecoder(r.Body)
	for n := 1; ; n++ {
		var report mews.QuarantineReport
		if lines.Decode(&report) != nil {
			break
		}
		q.ndjson++
		switch report.Hostname {
		case "refused":
			env.Errors = append(env.Errors, mews.APIError{Code: 400, Message: "refused", ID: strconv.Itoa(n)})
		case "known":
		default:
			env.Meta.Writes.ResourcesAffected++
		}
	}
	q.f.answerAll(w, env)
}
