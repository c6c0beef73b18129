package httpapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

const (
	vulnerabilitiesPath = "/spotlight/queries/vulnerabilities/v1"
	combinedVulnPath    = "/spotlight/combined/vulnerabilities/v1"
	vulnEntitiesPath    = "/spotlight/entities/vulnerabilities/v2"
	reportPath          = "/ingest/v1/vulnerabilities"
)

var statusOpen = url.QueryEscape("status:['open','reopen']")

var badVulnerabilityQueries = []ask{
	{},
	{query: "?filter="},
	{query: "?filter=*"},
	{query: "?filter=nope:'x'"},
	{query: "?filter=("},
	{query: "?limit=0&filter=" + statusOpen},
	{query: "?limit=x&filter=" + statusOpen},
	{query: "?after=x&filter=" + statusOpen},
	{query: "?sort=nope&filter=" + statusOpen},
	{query: "?filter=last_seen_within:'soon'"},
}

// trivyReport is a report that names some vulnerabilities of the system's openssl.
func trivyReport(artifact string, cves ...string) string {
	type vulnerability struct {
		VulnerabilityID, PkgName, InstalledVersion, FixedVersion, Severity, Title string
	}
	var found []vulnerability
	for _, cve := range cves {
		found = append(found, vulnerability{cve, "openssl", "3.0.11-1", "3.0.13-1", "HIGH", "openssl: of " + cve})
	}
	text, _ := json.Marshal(map[string]any{
		"SchemaVersion": 2, "ArtifactName": artifact, "ArtifactType": "filesystem",
		"Metadata": map[string]any{"OS": map[string]string{"Family": "debian", "Name": "12.5"}},
		"Results":  []any{map[string]any{"Target": "host (debian 12.5)", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": found}},
	})
	return string(text)
}

// scanned takes in a report.
func (h *harness) scanned(t testing.TB, token, query, report string) mews.VulnerabilityScan {
	t.Helper()
	env := decode[mews.VulnerabilityScan](t, h.do(t, "POST", reportPath+query, with(bearing(token), "Content-Type", mediaJSON), report))
	if len(env.Resources) != 1 {
		t.Fatalf("a report became %+v", env)
	}
	return env.Resources[0]
}

// TestVulnerabilityPages goes through pages as clients do: until as many ids are
// there as there are in all.
func TestVulnerabilityPages(t *testing.T) {
	h := newHarness(t)
	token := h.token(t, mews.ScopeIngest, mews.ScopeSpotlightRead)
	var cves []string
	for n := range 7 {
		cves = append(cves, fmt.Sprintf("CVE-2024-%04d", n+1))
	}
	scan := h.scanned(t, token, "?hostname=web01", trivyReport("/", cves...))
	if scan.Opened != 7 || scan.Hostname != "web01" || scan.Scope != "/" {
		t.Fatalf("the scan: %+v", scan)
	}
	var ids []string
	after := ""
	for n := 1; len(ids) < 7; n++ {
		a := h.get(t, token, vulnerabilitiesPath+"?limit=3&after="+after+"&filter="+url.QueryEscape("last_seen_within:'45'"))
		env := decode[string](t, a)
		page := env.Meta.Pagination
		if !strings.Contains(string(a.body), `"after":"`) || page.Limit != 3 || page.Total != 7 || (page.After == "") != (n == 3) {
			t.Fatalf("page %d: %s", n, a.body)
		}
		ids, after = append(ids, env.Resources...), page.After
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != 7 || !strings.HasPrefix(ids[0], scan.AID+"_") {
		t.Errorf("ids %q", ids)
	}
	entities := decode[mews.Vulnerability](t, h.get(t, token, vulnEntitiesPath+"?ids="+strings.Join(ids, "&ids="))).Resources
	if len(entities) != 7 || entities[0].HostInfo == nil || entities[0].HostInfo.Hostname != "web01" || entities[0].CVE.Severity != "HIGH" {
		t.Errorf("entities %+v", entities)
	}
	bare := decode[mews.Vulnerability](t, h.get(t, token, combinedVulnPath+"?limit=1&filter="+statusOpen)).Resources
	if len(bare) != 1 || bare[0].HostInfo != nil || bare[0].CVE.Severity != "" || bare[0].CVE.ID == "" || bare[0].Remediation != nil {
		t.Errorf("without facets: %+v", bare)
	}
}
