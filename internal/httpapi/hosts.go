package httpapi

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// Bounds of upstream's.
const (
	maxScrollPage = 10_000 // ids
	maxURLDevices = 100    // hosts of one GetDeviceDetailsV2
)

type (
	devicesQuery struct {
		Filter string `query:"filter" doc:"FQL; empty and * select everything."`
		Sort   string `query:"sort" doc:"field|asc or field|desc; several with commas. Default hostname|asc."`
		Limit  *int   `query:"limit" doc:"1 to 5000, default 100."`
		Offset *int   `query:"offset" doc:"Where the page begins. The reply's offset is the next page's."`
	}
	scrollQuery struct {
		Filter string `query:"filter" doc:"FQL; empty and * select everything. The same on each page."`
		Sort   string `query:"sort" doc:"field|asc or field|desc; several with commas. Default hostname|asc. The same on each page."`
		Limit  *int   `query:"limit" doc:"1 to 10000, default 100."`
		Offset string `query:"offset" doc:"The offset of the reply before, good for two minutes; empty begins anew."`
	}
	deviceIDsQuery struct {
		IDs mews.List `query:"ids,required" doc:"Up to 5000 host ids."`
	}
	fewDeviceIDsQuery struct {
		IDs mews.List `query:"ids,required" doc:"Up to 100 host ids."`
	}
)

func (a *API) hostOperations() []operation {
	const read, entities = mews.ScopeDevicesRead, "/devices/entities/devices/v2"
	return []operation{
		op(route{
			"QueryDevicesByFilter", "GET", "/devices/queries/devices/v1", read, classRead,
			"Ids of the hosts that a filter selects.",
		}, a.queryDevices),
		op(route{
			"QueryDevicesByFilterScroll", "GET", "/devices/queries/devices-scroll/v1", read, classRead,
			"Ids of the hosts that a filter selects, page after page without a bound.",
		}, a.scrollDevices),
		op(route{
			"PostDeviceDetailsV2", "POST", entities, read, classRead,
			"Hosts by id, in the order of the ids.",
		}, a.postDevices),
		op(route{
			"GetDeviceDetailsV1", "GET", "/devices/entities/devices/v1", read, classRead,
			"Hosts by id, in the order of the ids.",
		}, a.getDevices),
		op(route{
			"GetDeviceDetailsV2", "GET", entities, read, classRead,
			"Hosts by id, in the order of the ids.",
		}, a.getFewDevices),
	}
}

// queryDevices tells the offset of the next page: clients feed it back.
func (a *API) queryDevices(ctx context.Context, who store.Actor, req *devicesQuery) (reply[string], error) {
	limit, offset, err := pageOf(req.Limit, req.Offset)
	if err != nil {
		return reply[string]{}, err
	}
	page, err := a.deps.Hosts.Query(ctx, who, mews.RecordQuery{Filter: req.Filter, Sort: req.Sort, Limit: limit, Offset: offset})
	return reply[string]{
		Meta:      mews.Meta{Pagination: &mews.Pagination{Offset: page.Next, Limit: page.Limit, Total: page.Total}},
		Resources: page.IDs,
	}, err
}

// scrollDevices gives the token of the next page as text in offset's place; on
// the last page it is empty, which ends clients' loops.
func (a *API) scrollDevices(ctx context.Context, who store.Actor, req *scrollQuery) (reply[string], error) {
	limit := 0
	if req.Limit != nil {
		if limit = *req.Limit; limit < 1 {
			return reply[string]{}, mews.Errorf(mews.ErrInvalid, "limit must be 1..%d", maxScrollPage)
		}
	}
	page, err := a.deps.Hosts.Scroll(ctx, who, mews.RecordQuery{Filter: req.Filter, Sort: req.Sort, Limit: limit, After: req.Offset})
	return reply[string]{
		Meta: mews.Meta{Pagination: &mews.Pagination{
			OffsetText: &page.After, Limit: page.Limit, Total: page.Total, ExpiresAt: page.Expires,
		}},
		Resources: page.IDs,
	}, err
}

func (a *API) postDevices(ctx context.Context, who store.Actor, req *recordIDsBody) (reply[mews.Device], error) {
	return byRecordID(ctx, who, "host", req.Body.IDs, a.deps.Hosts.Get)
}

func (a *API) getDevices(ctx context.Context, who store.Actor, req *deviceIDsQuery) (reply[mews.Device], error) {
	return byRecordID(ctx, who, "host", req.IDs, a.deps.Hosts.Get)
}

func (a *API) getFewDevices(ctx context.Context, who store.Actor, req *fewDeviceIDsQuery) (reply[mews.Device], error) {
	if len(req.IDs) > maxURLDevices {
		return reply[mews.Device]{}, mews.Errorf(mews.ErrInvalid, "ids: at most %d of a call; POST takes more", maxURLDevices)
	}
	return byRecordID(ctx, who, "host", req.IDs, a.deps.Hosts.Get)
}
