package mews

import (
	"context"
	"iter"
	"net/http"
	"net/url"
)

// IOCService manages custom IOCs by the /iocs/ family. A call that changes
// several indicators changes all of them or none; when it fails, Each of the
// *Error tells what is wrong with which.
type IOCService struct{ c *Client }

const (
	indicatorEntities = "/iocs/entities/indicators/v1"
	indicatorCombined = "/iocs/combined/indicator/v1"
)

// Bounds of one call, as the server has them.
const (
	maxIndicatorIDs  = 1000 // in a URL: an id is 64 characters
	maxIndicatorPage = 2000

	// MaxIndicators is how many indicators one call may create or change.
	MaxIndicators = 2000
)

// Create makes up to MaxIndicators indicators: all of them, or none. One that
// is there already is an error; one that was deleted comes back under its id.
func (s IOCService) Create(ctx context.Context, r IndicatorCreates) (*Envelope[Indicator], error) {
	return callJSON[Indicator](ctx, s.c, call{
		op: "create indicators", method: http.MethodPost, path: indicatorEntities, query: dryRun(r.DryRun), safe: r.DryRun,
		body: postJSON(r),
	})
}

// Update changes indicators by id or by filter: all of them, or none. By filter
// the reply's Resources hold the first 2000; Meta.Writes counts all.
func (s IOCService) Update(ctx context.Context, r IndicatorUpdates) (*Envelope[Indicator], error) {
	return callJSON[Indicator](ctx, s.c, call{
		op: "update indicators", method: http.MethodPatch, path: indicatorEntities, query: dryRun(r.DryRun), safe: true,
		body: postJSON(r),
	})
}

func dryRun(dry bool) url.Values {
	if !dry {
		return nil
	}
	return url.Values{"dry_run": {"true"}}
}

// Delete deletes indicators by id. The comment goes to the audit trail.
// Resources are the ids that are deleted now; unknown ones are entries of
// Errors, and when none is known the error is ErrNotFound.
func (s IOCService) Delete(ctx context.Context, comment string, ids ...string) (*Envelope[string], error) {
	return inBatches(ids, maxIndicatorIDs, func(ids []string) (*Envelope[string], error) {
		return s.delete(ctx, comment, url.Values{"ids": ids}, false)
	})
}

// DeleteByFilter deletes every indicator that an FQL filter selects; "*" is all
// of them. Meta.Writes counts them.
func (s IOCService) DeleteByFilter(ctx context.Context, comment, filter string) (*Envelope[string], error) {
	return s.delete(ctx, comment, url.Values{"filter": {filter}}, true)
}

func (s IOCService) delete(ctx context.Context, comment string, which url.Values, safe bool) (*Envelope[string], error) {
	if comment != "" {
		which.Set("comment", comment)
	}
	return callJSON[string](ctx, s.c, call{
		op: "delete indicators", method: http.MethodDelete, path: indicatorEntities, query: which, safe: safe,
	})
}

// Get gives indicators in the order of their ids. Unknown ids are entries of
// Errors; when none is known the error is ErrNotFound.
func (s IOCService) Get(ctx context.Context, ids ...string) (*Envelope[Indicator], error) {
	return inBatches(ids, maxIndicatorIDs, func(ids []string) (*Envelope[Indicator], error) {
		return callJSON[Indicator](ctx, s.c, call{
			op: "get indicators", method: http.MethodGet, path: indicatorEntities, query: url.Values{"ids": ids}, safe: true,
		})
	})
}

// Search gives one page of ids. Deleted indicators are found by a filter that
// names the field deleted.
func (s IOCService) Search(ctx context.Context, q RecordQuery) (*Envelope[string], error) {
	return callJSON[string](ctx, s.c, call{
		op: "search indicators", method: http.MethodGet, path: "/iocs/queries/indicators/v1", query: q.values(), safe: true,
	})
}

// Combined is Search that gives the indicators themselves.
func (s IOCService) Combined(ctx context.Context, q RecordQuery) (*Envelope[Indicator], error) {
	return callJSON[Indicator](ctx, s.c, call{
		op: "search indicators", method: http.MethodGet, path: indicatorCombined, query: q.values(), safe: true,
	})
}

// All gives every indicator that q selects, in its order, however many there
// are; it fetches pages of q.Limit (0: as large as the server gives) as they
// are needed. The first error is the last pair.
func (s IOCService) All(ctx context.Context, q RecordQuery) iter.Seq2[Indicator, error] {
	return pages(q, maxIndicatorPage, func(q RecordQuery) (*Envelope[Indicator], error) { return s.Combined(ctx, q) })
}

// Aggregate counts indicators by a field.
func (s IOCService) Aggregate(ctx context.Context, r AggregateRequest) (AggregateResult, error) {
	return callOne[AggregateResult](ctx, s.c, call{
		op: "aggregate indicators", method: http.MethodPost, path: "/iocs/aggregates/indicators/v1", safe: true, body: postJSON(r),
	})
}

// Actions tells where actions may be chosen; without ids, of all there are.
func (s IOCService) Actions(ctx context.Context, ids ...string) (*Envelope[IndicatorAction], error) {
	return callJSON[IndicatorAction](ctx, s.c, call{
		op: "get actions", method: http.MethodGet, path: "/iocs/entities/actions/v1", query: url.Values{"ids": ids}, safe: true,
	})
}

// ActionNames lists the actions.
func (s IOCService) ActionNames(ctx context.Context) ([]string, error) {
	return s.words(ctx, "actions")
}

// Types lists the types of indicators.
func (s IOCService) Types(ctx context.Context) ([]string, error) { return s.words(ctx, "ioc-types") }

// Platforms lists the platforms of indicators.
func (s IOCService) Platforms(ctx context.Context) ([]string, error) {
	return s.words(ctx, "platforms")
}

// Severities lists the severities of indicators.
func (s IOCService) Severities(ctx context.Context) ([]string, error) {
	return s.words(ctx, "severities")
}

func (s IOCService) words(ctx context.Context, kind string) ([]string, error) {
	env, err := callJSON[string](ctx, s.c, call{
		op: "list " + kind, method: http.MethodGet, path: "/iocs/queries/" + kind + "/v1", safe: true,
	})
	if err != nil {
		return nil, err
	}
	return env.Resources, nil
}

// Explain tells how the server reads an FQL filter over indicators, and which
// fields there are. An extension of mews.
func (s IOCService) Explain(ctx context.Context, filter string) (FilterExplanation, error) {
	return explainFilter(ctx, s.c, "indicators", filter)
}
