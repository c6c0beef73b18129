package vuln

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/telemetry"
)

// TestFilterByHost: what is asked of the host is what the host table holds now.
func TestFilterByHost(t *testing.T) {
	w := newWorld(t)
	w.sees(t, 1, "web01", telemetry.Facts{Platform: "Linux", Tags: "red,blue", OU: "Servers;Web", LocalIP: "10.1.2.3", ProductType: "3", Domain: "corp.example"})
	w.sees(t, 2, "ws02", telemetry.Facts{Platform: "Windows", Tags: "blue", ProductType: "1"})
	w.scan(t, 1, grype(w.now, "/", cve(1)))
	w.scan(t, 2, grype(w.now, "/", cve(2)))
	w.scan(t, 3, grype(w.now, "/", cve(3)))
	for filter, want := range map[string][]string{
		"host_info.hostname:'WEB*'":                      names(1),
		"host_info.hostname:!'web01'":                    names(2, 3),
		"host_info.platform_name:'linux'":                names(1),
		"host_info.platform_name:['Linux','Windows']":    names(1, 2),
		"host_info.tags:'blue'":                          names(1, 2),
		"host_info.tags:!'red'":                          names(2, 3),
		"host_info.tags:'blue'+host_info.tags:!'red'":    names(2),
		"host_info.ou:'web'":                             names(1),
		"host_info.groups:'x'":                           {},
		"host_info.groups:null":                          names(1, 2, 3),
		"host_info.local_ip:'10.1.0.0/16'":               names(1),
		"host_info.product_type_desc:'Server'":           names(1),
		"host_info.machine_domain:*'corp*'":              names(1),
		"suppression_info.is_suppressed:false":           names(1, 2, 3),
		"aid:'" + aid(1) + "',aid:'" + aid(3) + "'":      names(1, 3),
		"cid:'" + string(cid) + "'":                      names(1, 2, 3),
		"cid:'" + string(other) + "'":                    {},
		"cve.severity:'HIGH'+host_info.hostname:'ws02'":  names(2),
		"(host_info.tags:'red',cve.id:'CVE-2024-0003')":  names(1, 3),
		"!(host_info.tags:'blue'+status:'open')":         names(3),
		"scan.last_scan:>='now'+host_info.tags:'blue'":   names(1, 2),
		"host_info.host_last_seen_timestamp:>='now-1h'":  names(1, 2, 3),
		"last_seen_within:'1'":                           names(1, 2, 3),
		"last_seen_within:'45'+host_info.tags:'red'":     names(1),
		"LAST_SEEN_WITHIN:45":                            names(1, 2, 3),
		"last_seen_within:['1','3']":                     names(1, 2, 3),
		"!last_seen_within:'3'":                          {},
		"last_seen_within:'3',cve.id:'nothing'":          names(1, 2, 3),
		"last_seen_within:'3'+(status:'closed')":         {},
		"cve.base_score:>5":                              {},
		"cve.base_score:null":                            names(1, 2, 3),
		"apps.vendor_normalized:'DEB'":                   names(1, 2, 3),
		"vulnerability_id:'CVE-2024-0001'":               names(1),
		"host_info.system_manufacturer:null+cve.id:*'*'": names(1, 2, 3),
	} {
		if got := w.found(t, filter); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	w.now = w.now.Add(4 * day)
	w.sees(t, 2, "ws02", telemetry.Facts{Tags: "red"})
	if got := w.found(t, "last_seen_within:'3'"); !slices.Equal(got, names(2)) {
		t.Errorf("seen within three days: %q", got)
	}
	w.now = w.now.Add(2 * day)
	if got := w.found(t, "last_seen_within:['3','1']"); !slices.Equal(got, names(2)) {
		t.Errorf("seen within three days or one: %q", got)
	}
	if got := w.found(t, "host_info.tags:'red'"); !slices.Equal(got, names(1, 2)) {
		t.Errorf("red: %q", got)
	}
}

// TestBadFilters: a filter that selects everything is refused, and a mistake is
// told with its place in what the client wrote.
func TestBadFilters(t *testing.T) {
	w := newWorld(t)
	for filter, want := range map[string]string{
		"":                                    "empty and * are not accepted",
		" * ":                                 "empty and * are not accepted",
		"nope:'x'+last_seen_within:'3'":       "FQL error at 1: unknown field",
		"last_seen_within:'3'+nope:'x'":       "FQL error at 22: unknown field",
		"status:":                             "FQL error",
		"last_seen_within:'soon'":             "FQL error at 18: last_seen_within is a number of days",
		"last_seen_within:'0'":                "1 to 3650",
		"last_seen_within:'99999999999'":      "1 to 3650",
		"last_seen_within:>'3'":               "takes no operator",
		"status:'open',last_seen_within:null": "number of days",
		"cve.base_score:'high'":               "cve.base_score is a number",
	} {
		_, err := w.Query(ctx, me, mews.RecordQuery{Filter: filter})
		if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want something about %q", filter, err, want)
		}
		if strings.Trim(filter, " *") == "" {
			_, err = w.Explain(filter) // which lists the fields
			must(t, err)
		} else if _, err := w.Explain(filter); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%q is explained: %v", filter, err)
		}
	}
	lenient := newWorld(t, func(d *Deps) { d.UnknownField = collection.UnknownEmpty })
	lenient.scan(t, 1, grype(lenient.now, "/", cve(1)))
	if got := lenient.found(t, "nope:'x'+last_seen_within:'3'"); len(got) != 0 {
		t.Errorf("an unknown field selects %q", got)
	}
}

// TestPages goes through pages by token: each is met once, whatever is asked
// meanwhile, and a token is good for two minutes, one client, one filter, one
// route.
func TestPages(t *testing.T) {
	w := newWorld(t)
	w.scan(t, 1, grype(w.now, "/", cves(1, 2, 3, 4, 5, 6, 7)...))
	q := mews.RecordQuery{Filter: "status:'open'", Sort: "cve.id|desc", Limit: 3}
	var got []string
	var first Page
	for {
		list, page, err := w.Combined(ctx, me, q, nil)
		must(t, err)
		if q.After == "" {
			first = page
		}
		for _, v := range list {
			got = append(got, v.CVE.ID)
		}
		w.scan(t, 2, grype(w.now, "/", cves(8)...)) // comes meanwhile
		if q.After = page.After; q.After == "" {
			break
		}
	}
	if want := names(7, 6, 5, 4, 3, 2, 1); !slices.Equal(got, want) && !slices.Equal(got, append(names(8), want...)) {
		t.Errorf("pages %q", got)
	}
	q.After = first.After
	wrong := map[string]func() error{
		"another client": func() error {
			_, _, err := w.Combined(ctx, stranger, q, nil)
			return err
		},
		"another filter": func() error {
			q := q
			q.Filter = "status:'closed'"
			_, _, err := w.Combined(ctx, me, q, nil)
			return err
		},
		"another sort": func() error {
			q := q
			q.Sort = ""
			_, _, err := w.Combined(ctx, me, q, nil)
			return err
		},
		"another route": func() error {
			_, err := w.Query(ctx, me, q)
			return err
		},
		"too late": func() error {
			w.now = w.now.Add(2 * time.Minute)
			_, _, err := w.Combined(ctx, me, q, nil)
			return err
		},
	}
	for _, name := range []string{"another client", "another filter", "another sort", "another route", "too late"} {
		if err := wrong[name](); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLimits: pages and calls are bounded as upstream's are.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	if _, err := w.Query(ctx, me, mews.RecordQuery{Filter: "status:'open'", Limit: 401}); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("401 ids: %v", err)
	}
	if _, _, err := w.Combined(ctx, me, mews.RecordQuery{Filter: "status:'open'", Limit: 5001}, nil); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("5001 records: %v", err)
	}
	if _, _, err := w.Combined(ctx, me, mews.RecordQuery{Filter: "status:'open'"}, []string{"cves"}); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("an unknown facet: %v", err)
	}
	var ids []string
	for n := range 401 {
		ids = append(ids, fmt.Sprintf("%s_%032x", aid(1), n))
	}
	if _, _, err := w.Get(ctx, me, ids); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("401 ids: %v", err)
	}
	if found, unknown, err := w.Get(ctx, me, append(ids[:2], "x")); err != nil || len(found) != 0 || len(unknown) != 3 {
		t.Errorf("unknown ids: %+v, %q, %v", found, unknown, err)
	}
}

// TestTenants: nobody sees, changes or closes what is another customer's.
func TestTenants(t *testing.T) {
	w := newWorld(t)
	w.scan(t, 1, grype(w.now, "/", cves(1, 2)...))
	mine, err := w.Query(ctx, me, mews.RecordQuery{Filter: "status:'open'"})
	must(t, err)
	w.now = w.now.Add(time.Hour)
	scan, _, err := w.Import(ctx, stranger, mews.VulnerabilityReport{AID: aid(1)}, strings.NewReader(grype(w.now, "/", cves(3)...)))
	if must(t, err); scan.Opened != 1 || scan.Closed != 0 {
		t.Errorf("the stranger's scan: %+v", scan)
	}
	page, err := w.Query(ctx, stranger, mews.RecordQuery{Filter: "aid:'" + aid(1) + "'"})
	if must(t, err); page.Total != 1 {
		t.Errorf("the stranger sees %+v", page)
	}
	if found, unknown, err := w.Get(ctx, stranger, mine.IDs); err != nil || len(found) != 0 || len(unknown) != 2 {
		t.Errorf("the stranger gets %+v, %v", found, err)
	}
	if got := w.found(t, "status:'open'"); !slices.Equal(got, names(1, 2)) {
		t.Errorf("mine are %q", got)
	}
}

// TestExpire: what has not been scanned for long expires, comes back with a
// scan, and is removed when nobody wants it any more.
func TestExpire(t *testing.T) {
	w := newWorld(t)
	w.scan(t, 1, grype(w.now, "/", cves(1, 2)...))
	w.scan(t, 2, grype(w.now, "/", cves(3)...))
	w.now = w.now.Add(46 * day)
	w.scan(t, 2, grype(w.now, "/", cves(3, 4)...))
	if got := w.found(t, "status:'expired'"); !slices.Equal(got, names(1, 2)) {
		t.Errorf("expired: %q", got)
	}
	if scan := w.scan(t, 1, grype(w.now, "/", cves(1)...)); scan.Reopened != 1 || scan.Closed != 1 {
		t.Errorf("scanned again: %+v", scan)
	}
	if got := w.found(t, "status:'open'"); !slices.Equal(got, names(1, 3, 4)) {
		t.Errorf("open: %q", got)
	}
	w.now = w.now.Add(46 * day)
	must(t, w.Tidy(ctx))
	if got := w.found(t, "status:'expired'"); !slices.Equal(got, names(1, 3, 4)) {
		t.Errorf("expired: %q", got)
	}
	w.now = w.now.Add(60 * day) // the closed one goes, 106 days after
	must(t, w.Tidy(ctx))
	if got := w.found(t, "cve.id:*'*'"); !slices.Equal(got, names(1, 3, 4)) || w.rows(t, "vuln_about") != 3 || w.rows(t, "vuln_scope") != 2 {
		t.Errorf("kept: %q, %d texts, %d scopes", got, w.rows(t, "vuln_about"), w.rows(t, "vuln_scope"))
	}
	w.now = w.now.Add(60 * day)
	must(t, w.Tidy(ctx))
	for _, table := range []string{"vulnerability", "vuln_about", "vuln_scope"} {
		if n := w.rows(t, table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
}

// TestKeepsScopes: a scope whose vulnerabilities are all gone is kept while it is
// scanned, so that an older report is still known to be older.
func TestKeepsScopes(t *testing.T) {
	w := newWorld(t)
	old := grype(w.now, "/", cve(1))
	w.scan(t, 1, old)
	w.now = w.now.Add(day)
	w.scan(t, 1, grype(w.now, "/"))
	w.now = w.now.Add(101 * day)
	w.scan(t, 1, grype(w.now, "/"))
	must(t, w.Tidy(ctx))
	if n := w.rows(t, "vulnerability"); n != 0 {
		t.Fatalf("%d are kept", n)
	}
	if scan := w.scan(t, 1, old); !scan.Outdated {
		t.Errorf("the older report: %+v", scan)
	}
}
