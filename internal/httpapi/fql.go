package httpapi

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

type explainQuery struct {
	Collection string `query:"collection" doc:"Whose fields the filter names: quarantine, which is the default, or indicators."`
	Filter     string `query:"filter" doc:"FQL; empty and * select everything."`
}

func (a *API) fqlOperations() []operation {
	return []operation{
		op(route{
			"mews.fql.explain", "GET", "/mews/queries/fql-explain/v1", mews.ScopeQuarantineRead + scopeOr + mews.ScopeIOCRead, classRead,
			"How a filter is read, and which fields there are.",
		}, a.explainFilter),
	}
}

// explainFilter answers a filter that cannot be read as every other route does:
// 400 with the place of the mistake.
func (a *API) explainFilter(_ context.Context, _ store.Actor, req *explainQuery) (reply[mews.FilterExplanation], error) {
	var explain func(string) (mews.FilterExplanation, error)
	switch req.Collection {
	case "", "quarantine":
		explain = a.deps.Quarantine.Explain
	case "indicators":
		explain = a.deps.IOCs.Explain
	default:
		return reply[mews.FilterExplanation]{}, mews.Errorf(mews.ErrInvalid, "unknown collection %s; there are quarantine and indicators", quote(req.Collection))
	}
	explanation, err := explain(req.Filter)
	return reply[mews.FilterExplanation]{Resources: []mews.FilterExplanation{explanation}}, err
}
