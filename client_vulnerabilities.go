package mews

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
	"slices"
)

// VulnerabilityService reads the vulnerabilities of hosts, and takes in reports
// of scanners.
type VulnerabilityService struct{ c *Client }

// Vulnerabilities reads the vulnerabilities of hosts (Spotlight).
func (c *Client) Vulnerabilities() VulnerabilityService { return VulnerabilityService{c} }

// Bounds of a call, as the server has them.
const (
	maxVulnerabilityIDs     = 400  // of a page, and of Get
	maxVulnerabilityRecords = 5000 // of a page of Combined
)

// Facets of Combined: what of a vulnerability is told beside its own fields.
const (
	FacetCVE         = "cve"
	FacetHostInfo    = "host_info"
	FacetRemediation = "remediation"
)

// Query gives one page of ids. A filter is needed: empty and "*" are refused, as
// upstream does. Pages are gone through by Meta.Pagination.After, which is good
// for two minutes and "" on the last page; q.Offset and q.Q are not for
// vulnerabilities.
func (s VulnerabilityService) Query(ctx context.Context, q RecordQuery) (*Envelope[string], error) {
	return callJSON[string](ctx, s.c, call{
		op: "query vulnerabilities", method: http.MethodGet, path: "/spotlight/queries/vulnerabilities/v1", query: afterOnly(q), safe: true,
	})
}

// afterOnly are the parameters of a route that pages by token alone.
func afterOnly(q RecordQuery) url.Values {
	q.Offset, q.Q = 0, ""
	return q.values()
}

// All gives every id that q selects, in its order; it fetches pages of q.Limit
// (0: as large as the server gives) as they are needed. The first error is the
// last pair.
func (s VulnerabilityService) All(ctx context.Context, q RecordQuery) iter.Seq2[string, error] {
	return pages(q, maxVulnerabilityIDs, func(q RecordQuery) (*Envelope[string], error) { return s.Query(ctx, q) })
}

// Combined is Query that gives the vulnerabilities. Without the facets of the
// same names they have no host, no remediations, and of the CVE its id alone.
func (s VulnerabilityService) Combined(ctx context.Context, q RecordQuery, facets ...string) (*Envelope[Vulnerability], error) {
	query := afterOnly(q)
	if len(facets) > 0 {
		query["facet"] = slices.Clone(facets)
	}
	return callJSON[Vulnerability](ctx, s.c, call{
		op: "query vulnerabilities", method: http.MethodGet, path: "/spotlight/combined/vulnerabilities/v1", query: query, safe: true,
	})
}

// CombinedAll is All that gives the vulnerabilities; see Combined for facets.
func (s VulnerabilityService) CombinedAll(ctx context.Context, q RecordQuery, facets ...string) iter.Seq2[Vulnerability, error] {
	return pages(q, maxVulnerabilityRecords, func(q RecordQuery) (*Envelope[Vulnerability], error) { return s.Combined(ctx, q, facets...) })
}

// Get gives vulnerabilities with all that is known of them, in the order of
// their ids. Unknown ids are entries of Errors; when none is known the error is
// ErrNotFound.
func (s VulnerabilityService) Get(ctx context.Context, ids ...string) (*Envelope[Vulnerability], error) {
	return inBatches(ids, maxVulnerabilityIDs, func(ids []string) (*Envelope[Vulnerability], error) {
		return callJSON[Vulnerability](ctx, s.c, call{
			op: "get vulnerabilities", method: http.MethodGet, path: "/spotlight/entities/vulnerabilities/v2",
			query: url.Values{"ids": ids}, safe: true,
		})
	})
}

// Import takes in one report of a scanner, streamed: the whole of it or, on an
// error, nothing. What the report does not name any more is closed; see
// VulnerabilityScan. Each of Errors is an entry that could not be read, its ID
// the place. The same report again changes nothing, so a failed call is repeated
// if the report can be read from its start again (a file or a bytes.Reader can).
func (s VulnerabilityService) Import(ctx context.Context, report io.Reader, o VulnerabilityReport) (*Envelope[VulnerabilityScan], error) {
	sent, err := rawBody(report)
	if err != nil {
		return nil, err
	}
	sent.kind = "application/json"
	k := call{
		op: "import vulnerabilities", method: http.MethodPost, path: "/ingest/v1/vulnerabilities", body: sent, safe: true,
		query: url.Values{}, header: http.Header{},
	}
	for name, value := range map[string]string{"format": o.Format, "aid": o.AID, "hostname": o.Hostname, "scope": o.Scope} {
		if value != "" {
			k.query.Set(name, value)
		}
	}
	if o.Encoding != "" {
		k.header.Set("Content-Encoding", o.Encoding)
	}
	env, err := callJSON[VulnerabilityScan](ctx, s.c, k)
	if err == nil && len(env.Resources) != 1 {
		err = Errorf(ErrInternal, "%s: the reply does not say what became of the report", k.op)
	}
	return env, err
}

// Explain tells how the server reads a filter over vulnerabilities. An extension
// of mews.
func (s VulnerabilityService) Explain(ctx context.Context, filter string) (FilterExplanation, error) {
	return explainFilter(ctx, s.c, "vulnerabilities", filter)
}
