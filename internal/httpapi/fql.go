package httpapi

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

type explainQuery struct {
	Collection string `query:"collection" doc:"Whose fields the filter names: quarantine, which is the default."`
	Filter     string `query:"filter" doc:"FQL; empty and * select everything."`
}

func (a *API) fqlOperations() []operation {
	return []operation{
		op(route{
			"mews.fql.explain", "GET", "/mews/queries/fql-explain/v1", mews.ScopeQuarantineRead, classRead,
			"How a filter is read, and which fields there are.",
		}, a.explainFilter),
	}
}

// explainFilter answers a filter that cannot be read as every other route does:
// 400 with the place of the mistake.
func (a *API) explainFilter(_ context.Context, _ store.Actor, req *explainQuery) (reply[mews.FilterExplanation], error) {
	if req.Collection != "" && req.Collection != "quarantine" {
		return reply[mews.FilterExplanation]{}, mews.Errorf(mews.ErrInvalid, "unknown collection %s; there is quarantine", quote(req.Collection))
	}
	explanation, err := a.deps.Quarantine.Explain(req.Filter)
	return reply[mews.FilterExplanation]{Resources: []mews.FilterExplanation{explanation}}, err
}
