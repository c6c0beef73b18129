package httpapi

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// Bounds of one report.
const (
	maxReportEncoded = 32 << 20
	maxReportDecoded = 128 << 20
)

type (
	vulnerabilitiesQuery struct {
		Filter string `query:"filter,required" doc:"FQL; empty and * are refused. The same on each page."`
		Sort   string `query:"sort" doc:"field|asc or field|desc; several with commas. Default created_timestamp|asc. The same on each page."`
		Limit  *int   `query:"limit" doc:"1 to 400, default 100."`
		After  string `query:"after" doc:"The after of the reply before, good for two minutes; empty begins anew."`
	}
	combinedVulnerabilitiesQuery struct {
		Filter string    `query:"filter,required" doc:"FQL; empty and * are refused. The same on each page."`
		Sort   string    `query:"sort" doc:"field|asc or field|desc; several with commas. Default created_timestamp|asc. The same on each page."`
		Limit  *int      `query:"limit" doc:"1 to 5000, default 100."`
		After  string    `query:"after" doc:"The after of the reply before, good for two minutes; empty begins anew."`
		Facet  mews.List `query:"facet" doc:"What is told beside a vulnerability's own fields: cve, host_info, remediation, evaluation_logic (of which there is none)."`
	}
	vulnerabilityIDs struct {
		IDs mews.List `query:"ids,required" doc:"Up to 400 ids."`
	}
	vulnerabilityReport struct {
		Format   string `query:"format" doc:"Of the report: auto (default; told by its members), trivy, grype, cyclonedx or sarif."`
		AID      string `query:"aid" doc:"The host that was scanned."`
		Hostname string `query:"hostname" doc:"The same by name: of the one host that has it, or of a new one."`
		Scope    string `query:"scope" doc:"What the report is complete for, where that is not what it calls the thing scanned."`
	}
)

func (a *API) vulnerabilityOperations() []operation {
	const read = mews.ScopeSpotlightRead
	report := raw[vulnerabilityReport, mews.VulnerabilityScan](route{
		"mews.ingest.vulnerabilities", "POST", "/ingest/v1/vulnerabilities", mews.ScopeIngest, classUpload,
		"Take in the report of a vulnerability scanner about one host: JSON of Trivy or Grype, CycloneDX or SARIF; gzip and zstd bodies are welcome. " +
			"The report is complete for its scope: what it does not name any more is closed. The same report again changes nothing, and neither " +
			"does one that is older than the last.",
	}, a.ingestVulnerabilities)
	report.long = true
	report.consumes = []content{{media: mediaJSON}, {media: mediaSARIF}, {media: mediaCycloneDX}, {media: mediaBytes}, {media: mediaText}}
	return []operation{
		op(route{
			"queryVulnerabilities", "GET", "/spotlight/queries/vulnerabilities/v1", read, classRead,
			"Ids of the vulnerabilities that a filter selects, page after page without a bound.",
		}, a.queryVulnerabilities),
		op(route{
			"combinedQueryVulnerabilities", "GET", "/spotlight/combined/vulnerabilities/v1", read, classRead,
			"The vulnerabilities that a filter selects, page after page without a bound.",
		}, a.combinedVulnerabilities),
		op(route{
			"getVulnerabilities", "GET", "/spotlight/entities/vulnerabilities/v2", read, classRead,
			"Vulnerabilities by id, in the order of the ids, with all that is known of them.",
		}, a.getVulnerabilities),
		report,
	}
}

// Media types that name their format.
const (
	mediaSARIF     = "application/sarif+json"
	mediaCycloneDX = "application/vnd.cyclonedx+json"
)

func (a *API) queryVulnerabilities(ctx context.Context, who store.Actor, req *vulnerabilitiesQuery) (reply[string], error) {
	limit, _, err := pageOf(req.Limit, nil)
	if err != nil {
		return reply[string]{}, err
	}
	page, err := a.deps.Vulnerabilities.Query(ctx, who, mews.RecordQuery{Filter: req.Filter, Sort: req.Sort, Limit: limit, After: req.After})
	return reply[string]{Meta: scrolled(page), Resources: page.IDs}, err
}

func (a *API) combinedVulnerabilities(ctx context.Context, who store.Actor, req *combinedVulnerabilitiesQuery) (reply[mews.Vulnerability], error) {
	limit, _, err := pageOf(req.Limit, nil)
	if err != nil {
		return reply[mews.Vulnerability]{}, err
	}
	q := mews.RecordQuery{Filter: req.Filter, Sort: req.Sort, Limit: limit, After: req.After}
	found, page, err := a.deps.Vulnerabilities.Combined(ctx, who, q, req.Facet)
	return reply[mews.Vulnerability]{Meta: scrolled(page), Resources: found}, err
}

func (a *API) getVulnerabilities(ctx context.Context, who store.Actor, req *vulnerabilityIDs) (reply[mews.Vulnerability], error) {
	return byRecordID(ctx, who, "vulnerability", req.IDs, a.deps.Vulnerabilities.Get)
}

// ingestVulnerabilities streams a report: it is parsed while it comes.
func (a *API) ingestVulnerabilities(ctx context.Context, c *call) error {
	if _, _, err := checkMedia(c.r, mediaJSON, mediaSARIF, mediaCycloneDX, mediaBytes, mediaText); err != nil {
		return err
	}
	q, err := bindCall[vulnerabilityReport](c)
	if err != nil {
		return err
	}
	var out reply[mews.VulnerabilityScan]
	err = a.uploading(ctx, func(ctx context.Context) error {
		body, done, err := c.inflate(bodyLimits{encoded: maxReportEncoded, decoded: maxReportDecoded})
		if err != nil {
			return err
		}
		defer done()
		about := mews.VulnerabilityReport{Format: q.Format, AID: q.AID, Hostname: q.Hostname, Scope: q.Scope}
		scan, wrong, err := a.deps.Vulnerabilities.Import(ctx, c.who.Actor, about, body)
		out.Resources, out.Errors = []mews.VulnerabilityScan{scan}, wrong
		out.Meta = wrote(scan.Opened + scan.Reopened + scan.Changed + scan.Closed)
		return body.cause(err)
	})
	if err != nil {
		return err
	}
	return respond(c, out)
}
