package httpapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	authpkg "github.com/mewshq/mews/internal/auth"
)

// A style is how one page leads to the next: what of an answer goes into which
// parameter of the request for what follows. No next: that was all.
type style struct {
	name string
	next func(q url.Values, p pageAnswer) (more bool)
}

// A pageAnswer is what a client reads of a page.
type pageAnswer struct {
	Meta struct {
		Pagination struct {
			Offset json.RawMessage
			After  *string
			Limit  int
			Total  int
		}
	}
	Resources []json.RawMessage
}

func (p pageAnswer) ids(t testing.TB) (ids []string) {
	t.Helper()
	for _, r := range p.Resources {
		var id string
		if json.Unmarshal(r, &id) != nil {
			var object struct{ ID string }
			must(t, json.Unmarshal(r, &object))
			id = object.ID
		}
		ids = append(ids, id)
	}
	return ids
}

// byOffset goes on at the offset that the reply names, as the vendor's loop does.
var byOffset = style{"offset", func(q url.Values, p pageAnswer) bool {
	next, err := strconv.Atoi(strings.Trim(string(p.Meta.Pagination.Offset), `"`))
	q.Set("offset", strconv.Itoa(next))
	return err == nil && next < p.Meta.Pagination.Total
}}

var byAfter = style{"after", func(q url.Values, p pageAnswer) bool {
	q.Del("offset")
	if p.Meta.Pagination.After == nil {
		return false
	}
	q.Set("after", *p.Meta.Pagination.After)
	return *p.Meta.Pagination.After != ""
}}

var byScroll = style{"scroll", func(q url.Values, p pageAnswer) bool {
	var token string
	_ = json.Unmarshal(p.Meta.Pagination.Offset, &token) // a number would be no token
	q.Set("offset", token)
	return token != ""
}}

var byMarker = style{"marker", func(q url.Values, p pageAnswer) bool {
	if len(p.Resources) == 0 {
		return false
	}
	var last struct {
		Marker string `json:"_marker"`
	}
	_ = json.Unmarshal(p.Resources[len(p.Resources)-1], &last)
	filter, _, _ := strings.Cut(q.Get("filter"), "+_marker")
	q.Set("filter", filter+"+_marker:>='"+last.Marker+"'")
	return last.Marker != ""
}}

// A paged route is one that gives pages, with filters and orders that it knows.
type paged struct {
	path    string
	styles  []style
	filters []string
	sorts   []string
	max     int           // greatest limit
	life    time.Duration // of its tokens; 0: it has none
}

func pagedRoutes() []paged {
	return []paged{
		{
			path: recordsQuery, styles: []style{byOffset, byAfter}, filters: []string{"state:'quarantined'", "max_severity:>100", "username:['u1','u2']"},
			sorts: []string{"hostname|asc", "date_created.desc"}, max: 5000, life: time.Hour,
		},
		{path: hostQueryPath, styles: []style{byOffset}, filters: []string{"hostname:'ws-*'", "platform_name:'Windows'"}, sorts: []string{"hostname|desc", "last_seen.asc"}, max: 5000},
		{
			path: scrollPath, styles: []style{byScroll}, filters: []string{"hostname:'ws-*'", "platform_name:'Windows'"},
			sorts: []string{"hostname|desc", "last_seen.asc"}, max: 5000, life: 2 * time.Minute,
		},
		{path: searchPath, styles: []style{byOffset, byAfter}, filters: []string{"type:'domain'", "severity:'high'"}, sorts: []string{"value|asc", "created_on.desc"}, max: 2000, life: time.Hour},
		{path: combinedPath, styles: []style{byOffset, byAfter}, filters: []string{"type:'domain'", "severity:'high'"}, sorts: []string{"value|asc", "created_on.desc"}, max: 2000, life: time.Hour},
		{
			path: "/mews/combined/detections/v1", styles: []style{byOffset, byAfter}, filters: []string{"type:'domain'", "value:'met.example'"},
			sorts: []string{"last_seen|asc", "first_seen.desc"}, max: 5000, life: time.Hour,
		},
		{
			path: "/spotlight/queries/vulnerabilities/v1", styles: []style{byAfter}, filters: []string{"status:'open'", "cve.id:'CVE-2024-*'"},
			sorts: []string{"updated_timestamp|asc", "created_timestamp.desc"}, max: 400, life: 2 * time.Minute,
		},
		{
			path: "/spotlight/combined/vulnerabilities/v1", styles: []style{byAfter}, filters: []string{"status:'open'", "cve.id:'CVE-2024-*'"},
			sorts: []string{"updated_timestamp|asc", "created_timestamp.desc"}, max: 5000, life: 2 * time.Minute,
		},
		{path: "/intel/combined/indicators/v1", styles: []style{byOffset, byMarker}, filters: []string{"type:'domain'", "malicious_confidence:!'high'"}, sorts: []string{"_marker.asc"}, max: 10_000},
		{path: "/intel/queries/indicators/v1", styles: []style{byOffset}, filters: []string{"type:'domain'"}, sorts: []string{"_marker.asc", "last_updated|desc"}, max: 10_000},
		{path: legacyQueries, styles: []style{byOffset}, filters: []string{""}, sorts: []string{""}, max: 500},
		{path: devicesPath + observed, styles: []style{byOffset}, filters: []string{""}, sorts: []string{""}, max: 5000},
	}
}

// A pageWorld has more records of each kind than a page holds, and a clock.
type pageWorld struct {
	*harness
	mu    sync.Mutex
	ahead time.Duration

	token, others, foreign string // two clients of the customer, and one of another
}

func newPageWorld(t *testing.T) *pageWorld {
	t.Helper()
	w := &pageWorld{}
	w.harness = newHarness(t, func(d *Deps, o *authpkg.Options) {
		o.TokenTTL, o.Limits.RequestsPerMinute = 48*time.Hour, 1<<30
		d.Now = func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return time.Now().Add(w.ahead)
		}
	})
	w.token, w.others, w.foreign = w.harness.token(t), w.harness.token(t), w.tokenOf(t, foreignCID)
	for _, token := range []string{w.token, w.foreign} {
		w.some(t, token, 23)
		w.someHosts(t, token, 23)
		var list, lines, cves []string
		var domains strings.Builder
		for n := range 23 {
			list = append(list, indicator("domain", fmt.Sprintf("n%d.example", n)))
			lines = append(lines, asked(n, 7, "walk.example"))
			cves = append(cves, fmt.Sprintf("CVE-2024-%04d", n))
			fmt.Fprintf(&domains, "f%d.example\n", n)
		}
		w.made(t, token, list...)
		w.ingested(t, token, lines...)
		w.scanned(t, token, "?hostname=scanned", trivyReport("scanned", cves...))
		w.feed(t, token, "?source=paged", domains.String())
	}
	var hosts []string
	for n := range 23 {
		hosts = append(hosts, sensorID(n))
	}
	w.detect(t, ownCID, "met.example", hosts...)
	return w
}

// pass sets the clock of everything but logins ahead.
func (w *pageWorld) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ahead += d
}

func (w *pageWorld) ask(t testing.TB, token string, r paged, q url.Values) (answer, pageAnswer) {
	t.Helper()
	path, fixed, _ := strings.Cut(r.path, "?")
	a := w.do(t, "GET", path+"?"+fixed+"&"+q.Encode(), bearing(token), "")
	var p pageAnswer
	must(t, json.Unmarshal(a.body, &p))
	return a, p
}

func (r paged) draw(rt *rapid.T) (style, url.Values) {
	q := url.Values{"limit": {strconv.Itoa(rapid.IntRange(1, 30).Draw(rt, "limit"))}}
	for key, value := range map[string]string{"filter": rapid.SampledFrom(r.filters).Draw(rt, "filter"), "sort": rapid.SampledFrom(r.sorts).Draw(rt, "sort")} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return rapid.SampledFrom(r.styles).Draw(rt, "style"), q
}

// TestPagesAddUp: in each of the four styles, and with every size of page, the
// pages together are the records that one large page has, each once and in that
// order, and the loop ends by what the replies say.
func TestPagesAddUp(t *testing.T) {
	w := newPageWorld(t)
	routes := pagedRoutes()
	rapid.Check(t, func(rt *rapid.T) {
		r := rapid.SampledFrom(routes).Draw(rt, "route")
		how, q := r.draw(rt)
		all := url.Values{"limit": {strconv.Itoa(r.max)}}
		for _, key := range []string{"filter", "sort"} {
			if q.Has(key) {
				all.Set(key, q.Get(key))
			}
		}
		_, whole := w.ask(t, w.token, r, all)
		want := whole.ids(t)
		var got []string
		for pages := 1; ; pages++ {
			a, p := w.ask(t, w.token, r, q)
			if a.status != 200 || pages > len(want)+2 {
				rt.Fatalf("%s, page %d by %v: %d %s", how.name, pages, q, a.status, a.body)
			}
			left := len(want)
			if how.name == byMarker.name {
				left -= len(got) // what remains
			}
			if p.Meta.Pagination.Total != left {
				rt.Fatalf("%s: total %d after %d of %d", how.name, p.Meta.Pagination.Total, len(got), len(want))
			}
			got = append(got, p.ids(t)...)
			if !how.next(q, p) {
				break
			}
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("%s by %v: %d records %q, want %d %q", how.name, q, len(got), got, len(want), want)
		}
	})
}

// TestPageTokensServeOnePurpose: a token is good for its client, filter, order and
// route, for its time, and as it was written; anything else is 400.
func TestPageTokensServeOnePurpose(t *testing.T) {
	w := newPageWorld(t)
	routes := slices.DeleteFunc(pagedRoutes(), func(r paged) bool { return r.life == 0 })
	rapid.Check(t, func(rt *rapid.T) {
		r := rapid.SampledFrom(routes).Draw(rt, "route")
		_, q := r.draw(rt)
		q.Set("limit", strconv.Itoa(rapid.IntRange(1, 5).Draw(rt, "small")))
		key, how := "after", byAfter
		if r.styles[0].name == byScroll.name {
			key, how = "offset", byScroll
		}
		_, p := w.ask(t, w.token, r, q)
		if !how.next(q, p) {
			return // the filter selects less than a page
		}
		token := q.Get(key)
		refused := func(what, client string, r paged, change func(url.Values)) {
			rt.Helper()
			other := url.Values{}
			for k, v := range q {
				other[k] = slices.Clone(v)
			}
			change(other)
			if a, _ := w.ask(t, client, r, other); a.status != 400 || !strings.Contains(string(a.body), "token") {
				rt.Errorf("%s with the token of %s, %v: %d %s", what, r.path, other, a.status, a.body)
			}
		}
		same := func(url.Values) {}
		refused("another client", w.others, r, same)
		refused("another customer", w.foreign, r, same)
		refused("another filter", w.token, r, func(q url.Values) { q.Set("filter", q.Get("filter")+"+"+r.filters[0]) })
		for _, s := range r.sorts {
			if s != q.Get("sort") {
				refused("another order", w.token, r, func(q url.Values) { q.Set("sort", s) })
			}
		}
		refused("a changed token", w.token, r, func(q url.Values) {
			i := rapid.IntRange(0, len(token)-1).Draw(rt, "place")
			letter := byte('A')
			if token[i] == letter {
				letter = 'B'
			}
			q.Set(key, token[:i]+string(letter)+token[i+1:])
		})
		refused("a part of the token", w.token, r, func(q url.Values) { q.Set(key, token[:rapid.IntRange(1, len(token)-1).Draw(rt, "cut")]) })
		if a, _ := w.ask(t, w.token, r, q); a.status != 200 {
			rt.Errorf("the token itself: %d %s", a.status, a.body)
		}
		w.pass(r.life + time.Second)
		refused("when its time is over", w.token, r, same)
	})
}

// TestPageTokensServeOneRoute: no route takes a token of another, whatever both
// have in common. Only the two of indicators give the same pages, once as ids and
// once as records, and a client may go over from one to the other.
func TestPageTokensServeOneRoute(t *testing.T) {
	w := newPageWorld(t)
	same := map[string]string{searchPath: combinedPath, combinedPath: searchPath}
	// All records of all collections, where that may be asked for.
	plain := func(r paged) url.Values {
		q := url.Values{"limit": {"3"}}
		if strings.HasPrefix(r.path, "/spotlight/") {
			q.Set("filter", "cid:!'x'")
		}
		return q
	}
	for _, from := range pagedRoutes() {
		if from.life == 0 {
			continue
		}
		_, p := w.ask(t, w.token, from, plain(from))
		q := plain(from)
		if last := from.styles[len(from.styles)-1]; !last.next(q, p) {
			t.Fatalf("%s has no second page: %+v", from.path, p)
		}
		token := q.Get("after") + q.Get("offset")
		for _, to := range pagedRoutes() {
			if to.life == 0 || to.path == from.path {
				continue
			}
			q := plain(to)
			q.Set(map[bool]string{true: "offset", false: "after"}[to.styles[0].name == byScroll.name], token)
			want := 400
			if same[from.path] == to.path {
				want = 200
			}
			if a, _ := w.ask(t, w.token, to, q); a.status != want {
				t.Errorf("%s takes the token of %s: %d %s", to.path, from.path, a.status, a.body)
			}
		}
	}
}
