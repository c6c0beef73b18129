package quarantine

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Query gives a page of the ids of records.
func (s *Service) Query(ctx context.Context, who store.Actor, q mews.RecordQuery) (Page, error) {
	var page collection.Page
	err := s.db.ReadWide(ctx, func(tx *store.Tx) (err error) {
		page, err = s.records.Page(tx, collection.Query{
			Filter: q.Filter, Q: q.Q, Sort: q.Sort, Limit: q.Limit, Offset: q.Offset, After: q.After,
			CID: who.CID, Client: who.Client,
		})
		return err
	})
	if err != nil {
		return Page{}, outward.Error("query quarantined files", err)
	}
	return Page{IDs: orEmpty(page.IDs), Total: page.Total, Limit: page.Limit, Next: page.Next, After: page.After}, nil
}

// ActionCounts gives, for each action, how many of the selected records it would
// change. The conditions are those of the updates.
func (s *Service) ActionCounts(ctx context.Context, who store.Actor, filter, q string) (map[string]int64, error) {
	where, err := s.records.Parse(filter, q)
	if err != nil {
		return nil, outward.Error("count actions", err)
	}
	var states []collection.Where
	for _, a := range actions() {
		from, err := s.records.Parse(a.fql(), "")
		if err != nil {
			return nil, outward.Error("count actions", err)
		}
		states = append(states, from)
	}
	var counts []int64
	err = s.db.ReadWide(ctx, func(tx *store.Tx) (err error) {
		counts, err = s.records.Counts(tx, who.CID, where, states...)
		return err
	})
	if err != nil {
		return nil, outward.Error("count actions", err)
	}
	out := make(map[string]int64, len(counts))
	for i, a := range actions() {
		out[a.name] = counts[i]
	}
	return out, nil
}

// Explain gives what the server makes of a filter.
func (s *Service) Explain(filter string) (mews.FilterExplanation, error) {
	return outward.Explain(table, s.records, filter)
}
