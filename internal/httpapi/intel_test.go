package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

const feedPath = "/ingest/v1/indicators"

// feed imports a text.
func (h *harness) feed(t testing.TB, token, query, text string) mews.IntelCounts {
	t.Helper()
	a := h.do(t, "POST", feedPath+query, with(bearing(token), "Content-Type", mediaText), text)
	if a.status != 200 {
		t.Fatalf("import: %d %s", a.status, a.body)
	}
	return *decode[struct{}](t, a).Meta.Indicators
}

// TestIntelPages follows the header of the next page, as gofalcon does, through
// each route and with all that a query can say.
func TestIntelPages(t *testing.T) {
	h := newHarness(t)
	token := h.token(t, mews.ScopeIngest, mews.ScopeIntelRead)
	var list strings.Builder
	for n := range 7 {
		fmt.Fprintf(&list, "d%d.example\n", n)
	}
	if counts := h.feed(t, token, "?source=a", list.String()); counts.Added != 7 {
		t.Fatalf("%+v", counts)
	}
	query := url.Values{"limit": {"3"}, "filter": {"indicator:'d*.example'"}, "q": {".EXA"}, "include_deleted": {"true"}, "sort": {"indicator.desc"}}
	for _, path := range []string{intelCombined, intelQueries} {
		var found, sizes []string
		for next := path + "?" + query.Encode(); next != ""; {
			a := h.get(t, token, next)
			next = a.header.Get("Next-Page")
			if next != "" && !strings.HasPrefix(next, path+"?") {
				t.Fatalf("the next page is %s", next)
			}
			n := strings.Count(string(a.body), `.example"`)
			if path == intelCombined {
				n /= 2 // indicator and id
			}
			sizes = append(sizes, fmt.Sprint(n))
			if path == intelQueries {
				found = append(found, decode[string](t, a).Resources...)
			}
		}
		if got := strings.Join(sizes, " "); got != "3 3 1" {
			t.Errorf("%s: pages of %s", path, got)
		}
		if got := strings.Join(found, " "); path == intelQueries &&
			got != "domain_d6.example domain_d5.example domain_d4.example domain_d3.example domain_d2.example domain_d1.example domain_d0.example" {
			t.Errorf("met %s", got)
		}
	}
	p := decode[mews.IntelIndicator](t, h.get(t, token, intelCombined+"?limit=2&offset=3")).Meta.Pagination
	if p.Offset != 5 || p.Limit != 2 || p.Total != 7 {
		t.Errorf("pagination is %+v", p)
	}
}

// TestIntelImport: bodies as shippers send them, and what is wrong with rows.
func TestIntelImport(t *testing.T) {
	h := newHarness(t)
	token := h.token(t, mews.ScopeIngest, mews.ScopeIntelRead)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("a.example\nb.example\nno value\n"))
	must(t, z.Close())
	header := with(with(bearing(token), "Content-Type", mediaBytes), "Content-Encoding", "gzip")
	a := h.do(t, "POST", feedPath+"?source=a&format=CSV", header, packed.String())
	env := decode[struct{}](t, a)
	if n := env.Meta.Indicators; a.status != 200 || n.Added != 2 || n.Failed != 1 || len(env.Errors) != 1 || env.Errors[0].ID != "line 3" || env.Errors[0].Code != 400 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if n := h.feed(t, token, "?source=a&run=r1&complete=True", "b.example\n"); n.Unchanged != 1 || n.Deleted != 1 {
		t.Errorf("%+v", n)
	}
	ids := `{"ids":["domain_a.example","domain_c.example"]}`
	found := decode[mews.IntelIndicator](t, h.post(t, token, "/intel/entities/indicators/GET/v1", ids))
	if len(found.Resources) != 1 || !found.Resources[0].Deleted || len(found.Errors) != 1 || found.Errors[0].ID != "domain_c.example" {
		t.Errorf("%+v", found)
	}
	a = h.do(t, "POST", feedPath+"?source=a&format=stix", with(bearing(token), "Content-Type", mediaSTIX), `{"objects":[`)
	if a.status != 400 || !strings.Contains(string(a.body), "the file ends too early") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a = h.do(t, "POST", feedPath+"?source=a", with(bearing(token), "Content-Type", "image/png"), "x"); a.status != 415 {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// TestIntelClient: the client goes from marker to marker, or by pages where another
// order is asked for, and meets everything once.
func TestIntelClient(t *testing.T) {
	h := newHarness(t)
	c := h.sdk(t, mews.ScopeIngest, mews.ScopeIntelRead).Intel()
	var list strings.Builder
	for n := range 9 {
		fmt.Fprintf(&list, "d%d.example\n", n)
	}
	env, err := c.Import(t.Context(), strings.NewReader(list.String()), mews.IntelImport{Source: "a"})
	must(t, err)
	if n := env.Meta.Indicators; n.Added != 9 {
		t.Errorf("%+v", n)
	}
	for sort, want := range map[string]string{"": "12345678", "_marker|asc": "12345678", "indicator.desc": "87654321"} {
		got := ""
		q := mews.IntelQuery{RecordQuery: mews.RecordQuery{Filter: "indicator:'d*',type:'url'", Sort: sort, Limit: 2}, OmitRelations: true}
		q.Filter = "(" + q.Filter + ")+indicator:!'d0.example'"
		for i, err := range c.All(t.Context(), q) {
			must(t, err)
			got += i.Indicator[1:2]
		}
		if got != want {
			t.Errorf("by %q: %s, want %s", sort, got, want)
		}
	}
	env, err = c.Import(t.Context(), strings.NewReader("d1.example\n"), mews.IntelImport{Source: "a", Format: "csv", Complete: true})
	must(t, err)
	if n := env.Meta.Indicators; n.Deleted != 8 || n.Unchanged != 1 {
		t.Errorf("%+v", n)
	}
	count := 0
	for _, err := range c.All(t.Context(), mews.IntelQuery{IncludeDeleted: true}) {
		must(t, err)
		count++
	}
	found, err := c.Get(t.Context(), "domain_d1.example", "domain_d2.example")
	must(t, err)
	e, err := c.Explain(t.Context(), "kill_chains:'c2'")
	if must(t, err); count != 9 || len(found.Resources) != 2 || !found.Resources[1].Deleted || e.Collection != "intel" {
		t.Errorf("%d, %+v, %+v", count, found.Resources, e)
	}
	ids, err := c.QueryIDs(t.Context(), mews.IntelQuery{RecordQuery: mews.RecordQuery{Q: "D1.EX"}})
	if must(t, err); len(ids.Resources) != 1 {
		t.Errorf("%v", ids.Resources)
	}
	for _, err := range c.All(t.Context(), mews.IntelQuery{RecordQuery: mews.RecordQuery{Filter: "nosuch:'x'"}}) {
		if !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%v", err)
		}
	}
}
