package vuln

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/scanreport"
)

func TestRating(t *testing.T) {
	for _, c := range []struct {
		about  scanreport.About
		rating string
		status int
	}{
		{scanreport.About{}, "unknown", 0},
		{scanreport.About{EPSS: 0.0001}, "low", 0},
		{scanreport.About{EPSS: 0.0099}, "low", 0},
		{scanreport.About{EPSS: 0.01}, "medium", 0},
		{scanreport.About{EPSS: 0.099}, "medium", 0},
		{scanreport.About{EPSS: 0.1}, "high", 0},
		{scanreport.About{EPSS: 1}, "high", 0},
		{scanreport.About{Exploited: true}, "critical", 90},
	} {
		if got := rating(&c.about); got != c.rating || !slices.Contains(ratings(), got) {
			t.Errorf("%+v is rated %s, want %s", c.about, got, c.rating)
		}
		if got := exploitStatus(&c.about); got != c.status {
			t.Errorf("%+v has the status %d, want %d", c.about, got, c.status)
		}
	}
}

// trivy is a report about openssl, described as given, with further members of its
// finding, and of the result.
func trivy(at time.Time, title, finding, result string) string {
	return `{"SchemaVersion":2,"CreatedAt":"` + at.Format(time.RFC3339) + `","ArtifactName":"/","Results":[{"Class":"lang-pkgs","Type":"npm","Target":"a.lock",
		"Vulnerabilities":[{"VulnerabilityID":"CVE-2024-0001","PkgName":"up","Severity":"HIGH","Title":"` + title + `"` + finding + `}]` + result + `}]}`
}

// TestTold: what a later report says about a CVE is told, though nothing of the
// vulnerability itself has changed.
func TestTold(t *testing.T) {
	w := newWorld(t)
	w.scan(t, 1, trivy(w.now, "first", "", ""))
	w.now = w.now.Add(time.Hour)
	if scan := w.scan(t, 1, trivy(w.now, "second", "", "")); scan.Unchanged != 1 {
		t.Errorf("another title: %+v", scan)
	}
	if v := w.one(t, "status:'open'"); v.CVE.Name != "second" || v.Updated != stamp(epoch.UnixMicro()) || v.Scan.Target != "a.lock" {
		t.Errorf("%+v", v)
	}
}

// TestSuppressed: a vulnerability is suppressed only where all of its entries
// are, and no longer when one comes without.
func TestSuppressed(t *testing.T) {
	w := newWorld(t)
	ignored := `,"ExperimentalModifiedFindings":[{"Type":"vulnerability","Status":"ignored","Statement":"Never called",
		"Finding":{"VulnerabilityID":"CVE-2024-0001","PkgName":"up","PkgPath":"/b","InstalledVersion":"2"}}]`
	alone := strings.Replace(trivy(w.now, "x", "", ignored), `"Vulnerabilities":[{`, `"Passed":[{`, 1)
	w.scan(t, 1, alone)
	if got := w.found(t, "suppression_info.is_suppressed:true+suppression_info.reason:'never called'"); len(got) != 1 {
		t.Fatalf("suppressed: %q", got)
	}
	w.now = w.now.Add(time.Hour)
	if scan := w.scan(t, 1, trivy(w.now, "x", "", ignored)); scan.Changed != 1 {
		t.Errorf("one is not: %+v", scan)
	}
	if v := w.one(t, "suppression_info.is_suppressed:false"); v.SuppressionInfo.Reason != "" || len(v.Apps) != 2 || v.Status != "open" {
		t.Errorf("%+v", v)
	}
}

// TestClosedApps: the apps of what was closed are closed, and the same update of
// two places is one thing to do.
func TestClosedApps(t *testing.T) {
	w := newWorld(t)
	a, b := cve(1), cve(1)
	a.Fixed, b.Fixed, b.Path = "2", "2", "/b"
	w.scan(t, 1, grype(w.now, "/", a, b))
	if v := w.one(t, "status:'open'"); len(v.Apps) != 2 || v.Apps[0].SubStatus != "open" || len(v.Remediation.IDs) != 1 || len(v.Remediation.Entities) != 1 {
		t.Errorf("open: %+v, %+v", v.Apps, v.Remediation)
	}
	w.now = w.now.Add(time.Hour)
	w.scan(t, 1, grype(w.now, "/"))
	if v := w.one(t, "status:'closed'"); v.Apps[1].SubStatus != "closed" || v.Closed != stamp(w.now.UnixMicro()) {
		t.Errorf("closed: %+v", v)
	}
}

// TestFacets: a combined answer tells what was asked for, and of the CVE at least
// its id.
func TestFacets(t *testing.T) {
	w := newWorld(t)
	w.scan(t, 1, grype(w.now, "/", cve(1)))
	for _, facets := range [][]string{nil, {mews.FacetCVE}, {mews.FacetHostInfo}, {mews.FacetRemediation}, {"evaluation_logic"}} {
		list, _, err := w.Combined(ctx, me, mews.RecordQuery{Filter: "status:'open'"}, facets)
		must(t, err)
		v := list[0]
		for facet, told := range map[string]bool{
			mews.FacetCVE: v.CVE.Severity != "", mews.FacetHostInfo: v.HostInfo != nil, mews.FacetRemediation: v.Remediation != nil,
		} {
			if told != slices.Contains(facets, facet) || v.CVE.ID == "" {
				t.Errorf("%q: %s is told: %v", facets, facet, told)
			}
		}
	}
}
