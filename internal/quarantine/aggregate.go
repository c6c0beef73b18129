package quarantine

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Aggregate answers aggregations over the records, each in its place, all on one
// snapshot.
func (s *Service) Aggregate(ctx context.Context, who store.Actor, reqs []mews.AggregateRequest) ([]mews.AggregateResult, error) {
	var results []collection.Result
	err := s.db.ReadWide(ctx, func(tx *store.Tx) (err error) {
		results, err = s.records.Aggregate(tx, who.CID, outward.Aggregations(reqs))
		return err
	})
	if err != nil {
		return nil, outward.Error("aggregate quarantined files", err)
	}
	return outward.Results(results), nil
}
