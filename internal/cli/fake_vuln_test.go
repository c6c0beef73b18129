package cli

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
)

// fakeVulns are two vulnerabilities behind the routes of Spotlight, and the way
// in for reports.
func fakeVulns() []mews.Vulnerability {
	host := &mews.VulnerabilityHost{Hostname: "web1\x1b[2J", OSVersion: "debian 12.5", Tags: []string{"web"}, Groups: []mews.HostGroup{}}
	return []mews.Vulnerability{
		{
			ID: aidOne + "_" + strings.Repeat("1", 32), CID: strings.Repeat("c", 32), AID: aidOne, VulnerabilityID: "GHSA-aaaa-bbbb-cccc",
			Status: "open", Created: "2026-03-01T12:00:00Z", Updated: "2026-03-02T12:00:00Z",
			Apps: []mews.VulnerableApp{
				{Name: "=log-core", NameVersion: "=log-core 2.14", Vendor: "jar", SubStatus: "open", Version: "2.14", FixedVersion: "2.17", Path: "/opt/a.jar"},
				{Name: "=log-core", NameVersion: "=log-core 2.15", Vendor: "jar", SubStatus: "open", Version: "2.15", Path: "/opt/b.jar"},
			},
			CVE: mews.VulnerabilityCVE{
				ID: "CVE-2021-44444", Name: "a made-up logger", Severity: "CRITICAL", BaseScore: 10, Vector: "CVSS:3.1/AV:N", ExploitStatus: 90,
				ExPRTRating: "CRITICAL", RemediationLevel: "O", Types: []string{"Vulnerability"}, PublishedDate: "2021-12-10T00:00:00Z",
				VendorAdvisory: []string{"https://example.org/a"}, CISAInfo: &mews.CISAInfo{IsKEV: true, DueDate: "2021-12-24"},
			},
			HostInfo: host, Remediation: &mews.VulnerabilityRemediations{IDs: []string{}, Entities: []mews.Remediation{}},
			DataProviders: []mews.VulnerabilityProvider{{Provider: "grype", ScanTime: "2026-03-02T11:00:00Z"}},
			Scan:          mews.VulnerabilitySource{Format: "grype", Scanner: "grype", Version: "1", Scope: "/", LastScan: "2026-03-02T11:00:00Z"},
		},
		{
			ID: aidOne + "_" + strings.Repeat("2", 32), CID: strings.Repeat("c", 32), AID: aidOne, VulnerabilityID: "CVE-2023-55555",
			Status: "closed", Created: "2026-03-01T12:00:00Z", Updated: "2026-03-02T12:00:00Z", Closed: "2026-03-02T12:00:00Z",
			Apps:            []mews.VulnerableApp{{Name: "libc6", NameVersion: "libc6 2.36", Vendor: "deb", SubStatus: "closed", Version: "2.36"}},
			CVE:             mews.VulnerabilityCVE{ID: "CVE-2023-55555", Severity: "LOW", ExPRTRating: "UNKNOWN"},
			SuppressionInfo: mews.VulnerabilitySuppression{IsSuppressed: true, Reason: "never called"},
			DataProviders:   []mews.VulnerabilityProvider{}, HostInfo: host,
			Scan: mews.VulnerabilitySource{Format: "grype", Scanner: "grype", Version: "1", Scope: "/", LastScan: "2026-03-02T11:00:00Z"},
		},
	}
}

// vulns answers the routes of vulnerabilities; false: it is none of them.
func (f *fake) vulns(w http.ResponseWriter, r *http.Request) bool {
	switch r.Method + " " + r.URL.Path {
	case "GET /spotlight/combined/vulnerabilities/v1":
		f.combinedVulns(w, r)
	case "GET /spotlight/entities/vulnerabilities/v2":
		env := mews.Envelope[any]{Errors: []mews.APIError{}, Resources: []any{}}
		for _, id := range r.URL.Query()["ids"] {
			if i := slices.IndexFunc(fakeVulns(), func(v mews.Vulnerability) bool { return v.ID == id }); i >= 0 {
				env.Resources = append(env.Resources, fakeVulns()[i])
			} else {
				env.Errors = append(env.Errors, mews.APIError{Code: 404, Message: "no such vulnerability", ID: id})
			}
		}
		if len(env.Resources) == 0 {
			f.refuse(w, 404, "no such vulnerability")
			return true
		}
		f.answerAll(w, env)
	case "POST /ingest/v1/vulnerabilities":
		f.report(w, r)
	default:
		return false
	}
	return true
}

func (f *fake) combinedVulns(w http.ResponseWriter, r *http.Request) {
	var found []any
	switch filter := r.FormValue("filter"); {
	case filter == "bad":
		f.refuse(w, 400, "FQL error at 4: expected operator")
		return
	case filter == "":
		f.refuse(w, 400, "filter: required parameter is missing")
		return
	default:
		for _, v := range fakeVulns() {
			if filter == "status:!null" || strings.Contains(filter, v.Status) {
				found = append(found, v)
			}
		}
	}
	from, _ := strconv.Atoi(r.FormValue("after"))
	page := found[min(from, len(found)):min(from+1, len(found))]
	p := &mews.Pagination{Offset: from + len(page), Limit: 1, Total: len(found), Scrolls: true}
	if p.Offset < p.Total {
		p.After = strconv.Itoa(p.Offset)
	}
	f.answer(w, mews.Meta{Pagination: p}, page...)
}

// report tells from a word in it what becomes of a report.
func (f *fake) report(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	scan := mews.VulnerabilityScan{
		AID: aidOne, Hostname: r.FormValue("hostname"), Format: "trivy", Scanner: "trivy", Scope: r.FormValue("scope"), Time: "2026-03-02T11:00:00Z",
		Findings: len(body), Opened: 2,
	}
	env := mews.Envelope[any]{Errors: []mews.APIError{}}
	switch text := string(body); {
	case strings.Contains(text, "no report"):
		f.refuse(w, 400, "this is no report of Trivy or Grype, no CycloneDX and no SARIF (JSON)")
		return
	case strings.Contains(text, "damaged"):
		scan.Failed = 1
		env.Errors = append(env.Errors, mews.APIError{Code: 400, Message: "the vulnerability has no id", ID: "matches[0]"})
	case strings.Contains(text, "old"):
		scan.Outdated, scan.Opened = true, 0
	}
	env.Resources = []any{scan}
	f.answerAll(w, env)
}
