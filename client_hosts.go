package mews

import (
	"context"
	"iter"
	"net/http"
)

// HostService reads the hosts that have reported. Hosts are made by telemetry
// and by reports of quarantined files, so every call may be repeated.
type HostService struct{ c *Client }

// Hosts reads the hosts that have reported.
func (c *Client) Hosts() HostService { return HostService{c} }

// maxScrollIDs is the largest page of a scroll.
const maxScrollIDs = 10_000

// Query gives one page of ids, by offset; q.After and q.Q are not for hosts.
// Meta.Pagination tells how many match, and where the next page begins. Beyond
// the server's bound of offsets, 10,000, go on with Scroll.
func (s HostService) Query(ctx context.Context, q RecordQuery) (*Envelope[string], error) {
	q.After, q.Q = "", ""
	return callJSON[string](ctx, s.c, call{
		op: "query hosts", method: http.MethodGet, path: "/devices/queries/devices/v1", query: q.values(), safe: true,
	})
}

// Scroll gives one page of ids: the first, or the one that follows the page
// whose Meta.Pagination.OffsetText is in q.After. That text is "" on the last
// page, and good for two minutes. Filter and Sort must be the same on each page.
func (s HostService) Scroll(ctx context.Context, q RecordQuery) (*Envelope[string], error) {
	v := RecordQuery{Filter: q.Filter, Sort: q.Sort, Limit: q.Limit}.values()
	if q.After != "" {
		v.Set("offset", q.After)
	}
	return callJSON[string](ctx, s.c, call{
		op: "scroll hosts", method: http.MethodGet, path: "/devices/queries/devices-scroll/v1", query: v, safe: true,
	})
}

// All gives every id that q selects, in its order, however many there are; it
// scrolls by pages of q.Limit (0: as large as the server gives) as they are
// needed. The first error is the last pair.
func (s HostService) All(ctx context.Context, q RecordQuery) iter.Seq2[string, error] {
	if q.Limit == 0 {
		q.Limit = maxScrollIDs
	}
	return func(yield func(string, error) bool) {
		for q.After = ""; ; {
			env, err := s.Scroll(ctx, q)
			if err != nil {
				yield("", err)
				return
			}
			for _, id := range env.Resources {
				if !yield(id, nil) {
					return
				}
			}
			p := env.Meta.Pagination
			if p == nil || p.OffsetText == nil || *p.OffsetText == "" || len(env.Resources) == 0 {
				return
			}
			q.After = *p.OffsetText
		}
	}
}

// Get gives hosts in the order of their ids. Unknown ids are entries of Errors;
// when none is known the error is ErrNotFound.
func (s HostService) Get(ctx context.Context, ids ...string) (*Envelope[Device], error) {
	return inBatches(ids, maxRecordIDs, func(ids []string) (*Envelope[Device], error) {
		return callJSON[Device](ctx, s.c, call{
			op: "get hosts", method: http.MethodPost, path: "/devices/entities/devices/v2", safe: true,
			body: postJSON(map[string][]string{"ids": ids}),
		})
	})
}

// Explain tells how the server reads a filter over hosts. An extension of mews.
func (s HostService) Explain(ctx context.Context, filter string) (FilterExplanation, error) {
	return explainFilter(ctx, s.c, "hosts", filter)
}
