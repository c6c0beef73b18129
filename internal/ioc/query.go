package ioc

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// A Query asks for a page of indicators. FromParent asks for those of a parent
// customer, and nobody has one.
type Query struct {
	mews.RecordQuery
	FromParent bool
}

// A Page is a page of what was asked for.
type Page = collection.Page

// Search gives a page of ids.
func (s *Service) Search(ctx context.Context, who store.Actor, q Query) (Page, error) {
	var page Page
	err := s.read(ctx, who.CID, func(tx *store.Tx) (err error) {
		page, err = s.page(tx, who, q)
		return err
	})
	return page, outward.Error("search indicators", err)
}

// Combined gives a page of indicators.
func (s *Service) Combined(ctx context.Context, who store.Actor, q Query) ([]mews.Indicator, Page, error) {
	var page Page
	out := []mews.Indicator{}
	err := s.read(ctx, who.CID, func(tx *store.Tx) (err error) {
		if page, err = s.page(tx, who, q); err != nil {
			return err
		}
		known, err := loadIDs(tx, who.CID, page.IDs)
		now := s.now().UnixMicro()
		for _, id := range page.IDs {
			if r, ok := known[id]; ok {
				out = append(out, r.wire(now))
			}
		}
		return err
	})
	return out, page, outward.Error("search indicators", err)
}

func (s *Service) page(tx *store.Tx, who store.Actor, q Query) (Page, error) {
	page, err := s.modern.Page(tx, collection.Query{
		Filter: q.Filter, Sort: q.Sort, Limit: q.Limit, Offset: q.Offset, After: q.After, CID: who.CID, Client: who.Client,
	})
	if err == nil && q.FromParent {
		page = Page{IDs: []string{}, Limit: page.Limit, Next: q.Offset}
	}
	return page, err
}

// Get gives indicators in the order in which their ids are asked for, and the
// ids that the customer does not have, or has deleted.
func (s *Service) Get(ctx context.Context, who store.Actor, ids []string) (found []mews.Indicator, unknown []string, err error) {
	good, bad, err := collection.ReadIDs(ids, maxBatch, parseID)
	if err != nil {
		return nil, nil, outward.Error("get indicators", err)
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		known, err := loadIDs(tx, who.CID, good)
		now := s.now().UnixMicro()
		unknown = bad
		for _, id := range good {
			if r, ok := known[id]; ok && r.deleted == nil {
				found = append(found, r.wire(now))
			} else {
				unknown = append(unknown, id)
			}
		}
		return err
	})
	return found, unknown, outward.Error("get indicators", err)
}

// Aggregate answers aggregations over the indicators that the query's filter
// selects, each in its place.
func (s *Service) Aggregate(ctx context.Context, who store.Actor, q Query, reqs []mews.AggregateRequest) ([]mews.AggregateResult, error) {
	asked, filter := outward.Aggregations(reqs), q.Filter
	if q.FromParent {
		filter = "id:null" // selects nothing: nobody has a parent
	}
	if filter != "" {
		if _, err := s.modern.Parse(filter, ""); err != nil {
			return nil, outward.Error("aggregate indicators", err)
		}
		for i := range asked {
			asked[i].Filter = fql.Both(filter, asked[i].Filter)
		}
	}
	var results []collection.Result
	err := s.read(ctx, who.CID, func(tx *store.Tx) (err error) {
		results, err = s.modern.Aggregate(tx, who.CID, asked)
		return err
	})
	if err != nil {
		return nil, outward.Error("aggregate indicators", err)
	}
	return outward.Results(results), nil
}

// Explain gives what the server makes of a filter.
func (s *Service) Explain(filter string) (mews.FilterExplanation, error) {
	return outward.Explain("indicators", s.modern, filter)
}
