package intel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/feed"
)

// TestMarkerLoop is the loop of the vendor's documentation: it asks for what has
// the last marker or a later one, until nothing is left.
func TestMarkerLoop(t *testing.T) {
	w := newWorld(t)
	for n := range 7 {
		w.now = w.now.Add(time.Duration(n%3) * time.Second)
		w.take(t, Import{Source: "a"}, domain(fmt.Sprintf("d%d", n)), domain(fmt.Sprintf("e%d", n)))
	}
	at := "1700000000.123456"
	var got, totals []string
	for total := 1; total > 0; {
		found, page, err := w.Query(ctx, me, mews.IntelQuery{RecordQuery: mews.RecordQuery{
			Filter: "_marker:>='" + at + "'", Limit: 4, Sort: "_marker.asc",
		}})
		must(t, err)
		for _, i := range found {
			got, at = append(got, i.Indicator[:2]), i.Marker
		}
		total = page.Total
		if totals = append(totals, fmt.Sprint(total)); len(totals) == 2 { // one that was read changes, and one is new
			w.take(t, Import{Source: "a"}, domain("d0", "x"), domain("zz"))
		}
	}
	if g := strings.Join(got, " "); g != "d0 e0 d1 e1 d2 e2 d3 e3 d4 e4 d5 e5 d6 e6 d0 zz" {
		t.Errorf("met %s", g)
	}
	if g := strings.Join(totals, " "); g != "14 10 8 4 0" {
		t.Errorf("were left: %s", g)
	}
}

func TestMarkerBounds(t *testing.T) {
	w := newWorld(t)
	w.take(t, Import{Source: "a"}, domains("a b")...)
	w.now = w.now.Add(time.Second)
	w.take(t, Import{Source: "a"}, domains("c d")...)
	c := w.get(t, "c").Marker
	for text, want := range map[string]string{
		"_marker:>='" + c + "'":                           "d",
		"_marker:>'" + c + "'":                            "d",
		"_marker:<='" + c + "'":                           "a b",
		"_marker:<'" + c + "'":                            "a b",
		"_marker:'" + c + "'":                             "c",
		"_marker:>='1772366401'":                          "c d",
		"_marker:<='1772366401'":                          "a b",
		"_marker:>='1772366400.999'":                      "a b c d",
		"!_marker:>='" + c + "'":                          "a b c",
		"_marker:>='1772366400'+_marker:<='" + c + "'":    "a b",
		"_marker:*'17723664*'":                            "a b c d",
		"last_updated:>=1772366401":                       "c d",
		"last_updated:<='2026-03-01T12:00:00Z'":           "a b",
		"published_date:'2026-03-01'+indicator:'A*'":      "a",
		"id:['domain_a.example','domain_d.example']":      "a d",
		"type:'Domain'+malicious_confidence:'Unverified'": "a b c d",
	} {
		if got := w.query(t, filter(text)); got != want {
			t.Errorf("%s selects %q, want %q", text, got, want)
		}
	}
}

// full is a record with something in every field.
func full() feed.Row {
	r := domain("a", "Loader 2")
	i := &r.Indicator
	i.Actors, i.Reports, i.KillChains = []string{"BEAR, Fancy"}, []string{"Case 17: \"the plan\""}, []string{"c2"}
	i.DomainTypes, i.IPAddressTypes, i.Targets = []string{"DGA"}, []string{"TorProxy"}, []string{"Energy"}
	i.ThreatTypes, i.Vulnerabilities = []string{"Ransomware"}, []string{"CVE-2026-0001"}
	i.Labels = []mews.IntelLabel{{Name: "tlp:green", CreatedOn: 1600000000, LastValidOn: 1800000000}}
	i.Relations = []mews.IntelRelation{{Type: "url", Indicator: "http://a.example/x,y"}}
	i.MaliciousConfidence = "high"
	return r
}

func TestFilterFields(t *testing.T) {
	w := newWorld(t)
	w.take(t, Import{Source: "Feed One"}, full(), domain("b"))
	for _, text := range []string{
		"actors:'bear, fancy'", "reports:*'case*'", "reports.slug:'case-17-the-plan'", "malware_families:'loader 2'", "kill_chains:'C2'",
		"domain_types:'dga'", "ip_address_types:'torproxy'", "targets:['Energy']", "threat_types:'ransomware'",
		"vulnerabilities:'cve-2026-0001'", "labels:'tlp:green'", "labels.name:'TLP:GREEN'", "labels.created_on:<1600000001",
		"labels.last_valid_on:>'2027-01-01'", "malicious_confidence:'high'", "source:'feed one'+actors:!null", "_all:*'*x,y*'",
		"scope:'Feed One'+deleted:false+kill_chains:!null",
	} {
		if got := w.query(t, filter(text)); got != "a" {
			t.Errorf("%s selects %q", text, got)
		}
		if got := w.query(t, filter("!("+text+")")); got != "b" {
			t.Errorf("not %s selects %q", text, got)
		}
	}
}

// TestQ: a text anywhere in the record, also within words and with signs.
func TestQ(t *testing.T) {
	w := newWorld(t)
	w.take(t, Import{Source: "Feed One"}, full(), domain("b"))
	ask := func(q string) mews.IntelQuery { return mews.IntelQuery{RecordQuery: mews.RecordQuery{Q: q}} }
	for q, want := range map[string]string{
		"oader": "a", "LOADER 2": "a", "AR, fan": "a", `"the plan"`: "a", "e.ex": "", "example": "a b", "x,y": "a", "green": "a",
		"unver": "b", "feed one": "a b", "nothing": "", " ": "a b", "*": "a b", "domain": "a b", `\`: "",
	} {
		if got := w.query(t, ask(q)); got != want {
			t.Errorf("q %q selects %q, want %q", q, got, want)
		}
	}
	both := ask("example")
	both.Filter = "kill_chains:'c2'"
	if got := w.query(t, both); got != "a" {
		t.Errorf("with a filter: %q", got)
	}
	_, _, err := w.Query(ctx, me, ask(strings.Repeat("x", 1025)))
	wantInvalid(t, err, "1024 bytes")
}

func TestSortAndPages(t *testing.T) {
	w := newWorld(t)
	for n, name := range strings.Fields("c a e b d") {
		r := domain(name)
		r.Indicator.PublishedDate = int64(1000 - n)
		w.take(t, Import{Source: "a"}, r)
	}
	for sort, want := range map[string]string{
		"": "c a e b d", "_marker.desc": "d b e a c", "indicator|asc": "a b c d e", "published_date|asc": "d b e a c", "id.desc": "e d c b a",
		"last_updated|asc": "c a e b d",
	} {
		if got := w.query(t, mews.IntelQuery{RecordQuery: mews.RecordQuery{Sort: sort}}); got != want {
			t.Errorf("by %q: %s, want %s", sort, got, want)
		}
		var paged []string
		q := mews.IntelQuery{RecordQuery: mews.RecordQuery{Sort: sort, Limit: 2}}
		for {
			page, err := w.QueryIDs(ctx, me, q)
			must(t, err)
			for _, id := range page.IDs {
				paged = append(paged, id[len("domain_"):len("domain_")+1])
			}
			if q.After = page.After; q.After == "" {
				break
			}
		}
		if got := strings.Join(paged, " "); got != want {
			t.Errorf("by %q in pages: %s, want %s", sort, got, want)
		}
	}
	q := mews.IntelQuery{RecordQuery: mews.RecordQuery{Sort: "indicator", Limit: 2, Offset: 3}}
	if got := w.query(t, q); got != "d e" {
		t.Errorf("from 3 on: %s", got)
	}
}

func TestDeletedAndRelations(t *testing.T) {
	w := newWorld(t)
	w.take(t, Import{Source: "a"}, full(), domain("b"))
	w.take(t, Import{Source: "a", Complete: true}, full())
	for _, tc := range []struct {
		filter  string
		deleted bool
		want    string
	}{
		{"", false, "a"},
		{"", true, "a -b"},
		{"*", true, "a -b"},
		{"type:'domain',type:'url'", true, "a -b"},
		{"deleted:true", false, "-b"},
		{"deleted:false", true, "a"},
	} {
		if got := w.query(t, mews.IntelQuery{RecordQuery: mews.RecordQuery{Filter: tc.filter}, IncludeDeleted: tc.deleted}); got != tc.want {
			t.Errorf("%q with deleted ones %t: %s, want %s", tc.filter, tc.deleted, got, tc.want)
		}
	}
	found, _, err := w.Query(ctx, me, mews.IntelQuery{OmitRelations: true})
	must(t, err)
	if r := found[0].Relations; r == nil || len(r) != 0 || len(w.get(t, "a").Relations) != 1 {
		t.Errorf("relations are %v", r)
	}
}

func TestMistakes(t *testing.T) {
	w := newWorld(t)
	for text, q := range map[string]mews.IntelQuery{
		"unknown field \"nosuch\"": {RecordQuery: mews.RecordQuery{Filter: "nosuch:'x'", Q: "x"}, IncludeDeleted: true},
		"at 5":                     {RecordQuery: mews.RecordQuery{Filter: "type"}, IncludeDeleted: true},
		"1..10000":                 {RecordQuery: mews.RecordQuery{Limit: 10_001}},
		"cannot sort by":           {RecordQuery: mews.RecordQuery{Sort: "actors"}},
		"pagination token":         {RecordQuery: mews.RecordQuery{After: "x"}},
	} {
		_, _, err := w.Query(ctx, me, q)
		wantInvalid(t, err, text)
	}
	_, _, err := w.Get(ctx, me, nil)
	wantInvalid(t, err, "at least one")
	e, err := w.Explain("_marker:>'17'")
	must(t, err)
	if e.Collection != "intel" || !slices.ContainsFunc(e.Fields, func(f mews.FilterField) bool { return f.Name == "kill_chains" && f.Multi }) {
		t.Errorf("%+v", e)
	}
	quiet := newWorld(t, func(d *Deps) { d.UnknownField = collection.UnknownEmpty })
	quiet.take(t, Import{Source: "a"}, domain("a"))
	if got := quiet.query(t, filter("nosuch:'x'")); got != "" {
		t.Errorf("an unknown field selects %q", got)
	}
}
