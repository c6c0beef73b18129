package main

import (
	"context"
	"fmt"

	"github.com/mewshq/mews"
)

// A query is one question of the mix: how to ask it, and how to check the answer.
type query struct {
	class string // the row of the report that it belongs to
	name  string
	ask   func(context.Context, mews.QuarantineService) (answer, error)
	check func(*truth, answer) error
}

// An answer is what came back, whatever was asked.
type answer struct {
	page    mews.Pagination
	ids     []string
	results []mews.AggregateResult
	counts  map[string]int64
}

// page asks for a page, and knows which records it is about.
func page(class string, q mews.RecordQuery, keep func(*record) bool) query {
	name := fmt.Sprintf("filter=%s q=%s sort=%s limit=%d offset=%d", short(q.Filter), q.Q, q.Sort, q.Limit, q.Offset)
	return query{
		class: class, name: name,
		ask: func(ctx context.Context, s mews.QuarantineService) (answer, error) {
			env, err := s.Query(ctx, q)
			if err != nil {
				return answer{}, err
			}
			return answer{page: *env.Meta.Pagination, ids: env.Resources}, nil
		},
		check: func(t *truth, a answer) error {
			return t.checkPage(keep, q.Sort, q.Offset, a.page.Total, a.ids, a.page.Limit)
		},
	}
}

func short(text string) string {
	if len(text) > 90 {
		return text[:87] + "..."
	}
	return text
}

// aggregate asks for one aggregation over the records that its filter selects.
func aggregate(class string, req mews.AggregateRequest, keep func(*record) bool) query {
	name := fmt.Sprintf("%s of %s filter=%s", req.Type, req.Field, short(req.Filter))
	for subs := req.SubAggregates; len(subs) > 0; subs = subs[0].SubAggregates {
		name += fmt.Sprintf(" > %s of %s", subs[0].Type, subs[0].Field)
	}
	return query{
		class: class, name: name,
		ask: func(ctx context.Context, s mews.QuarantineService) (answer, error) {
			results, err := s.Aggregate(ctx, req)
			return answer{results: results}, err
		},
		check: func(t *truth, a answer) error {
			if len(a.results) != 1 {
				return fmt.Errorf("%d results", len(a.results))
			}
			return t.checkAggregate(req, a.results[0], t.matching(keep))
		},
	}
}

// actionCounts asks what actions would change.
func actionCounts(filter string, keep func(*record) bool) query {
	return query{
		class: "ActionUpdateCount", name: "filter=" + filter,
		ask: func(ctx context.Context, s mews.QuarantineService) (answer, error) {
			counts, err := s.ActionCounts(ctx, filter, "")
			return answer{counts: counts}, err
		},
		check: func(t *truth, a answer) error {
			n := int64(len(t.matching(keep)))
			if a.counts[mews.ActionRelease] != n || a.counts[mews.ActionDelete] != n || a.counts[mews.ActionUnrelease] != 0 {
				return fmt.Errorf("counts %v of %d quarantined records", a.counts, n)
			}
			return nil
		},
	}
}

// further asks for a page far behind the first one, by token: the walk to it is
// not measured.
func further(filter, sort string, limit, pages int, keep func(*record) bool) query {
	q := mews.RecordQuery{Filter: filter, Sort: sort, Limit: limit}
	walked := 0
	return query{
		class: "page by token", name: fmt.Sprintf("filter=%s sort=%s limit=%d, %d pages on", filter, sort, limit, pages),
		ask: func(ctx context.Context, s mews.QuarantineService) (answer, error) {
			for walked < pages {
				env, err := s.Query(ctx, q)
				if err != nil {
					return answer{}, err
				}
				if env.Meta.Pagination.After == "" {
					break
				}
				q.After = env.Meta.Pagination.After
				walked++
			}
			env, err := s.Query(ctx, q)
			if err != nil {
				return answer{}, err
			}
			return answer{page: *env.Meta.Pagination, ids: env.Resources}, nil
		},
		check: func(t *truth, a answer) error {
			return t.checkPage(keep, sort, walked*limit, a.page.Total, a.ids, limit)
		},
	}
}
