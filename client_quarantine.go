package mews

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
)

// QuarantineService reads records of quarantined files, acts on them, and takes
// in what hosts report. Every call may be repeated: an action that is done
// already changes nothing, and a report of what is known adds nothing.
type QuarantineService struct{ c *Client }

// Bounds of one call, as the server has them.
const (
	maxRecordIDs = 5000 // in a body
	maxDetailIDs = 500  // in a URL: a record's id is 97 characters
	maxPageIDs   = 5000
)

const (
	quarantineEntities = "/quarantine/entities/quarantined-files/v1"
	quarantineQueries  = "/quarantine/queries/quarantined-files/v1"
	quarantineSettings = "/mews/entities/quarantine-settings/v1"
)

// Query gives one page of ids. Meta.Pagination tells how many match, and where
// the next page begins.
func (s QuarantineService) Query(ctx context.Context, q RecordQuery) (*Envelope[string], error) {
	return callJSON[string](ctx, s.c, call{
		op: "query quarantine", method: http.MethodGet, path: quarantineQueries, query: q.values(), safe: true,
	})
}

// values writes the query's parameters; what is not set is left out.
func (q RecordQuery) values() url.Values {
	v := url.Values{}
	for name, text := range map[string]string{"filter": q.Filter, "q": q.Q, "sort": q.Sort, "after": q.After} {
		if text != "" {
			v.Set(name, text)
		}
	}
	for name, n := range map[string]int{"limit": q.Limit, "offset": q.Offset} {
		if n != 0 {
			v.Set(name, strconv.Itoa(n))
		}
	}
	return v
}

// All gives every id that q selects, in its order, however many there are; it
// fetches pages of q.Limit (0: as large as the server gives) as they are
// needed. Records that change meanwhile are met once at most if the fields of
// the sort do not change. The first error is the last pair.
func (s QuarantineService) All(ctx context.Context, q RecordQuery) iter.Seq2[string, error] {
	return pages(q, maxPageIDs, func(q RecordQuery) (*Envelope[string], error) { return s.Query(ctx, q) })
}

// pages gives what ask gives of every page that q selects, one page after the
// other; most is the largest page there is.
func pages[T any](q RecordQuery, most int, ask func(RecordQuery) (*Envelope[T], error)) iter.Seq2[T, error] {
	if q.Limit == 0 {
		q.Limit = most
	}
	return func(yield func(T, error) bool) {
		q := q
		for {
			env, err := ask(q)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, one := range env.Resources {
				if !yield(one, nil) {
					return
				}
			}
			if !q.advance(env.Meta.Pagination, len(env.Resources)) {
				return
			}
		}
	}
}

// advance goes to the next page: by token where the server gives one, else by
// offset. The reply's own offset is no guide: some servers tell the next page's,
// some repeat this page's. False: there is none.
func (q *RecordQuery) advance(p *Pagination, got int) bool {
	if p == nil || got == 0 {
		return false
	}
	if p.After != "" {
		q.After, q.Offset = p.After, 0
		return true
	}
	if q.After != "" || q.Offset+got >= p.Total {
		return false
	}
	q.Offset += got
	return true
}

// Get gives records in the order of their ids. Unknown ids are entries of
// Errors; when none is known the error is ErrNotFound.
func (s QuarantineService) Get(ctx context.Context, ids ...string) (*Envelope[QuarantinedFile], error) {
	return inBatches(ids, maxRecordIDs, func(ids []string) (*Envelope[QuarantinedFile], error) {
		return callJSON[QuarantinedFile](ctx, s.c, call{
			op: "get quarantined files", method: http.MethodPost, path: "/quarantine/entities/quarantined-files/GET/v1",
			safe: true, body: postJSON(map[string][]string{"ids": ids}),
		})
	})
}

// Details is Get with all that mews knows: behaviours, history and what the
// host was asked to do. An extension of mews, as are ActionCounts with q,
// Settings, SetSearchable, Explain, Report and Import.
func (s QuarantineService) Details(ctx context.Context, ids ...string) (*Envelope[QuarantineDetail], error) {
	return inBatches(ids, maxDetailIDs, func(ids []string) (*Envelope[QuarantineDetail], error) {
		return callJSON[QuarantineDetail](ctx, s.c, call{
			op: "get quarantine details", method: http.MethodGet, path: "/mews/entities/quarantined-files/v1",
			query: url.Values{"ids": ids}, safe: true,
		})
	})
}

// Aggregate gives one result for each request, in their order.
func (s QuarantineService) Aggregate(ctx context.Context, requests ...AggregateRequest) ([]AggregateResult, error) {
	env, err := callJSON[AggregateResult](ctx, s.c, call{
		op: "aggregate quarantine", method: http.MethodPost, path: "/quarantine/aggregates/quarantined-files/GET/v1",
		safe: true, body: postJSON(requests),
	})
	if err != nil {
		return nil, err
	}
	return env.Resources, nil
}

// ActionCounts tells for each action on how many of the selected records it
// would change something. It is the dry run of UpdateByQuery.
func (s QuarantineService) ActionCounts(ctx context.Context, filter, q string) (map[string]int64, error) {
	env, err := callJSON[AggregateResult](ctx, s.c, call{
		op: "count actions", method: http.MethodGet, path: "/quarantine/aggregates/action-update-count/v1",
		query: RecordQuery{Filter: filter, Q: q}.values(), safe: true,
	})
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, result := range env.Resources {
		for _, b := range result.Buckets {
			if action, ok := b.Label.(string); ok {
				counts[action] = b.Count
			}
		}
	}
	return counts, nil
}

// Update applies an action to up to 5000 records by id, all in one transaction.
// Meta.Writes counts the records that it changed; unknown ids are entries of
// Errors, and when none is known the error is ErrNotFound.
func (s QuarantineService) Update(ctx context.Context, u QuarantineUpdate) (*Envelope[struct{}], error) {
	return s.update(ctx, "update quarantine", quarantineEntities, u)
}

// UpdateByQuery applies an action to every record that Filter and Q select, all
// in one transaction. One of the two must say something: Filter "*" is all.
func (s QuarantineService) UpdateByQuery(ctx context.Context, u QuarantineQueryUpdate) (*Envelope[struct{}], error) {
	return s.update(ctx, "update quarantine by query", quarantineQueries, u)
}

func (s QuarantineService) update(ctx context.Context, op, path string, u any) (*Envelope[struct{}], error) {
	return callWrite(ctx, s.c, call{op: op, method: http.MethodPatch, path: path, safe: true, body: postJSON(u)})
}

// callWrite carries out a call whose reply is meta alone, and counts what it
// changed in any case.
func callWrite(ctx context.Context, c *Client, k call) (*Envelope[struct{}], error) {
	env, err := callJSON[struct{}](ctx, c, k)
	if err == nil && env.Meta.Writes == nil {
		env.Meta.Writes = &Writes{}
	}
	return env, err
}

// Settings gives the customer's choices about quarantined files.
func (s QuarantineService) Settings(ctx context.Context) (QuarantineSettings, error) {
	return callOne[QuarantineSettings](ctx, s.c, call{op: "get quarantine settings", method: http.MethodGet, path: quarantineSettings, safe: true})
}

// SetSearchable lets MalQuery find quarantined files, or not. Files follow in
// the background; Pending counts those that have not yet.
func (s QuarantineService) SetSearchable(ctx context.Context, on bool) (QuarantineSettings, error) {
	return callOne[QuarantineSettings](ctx, s.c, call{
		op: "change quarantine settings", method: http.MethodPatch, path: quarantineSettings, safe: true,
		body: postJSON(map[string]bool{"searchable": on}),
	})
}

// Explain tells how the server reads an FQL filter, and which fields there are.
// A filter that cannot be read is ErrInvalid with the position of the mistake.
func (s QuarantineService) Explain(ctx context.Context, filter string) (FilterExplanation, error) {
	return explainFilter(ctx, s.c, "quarantine", filter)
}

// explainFilter asks how a filter over a collection is read.
func explainFilter(ctx context.Context, c *Client, collection, filter string) (FilterExplanation, error) {
	q := RecordQuery{Filter: filter}.values()
	q.Set("collection", collection)
	return callOne[FilterExplanation](ctx, c, call{
		op: "explain filter", method: http.MethodGet, path: "/mews/queries/fql-explain/v1", query: q, safe: true,
	})
}
