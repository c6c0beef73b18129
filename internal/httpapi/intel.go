package httpapi

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/intel"
	"github.com/mewshq/mews/internal/store"
)

type (
	intelQuery struct {
		Filter           string `query:"filter" doc:"FQL; empty and * select everything."`
		Q                string `query:"q" doc:"A text that stands anywhere in the indicators."`
		Sort             string `query:"sort" doc:"field|asc or field|desc; several with commas. Default _marker|asc."`
		Limit            *int   `query:"limit" doc:"1 to 10000, default 100."`
		Offset           *int   `query:"offset" doc:"Where the page begins. The reply's offset is the next page's."`
		After            string `query:"after" doc:"Token of the page before; goes on where it ended, without the bound of offsets."`
		IncludeDeleted   *bool  `query:"include_deleted" doc:"Also indicators that no feed says any more. Default false."`
		IncludeRelations *bool  `query:"include_relations" doc:"Whether to name the related indicators. Default true."`
	}
	intelIDs struct {
		IDs []string `json:"ids"` // no mews.List: values hold commas
	}
	intelIDsBody struct {
		Body intelIDs `body:"json" max:"16777216"`
	}
	intelImport struct {
		Source   string `query:"source,required" doc:"The name of the feed. What it says replaces what it said before."`
		Format   string `query:"format" doc:"auto (default; told by how the text begins), stix, misp, urlhaus, threatfox, malwarebazaar, csv or ndjson."`
		Run      string `query:"run" doc:"Any word; calls with the same word are parts of one import."`
		Complete *bool  `query:"complete" doc:"With this call the import has all that the feed says: what it said before and does not say now is taken back. Default false."`
	}
)

// Routes of the page links.
const (
	intelCombined = "/intel/combined/indicators/v1"
	intelQueries  = "/intel/queries/indicators/v1"
)

func (a *API) intelOperations() []operation {
	const read = mews.ScopeIntelRead
	feeds := raw[intelImport, struct{}](route{
		"mews.ingest.indicators", "POST", "/ingest/v1/indicators", mews.ScopeIngest, classUpload,
		"Take in a feed of intelligence indicators: STIX 2.1, MISP, the tables of abuse.ch, CSV, lists or NDJSON; gzip and zstd bodies are welcome. " +
			"A row that is wrong is an error with its place as id, and the others count. What is imported again and says the same changes nothing.",
	}, a.ingestIntel)
	feeds.long = true
	feeds.consumes = []content{{media: mediaBytes}, {media: mediaJSON}, {media: mediaLines}, {media: mediaText}, {media: mediaCSV}, {media: mediaSTIX}}
	return []operation{
		op(route{
			"QueryIntelIndicatorEntities", "GET", intelCombined, read, classRead,
			"Intelligence indicators that a filter selects. A filter by _marker goes on where a reader stopped.",
		}, a.queryIntel),
		op(route{
			"QueryIntelIndicatorIds", "GET", intelQueries, read, classRead,
			"Ids of the intelligence indicators that a filter selects.",
		}, a.queryIntelIDs),
		op(route{
			"GetIntelIndicatorEntities", "POST", "/intel/entities/indicators/GET/v1", read, classRead,
			"Intelligence indicators by id, in the order of the ids.",
		}, a.getIntel),
		feeds,
	}
}

// Further media types of feeds.
const (
	mediaCSV  = "text/csv"
	mediaSTIX = "application/stix+json"
)

func (r *intelQuery) query() (mews.IntelQuery, error) {
	q := mews.IntelQuery{
		RecordQuery:    mews.RecordQuery{Filter: r.Filter, Q: r.Q, Sort: r.Sort, After: r.After},
		IncludeDeleted: r.IncludeDeleted != nil && *r.IncludeDeleted,
		OmitRelations:  r.IncludeRelations != nil && !*r.IncludeRelations,
	}
	var err error
	q.Limit, q.Offset, err = pageOf(r.Limit, r.Offset)
	return q, err
}

func (a *API) queryIntel(ctx context.Context, who store.Actor, req *intelQuery) (reply[mews.IntelIndicator], error) {
	q, err := req.query()
	if err != nil {
		return reply[mews.IntelIndicator]{}, err
	}
	found, page, err := a.deps.Intel.Query(ctx, who, q)
	return intelReply(intelCombined, q, page, found), err
}

func (a *API) queryIntelIDs(ctx context.Context, who store.Actor, req *intelQuery) (reply[string], error) {
	q, err := req.query()
	if err != nil {
		return reply[string]{}, err
	}
	page, err := a.deps.Intel.QueryIDs(ctx, who, q)
	return intelReply(intelQueries, q, page, page.IDs), err
}

func (a *API) getIntel(ctx context.Context, who store.Actor, req *intelIDsBody) (reply[mews.IntelIndicator], error) {
	return byRecordID(ctx, who, "intel indicator", req.Body.IDs, a.deps.Intel.Get)
}

// intelReply tells the next page in the way that gofalcon follows: a path with
// its whole query, in a header.
func intelReply[T any](path string, q mews.IntelQuery, page intel.Page, found []T) reply[T] {
	out := reply[T]{
		Meta:      mews.Meta{Pagination: &mews.Pagination{Offset: page.Next, Limit: page.Limit, Total: page.Total, After: page.After}},
		Resources: found,
	}
	if page.After != "" {
		out.NextPage = path + "?" + nextIntelPage(q, page).Encode()
	}
	return out
}

func nextIntelPage(q mews.IntelQuery, page intel.Page) url.Values {
	v := url.Values{"limit": {strconv.Itoa(page.Limit)}, "after": {page.After}}
	for name, text := range map[string]string{"filter": q.Filter, "q": q.Q, "sort": q.Sort} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if q.IncludeDeleted {
		v.Set("include_deleted", "true")
	}
	if q.OmitRelations {
		v.Set("include_relations", "false")
	}
	return v
}

// Bounds of the body of one import: a table is read row by row, but a bundle is
// held until its last object has come.
const (
	maxFeedEncoded = 32 << 20
	maxFeedDecoded = 128 << 20
)

// ingestIntel streams a feed into the indicators.
func (a *API) ingestIntel(ctx context.Context, c *call) error {
	if _, _, err := checkMedia(c.r, mediaBytes, mediaJSON, mediaLines, mediaText, mediaCSV, mediaSTIX); err != nil {
		return err
	}
	req, err := bindCall[intelImport](c)
	if err != nil {
		return err
	}
	format := feed.Format(strings.ToLower(req.Format))
	var counts mews.IntelCounts
	var wrong []mews.APIError
	err = a.uploading(ctx, func(ctx context.Context) error {
		body, done, err := c.inflate(bodyLimits{encoded: maxFeedEncoded, decoded: maxFeedDecoded})
		if err != nil {
			return err
		}
		defer done()
		counts, wrong, err = a.deps.Intel.Import(ctx, c.who.Actor, intel.Import{
			Source: req.Source, Run: req.Run, Complete: req.Complete != nil && *req.Complete, Rows: feed.Read(body, format),
		})
		return body.cause(err)
	})
	if err != nil {
		return err
	}
	return respond(c, reply[struct{}]{Meta: mews.Meta{Indicators: &counts}, Errors: wrong})
}
