package httpapi

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

type explainQuery struct {
	Collection string `query:"collection" doc:"Whose fields the filter names: quarantine, which is the default, detections, hosts, indicators, intel or vulnerabilities."`
	Filter     string `query:"filter" doc:"FQL; empty and * select everything."`
}

func (a *API) fqlOperations() []operation {
	return []operation{
		op(route{
			"mews.fql.explain", "GET", "/mews/queries/fql-explain/v1",
			strings.Join([]string{mews.ScopeQuarantineRead, mews.ScopeIOCRead, mews.ScopeIOCsRead, mews.ScopeDevicesRead, mews.ScopeSpotlightRead, mews.ScopeIntelRead}, scopeOr), classRead,
			"How a filter is read, and which fields there are.",
		}, a.explainFilter),
	}
}

// explainFilter answers a filter that cannot be read as every other route does:
// 400 with the place of the mistake.
func (a *API) explainFilter(_ context.Context, _ store.Actor, req *explainQuery) (reply[mews.FilterExplanation], error) {
	explainers := map[string]func(string) (mews.FilterExplanation, error){
		"quarantine": a.deps.Quarantine.Explain, "detections": a.deps.Detections.Explain,
		"hosts": a.deps.Hosts.Explain, "indicators": a.deps.IOCs.Explain,
		"vulnerabilities": a.deps.Vulnerabilities.Explain, "intel": a.deps.Intel.Explain,
	}
	explain, ok := explainers[cmp.Or(req.Collection, "quarantine")]
	if !ok {
		return reply[mews.FilterExplanation]{}, mews.Errorf(mews.ErrInvalid, "unknown collection %s; there are %s",
			quote(req.Collection), strings.Join(slices.Sorted(maps.Keys(explainers)), ", "))
	}
	explanation, err := explain(req.Filter)
	return reply[mews.FilterExplanation]{Resources: []mews.FilterExplanation{explanation}}, err
}
