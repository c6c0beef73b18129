package host

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// A Page is one page of a query or of a scroll.
type Page = collection.Page

// Query gives a page of the ids of devices, by offset.
func (s *Service) Query(ctx context.Context, who store.Actor, q mews.RecordQuery) (Page, error) {
	limit := q.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	if s.window > 0 && q.Offset > s.window-limit {
		return Page{}, mews.Errorf(mews.ErrInvalid, "offset and limit reach beyond %d hosts: scroll through them (/devices/queries/devices-scroll/v1)", s.window)
	}
	return s.page(ctx, s.devices, who, q)
}

// Scroll gives a page of the ids of devices, by the token of the page before;
// without one it begins anew. There is no bound on how far it goes.
func (s *Service) Scroll(ctx context.Context, who store.Actor, q mews.RecordQuery) (Page, error) {
	return s.page(ctx, s.scroll, who, q)
}

func (s *Service) page(ctx context.Context, c *collection.Collection, who store.Actor, q mews.RecordQuery) (page Page, err error) {
	err = s.look(ctx, who.CID, func(tx *store.Tx) (err error) {
		page, err = c.Page(tx, collection.Query{
			Filter: q.Filter, Sort: q.Sort, Limit: q.Limit, Offset: q.Offset, After: q.After, CID: who.CID, Client: who.Client,
		})
		return err
	})
	return page, outward.Error("query hosts", err)
}

// look reads after everything that was acknowledged has been folded.
func (s *Service) look(ctx context.Context, cid store.CID, fn func(*store.Tx) error) error {
	if err := s.catchUp(ctx, cid); err != nil {
		return err
	}
	return s.db.ReadWide(ctx, fn)
}

// Count is how many hosts of a customer have reported.
func (s *Service) Count(ctx context.Context, cid store.CID) (n int, err error) {
	err = s.look(ctx, cid, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM host WHERE cid = ?`, string(cid)).Scan(&n)
	})
	return n, outward.Error("count hosts", err)
}

// Explain gives what the server makes of a filter.
func (s *Service) Explain(filter string) (mews.FilterExplanation, error) {
	return outward.Explain("hosts", s.devices, filter)
}
