package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

// collect reads ids until the end.
func collect[T any](t *testing.T, seq iter.Seq2[T, error], id func(T) string) []string {
	t.Helper()
	var out []string
	for one, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, id(one))
	}
	return out
}

func text(s string) string { return s }

func everyPage(t *testing.T, s *target) {
	c := s.client(t)
	raw := func(one json.RawMessage) string {
		if one[0] == '"' {
			return decode[string](t, one)
		}
		return decode[struct{ ID string }](t, one).ID
	}
	const filter = "status:'open'"
	for _, tc := range []struct {
		name   string
		values map[string]any
	}{
		{"QueryDevicesByFilter", nil},
		{"QueryDevicesByFilterScroll", nil},
		{"queryVulnerabilities", map[string]any{"filter": filter}},
		{"QueryIntelIndicatorEntities", nil},
	} {
		var lists [][]string
		for _, limit := range []int{2, 3, 100} {
			values := map[string]any{"limit": limit}
			for name, v := range tc.values {
				values[name] = v
			}
			lists = append(lists, collect(t, c.All(t.Context(), tc.name, mews.Params{Values: values}), raw))
		}
		unique := slices.Compact(slices.Sorted(slices.Values(lists[0])))
		if len(lists[0]) < objects || len(unique) != len(lists[0]) {
			t.Errorf("%s: %d objects, %d of them different", tc.name, len(lists[0]), len(unique))
		}
		if !slices.Equal(lists[0], lists[1]) || !slices.Equal(lists[0], lists[2]) {
			t.Errorf("%s: pages of 2, 3 and 100 give\n%q\n%q\n%q", tc.name, lists[0], lists[1], lists[2])
		}
		var typed []string
		switch tc.name {
		case "QueryDevicesByFilterScroll":
			typed = collect(t, c.Hosts().All(t.Context(), mews.RecordQuery{Limit: 2}), text)
		case "queryVulnerabilities":
			typed = collect(t, c.Vulnerabilities().All(t.Context(), mews.RecordQuery{Filter: filter, Limit: 2}), text)
		case "QueryIntelIndicatorEntities":
			q := mews.IntelQuery{RecordQuery: mews.RecordQuery{Limit: 2}}
			typed = collect(t, c.Intel().All(t.Context(), q), func(i mews.IntelIndicator) string { return i.ID })
		default:
			continue
		}
		if !slices.Equal(typed, lists[0]) {
			t.Errorf("%s: the typed service gives %q, All %q", tc.name, typed, lists[0])
		}
	}
}

func stopping(t *testing.T, s *target) {
	c := s.client(t)
	n := 0
	for _, err := range c.All(t.Context(), "QueryDevicesByFilter", mews.Params{Values: map[string]any{"limit": 2}}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 3 {
			break
		}
	}
	if got := s.wire.sent(devicesCall); len(got) != 2 {
		t.Errorf("%d pages for three objects of two a page", len(got))
	}
	s.wire.breakNext(devicesCall, status(500))
	for _, err := range c.All(t.Context(), "QueryDevicesByFilter", mews.Params{}) {
		if !errors.Is(err, mews.ErrInternal) {
			t.Errorf("a failing page gives %v", err)
		}
	}
}

func names(t *testing.T, s *target) {
	c := s.client(t)
	want, err := c.Hosts().Query(t.Context(), mews.RecordQuery{Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"QueryDevicesByFilter", "query_devices_by_filter", "Hosts.QueryDevicesByFilter", "hosts.query_devices_by_filter"} {
		r, err := c.Command(t.Context(), name, mews.Params{Values: map[string]any{"limit": "3"}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		if err := r.Decode(&got); err != nil || !slices.Equal(got, want.Resources) || r.Meta.Pagination.Total < objects {
			t.Errorf("%s: %q, %v; the typed service gives %q", name, got, err, want.Resources)
		}
	}
	before := len(s.wire.all())
	if _, err := c.Command(t.Context(), "QueryDevicesByFitler", mews.Params{}); !errors.Is(err, mews.ErrNotFound) || !strings.Contains(err.Error(), "Hosts.QueryDevicesByFilter") {
		t.Errorf("a misspelt name: %v", err)
	}
	if _, err := c.Command(t.Context(), "QueryDevicesByFilter", mews.Params{Values: map[string]any{"limits": 1}}); !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "limit") {
		t.Errorf("a misspelt parameter: %v", err)
	}
	if got := len(s.wire.all()); got != before {
		t.Errorf("%d requests for mistakes that need no server", got-before)
	}
}

func anyPath(t *testing.T, s *target) {
	c := s.client(t)
	r, err := c.Do(t.Context(), "GET", "/devices/queries/devices/v1?limit=2", mews.Params{})
	if err != nil || len(r.Resources) != 2 {
		t.Errorf("by path: %+v, %v", r, err)
	}
	id := decode[string](t, r.Resources[0])
	r, err = c.Do(t.Context(), "POST", "/devices/entities/devices/v2", mews.Params{Body: map[string][]string{"ids": {id}}})
	var found []mews.Device
	if err != nil || r.Decode(&found) != nil || len(found) != 1 || found[0].DeviceID != id {
		t.Errorf("with a body: %+v, %v", found, err)
	}
	if r, err := c.Do(t.Context(), "GET", "/no/such/route/v1", mews.Params{}); !errors.Is(err, mews.ErrNotFound) || r.StatusCode != 404 || len(r.Errors) == 0 {
		t.Errorf("an unknown path: %+v, %v", r, err)
	}
}

func wholeReplies(t *testing.T, s *target) {
	c := s.client(t)
	var info mews.ResponseInfo
	env, err := c.Hosts().Query(mews.WithResponse(t.Context(), &info), mews.RecordQuery{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	var body mews.Envelope[string]
	if err := json.Unmarshal(info.Body, &body); err != nil || !slices.Equal(body.Resources, env.Resources) {
		t.Errorf("the body is %s: %v", info.Body, err)
	}
	limit, left, ok := info.RateLimit()
	if info.StatusCode != 200 || !strings.HasPrefix(info.Header.Get("Content-Type"), "application/json") || !ok || limit < left {
		t.Errorf("status %d, headers %v", info.StatusCode, info.Header)
	}
	if info.TraceID() == "" || info.TraceID() != env.Meta.TraceID {
		t.Errorf("trace id %q beside %q", info.TraceID(), env.Meta.TraceID)
	}
	r, err := c.Command(mews.WithResponse(t.Context(), &info), "GetDeviceDetails", mews.Params{Values: map[string]any{"ids": strings.Repeat("e", 32)}})
	if !errors.Is(err, mews.ErrNotFound) || r == nil || r.StatusCode != 404 || info.StatusCode != 404 || string(r.Body) != string(info.Body) || len(r.Errors) != 1 {
		t.Errorf("a failure: %+v, %v", r, err)
	}
}

func kinds(t *testing.T, s *target) {
	c := s.client(t)
	for _, tc := range []struct {
		name string
		call func() error
		kind error
		code int
	}{
		{"malformed id", func() error { _, err := c.Samples().Get(t.Context(), "xyz"); return err }, mews.ErrInvalid, 400},
		{"unknown id", func() error { _, err := c.Samples().Get(t.Context(), strings.Repeat("1", 64)); return err }, mews.ErrNotFound, 404},
		{"filter refused", func() error {
			_, err := c.Vulnerabilities().Query(t.Context(), mews.RecordQuery{Filter: "*"})
			return err
		}, mews.ErrInvalid, 400},
		{"token of nobody", func() error {
			_, err := c.Hosts().Scroll(t.Context(), mews.RecordQuery{After: "not-a-token!"})
			return err
		}, mews.ErrInvalid, 400},
	} {
		err := tc.call()
		e, ok := errors.AsType[*mews.Error](err)
		if !ok || !errors.Is(err, tc.kind) || e.Code != tc.code || e.Message == "" || e.TraceID == "" {
			t.Errorf("%s: %v (%+v)", tc.name, err, e)
		}
	}
}

func partly(t *testing.T, s *target) {
	c := s.client(t)
	known, err := c.Hosts().Query(t.Context(), mews.RecordQuery{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	unknown := strings.Repeat("f", 32)
	env, err := c.Hosts().Get(t.Context(), known.Resources[0], unknown)
	if err != nil || len(env.Resources) != 1 || len(env.Errors) != 1 || env.Errors[0].ID != unknown || env.Errors[0].Code != 404 {
		t.Errorf("one known and one unknown host: %+v, %v", env, err)
	}
	if _, err := c.Hosts().Get(t.Context(), unknown); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("an unknown host: %v", err)
	}
}

func indicators(t *testing.T, s *target) {
	c := s.client(t)
	one := map[string]any{
		"type": "domain", "value": "suite.example", "action": "detect", "severity": "high",
		"platforms": []string{"linux"}, "applied_globally": true,
	}
	p := mews.Params{Values: map[string]any{"indicators": []any{one}, "comment": "by the suite"}}
	r, err := c.Command(t.Context(), "IOC.indicator_create", p)
	if err != nil || r.StatusCode != 201 {
		t.Fatalf("%+v, %v", r, err)
	}
	var made []mews.Indicator
	if err := r.Decode(&made); err != nil || len(made) != 1 || made[0].Value != "suite.example" {
		t.Fatalf("%s: %v", r.Body, err)
	}
	if r, err := c.Command(t.Context(), "indicator.create.v1", p); !errors.Is(err, mews.ErrInvalid) || r.StatusCode != 400 {
		t.Errorf("made twice: %v", err)
	}
	gone, err := c.IOCs().Delete(t.Context(), "by the suite", made[0].ID)
	if err != nil || fmt.Sprint(gone.Resources) != "["+made[0].ID+"]" {
		t.Errorf("deleted: %+v, %v", gone, err)
	}
}
