package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
)

// fakeIntel is a small store of indicators behind the routes of intelligence.
type fakeIntel struct {
	f    *fake
	list []mews.IntelIndicator // by marker
	seen map[string]string     // run in which an id was said last
}

func newFakeIntel(f *fake) *fakeIntel {
	return &fakeIntel{f: f, seen: map[string]string{}, list: []mews.IntelIndicator{
		{
			ID: "domain_evil.example", Type: "domain", Indicator: "evil.example", Marker: fakeMarker(1), PublishedDate: 1700000000,
			LastUpdated: 1700000001, MaliciousConfidence: "high", Actors: []string{"BEAR"}, MalwareFamilies: []string{"=Loader", "RAT\x1b[31m"},
			KillChains: []string{"c2"}, DomainTypes: []string{"DGA"}, Targets: []string{"energy"}, ThreatTypes: []string{"ransomware"},
			Vulnerabilities: []string{"CVE-2026-0001"}, Reports: []string{"Case 17"}, Labels: []mews.IntelLabel{{Name: "tlp:green"}, {Name: "x"}},
			Relations: []mews.IntelRelation{{ID: "url_http://evil.example/", Type: "url"}, {ID: "ip_address_192.0.2.1", Type: "ip_address"}},
		},
		{ID: "url_http://a.example/x,y", Type: "url", Indicator: "http://a.example/x,y", Marker: fakeMarker(2), Deleted: true, MaliciousConfidence: "low"},
		{ID: "hash_md5_" + strings.Repeat("a", 32), Type: "hash_md5", Indicator: strings.Repeat("a", 32), Marker: fakeMarker(3), MaliciousConfidence: "unverified"},
	}}
}

func fakeMarker(n int) string { return fmt.Sprintf("%010d%032x", 1700000000+n, n) }

// serve answers the routes of intelligence; false: it is none of them.
func (s *fakeIntel) serve(w http.ResponseWriter, r *http.Request) bool {
	switch r.Method + " " + r.URL.Path {
	case "GET /intel/combined/indicators/v1":
		s.query(w, r)
	case "POST /intel/entities/indicators/GET/v1":
		s.entities(w, r)
	case "POST /ingest/v1/indicators":
		s.take(w, r)
	default:
		return false
	}
	return true
}

func (s *fakeIntel) query(w http.ResponseWriter, r *http.Request) {
	filter := r.FormValue("filter")
	if strings.HasPrefix(filter, "bad") {
		s.f.refuse(w, 400, "FQL error at 4: expected operator")
		return
	}
	_, after, _ := strings.Cut(filter, "_marker:>'")
	found := []any{}
	for _, i := range s.list {
		if i.Marker > strings.TrimSuffix(after, "'") && (!i.Deleted || r.FormValue("include_deleted") == "true") && strings.Contains(i.Indicator, r.FormValue("q")) {
			found = append(found, i)
		}
	}
	total := len(found)
	found = found[:min(total, 1)]
	s.f.answer(w, mews.Meta{Pagination: &mews.Pagination{Offset: len(found), Limit: 1, Total: total}}, found...)
}

func (s *fakeIntel) entities(w http.ResponseWriter, r *http.Request) {
	var body struct{ IDs []string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	env := mews.Envelope[any]{Errors: []mews.APIError{}, Resources: []any{}}
	for _, id := range body.IDs {
		if n := slices.IndexFunc(s.list, func(i mews.IntelIndicator) bool { return i.ID == id }); n >= 0 {
			env.Resources = append(env.Resources, s.list[n])
		} else {
			env.Errors = append(env.Errors, mews.APIError{Code: 404, Message: "no such intel indicator", ID: id})
		}
	}
	if len(env.Resources) == 0 {
		s.f.refuse(w, 404, "no such intel indicator")
		return
	}
	s.f.answerAll(w, env)
}

// take counts rows as the server does, and refuses those of refused.example.
func (s *fakeIntel) take(w http.ResponseWriter, r *http.Request) {
	z, err := zstd.NewReader(r.Body)
	if err != nil || r.Header.Get("Content-Encoding") != "zstd" || r.FormValue("source") == "" {
		s.f.refuse(w, 400, "not as it should be sent")
		return
	}
	defer z.Close()
	run := r.FormValue("run")
	var counts mews.IntelCounts
	env := mews.Envelope[any]{Errors: []mews.APIError{}}
	for row, err := range feed.Read(z, feed.Format(r.FormValue("format"))) {
		id := feed.ID(row.Indicator.Type, row.Indicator.Indicator)
		switch {
		case err != nil:
			s.f.refuse(w, 400, err.Error())
			return
		case row.Whole:
			continue
		case id == "domain_refused.example":
			counts.Failed++
			env.Errors = append(env.Errors, mews.APIError{Code: 400, Message: "is refused", ID: row.At})
		case s.seen[id] == "":
			counts.Added++
			s.seen[id] = run
		default:
			counts.Unchanged++
			s.seen[id] = run
		}
		counts.Rows++
	}
	for id, last := range s.seen {
		if r.FormValue("complete") == "true" && last != run {
			delete(s.seen, id)
			counts.Deleted++
		}
	}
	env.Meta.Indicators = &counts
	s.f.answerAll(w, env)
}
