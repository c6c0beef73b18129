package intel

import (
	"context"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// A Page is a page of what was asked for.
type Page = collection.Page

// Query gives a page of indicators.
func (s *Service) Query(ctx context.Context, who store.Actor, q mews.IntelQuery) ([]mews.IntelIndicator, Page, error) {
	out := []mews.IntelIndicator{}
	page, err := s.page(ctx, who, q, func(tx *store.Tx, ids []string) error {
		known, err := loadRecords(tx, who.CID, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			one, err := known[id].wire()
			if err != nil {
				return err
			}
			if q.OmitRelations {
				one.Relations = []mews.IntelRelation{}
			}
			out = append(out, one)
		}
		return nil
	})
	return out, page, err
}

// QueryIDs gives the ids of a page.
func (s *Service) QueryIDs(ctx context.Context, who store.Actor, q mews.IntelQuery) (Page, error) {
	return s.page(ctx, who, q, func(*store.Tx, []string) error { return nil })
}

// page finds the ids of a page, and hands them to show on the same snapshot.
func (s *Service) page(ctx context.Context, who store.Actor, q mews.IntelQuery, show func(*store.Tx, []string) error) (page Page, err error) {
	filter, err := s.filter(q)
	if err == nil {
		err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
			page, err = s.records.Page(tx, collection.Query{
				Filter: filter, Sort: q.Sort, Limit: q.Limit, Offset: q.Offset, After: q.After, CID: who.CID, Client: who.Client,
			})
			if err != nil {
				return err
			}
			return show(tx, page.IDs)
		})
	}
	return page, outward.Error("query intel indicators", err)
}

// maxText bounds q in bytes.
const maxText = 1024

// filter is the one filter of a query. The user's own is read alone first, so
// that what is wrong with it is told with its place.
func (s *Service) filter(q mews.IntelQuery) (string, error) {
	filter := q.Filter
	if _, err := s.records.Parse(filter, ""); err != nil {
		return "", err
	}
	if q.IncludeDeleted {
		filter = fql.Both(filter, "deleted:[true,false]")
	}
	text := strings.TrimSpace(strings.ReplaceAll(q.Q, "*", " "))
	switch {
	case len(text) > maxText:
		return "", mews.Errorf(mews.ErrInvalid, "q is longer than %d bytes", maxText)
	case text != "":
		filter = fql.Both(filter, "_all:*"+fql.Value{Kind: fql.String, Text: "*" + text + "*"}.String())
	}
	return filter, nil
}

// Get gives indicators in the order in which their ids are asked for, deleted
// ones too, and the ids that the customer does not have.
func (s *Service) Get(ctx context.Context, who store.Actor, ids []string) (found []mews.IntelIndicator, unknown []string, err error) {
	good, bad, err := collection.ReadIDs(ids, maxIDs, parseID)
	if err != nil {
		return nil, nil, outward.Error("get intel indicators", err)
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		known, err := loadRecords(tx, who.CID, good)
		if err != nil {
			return err
		}
		unknown = bad
		for _, id := range good {
			r, ok := known[id]
			if !ok {
				unknown = append(unknown, id)
				continue
			}
			one, err := r.wire()
			if err != nil {
				return err
			}
			found = append(found, one)
		}
		return nil
	})
	return found, unknown, outward.Error("get intel indicators", err)
}

// maxIDs is how many indicators one call gets.
const maxIDs = 5000

// parseID takes every text that can be an id.
func parseID(id string) (string, bool) {
	id = strings.TrimSpace(id)
	return id, strings.Contains(id, "_")
}

// Explain gives what the server makes of a filter.
func (s *Service) Explain(filter string) (mews.FilterExplanation, error) {
	return outward.Explain("intel", s.records, filter)
}
