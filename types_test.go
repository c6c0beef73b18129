package mews

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestKinds: errors.Is holds on both sides of the wire.
func TestKinds(t *testing.T) {
	for _, k := range kinds {
		err := fmt.Errorf("wrapped: %w", Errorf(k.kind, "text").WithCause(errors.New("cause")))
		if got := StatusOf(err); got != k.status {
			t.Errorf("StatusOf(%v) = %d, want %d", k.kind, got, k.status)
		}
		if got := KindOf(k.status); got != k.kind {
			t.Errorf("KindOf(%d) = %v, want %v", k.status, got, k.kind)
		}
	}
	for status, want := range map[int]error{
		200: nil, 201: nil, 302: nil, 405: ErrInvalid, 408: ErrInvalid, 415: ErrInvalid, 418: ErrInvalid,
		414: ErrTooLarge, 431: ErrTooLarge, 501: ErrInternal, 502: ErrUnavailable, 504: ErrUnavailable,
	} {
		if got := KindOf(status); got != want {
			t.Errorf("KindOf(%d) = %v, want %v", status, got, want)
		}
	}
	if StatusOf(nil) != 200 || StatusOf(errors.New("x")) != 500 {
		t.Error("StatusOf of nil or of a stranger")
	}
}

func TestLenientTypes(t *testing.T) {
	var got struct {
		L List
		T Text
	}
	for body, want := range map[string]struct {
		list List
		text Text
	}{
		`{"L":"a, b,,a","T":"8mb"}`:        {List{"a", "b"}, "8mb"},
		`{"L":["a,b",null," c "],"T":128}`: {List{"a", "b", "c"}, "128"},
		`{"L":[],"T":1.50}`:                {nil, "1.50"},
	} {
		got.L, got.T = nil, ""
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.list, got.L); d != "" || got.T != want.text {
			t.Errorf("%s: %s %q", body, d, got.T)
		}
	}
	for _, body := range []string{`{"L":1}`, `{"L":[1]}`, `{"L":{}}`, `{"T":true}`, `{"T":[]}`} {
		if json.Unmarshal([]byte(body), &got) == nil {
			t.Errorf("%s is accepted", body)
		}
	}
}

// TestEnvelopeShape: an empty list is a list, and absent resources are absent.
func TestEnvelopeShape(t *testing.T) {
	for want, e := range map[string]Envelope[int]{
		`{"meta":{"query_time":0,"trace_id":""},"errors":[],"resources":[]}`: {Errors: []APIError{}, Resources: []int{}},
		`{"meta":{"query_time":0,"trace_id":""},"errors":[]}`:                {Errors: []APIError{}},
	} {
		if got, err := json.Marshal(e); err != nil || string(got) != want {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
	var back Envelope[int]
	if err := json.Unmarshal([]byte(`{"meta":{"hunt_count":3,"userid":1}}`), &back); err != nil || back.Meta.Quotas == nil || back.Meta.HuntCount != 3 {
		t.Errorf("quotas in meta: %+v %v", back.Meta, err)
	}
}

func TestStatsCount(t *testing.T) {
	var s Stats
	for _, label := range []string{LabelClean, LabelMalware, LabelPUA, LabelUnwanted, LabelUnknown, ""} {
		s.Count(label)
	}
	if want := (Stats{CleanCount: 1, MalwareCount: 1, PUACount: 2, UnknownCount: 2, TotalCount: 6}); s != want {
		t.Errorf("%+v, want %+v", s, want)
	}
}

func TestFiltersJoinByAnd(t *testing.T) {
	for in, want := range map[string]Filters{
		`"state:'released'"`:           "state:'released'",
		`["a:'1',b:'2'", null, "c:3"]`: "(a:'1',b:'2')+(c:3)",
		`["*", "a:1"]`:                 "(a:1)",
		`["*", " "]`:                   "*",
		`[]`:                           "",
		`""`:                           "",
	} {
		var got Filters
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", in, got, err, want)
		}
	}
	var f Filters
	if err := json.Unmarshal([]byte(`7`), &f); err == nil {
		t.Error("a number was taken")
	}
}

// TestPaginationForms: the offset is a number, or text where the API has text.
func TestPaginationForms(t *testing.T) {
	text := func(s string) *string { return &s }
	for wire, want := range map[string]Pagination{
		`{"offset":7,"limit":5,"total":9}`:                       {Offset: 7, Limit: 5, Total: 9},
		`{"offset":"7","limit":5,"total":9}`:                     {Offset: 7, Limit: 5, Total: 9, OffsetText: text("7")},
		`{"offset":"","limit":5,"total":9,"expires_at":12}`:      {Limit: 5, Total: 9, ExpiresAt: 12, OffsetText: text("")},
		`{"offset":"ab==","limit":5,"total":9,"next_page":"/x"}`: {Limit: 5, Total: 9, NextPage: "/x", OffsetText: text("ab==")},
	} {
		var got Pagination
		if err := json.Unmarshal([]byte(wire), &got); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", wire, d)
		}
		back, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		if string(back) != wire {
			t.Errorf("%s became %s", wire, back)
		}
	}
	for want, p := range map[string]Pagination{
		`{"offset":2,"limit":5,"total":9,"after":"x"}`: {Offset: 2, Limit: 5, Total: 9, After: "x"},
		`{"offset":9,"limit":5,"total":9,"after":""}`:  {Offset: 9, Limit: 5, Total: 9, Scrolls: true},
		`{"offset":9,"limit":5,"total":9}`:             {Offset: 9, Limit: 5, Total: 9},
	} {
		if got, err := json.Marshal(p); err != nil || string(got) != want {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
	var p Pagination
	if err := json.Unmarshal([]byte(`{"offset":[1]}`), &p); err == nil {
		t.Error("an offset that is a list was read")
	}
}
