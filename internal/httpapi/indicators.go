package httpapi

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/store"
)

type (
	indicatorQuery struct {
		Filter     string `query:"filter" doc:"FQL; empty and * select everything that is not deleted."`
		Sort       string `query:"sort" doc:"field|asc or field|desc; several with commas. Default created_on|desc."`
		Limit      *int   `query:"limit" doc:"1 to 2000, default 100."`
		Offset     *int   `query:"offset" doc:"Where the page begins; not together with after, and not beyond 10000."`
		After      string `query:"after" doc:"Token of the page before; goes on where it ended."`
		FromParent bool   `query:"from_parent" doc:"Indicators of the parent customer; there is none."`
	}
	indicatorIDs struct {
		IDs mews.List `query:"ids,required" doc:"Up to 2000 indicator ids."`
	}
	// The two switches are upstream's. What hosts have reported always counts, and
	// there are no warnings.
	indicatorCreate struct {
		DryRun         bool                  `query:"dry_run" doc:"Extension: check everything, answer what would be, change nothing."`
		Retrodetects   *bool                 `query:"retrodetects" doc:"Accepted; changes nothing."`
		IgnoreWarnings *bool                 `query:"ignore_warnings" doc:"Accepted; changes nothing."`
		Body           mews.IndicatorCreates `body:"json" max:"4194304"`
	}
	indicatorUpdate struct {
		DryRun         bool                  `query:"dry_run" doc:"Extension: check everything, answer what would be, change nothing."`
		Retrodetects   *bool                 `query:"retrodetects" doc:"Accepted; changes nothing."`
		IgnoreWarnings *bool                 `query:"ignore_warnings" doc:"Accepted; changes nothing."`
		Body           mews.IndicatorUpdates `body:"json" max:"4194304"`
	}
	indicatorDelete struct {
		IDs        mews.List `query:"ids" doc:"Up to 2000 indicator ids; a filter wins."`
		Filter     string    `query:"filter" doc:"FQL; * selects everything."`
		Comment    string    `query:"comment" doc:"For the audit trail."`
		FromParent bool      `query:"from_parent" doc:"Indicators of the parent customer; there is none."`
	}
	indicatorAggregate struct {
		Filter     string                  `query:"filter" doc:"FQL; restricts what is aggregated, beside the body's filter."`
		FromParent bool                    `query:"from_parent" doc:"Indicators of the parent customer; there is none."`
		Body       []mews.AggregateRequest `body:"json"`
	}
	wordQuery struct {
		Limit  *int `query:"limit" doc:"1 to 5000, default 100."`
		Offset *int `query:"offset" doc:"Where the page begins."`
	}
	actionIDs struct {
		IDs mews.List `query:"ids" doc:"Names of actions; without any, all of them."`
	}
)

func (a *API) indicatorOperations() []operation {
	const read, write = mews.ScopeIOCRead, mews.ScopeIOCWrite
	const entities = "/iocs/entities/indicators/v1"
	rows := []operation{
		op(route{
			"indicator_aggregate_v1", "POST", "/iocs/aggregates/indicators/v1", read, classRead,
			"Aggregate indicators; the body is one request or a list of them.",
		}, a.aggregateIndicators),
		op(route{
			"indicator_combined_v1", "GET", "/iocs/combined/indicator/v1", read, classRead,
			"The indicators that a filter selects.",
		}, a.combinedIndicators),
		op(route{
			"indicator_search_v1", "GET", "/iocs/queries/indicators/v1", read, classRead,
			"Ids of the indicators that a filter selects.",
		}, a.searchIndicators),
		op(route{
			"indicator_get_v1", "GET", entities, read, classRead,
			"Indicators by id, in the order of the ids.",
		}, a.getIndicators),
		creates(op(route{
			"indicator_create_v1", "POST", entities, write, classMutate,
			"Create up to 2000 indicators: all of them, or none.",
		}, a.createIndicators)),
		op(route{
			"indicator_update_v1", "PATCH", entities, write, classMutate,
			"Change indicators by id or by filter: all of them, or none.",
		}, a.updateIndicators),
		op(route{
			"indicator_delete_v1", "DELETE", entities, write, classMutate,
			"Delete indicators by id or by filter.",
		}, a.deleteIndicators),
		op(route{
			"action_get_v1", "GET", "/iocs/entities/actions/v1", read, classRead,
			"For which platforms and severities actions may be chosen.",
		}, getActions),
	}
	for _, w := range []struct{ id, kind, summary string }{
		{"action_query_v1", "actions", "The actions of indicators."},
		{"ioc_type_query_v1", "ioc-types", "The types of indicators."},
		{"platform_query_v1", "platforms", "The platforms of indicators."},
		{"severity_query_v1", "severities", "The severities of indicators."},
	} {
		rows = append(rows, op(route{w.id, "GET", "/iocs/queries/" + w.kind + "/v1", read, classRead, w.summary}, listWords(ioc.Words(w.kind))))
	}
	return rows
}

// query gives what the service is asked.
func (q *indicatorQuery) query() (ioc.Query, error) {
	out := ioc.Query{RecordQuery: mews.RecordQuery{Filter: q.Filter, Sort: q.Sort, After: q.After}, FromParent: q.FromParent}
	var err error
	out.Limit, out.Offset, err = pageOf(q.Limit, q.Offset)
	return out, err
}

// scrolled is a page of a route that clients read to its end by the after token,
// which is empty on the last one.
func scrolled(p ioc.Page) mews.Meta {
	return mews.Meta{Pagination: &mews.Pagination{Offset: p.Next, Limit: p.Limit, Total: p.Total, After: p.After, Scrolls: true}}
}

func (a *API) searchIndicators(ctx context.Context, who store.Actor, req *indicatorQuery) (reply[string], error) {
	q, err := req.query()
	if err != nil {
		return reply[string]{}, err
	}
	page, err := a.deps.IOCs.Search(ctx, who, q)
	return reply[string]{Meta: scrolled(page), Resources: page.IDs}, err
}

func (a *API) combinedIndicators(ctx context.Context, who store.Actor, req *indicatorQuery) (reply[mews.Indicator], error) {
	q, err := req.query()
	if err != nil {
		return reply[mews.Indicator]{}, err
	}
	found, page, err := a.deps.IOCs.Combined(ctx, who, q)
	return reply[mews.Indicator]{Meta: scrolled(page), Resources: found}, err
}

func (a *API) getIndicators(ctx context.Context, who store.Actor, req *indicatorIDs) (reply[mews.Indicator], error) {
	return byRecordID(ctx, who, "indicator", req.IDs, a.deps.IOCs.Get)
}

func (a *API) createIndicators(ctx context.Context, who store.Actor, req *indicatorCreate) (reply[mews.Indicator], error) {
	req.Body.DryRun = req.DryRun
	made, err := a.deps.IOCs.Create(ctx, who, req.Body)
	return reply[mews.Indicator]{Meta: wrote(len(made)), Resources: made}, err
}

// wrote tells in a reply with resources how many objects changed.
func wrote(n int) mews.Meta { return mews.Meta{Writes: &mews.Writes{ResourcesAffected: n}} }

// updateIndicators shows what changed. A change by filter can be of more than one
// reply holds: then its pagination says so.
func (a *API) updateIndicators(ctx context.Context, who store.Actor, req *indicatorUpdate) (reply[mews.Indicator], error) {
	req.Body.DryRun = req.DryRun
	done, err := a.deps.IOCs.Update(ctx, who, req.Body)
	out := reply[mews.Indicator]{Meta: wrote(done.Affected), Resources: done.Indicators}
	if n := len(done.Indicators); n < done.Affected {
		out.Meta.Pagination = &mews.Pagination{Offset: n, Limit: n, Total: done.Affected}
	}
	return out, err
}

func (a *API) deleteIndicators(ctx context.Context, who store.Actor, req *indicatorDelete) (reply[string], error) {
	done, err := a.deps.IOCs.Delete(ctx, who, ioc.Deletion{
		IDs: req.IDs, Filter: req.Filter, Comment: req.Comment, FromParent: req.FromParent,
	})
	if err != nil {
		return reply[string]{}, err
	}
	return deleted("indicator", done)
}

// deleted tells what is deleted now, and what was not there.
func deleted(noun string, done ioc.Deleted) (reply[string], error) {
	missing, err := unknownIDs(noun, done.Unknown, len(done.IDs) == 0)
	return reply[string]{Meta: wrote(len(done.IDs)), Errors: missing, Resources: done.IDs}, err
}

func (a *API) aggregateIndicators(ctx context.Context, who store.Actor, req *indicatorAggregate) (reply[mews.AggregateResult], error) {
	q := ioc.Query{RecordQuery: mews.RecordQuery{Filter: req.Filter}, FromParent: req.FromParent}
	results, err := a.deps.IOCs.Aggregate(ctx, who, q, req.Body)
	return reply[mews.AggregateResult]{Resources: results}, err
}

func getActions(_ context.Context, _ store.Actor, req *actionIDs) (reply[mews.IndicatorAction], error) {
	found, unknown := ioc.Actions(req.IDs)
	missing, err := unknownIDs("action", unknown, len(found) == 0)
	return reply[mews.IndicatorAction]{Errors: missing, Resources: found}, err
}

// listWords answers pages of a list that never changes.
func listWords(words []string) func(context.Context, store.Actor, *wordQuery) (reply[string], error) {
	return func(_ context.Context, _ store.Actor, req *wordQuery) (reply[string], error) {
		limit, offset, err := pageOf(req.Limit, req.Offset)
		if err != nil {
			return reply[string]{}, err
		}
		if limit == 0 {
			limit = 100
		}
		from := min(offset, len(words))
		to := min(from+limit, len(words))
		return reply[string]{
			Meta:      mews.Meta{Pagination: &mews.Pagination{Offset: offset + to - from, Limit: limit, Total: len(words)}},
			Resources: words[from:to],
		}, nil
	}
}
