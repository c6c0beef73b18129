package mews_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/reach"
)

// Words that requests are made of where they need some.
const (
	someHash = "0000000000000000000000000000000000000000000000000000000000000001"
	someHost = "00000000000000000000000000000001"
	someJob  = "00000000-0000-4000-8000-000000000001"
)

// reachArguments are what the methods of api/clients.yaml are called with; a
// method that is not here takes nothing but a context.
func reachArguments() map[string][]any {
	observable := mews.Observable{Type: "domain", Value: "a.example"}
	sighting := mews.SightingQuery{Observable: observable, DeviceID: someHost}
	query := mews.RecordQuery{Filter: "status:'open'"}
	text := func() io.Reader { return strings.NewReader("text") }
	patterns := mews.SearchRequest{Patterns: []mews.Pattern{{Type: "ascii", Value: "text"}}}
	return map[string][]any{
		"Quarantine.ActionCounts": {"*", ""}, "Quarantine.Aggregate": {mews.AggregateRequest{}}, "Quarantine.Get": {"id"}, "Quarantine.Update": {mews.QuarantineUpdate{}},
		"Quarantine.Query": {query}, "Quarantine.UpdateByQuery": {mews.QuarantineQueryUpdate{}}, "Quarantine.Details": {"id"}, "Quarantine.SetSearchable": {true},
		"Quarantine.Explain": {"*"}, "Quarantine.Report": {mews.QuarantineReport{Hostname: "h"}, text()},
		"MalQuery.FuzzySearch": {patterns}, "MalQuery.ExactSearch": {patterns}, "MalQuery.Hunt": {mews.HuntRequest{YARARule: "rule a { condition: true }"}},
		"MalQuery.Download": {someHash}, "MalQuery.Metadata": {someHash}, "MalQuery.Request": {someJob}, "MalQuery.Archive": {someJob}, "MalQuery.MultiDownload": {someHash},
		"MalQuery.Partial": {someJob}, "MalQuery.Cancel": {someJob}, "MalQuery.Estimate": {mews.HuntRequest{}}, "MalQuery.Outcomes": {someJob},
		"Sightings.Count": {observable}, "Sightings.Devices": {sighting}, "Sightings.Processes": {sighting}, "Sightings.ProcessDetails": {"pid:" + someHost + ":1"},
		"Sightings.List": {sighting}, "IOCs.Sightings.Count": {observable}, "IOCs.Sightings.Devices": {sighting}, "IOCs.Sightings.Processes": {sighting},
		"LegacyIOCs.Get": {observable}, "LegacyIOCs.Create": {mews.LegacyIOCCreate{}}, "LegacyIOCs.Update": {mews.LegacyIOCUpdate{}, observable},
		"LegacyIOCs.Delete": {observable}, "LegacyIOCs.Query": {mews.LegacyIOCQuery{}},
		"IOCs.Aggregate": {mews.AggregateRequest{}}, "IOCs.Combined": {query}, "IOCs.Search": {query}, "IOCs.Actions": {"detect"}, "IOCs.Get": {"id"},
		"IOCs.Create": {mews.IndicatorCreates{}}, "IOCs.Update": {mews.IndicatorUpdates{}}, "IOCs.Delete": {"comment", "id"},
		"Samples.Get": {someHash}, "Samples.Upload": {text(), mews.UploadOptions{FileName: "a"}}, "Samples.Delete": {someHash}, "Samples.Info": {someHash},
		"Samples.Update": {mews.SampleUpdate{IDs: mews.List{someHash}}},
		"Hosts.Query":    {query}, "Hosts.Scroll": {query}, "Hosts.Get": {someHost},
		"Vulnerabilities.Query": {query}, "Vulnerabilities.Combined": {query}, "Vulnerabilities.Get": {"id"}, "Vulnerabilities.Import": {text(), mews.VulnerabilityReport{Hostname: "h"}},
		"Intel.Query": {mews.IntelQuery{}}, "Intel.QueryIDs": {mews.IntelQuery{}}, "Intel.Get": {"id"}, "Intel.Import": {text(), mews.IntelImport{Source: "s"}},
		"Detections.Query": {query}, "Telemetry.Ingest": {text(), mews.IngestOptions{}},
		"Agent.Actions": {someHost, 1}, "Agent.Acknowledge": {mews.ActionAck{ID: someHost, Outcome: "acknowledged"}},
		"Dev.AddFaults": {mews.FaultRule{}}, "Dev.RemoveFaults": {"id"}, "Dev.Requests": {mews.DevRequestQuery{}},
		"Dev.SaveSnapshot": {"name"}, "Dev.RestoreSnapshot": {"name"}, "Dev.DeleteSnapshots": {"name"},
	}
}

// A reachServer remembers which operations it was asked for.
type reachServer struct {
	*httptest.Server
	mu    sync.Mutex
	asked map[string]bool // by id
}

func newReachServer(t *testing.T) *reachServer {
	t.Helper()
	ids := map[string]string{}
	for _, op := range mews.Operations() {
		ids[op.Method+" "+op.Path] = op.ID
	}
	s := &reachServer{asked: map[string]bool{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[ids[r.Method+" "+r.URL.Path]] = true
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/oauth2/token" {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"access_token":"t","expires_in":1799,"token_type":"bearer"}`)
			return
		}
		_, _ = io.WriteString(w, `{"meta":{"query_time":0,"trace_id":"`+someJob+`"},"errors":[],"resources":[]}`)
	}))
	t.Cleanup(s.Close)
	return s
}

// TestEveryOperationHasAMethod calls the method that api/clients.yaml names for
// each operation that mews serves, and sees that it asks for that operation.
func TestEveryOperationHasAMethod(t *testing.T) {
	reaches, err := reach.Read("api/clients.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range mews.Operations() {
		if _, told := reaches[op.ID]; told != op.Served {
			t.Errorf("%s: served %v, in api/clients.yaml %v", op.ID, op.Served, told)
		}
	}
	arguments, used := reachArguments(), map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(reaches)) {
		word := reaches[id].SDK
		if !reach.Is(word) {
			if word == "" {
				t.Errorf("%s: neither a method nor a reason why there is none", id)
			}
			continue
		}
		used[word] = true
		t.Run(id, func(t *testing.T) {
			s := newReachServer(t)
			c, err := mews.NewClient(s.URL, mews.WithCredentials("id", "secret"))
			if err != nil {
				t.Fatal(err)
			}
			if id == "oauth2RevokeToken" { // nothing is revoked that nobody got
				_, _ = c.TokenSource().Token(t.Context())
			}
			callMethod(t, reflect.ValueOf(c), word, arguments[word])
			if !s.asked[id] {
				t.Errorf("%s asks for %v", word, slices.Collect(maps.Keys(s.asked)))
			}
		})
	}
	for name := range arguments {
		if !used[name] {
			t.Errorf("arguments for %s, which api/clients.yaml does not name", name)
		}
	}
}

// callMethod calls a method by its dotted name. Its outcome does not count: the
// server has nothing.
func callMethod(t *testing.T, on reflect.Value, name string, arguments []any) {
	t.Helper()
	path := strings.Split(name, ".")
	for _, step := range path[:len(path)-1] {
		m := on.MethodByName(step)
		if !m.IsValid() {
			t.Fatalf("%s: no method %s", name, step)
		}
		on = m.Call(nil)[0]
	}
	m := on.MethodByName(path[len(path)-1])
	if !m.IsValid() {
		t.Fatalf("no method %s", name)
	}
	var in []reflect.Value
	if m.Type().NumIn() > 0 && m.Type().In(0) == reflect.TypeFor[context.Context]() {
		in = append(in, reflect.ValueOf(t.Context()))
	}
	for _, a := range arguments {
		in = append(in, reflect.ValueOf(a))
	}
	out := m.Call(in)
	if ts, ok := out[0].Interface().(mews.TokenSource); ok {
		_, _ = ts.Token(t.Context())
	}
}
