package httpapi

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

type detectionsQuery struct {
	Filter string `query:"filter" doc:"FQL; empty and * select everything."`
	Sort   string `query:"sort" doc:"field|asc or field|desc; several with commas. Default last_seen|desc."`
	Limit  *int   `query:"limit" doc:"1 to 5000, default 100."`
	Offset *int   `query:"offset" doc:"Where the page begins. The reply's offset is the next page's."`
	After  string `query:"after" doc:"Token of the page before; goes on where it ended, without the bound of offsets."`
}

func (a *API) detectionOperations() []operation {
	return []operation{
		op(route{
			"mews.detections.combined", "GET", "/mews/combined/detections/v1", mews.ScopeIOCsRead, classRead,
			"Which hosts have met custom IOCs that were to be detected or prevented, one entry for each IOC and host.",
		}, a.queryDetections),
	}
}

func (a *API) queryDetections(ctx context.Context, who store.Actor, req *detectionsQuery) (reply[mews.Detection], error) {
	q := mews.RecordQuery{Filter: req.Filter, Sort: req.Sort, After: req.After}
	var err error
	if q.Limit, q.Offset, err = pageOf(req.Limit, req.Offset); err != nil {
		return reply[mews.Detection]{}, err
	}
	found, page, err := a.deps.Detections.Query(ctx, who, q)
	return reply[mews.Detection]{
		Meta:      mews.Meta{Pagination: &mews.Pagination{Offset: page.Next, Limit: page.Limit, Total: page.Total, After: page.After}},
		Resources: found,
	}, err
}
