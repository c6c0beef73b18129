package httpapi

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/store"
)

// The older family of custom IOCs. It names an IOC by type and value, or by an
// id that says both.

const (
	legacyEntities = "/indicators/entities/iocs/v1"
	// iocEntity is where what a query gives is looked up.
	iocEntity = legacyEntities + "{?ids*}"
)

type (
	iocNames struct {
		Type  string    `query:"type" doc:"sha256, md5, domain, ipv4 or ipv6; together with value."`
		Value string    `query:"value" doc:"The hash, domain or address."`
		IDs   mews.List `query:"ids" doc:"Instead of type and value: type:value, up to 2000 of them."`
	}
	iocCreate struct {
		Body []mews.LegacyIOCCreate `body:"json" max:"4194304"`
	}
	iocUpdate struct {
		Type  string                 `query:"type" doc:"sha256, md5, domain, ipv4 or ipv6; together with value."`
		Value string                 `query:"value" doc:"The hash, domain or address."`
		IDs   mews.List              `query:"ids" doc:"Instead of type and value: type:value, up to 2000 of them."`
		Body  []mews.LegacyIOCUpdate `body:"json"`
	}
	iocQuery struct {
		Types          mews.List `query:"types" doc:"sha256, md5, domain, ipv4, ipv6."`
		Values         mews.List `query:"values" doc:"Hashes, domains, addresses."`
		From           string    `query:"from.expiration_timestamp" doc:"IOCs that end at this time or later (RFC 3339)."`
		To             string    `query:"to.expiration_timestamp" doc:"IOCs that end at this time or before (RFC 3339)."`
		Policies       mews.List `query:"policies" doc:"detect, none."`
		Sources        mews.List `query:"sources" doc:"Where IOCs come from."`
		ShareLevels    mews.List `query:"share_levels" doc:"red; nothing is shared otherwise."`
		CreatedBy      mews.List `query:"created_by" doc:"API clients."`
		DeletedBy      mews.List `query:"deleted_by" doc:"API clients; asks for deleted IOCs."`
		IncludeDeleted bool      `query:"include_deleted" doc:"Deleted IOCs, too."`
		Sort           string    `query:"sort" doc:"As of the newer family, and expiration_timestamp, created_timestamp, modified_timestamp."`
		Limit          *int      `query:"limit" doc:"1 to 500, default 100."`
		Offset         *int      `query:"offset" doc:"Where the page begins. The reply's offset is the next page's."`
		After          string    `query:"after" doc:"Token of the page before. Extension."`
	}
)

func (a *API) iocOperations() []operation {
	const read, write = mews.ScopeIOCsRead, mews.ScopeIOCsWrite
	return []operation{
		op(route{"GetIOC", "GET", legacyEntities, read, classRead, "Custom IOCs by type and value."}, a.getIOCs),
		op(route{
			"CreateIOC", "POST", legacyEntities, write, classMutate,
			"Create custom IOCs, all of them or none; the body is one or a list of them.",
		}, a.createIOCs),
		op(route{"UpdateIOC", "PATCH", legacyEntities, write, classMutate, "Change custom IOCs: all of them, or none."}, a.updateIOCs),
		op(route{"DeleteIOC", "DELETE", legacyEntities, write, classMutate, "Delete custom IOCs."}, a.deleteIOCs),
		op(route{"QueryIOCs", "GET", "/indicators/queries/iocs/v1", read, classRead, "Ids of custom IOCs: type:value."}, a.queryIOCs),
	}
}

// names gives the IOCs that a call names. Type and value must be right: they are
// one thing, and who writes them cannot mean another.
func (n *iocNames) names() ([]string, error) {
	names := n.IDs
	if n.Type != "" || n.Value != "" {
		name, err := ioc.Name(n.Type, n.Value)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, mews.Errorf(mews.ErrInvalid, "name the IOC by type and value")
	}
	return names, nil
}

func (a *API) getIOCs(ctx context.Context, who store.Actor, req *iocNames) (reply[mews.LegacyIOC], error) {
	names, err := req.names()
	if err != nil {
		return reply[mews.LegacyIOC]{}, err
	}
	return byRecordID(ctx, who, "IOC", names, a.deps.IOCs.GetLegacy)
}

func (a *API) createIOCs(ctx context.Context, who store.Actor, req *iocCreate) (reply[mews.LegacyIOC], error) {
	made, err := a.deps.IOCs.CreateLegacy(ctx, who, req.Body)
	return reply[mews.LegacyIOC]{Meta: wrote(len(made)), Resources: made}, err
}

// updateIOCs makes one change. Clients that name the IOC in the body alone are
// understood.
func (a *API) updateIOCs(ctx context.Context, who store.Actor, req *iocUpdate) (reply[mews.LegacyIOC], error) {
	if len(req.Body) != 1 {
		return reply[mews.LegacyIOC]{}, mews.Errorf(mews.ErrInvalid, "the body must hold one change, which is made to every IOC that is named")
	}
	change := req.Body[0]
	which := iocNames{Type: req.Type, Value: req.Value, IDs: req.IDs}
	if which.Type == "" && which.Value == "" && len(which.IDs) == 0 {
		which.Type, which.Value = change.Type, change.Value
	}
	names, err := which.names()
	if err != nil {
		return reply[mews.LegacyIOC]{}, err
	}
	done, err := a.deps.IOCs.UpdateLegacy(ctx, who, names, change)
	return reply[mews.LegacyIOC]{Meta: wrote(len(done)), Resources: done}, err
}

func (a *API) deleteIOCs(ctx context.Context, who store.Actor, req *iocNames) (reply[string], error) {
	names, err := req.names()
	if err != nil {
		return reply[string]{}, err
	}
	done, err := a.deps.IOCs.DeleteLegacy(ctx, who, names)
	if err != nil {
		return reply[string]{}, err
	}
	return deleted("IOC", done)
}

func (a *API) queryIOCs(ctx context.Context, who store.Actor, req *iocQuery) (reply[string], error) {
	q := mews.LegacyIOCQuery{
		Types: req.Types, Values: req.Values, Policies: req.Policies, Sources: req.Sources, ShareLevels: req.ShareLevels,
		CreatedBy: req.CreatedBy, DeletedBy: req.DeletedBy, ExpiresFrom: req.From, ExpiresTo: req.To,
		IncludeDeleted: req.IncludeDeleted, Sort: req.Sort,
	}
	var err error
	if q.Limit, q.Offset, err = pageOf(req.Limit, req.Offset); err != nil {
		return reply[string]{}, err
	}
	page, err := a.deps.IOCs.QueryLegacy(ctx, who, q, req.After)
	return reply[string]{
		Meta: mews.Meta{
			Entity:     iocEntity,
			Pagination: &mews.Pagination{Offset: page.Next, Limit: page.Limit, Total: page.Total, After: page.After},
		},
		Resources: page.IDs,
	}, err
}
