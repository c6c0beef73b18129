package compat

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/crowdstrike/gofalcon/falcon"
	"github.com/crowdstrike/gofalcon/falcon/client/spotlight_vulnerabilities"
)

// withVulnerabilities is a customer whose host db01 has so many vulnerabilities.
func withVulnerabilities(t *testing.T, count int) *customer {
	t.Helper()
	c := customerWith(t, "ingest:write,spotlight-vulnerabilities:read")
	var found []map[string]string
	for n := range count {
		found = append(found, map[string]string{
			"VulnerabilityID": fmt.Sprintf("CVE-2024-%04d", n), "PkgName": "openssl", "InstalledVersion": "3.0.11", "FixedVersion": "3.0.13",
			"Severity": "HIGH", "Title": "a made-up flaw",
		})
	}
	text, err := json.Marshal(map[string]any{
		"SchemaVersion": 2, "ArtifactName": "/", "ArtifactType": "filesystem",
		"Results": []any{map[string]any{"Class": "os-pkgs", "Type": "debian", "Vulnerabilities": found}},
	})
	if err != nil {
		t.Fatal(err)
	}
	c.send(t, "/ingest/v1/vulnerabilities?hostname=db01", strings.NewReader(string(text)), "application/json")
	return c
}

// TestQueryVulnerabilities is the loop of gofalcon's own example, which ends
// when a page is not full.
func TestQueryVulnerabilities(t *testing.T) {
	c := withVulnerabilities(t, 25)
	var got []string
	var after *string
	for {
		ok, err := c.SpotlightVulnerabilities.QueryVulnerabilities(&spotlight_vulnerabilities.QueryVulnerabilitiesParams{
			Context: t.Context(), Filter: "last_seen_within:'45'+cve.severity:'HIGH'", Limit: ptr(int64(10)), After: after,
		})
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		got = append(got, ok.Payload.Resources...)
		page := ok.Payload.Meta.Pagination
		if *page.Total != 25 || page.After == nil || len(got) > 25 {
			t.Fatalf("after %d comes %+v", len(got), page)
		}
		if int(*page.Limit) > len(ok.Payload.Resources) {
			break
		}
		after = page.After
	}
	if len(got) != 25 {
		t.Errorf("pages gave %d", len(got))
	}
	_, err := c.SpotlightVulnerabilities.QueryVulnerabilities(&spotlight_vulnerabilities.QueryVulnerabilitiesParams{Context: t.Context(), Filter: "*"})
	if _, ok := err.(*spotlight_vulnerabilities.QueryVulnerabilitiesBadRequest); !ok {
		t.Errorf("everything: %v", err)
	}
}

func TestVulnerabilityDetails(t *testing.T) {
	c := withVulnerabilities(t, 3)
	combined, err := c.SpotlightVulnerabilities.CombinedQueryVulnerabilities(&spotlight_vulnerabilities.CombinedQueryVulnerabilitiesParams{
		Context: t.Context(), Filter: "cve.id:'CVE-2024-0001'", Facet: []string{"cve", "host_info", "remediation"},
	})
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if len(combined.Payload.Resources) != 1 {
		t.Fatalf("combined %+v", combined.Payload.Resources)
	}
	v := combined.Payload.Resources[0]
	if *v.Cid != c.cid || *v.Cve.ID != "CVE-2024-0001" || v.Cve.Severity != "HIGH" || *v.HostInfo.Hostname != "db01" || *v.Status != "open" ||
		len(v.Apps) != 1 || *v.Apps[0].ProductNameVersion != "openssl 3.0.11" || len(v.Remediation.Entities) != 1 || *v.SuppressionInfo.IsSuppressed {
		t.Errorf("combined %+v", v)
	}
	got, err := c.SpotlightVulnerabilities.GetVulnerabilities(&spotlight_vulnerabilities.GetVulnerabilitiesParams{
		Context: t.Context(), Ids: []string{*v.ID, strings.Repeat("f", 32)},
	})
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if len(got.Payload.Resources) != 1 || *got.Payload.Resources[0].ID != *v.ID || len(got.Payload.Errors) != 1 || *got.Payload.Errors[0].Code != 404 {
		t.Errorf("entities %+v, %+v", got.Payload.Resources, got.Payload.Errors)
	}
}
