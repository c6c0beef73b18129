package mews

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A pager answers pages of n objects in one of the API's ways.
type pager struct {
	way   string
	n     int
	asked []url.Values
}

func (p *pager) marker(i int) string { return fmt.Sprintf("17000000%02d%08x", i, i) }

// start finds where a page begins, or -1 for a request that is wrong.
func (p *pager) start(q url.Values) int {
	at := 0
	switch p.way {
	case "marker":
		filter := q.Get("filter")
		if q.Get("sort") != "_marker.asc" || q.Has("offset") {
			return -1
		}
		if rest, ok := strings.CutPrefix(filter, "(type:'x')+_marker:>'"); ok {
			for at < p.n && p.marker(at) <= strings.TrimSuffix(rest, "'") {
				at++
			}
		} else if filter != "type:'x'" {
			return -1
		}
		return at
	case "after", "both":
		if text := q.Get("after"); text != "" {
			if q.Has("offset") {
				return -1
			}
			at, _ = strconv.Atoi(strings.TrimPrefix(text, "t"))
		}
	case "scroll", "text":
		at, _ = strconv.Atoi(strings.TrimPrefix(q.Get("offset"), "s"))
	default:
		at, _ = strconv.Atoi(q.Get("offset"))
	}
	if q.Get("filter") != "type:'x'" {
		return -1
	}
	return at
}

func (p *pager) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p.asked = append(p.asked, q)
	at, limit := p.start(q), 0
	if limit, _ = strconv.Atoi(q.Get("limit")); limit == 0 {
		limit = 3
	}
	if at < 0 || len(p.asked) > 3*p.n+3 {
		reply(w, 400, `{"errors":[{"code":400,"message":"bad page"}]}`)
		return
	}
	next := min(at+limit, p.n)
	page := map[string]any{"limit": limit, "total": p.n}
	switch p.way {
	case "next":
		page["offset"] = next
	case "echo":
		page["offset"] = at
	case "text": // a token that is no number, of an operation that counts elsewhere
		if page["offset"] = fmt.Sprintf("s%d", next); next == p.n {
			page["offset"] = ""
		}
	case "scroll":
		if page["offset"] = fmt.Sprintf("s%d", next); next == p.n {
			page["offset"] = ""
		}
	case "after":
		if page["after"] = fmt.Sprintf("t%d", next); next == p.n {
			page["after"] = ""
		}
	case "both":
		if page["offset"] = next; next < p.n {
			page["after"] = fmt.Sprintf("t%d", next)
		}
	case "marker":
		page["total"] = p.n - at
	}
	resources := []any{}
	for i := at; i < next; i++ {
		if p.way == "marker" {
			resources = append(resources, map[string]any{"_marker": p.marker(i), "n": i})
			continue
		}
		resources = append(resources, map[string]any{"n": i})
	}
	b, _ := json.Marshal(map[string]any{"meta": map[string]any{"pagination": page}, "errors": []any{}, "resources": resources})
	reply(w, 200, string(b))
}

// TestAllWaysOfPaging: in each way, whatever the sizes, All gives every object
// once and in order, and ends.
func TestAllWaysOfPaging(t *testing.T) {
	var p *pager
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) { p.ServeHTTP(w, r) })
	c, _ := s.client(t)
	operations := map[string]string{
		"next": "QueryDevicesByFilter", "echo": "QueryDevicesByFilter", "text": "QueryDevicesByFilter", "scroll": "QueryDevicesByFilterScroll",
		"after": "indicator_search_v1", "both": "QueryQuarantineFiles", "marker": "QueryIntelIndicatorEntities",
	}
	ways := []string{"next", "echo", "text", "scroll", "after", "both", "marker"}
	rapid.Check(t, func(r *rapid.T) {
		p = &pager{way: rapid.SampledFrom(ways).Draw(r, "way"), n: rapid.IntRange(0, 12).Draw(r, "n")}
		params := Params{Values: map[string]any{"filter": "type:'x'"}}
		if limit := rapid.IntRange(0, 14).Draw(r, "limit"); limit > 0 {
			params.Values["limit"] = limit
		}
		stop := rapid.IntRange(1, 20).Draw(r, "stop")
		var got []int
		for one, err := range c.All(t.Context(), operations[p.way], params) {
			if err != nil {
				r.Fatalf("asked %v: %v", p.asked, err)
			}
			var object struct{ N int }
			if err := json.Unmarshal(one, &object); err != nil {
				r.Fatal(err)
			}
			if got = append(got, object.N); len(got) == stop {
				break
			}
		}
		want := []int{}
		for i := range min(p.n, stop) {
			want = append(want, i)
		}
		if !slices.Equal(got, want) {
			r.Fatalf("got %v of %d, asked %v", got, p.n, p.asked)
		}
	})
}

// TestAllThatCannot: what has no pages is given once, a server that does not
// move on is left, and an error is the last pair.
func TestAllThatCannot(t *testing.T) {
	n := 0
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		switch n++; r.URL.Path {
		case "/intel/combined/indicators/v1":
			reply(w, 200, `{"meta":{"pagination":{"total":9,"limit":1}},"errors":[],"resources":[{"_marker":"1700000000aa"}]}`)
		case "/iocs/entities/actions/v1":
			reply(w, 200, `{"meta":{"pagination":{"total":9,"limit":1,"offset":1}},"errors":[],"resources":["a"]}`)
		default:
			reply(w, 400, `{"errors":[{"code":400,"message":"no"}]}`)
		}
	})
	c, _ := s.client(t)
	count := func(name string) (objects int, last error) {
		n = 0
		for _, err := range c.All(t.Context(), name, Params{}) {
			if last = err; err == nil {
				objects++
			}
		}
		return objects, last
	}
	if got, err := count("QueryIntelIndicatorEntities"); got != 2 || n != 2 || err != nil {
		t.Errorf("a server that stays at a marker: %d objects of %d calls, %v", got, n, err)
	}
	if got, err := count("action_get_v1"); got != 1 || n != 1 || err != nil {
		t.Errorf("an operation without pages: %d objects of %d calls, %v", got, n, err)
	}
	if got, err := count("QueryDevicesByFilter"); got != 0 || n != 1 || !errors.Is(err, ErrInvalid) {
		t.Errorf("a refusal: %d objects of %d calls, %v", got, n, err)
	}
	for name, kind := range map[string]error{"GetSampleV3": ErrInvalid, "nothing": ErrNotFound} {
		if got, err := count(name); got != 0 || n != 0 || !errors.Is(err, kind) {
			t.Errorf("%s: %d objects of %d calls, %v", name, got, n, err)
		}
	}
}

// TestMarkersUnlessAsked: indicators come by marker, typed or not, and by offset
// where another order is asked for.
func TestMarkersUnlessAsked(t *testing.T) {
	var asked []string
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q.Get("sort")+" "+q.Get("filter")+" "+q.Get("offset"))
		body := `{"meta":{"pagination":{"total":%d,"limit":1,"offset":0}},"errors":[],"resources":[{"id":"i","_marker":"170000000%d'a"}]}`
		total := 2
		if strings.Contains(q.Get("filter"), "_marker") {
			total = 1
		}
		reply(w, 200, fmt.Sprintf(body, total, len(asked)))
	})
	c, _ := s.client(t)
	for _, tc := range []struct {
		sort string
		want []string
	}{
		{"", []string{"_marker.asc  ", "_marker.asc _marker:>'1700000001a' "}},
		{"_marker|asc", []string{"_marker.asc  ", "_marker.asc _marker:>'1700000001a' "}},
		{"published_date|desc", []string{"published_date|desc  ", "published_date|desc  1"}},
	} {
		asked = nil
		n := 0
		for _, err := range c.All(t.Context(), "QueryIntelIndicatorEntities", Params{Query: url.Values{"sort": {tc.sort}}}) {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
		if n != 2 || !slices.Equal(asked, tc.want) {
			t.Errorf("sort %q: %d objects, asked %q, want %q", tc.sort, n, asked, tc.want)
		}
		asked = nil
		n = 0
		for one, err := range c.Intel().All(t.Context(), IntelQuery{RecordQuery: RecordQuery{Sort: tc.sort}}) {
			if n++; err != nil || one.ID != "i" {
				t.Fatalf("%+v, %v", one, err)
			}
		}
		if n != 2 || !slices.Equal(asked, tc.want) {
			t.Errorf("typed, sort %q: %d objects, asked %q, want %q", tc.sort, n, asked, tc.want)
		}
	}
}

// TestDecodedObjects: an object of another type ends a typed iteration.
func TestDecodedObjects(t *testing.T) {
	n := 0
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		reply(w, 200, `{"meta":{"pagination":{"total":9}},"errors":[],"resources":[{"id":"i","_marker":"1"},"text",{"id":"j"}]}`)
	})
	c, _ := s.client(t)
	var last error
	got := 0
	for _, err := range c.Intel().All(t.Context(), IntelQuery{}) {
		got++
		last = err
	}
	if got != 2 || n != 1 || !errors.Is(last, ErrInternal) {
		t.Errorf("%d pairs of %d calls, the last %v", got, n, last)
	}
}
