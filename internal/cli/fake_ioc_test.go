package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
)

// fakeIOCs is a small store of indicators, and of who has met what, behind the
// routes of both.
type fakeIOCs struct {
	f       *fake
	records []mews.Indicator
	seen    map[string][]mews.Sighting // by type:value
	creates []mews.IndicatorCreates    // calls, also those that were refused
	updates []mews.IndicatorUpdates
	comment string // of the last call that deletes
}

const evil = "domain:evil.example"

func newFakeIOCs(f *fake) *fakeIOCs {
	s := &fakeIOCs{f: f}
	for _, i := range []mews.Indicator{
		{
			Type: "sha256", Value: shaOf("one"), Action: "detect", Severity: "high", Platforms: []string{"windows"}, AppliedGlobally: true,
			Tags: []string{"case 17", "loader"}, Expiration: "2099-01-01T00:00:00Z", Source: "team", Description: "=cmd|'/c calc'!A1",
			Metadata: &mews.IndicatorMetadata{Filename: "a\x1b[2J.exe", AVHits: 3},
		},
		{
			Type: "domain", Value: "evil.example", Action: "prevent", MobileAction: "detect", Severity: "critical",
			Platforms: []string{"windows", "mac", "linux"}, HostGroups: []string{aidTwo},
		},
		{Type: "ipv6", Value: "2001:db8::1", Action: "no_action", Platforms: []string{"linux"}, AppliedGlobally: true, Expired: true, Expiration: "2020-01-01T00:00:00Z"},
	} {
		s.put(i)
	}
	s.seen = map[string][]mews.Sighting{evil: {
		{DeviceID: aidOne, First: "2026-01-01T00:00:00Z", Last: "2026-01-02T00:00:00Z", Count: 7, Kinds: []string{"dns"}},
		{DeviceID: aidTwo, First: "2026-01-03T00:00:00Z", Last: "2026-01-03T00:00:00Z", Count: 1, Kinds: []string{"dns", "net"}},
	}}
	return s
}

func (s *fakeIOCs) put(i mews.Indicator) {
	i.ID = shaOf(itsName(i))
	i.CreatedOn, i.CreatedBy = "2026-01-01T00:00:00Z", "id"
	i.ModifiedOn, i.ModifiedBy = i.CreatedOn, i.CreatedBy
	s.records = append(s.records, i)
}

func (s *fakeIOCs) index(id string) int {
	if strings.Contains(id, ":") {
		id = shaOf(id)
	}
	return slices.IndexFunc(s.records, func(i mews.Indicator) bool { return i.ID == id })
}

// serve answers the routes of indicators and sightings; false: it is none of them.
func (s *fakeIOCs) serve(w http.ResponseWriter, r *http.Request) bool {
	words := func(list ...any) { s.f.answer(w, mews.Meta{}, list...) }
	switch r.Method + " " + r.URL.Path {
	case "GET /iocs/combined/indicator/v1":
		s.search(w, r, func(i mews.Indicator) any { return i })
	case "GET /iocs/queries/indicators/v1":
		s.search(w, r, func(i mews.Indicator) any { return i.ID })
	case "POST /iocs/entities/indicators/v1":
		s.create(w, r)
	case "PATCH /iocs/entities/indicators/v1":
		s.update(w, r)
	case "DELETE /iocs/entities/indicators/v1":
		s.delete(w, r)
	case "GET /iocs/entities/actions/v1":
		words(mews.IndicatorAction{ID: "no_action"}, mews.IndicatorAction{ID: "detect"})
	case "GET /iocs/queries/ioc-types/v1":
		words("sha256", "md5", "domain", "ipv4", "ipv6")
	case "GET /iocs/queries/platforms/v1":
		words("windows", "linux")
	case "GET /iocs/queries/severities/v1":
		words("low", "high")
	case "GET /indicators/aggregates/devices-count/v1":
		s.count(w, r)
	case "GET /indicators/queries/devices/v1":
		s.page(w, r, func(x mews.Sighting) any { return x.DeviceID })
	case "GET /mews/combined/sightings/v1":
		s.page(w, r, func(x mews.Sighting) any { return x })
	case "GET /indicators/queries/processes/v1":
		s.page(w, r, func(x mews.Sighting) any { return "pid:" + x.DeviceID + ":" + strconv.FormatInt(x.Count, 10) })
	case "GET /processes/entities/processes/v1":
		s.processes(w, r.URL.Query()["ids"])
	default:
		return false
	}
	return true
}

var fakeFilter = regexp.MustCompile(`^type:'(\w+)'\+value:\[(.*)\]$`)

// matches reads the filters that commands make themselves, '*', and one field.
func (s *fakeIOCs) matches(filter string) func(mews.Indicator) bool {
	if m := fakeFilter.FindStringSubmatch(filter); m != nil {
		values := map[string]bool{}
		for v := range strings.SplitSeq(m[2], ",") {
			values[strings.Trim(v, "'")] = true
		}
		return func(i mews.Indicator) bool { return i.Type == m[1] && values[i.Value] }
	}
	field, value, _ := strings.Cut(filter, ":")
	return func(i mews.Indicator) bool {
		switch field {
		case "", "*":
			return true
		case "severity":
			return i.Severity == strings.Trim(value, `'"`)
		}
		return false
	}
}

func (s *fakeIOCs) selected(filter string) (list []mews.Indicator) {
	match := s.matches(filter)
	for _, i := range s.records {
		if !i.Deleted && match(i) {
			list = append(list, i)
		}
	}
	return list
}

func (s *fakeIOCs) search(w http.ResponseWriter, r *http.Request, show func(mews.Indicator) any) {
	if strings.HasSuffix(r.FormValue("filter"), "(") {
		s.f.refuse(w, 400, fmt.Sprintf("FQL error at %d: expected operator", len(r.FormValue("filter"))))
		return
	}
	list := s.selected(r.FormValue("filter"))
	answerPage(s.f, w, r, list, show)
}

// answerPage answers the part of a list that limit and offset select.
func answerPage[T any](f *fake, w http.ResponseWriter, r *http.Request, list []T, show func(T) any) {
	offset, _ := strconv.Atoi(r.FormValue("offset"))
	limit, _ := strconv.Atoi(r.FormValue("limit"))
	if limit == 0 {
		limit = 2
	}
	page := list[min(offset, len(list)):min(offset+limit, len(list))]
	env := mews.Envelope[any]{Errors: []mews.APIError{}, Resources: []any{}}
	for _, one := range page {
		env.Resources = append(env.Resources, show(one))
	}
	env.Meta.Pagination = &mews.Pagination{Offset: offset + len(page), Limit: limit, Total: len(list)}
	if len(list) == 0 {
		env.Meta.Hint = &mews.SightingHint{Reason: mews.HintNeverSeen, Message: "5 hosts report, and none has met it"}
	}
	f.answerAll(w, env)
}

// none answers that a call changes nothing, and why for each of its objects.
func (s *fakeIOCs) none(w http.ResponseWriter, wrong []mews.APIError) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(400)
	_ = json.NewEncoder(w).Encode(mews.Envelope[any]{Meta: mews.Meta{TraceID: traceID}, Errors: wrong})
}

func (s *fakeIOCs) create(w http.ResponseWriter, r *http.Request) {
	var req mews.IndicatorCreates
	_ = json.NewDecoder(r.Body).Decode(&req)
	s.creates = append(s.creates, req)
	var wrong []mews.APIError
	for n, i := range req.Indicators {
		id := mews.Observable{Type: i.Type, Value: i.Value}.ID()
		say := func(text string) {
			wrong = append(wrong, mews.APIError{Code: 400, ID: id, Message: fmt.Sprintf("indicators[%d].%s", n, text)})
		}
		switch at := s.index(id); {
		case i.Severity == "extreme":
			say("severity: extreme is none of low, high")
		case at >= 0 && !s.records[at].Deleted:
			say(id + " exists already (id " + s.records[at].ID + "); update it instead")
		}
	}
	if len(wrong) > 0 {
		s.none(w, wrong)
		return
	}
	if r.FormValue("dry_run") == "true" {
		s.f.answer(w, mews.Meta{Writes: &mews.Writes{ResourcesAffected: len(req.Indicators)}})
		return
	}
	var made []any
	for _, i := range req.Indicators {
		if at := s.index(mews.Observable{Type: i.Type, Value: i.Value}.ID()); at >= 0 { // deleted
			s.records = slices.Delete(s.records, at, at+1)
		}
		s.put(mews.Indicator{
			Type: i.Type, Value: i.Value, Action: i.Action, MobileAction: i.MobileAction, Severity: i.Severity, Platforms: i.Platforms,
			AppliedGlobally: *i.AppliedGlobally, HostGroups: i.HostGroups, Tags: i.Tags, Expiration: i.Expiration, Source: i.Source,
			Description: i.Description, Metadata: i.Metadata,
		})
		made = append(made, s.records[len(s.records)-1])
	}
	s.f.answer(w, mews.Meta{}, made...)
}

func (s *fakeIOCs) update(w http.ResponseWriter, r *http.Request) {
	var req mews.IndicatorUpdates
	_ = json.NewDecoder(r.Body).Decode(&req)
	s.updates = append(s.updates, req)
	var wrong []mews.APIError
	var changed []any
	for n, u := range req.Indicators {
		if u.Severity != nil && *u.Severity == "extreme" {
			wrong = append(wrong, mews.APIError{Code: 400, ID: u.ID, Message: fmt.Sprintf("indicators[%d].severity: extreme is none of low, high", n)})
		}
	}
	if len(wrong) > 0 {
		s.none(w, wrong)
		return
	}
	if r.FormValue("dry_run") == "true" {
		s.f.answer(w, mews.Meta{Writes: &mews.Writes{ResourcesAffected: len(req.Indicators)}})
		return
	}
	for _, u := range req.Indicators {
		i := &s.records[s.index(u.ID)]
		changeFake(i, u.IndicatorChange)
		changed = append(changed, *i)
	}
	meta := mews.Meta{}
	if b := req.BulkUpdate; b != nil {
		list := s.selected(b.Filter)
		meta.Writes = &mews.Writes{ResourcesAffected: len(list)}
		for _, i := range list {
			s.records[s.index(i.ID)].Severity = *b.Severity
		}
	}
	s.f.answer(w, meta, changed...)
}

// changeFake makes the changes that the tests make.
func changeFake(i *mews.Indicator, c mews.IndicatorChange) {
	if c.Action != "" {
		i.Action = c.Action
	}
	for field, to := range map[*string]*string{
		&i.Severity: c.Severity, &i.Source: c.Source, &i.Description: c.Description, &i.Expiration: c.Expiration,
	} {
		if to != nil {
			*field = *to
		}
	}
	if c.Tags != nil {
		i.Tags = *c.Tags
	}
	if c.AppliedGlobally != nil {
		i.AppliedGlobally, i.HostGroups = *c.AppliedGlobally, c.HostGroups
	}
}

func (s *fakeIOCs) delete(w http.ResponseWriter, r *http.Request) {
	s.comment = r.FormValue("comment")
	ids := r.URL.Query()["ids"]
	for _, i := range s.selected(r.FormValue("filter")) {
		if r.FormValue("filter") != "" {
			ids = append(ids, i.ID)
		}
	}
	var gone []any
	for _, id := range ids {
		s.records[s.index(id)].Deleted = true
		gone = append(gone, id)
	}
	s.f.answer(w, mews.Meta{Writes: &mews.Writes{ResourcesAffected: len(gone)}}, gone...)
}

func (s *fakeIOCs) count(w http.ResponseWriter, r *http.Request) {
	o := mews.Observable{Type: r.FormValue("type"), Value: r.FormValue("value")}
	meta := mews.Meta{}
	if len(s.seen[o.ID()]) == 0 {
		meta.Hint = &mews.SightingHint{Reason: mews.HintNeverSeen, Message: "5 hosts report, and none has met it"}
	}
	s.f.answer(w, meta, mews.DeviceCount{ID: o.ID(), Type: o.Type, Value: o.Value, DeviceCount: int32(len(s.seen[o.ID()]))})
}

func (s *fakeIOCs) page(w http.ResponseWriter, r *http.Request, show func(mews.Sighting) any) {
	o := mews.Observable{Type: r.FormValue("type"), Value: r.FormValue("value")}
	var list []mews.Sighting
	for _, x := range s.seen[o.ID()] {
		if d := r.FormValue("device_id"); d == "" || d == x.DeviceID {
			x.Observable = o
			list = append(list, x)
		}
	}
	answerPage(s.f, w, r, list, show)
}

func (s *fakeIOCs) processes(w http.ResponseWriter, ids []string) {
	env := mews.Envelope[any]{Errors: []mews.APIError{}, Resources: []any{}}
	for _, id := range ids {
		aid, number, _ := strings.Cut(strings.TrimPrefix(id, "pid:"), ":")
		if number == "404" {
			env.Errors = append(env.Errors, mews.APIError{Code: 404, Message: "no such process", ID: id})
			continue
		}
		env.Resources = append(env.Resources, mews.ProcessDetail{
			DeviceID: aid, ProcessID: aid + ":" + number, ProcessIDLocal: number, FileName: `\Device\a.exe`, CommandLine: "a.exe \x1b[2J",
			StartTimestamp: "2026-01-01T00:00:00Z", StartTimestampRaw: "134116992000000000",
		})
	}
	if len(env.Resources) == 0 {
		s.f.refuse(w, 404, "no such process")
		return
	}
	s.f.answerAll(w, env)
}
