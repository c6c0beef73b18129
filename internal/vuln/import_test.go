package vuln

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// TestLife follows vulnerabilities through the scans of a host: opened, closed,
// reopened, changed.
func TestLife(t *testing.T) {
	w := newWorld(t)
	expect := func(step string, got mews.VulnerabilityScan, opened, reopened, changed, unchanged, closed int) {
		t.Helper()
		if got.Opened != opened || got.Reopened != reopened || got.Changed != changed || got.Unchanged != unchanged || got.Closed != closed {
			t.Errorf("%s: %+v", step, got)
		}
	}
	expect("first", w.scan(t, 1, grype(w.now, "/", cves(1, 2, 3)...)), 3, 0, 0, 0, 0)
	w.now = w.now.Add(day)
	expect("one is gone", w.scan(t, 1, grype(w.now, "/", cves(1, 2)...)), 0, 0, 0, 2, 1)
	w.now = w.now.Add(day)
	upgraded := cve(2)
	upgraded.Version = "1.1"
	expect("one is back, one upgraded", w.scan(t, 1, grype(w.now, "/", cve(1), upgraded, cve(3))), 0, 1, 1, 1, 0)
	for filter, want := range map[string][]string{
		"status:'open'":                      names(1, 2),
		"status:'reopen'":                    names(3),
		"status:['open','reopen']":           names(1, 2, 3),
		"closed_timestamp:!null":             {},
		"created_timestamp:<'now-1d'":        names(1, 2, 3),
		"updated_timestamp:>='now'":          names(2, 3),
		"updated_timestamp:<'now-1d'":        names(1),
		"cve.id:'cve-2024-0002'":             names(2),
		"app.product_name_normalized:'PKG2'": names(2),
	} {
		if got := w.found(t, filter); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	w.now = w.now.Add(day)
	expect("nothing is left", w.scan(t, 1, grype(w.now, "/")), 0, 0, 0, 0, 3)
	if got := w.found(t, "closed_timestamp:>='now'+status:'closed'"); !slices.Equal(got, names(1, 2, 3)) {
		t.Errorf("closed: %q", got)
	}
}

// TestScopes: a report says nothing about another host, another thing, or what
// another scanner found.
func TestScopes(t *testing.T) {
	w := newWorld(t)
	w.scan(t, 1, grype(w.now, "/", cves(1, 2)...))
	w.scan(t, 2, grype(w.now, "/", cves(1, 3)...))
	w.scan(t, 1, grype(w.now, "/srv", cves(1, 4)...))
	sarif := `{"runs":[{"tool":{"driver":{"name":"Grype"}},"properties":{"imageName":"/"},"results":[{"ruleId":"CVE-2024-0005","message":{"text":"Package: a"}}]}]}`
	w.scan(t, 1, sarif)
	if got := w.found(t, "status:'open'"); !slices.Equal(got, names(1, 1, 1, 2, 3, 4, 5)) {
		t.Fatalf("open: %q", got)
	}
	w.now = w.now.Add(time.Hour)
	if scan := w.scan(t, 1, grype(w.now, "/")); scan.Closed != 2 {
		t.Errorf("closed %+v", scan)
	}
	if got := w.found(t, "status:'open'"); !slices.Equal(got, names(1, 1, 3, 4, 5)) {
		t.Errorf("open: %q", got)
	}
	for filter, want := range map[string][]string{
		"scan.scope:'/srv'+status:'open'":                      names(1, 4),
		"scan.format:'sarif'":                                  names(5),
		"data_providers.provider:'GRYPE'+aid:'" + aid(2) + "'": names(1, 3),
	} {
		if got := w.found(t, filter); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
}

// TestGivenScope: a scope that the caller names outlasts the names of images.
func TestGivenScope(t *testing.T) {
	w := newWorld(t)
	for n, image := range []string{"shop:1", "shop:2"} {
		w.now = w.now.Add(time.Hour)
		report := grype(w.now, image, cve(n))
		scan, _, err := w.Import(ctx, me, mews.VulnerabilityReport{AID: aid(1), Scope: "shop"}, strings.NewReader(report))
		must(t, err)
		if scan.Scope != "shop" || scan.Closed != n {
			t.Errorf("%s: %+v", image, scan)
		}
	}
}

// TestRepeated: the same report again changes nothing, and neither does an
// older one; the trail tells only of what changed something.
func TestRepeated(t *testing.T) {
	w := newWorld(t)
	old := grype(w.now.Add(-day), "/", cves(1)...)
	report := grype(w.now, "/", cves(1, 2)...)
	w.scan(t, 1, report)
	before := w.rows(t, "audit")
	w.now = w.now.Add(time.Hour)
	if scan := w.scan(t, 1, report); !scan.Repeated || scan.Outdated || scan.Unchanged != 2 || scan.Opened+scan.Changed+scan.Closed != 0 {
		t.Errorf("again: %+v", scan)
	}
	if scan := w.scan(t, 1, old); !scan.Outdated || scan.Closed != 0 {
		t.Errorf("older: %+v", scan)
	}
	if got := w.found(t, "status:'open'"); !slices.Equal(got, names(1, 2)) {
		t.Errorf("open: %q", got)
	}
	if got := w.found(t, "updated_timestamp:>='now'"); len(got) != 0 {
		t.Errorf("updated: %q", got)
	}
	if got := w.rows(t, "audit"); got != before {
		t.Errorf("%d rows of the trail became %d", before, got)
	}
}

// TestClockAhead: a report from the future counts as one of now, so that the next
// one is not older.
func TestClockAhead(t *testing.T) {
	w := newWorld(t)
	w.scan(t, 1, grype(w.now.Add(1000*day), "/", cves(1)...))
	w.now = w.now.Add(time.Minute)
	if scan := w.scan(t, 1, grype(w.now, "/", cves(2)...)); scan.Outdated || scan.Closed != 1 || scan.Opened != 1 {
		t.Errorf("%+v", scan)
	}
}

// TestWithoutTime: a report without a time counts as one of now, also when the
// same bytes come again, so that it does not expire.
func TestWithoutTime(t *testing.T) {
	w := newWorld(t)
	report := grype(time.Time{}, "/", cves(1)...)
	for range 4 {
		w.scan(t, 1, report)
		w.now = w.now.Add(30 * day)
	}
	if got := w.found(t, "status:'open'"); !slices.Equal(got, names(1)) {
		t.Errorf("open: %q", got)
	}
}

// TestDamaged: a report with an entry that cannot be read opens what it names,
// and closes nothing.
func TestDamaged(t *testing.T) {
	w := newWorld(t)
	w.scan(t, 1, grype(w.now, "/", cves(1)...))
	w.now = w.now.Add(time.Hour)
	report := strings.Replace(grype(w.now, "/", cves(2)...), `"matches":[`, `"matches":[7,`, 1)
	scan, wrong, err := w.Import(ctx, me, mews.VulnerabilityReport{AID: aid(1)}, strings.NewReader(report))
	must(t, err)
	if len(wrong) != 1 || wrong[0].ID != "matches[0]" || wrong[0].Code != 400 || scan.Failed != 1 || scan.Opened != 1 || scan.Closed != 0 {
		t.Errorf("%+v, %+v", scan, wrong)
	}
	if got := w.found(t, "status:'open'"); !slices.Equal(got, names(1, 2)) {
		t.Errorf("open: %q", got)
	}
}

// TestPlaces: several versions and places of a package are one vulnerability,
// whose severity is the worst and which is suppressed only where all of it is.
func TestPlaces(t *testing.T) {
	w := newWorld(t)
	a, b := cve(1), cve(1)
	a.Path, a.Severity, b.Path, b.Version, b.Fixed, b.Severity = "/a", "Low", "/b", "0.9", "1.5", "Critical"
	scan := w.scan(t, 1, grype(w.now, "/", a, b, a))
	if scan.Findings != 1 || scan.Opened != 1 {
		t.Fatalf("%+v", scan)
	}
	v := w.one(t, "status:'open'")
	if len(v.Apps) != 2 || v.Apps[0].Version != "0.9" || v.Apps[0].Path != "/b" || v.Apps[1].Path != "/a" || v.CVE.Severity != "CRITICAL" || v.CVE.RemediationLevel != "O" {
		t.Errorf("%+v", v)
	}
	if r := v.Remediation; len(r.Entities) != 1 || r.Entities[0].Action != "Update pkg1 to 1.5" || !slices.Equal(v.Apps[0].Remediation.IDs, r.IDs) || len(v.Apps[1].Remediation.IDs) != 0 {
		t.Errorf("remediations %+v, apps %+v", r, v.Apps)
	}
	w.now = w.now.Add(time.Hour)
	if scan := w.scan(t, 1, grype(w.now, "/", b, a)); scan.Unchanged != 1 {
		t.Errorf("in another order: %+v", scan)
	}
}

// one gives the only vulnerability that a filter selects, with all that is known.
func (w *world) one(t testing.TB, filter string) mews.Vulnerability {
	t.Helper()
	page, err := w.Query(ctx, me, mews.RecordQuery{Filter: filter})
	must(t, err)
	if len(page.IDs) != 1 {
		t.Fatalf("%s: %q", filter, page.IDs)
	}
	found, unknown, err := w.Get(ctx, me, []string{strings.ToUpper(page.IDs[0])})
	must(t, err)
	if len(found) != 1 || len(unknown) != 0 || found[0].ID != page.IDs[0] {
		t.Fatalf("%s: %+v, unknown %q", filter, found, unknown)
	}
	return found[0]
}

// TestAttacks: what the scanner knows of attacks becomes a rating.
func TestAttacks(t *testing.T) {
	w := newWorld(t)
	attacked := cve(1)
	attacked.Exploited = true
	w.scan(t, 1, grype(w.now, "/", attacked, cve(2)))
	for filter, want := range map[string][]string{
		"cve.is_cisa_kev:true":              names(1),
		"cve.exploit_status:90":             names(1),
		"cve.exploit_status:'0'":            names(2),
		"cve.exprt_rating:['CRITICAL','x']": names(1),
		"cve.exprt_rating:'Unknown'":        names(2),
		"cve.types:'Vulnerability'":         names(1, 2),
		"cve.remediation_level:null":        names(1, 2),
	} {
		if got := w.found(t, filter); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
	if v := w.one(t, "cve.is_cisa_kev:true"); v.CVE.CISAInfo == nil || v.CVE.CISAInfo.DueDate != "2026-01-01" || v.CVE.ExploitStatus != 90 {
		t.Errorf("%+v", v.CVE)
	}
}

// TestHosts: a name is that of the one host that has it; a new one makes a host;
// of several the caller has to choose.
func TestHosts(t *testing.T) {
	w := newWorld(t)
	w.sees(t, 7, "web01", telemetry.Facts{})
	byName := func(name string) (mews.VulnerabilityScan, error) {
		scan, _, err := w.Import(ctx, me, mews.VulnerabilityReport{Hostname: name}, strings.NewReader(grype(w.now, "/", cve(1))))
		return scan, err
	}
	scan, err := byName(" WEB01 ")
	if must(t, err); scan.AID != aid(7) {
		t.Errorf("web01 is %s", scan.AID)
	}
	scan, err = byName("it's new\\x")
	must(t, err)
	again, err := byName("it's new\\x")
	if must(t, err); again.AID != scan.AID || !again.Repeated {
		t.Errorf("%+v, then %+v", scan, again)
	}
	if got := w.one(t, "host_info.hostname:'it\\'s new\\\\x'").HostInfo; got == nil || got.HostLastSeen != stamp(w.now.UnixMicro()) {
		t.Errorf("the new host: %+v", got)
	}
	w.sees(t, 8, "web01", telemetry.Facts{})
	if _, err := byName("web01"); !errors.Is(err, mews.ErrConflict) || !strings.Contains(err.Error(), aid(7)) {
		t.Errorf("two of one name: %v", err)
	}
	for _, about := range []mews.VulnerabilityReport{
		{},
		{AID: "x"},
		{Hostname: "web*"},
		{Hostname: "a\nb"},
		{Hostname: "\xff"},
		{Hostname: strings.Repeat("x", 256)},
		{AID: aid(1), Scope: "a\x00"},
		{AID: aid(1), Scope: strings.Repeat("x", 513)},
		{AID: aid(1), Format: "nessus"},
	} {
		if _, _, err := w.Import(ctx, me, about, strings.NewReader(grype(w.now, "/"))); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%+v: %v", about, err)
		}
	}
}

// TestSystem: the system of a machine's own files becomes the host's, that of an
// image does not.
func TestSystem(t *testing.T) {
	w := newWorld(t)
	report := func(kind string, name string) string {
		return `{"SchemaVersion":2,"ArtifactName":"` + kind + `","ArtifactType":"` + kind + `","Metadata":{"OS":{"Family":"debian","Name":"` + name + `"}},
			"Results":[{"Class":"os-pkgs","Type":"debian","Vulnerabilities":[{"VulnerabilityID":"CVE-2024-0001","PkgName":"a"}]}]}`
	}
	w.scan(t, 1, report("filesystem", "12.5"))
	w.now = w.now.Add(time.Minute)
	w.scan(t, 1, report("container_image", "11"))
	if got := w.found(t, "host_info.os_version:'Debian 12.5'+host_info.platform_name:'linux'"); !slices.Equal(got, names(1, 1)) {
		t.Errorf("on Debian 12.5: %q", got)
	}
}

// rows counts the rows of a table.
func (w *world) rows(t testing.TB, table string) (n int) {
	t.Helper()
	must(t, w.db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow(`SELECT count(*) FROM ` + table).Scan(&n) }))
	return n
}

// TestTargets: the same package in two lock files is two vulnerabilities, and the
// release of the system makes none.
func TestTargets(t *testing.T) {
	w := newWorld(t)
	result := func(class, target string) string {
		return `{"Class":"` + class + `","Type":"x","Target":"` + target + `","Vulnerabilities":[{"VulnerabilityID":"CVE-2024-0001","PkgName":"a"}]}`
	}
	report := func(at time.Time, results ...string) string {
		return `{"SchemaVersion":2,"CreatedAt":"` + at.Format(time.RFC3339) + `","ArtifactName":"/","Results":[` + strings.Join(results, ",") + `]}`
	}
	scan := w.scan(t, 1, report(w.now, result("os-pkgs", "web01 (debian 12.4)"), result("lang-pkgs", "a.lock"), result("lang-pkgs", "b.lock")))
	if scan.Opened != 3 {
		t.Errorf("first: %+v", scan)
	}
	w.now = w.now.Add(time.Hour)
	if scan := w.scan(t, 1, report(w.now, result("os-pkgs", "web01 (debian 12.5)"), result("lang-pkgs", "b.lock"))); scan.Unchanged != 2 || scan.Closed != 1 {
		t.Errorf("second: %+v", scan)
	}
	if got := w.found(t, "scan.target:'a.lock'+status:'closed'"); len(got) != 1 {
		t.Errorf("a.lock: %q", got)
	}
}
