package mews

import (
	"context"
	"io"
	"iter"
	"net/http"
	"net/url"
)

// IntelService reads intelligence indicators and takes feeds in.
type IntelService struct{ c *Client }

// Intel reads intelligence indicators and takes feeds in.
func (c *Client) Intel() IntelService { return IntelService{c} }

// maxIntelPage is the largest page of intelligence indicators.
const maxIntelPage = 10_000

// Query gives one page of indicators. Meta.Pagination tells how many match from
// there on.
func (s IntelService) Query(ctx context.Context, q IntelQuery) (*Envelope[IntelIndicator], error) {
	return callJSON[IntelIndicator](ctx, s.c, call{
		op: "query intel indicators", method: http.MethodGet, path: "/intel/combined/indicators/v1", query: q.values(), safe: true,
	})
}

// QueryIDs gives the ids of one page of indicators.
func (s IntelService) QueryIDs(ctx context.Context, q IntelQuery) (*Envelope[string], error) {
	return callJSON[string](ctx, s.c, call{
		op: "query intel indicators", method: http.MethodGet, path: "/intel/queries/indicators/v1", query: q.values(), safe: true,
	})
}

func (q IntelQuery) values() url.Values {
	v := q.RecordQuery.values()
	if q.IncludeDeleted {
		v.Set("include_deleted", "true")
	}
	if q.OmitRelations {
		v.Set("include_relations", "false")
	}
	return v
}

// All gives every indicator that q selects, in pages of q.Limit (0: as large as
// the server gives) as they are needed. Without a Sort they come by marker, each
// page from the last marker of the one before: what changes meanwhile comes
// (again) at the end, and nothing is left out. The first error is the last pair.
func (s IntelService) All(ctx context.Context, q IntelQuery) iter.Seq2[IntelIndicator, error] {
	if q.Sort != "" && !isMarkerOrder(q.Sort) {
		return pages(q.RecordQuery, maxIntelPage, func(page RecordQuery) (*Envelope[IntelIndicator], error) {
			q.RecordQuery = page
			return s.Query(ctx, q)
		})
	}
	return s.since(ctx, q)
}

// since goes from marker to marker.
func (s IntelService) since(ctx context.Context, q IntelQuery) iter.Seq2[IntelIndicator, error] {
	q.Sort, q.Offset, q.After = markerSort, 0, ""
	if q.Limit == 0 {
		q.Limit = maxIntelPage
	}
	return decoded[IntelIndicator](s.c.All(ctx, "QueryIntelIndicatorEntities", Params{Query: q.values()}))
}

// Get gives indicators in the order of their ids, deleted ones too. Unknown ids
// are entries of Errors; when none is known the error is ErrNotFound.
func (s IntelService) Get(ctx context.Context, ids ...string) (*Envelope[IntelIndicator], error) {
	return inBatches(ids, maxRecordIDs, func(ids []string) (*Envelope[IntelIndicator], error) {
		return callJSON[IntelIndicator](ctx, s.c, call{
			op: "get intel indicators", method: http.MethodPost, path: "/intel/entities/indicators/GET/v1", safe: true,
			body: postJSON(map[string][]string{"ids": ids}),
		})
	})
}

// Explain tells how the server reads a filter over intelligence indicators. An
// extension of mews.
func (s IntelService) Explain(ctx context.Context, filter string) (FilterExplanation, error) {
	return explainFilter(ctx, s.c, "intel", filter)
}

// An IntelImport says what a feed is.
type IntelImport struct {
	// Source names the feed. What it says of an indicator replaces what it said
	// before, and leaves alone what other feeds say.
	Source   string
	Format   string // auto, stix, misp, urlhaus, threatfox, malwarebazaar, csv or ndjson; "" is auto
	Encoding string // how the text is compressed: gzip, zstd, or "" for not at all
	// Run joins several calls to one import, whatever word it is.
	Run string
	// Complete says that with this call the import has everything that the feed
	// says: what it said before and does not say any more is taken back.
	Complete bool
}

// Import takes in a feed, or a part of one. Meta.Indicators counts; each of
// Errors is a row that was refused, its ID the row's place, up to 100 of them.
// When it returns without an error what was taken in is durable. A failed call is
// repeated if the text can be read from its start again (a file or a bytes.Reader
// can): what is imported again changes nothing. An extension of mews.
func (s IntelService) Import(ctx context.Context, feed io.Reader, o IntelImport) (*Envelope[struct{}], error) {
	sent, err := rawBody(feed)
	if err != nil {
		return nil, err
	}
	sent.kind = "application/octet-stream"
	k := call{
		op: "import intel indicators", method: http.MethodPost, path: "/ingest/v1/indicators", body: sent, safe: true,
		query: url.Values{"source": {o.Source}}, header: http.Header{},
	}
	for name, value := range map[string]string{"format": o.Format, "run": o.Run} {
		if value != "" {
			k.query.Set(name, value)
		}
	}
	if o.Complete {
		k.query.Set("complete", "true")
	}
	if o.Encoding != "" {
		k.header.Set("Content-Encoding", o.Encoding)
	}
	env, err := callJSON[struct{}](ctx, s.c, k)
	if err == nil && env.Meta.Indicators == nil {
		err = Errorf(ErrInternal, "%s: the reply does not say what became of the rows", k.op)
	}
	return env, err
}
