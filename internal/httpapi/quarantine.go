package httpapi

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

type (
	// Clients send filter= and offset= without a value, and an offset as text.
	recordQuery struct {
		Filter string `query:"filter" doc:"FQL; empty and * select everything."`
		Q      string `query:"q" doc:"Phrase prefix over the searched fields; field:text searches one."`
		Sort   string `query:"sort" doc:"field|asc or field|desc; several with commas. Default date_created|desc."`
		Limit  *int   `query:"limit" doc:"1 to 5000, default 100."`
		Offset *int   `query:"offset" doc:"Where the page begins. The reply's offset is the next page's."`
		After  string `query:"after" doc:"Token of the page before; goes on where it ended, without the bound of offsets. Extension."`
	}
	filterQuery struct {
		Filter string `query:"filter" doc:"FQL; empty and * select everything."`
		Q      string `query:"q" doc:"Phrase prefix. Extension."`
	}
	recordIDs struct {
		IDs mews.List `json:"ids"`
	}
	recordIDsBody struct {
		Body recordIDs `body:"json"`
	}
	recordIDsQuery struct {
		IDs mews.List `query:"ids,required" doc:"Up to 500 record ids."`
	}
	aggregatesBody struct {
		Body []mews.AggregateRequest `body:"json"`
	}
	updateBody struct {
		Action string                `query:"action" doc:"Used when the body names none."`
		Body   mews.QuarantineUpdate `body:"json"`
	}
	queryUpdateBody struct {
		Action string                     `query:"action" doc:"Used when the body names none."`
		Body   mews.QuarantineQueryUpdate `body:"json"`
	}
	settingsChange struct {
		Searchable *bool `json:"searchable"`
	}
	settingsBody struct {
		Body settingsChange `body:"json"`
	}
)

func (a *API) quarantineOperations() []operation {
	const read, write = mews.ScopeQuarantineRead, mews.ScopeQuarantineWrite
	const entities, queries = "/quarantine/entities/quarantined-files/v1", "/quarantine/queries/quarantined-files/v1"
	const settings = "/mews/entities/quarantine-settings/v1"
	return []operation{
		op(route{
			"ActionUpdateCount", "GET", "/quarantine/aggregates/action-update-count/v1", read, classRead,
			"On how many of the selected records each action would change something.",
		}, a.actionCounts),
		op(route{
			"GetAggregateFiles", "POST", "/quarantine/aggregates/quarantined-files/GET/v1", read, classRead,
			"Aggregate records; the body is one request or a list of them.",
		}, a.aggregateRecords),
		op(route{
			"GetQuarantineFiles", "POST", "/quarantine/entities/quarantined-files/GET/v1", read, classRead,
			"Records by id, in the order of the ids.",
		}, a.getQuarantined),
		op(route{
			"UpdateQuarantinedDetectsByIds", "PATCH", entities, write, classMutate,
			"Release, unrelease or delete records by id.",
		}, a.updateByIDs),
		op(route{
			"QueryQuarantineFiles", "GET", queries, read, classRead,
			"Ids of the records that a filter selects.",
		}, a.queryRecords),
		op(route{
			"UpdateQfByQuery", "PATCH", queries, write, classMutate,
			"Release, unrelease or delete every record that filter and q select; one of them must say something.",
		}, a.updateByQuery),
		op(route{
			"mews.quarantine.get", "GET", "/mews/entities/quarantined-files/v1", read, classRead,
			"Records with all that is known: behaviours, history and what the host was asked to do.",
		}, a.recordDetails),
		op(route{
			"mews.quarantine.settings.get", "GET", settings, read, classRead,
			"The customer's choices about quarantined files.",
		}, a.quarantineSettings),
		op(route{
			"mews.quarantine.settings.update", "PATCH", settings, write, classMutate,
			"Let MalQuery find quarantined files, or not.",
		}, a.setSearchable),
	}
}

// queryRecords tells the offset of the next page: clients feed it back.
func (a *API) queryRecords(ctx context.Context, who store.Actor, req *recordQuery) (reply[string], error) {
	q := mews.RecordQuery{Filter: req.Filter, Q: req.Q, Sort: req.Sort, After: req.After}
	var err error
	if q.Limit, q.Offset, err = pageOf(req.Limit, req.Offset); err != nil {
		return reply[string]{}, err
	}
	page, err := a.deps.Quarantine.Query(ctx, who, q)
	return reply[string]{
		Meta:      mews.Meta{Pagination: &mews.Pagination{Offset: page.Next, Limit: page.Limit, Total: page.Total, After: page.After}},
		Resources: page.IDs,
	}, err
}

func (a *API) getQuarantined(ctx context.Context, who store.Actor, req *recordIDsBody) (reply[mews.QuarantinedFile], error) {
	return byRecordID(ctx, who, "quarantined file", req.Body.IDs, a.deps.Quarantine.Get)
}

func (a *API) recordDetails(ctx context.Context, who store.Actor, req *recordIDsQuery) (reply[mews.QuarantineDetail], error) {
	return byRecordID(ctx, who, "quarantined file", req.IDs, a.deps.Quarantine.Details)
}

func (a *API) aggregateRecords(ctx context.Context, who store.Actor, req *aggregatesBody) (reply[mews.AggregateResult], error) {
	results, err := a.deps.Quarantine.Aggregate(ctx, who, req.Body)
	return reply[mews.AggregateResult]{Resources: results}, err
}

// actionCounts has the name and labels of upstream's answer.
func (a *API) actionCounts(ctx context.Context, who store.Actor, req *filterQuery) (reply[mews.AggregateResult], error) {
	counts, err := a.deps.Quarantine.ActionCounts(ctx, who, req.Filter, req.Q)
	if err != nil {
		return reply[mews.AggregateResult]{}, err
	}
	result := mews.AggregateResult{Name: "affected_files_by_action"}
	for _, action := range []string{mews.ActionRelease, mews.ActionDelete, mews.ActionUnrelease} {
		result.Buckets = append(result.Buckets, mews.AggregateBucket{Label: action, Count: counts[action]})
	}
	return reply[mews.AggregateResult]{Resources: []mews.AggregateResult{result}}, nil
}

func (a *API) updateByIDs(ctx context.Context, who store.Actor, req *updateBody) (reply[struct{}], error) {
	u := req.Body
	if u.Action == "" {
		u.Action = req.Action
	}
	done, err := a.deps.Quarantine.UpdateByIDs(ctx, who, u)
	if err != nil {
		return reply[struct{}]{}, err
	}
	missing, err := unknownIDs("quarantined file", done.Unknown, done.Known == 0)
	return written(done.Affected, missing), err
}

func (a *API) updateByQuery(ctx context.Context, who store.Actor, req *queryUpdateBody) (reply[struct{}], error) {
	u := req.Body
	if u.Action == "" {
		u.Action = req.Action
	}
	done, err := a.deps.Quarantine.UpdateByQuery(ctx, who, u)
	return written(done.Affected, nil), err
}

// written is the answer to a change: meta alone, as upstream has it.
func written(affected int, missing []mews.APIError) reply[struct{}] {
	return reply[struct{}]{
		Meta:   mews.Meta{Writes: &mews.Writes{ResourcesAffected: affected}},
		Errors: missing, MetaOnly: true,
	}
}

func (a *API) quarantineSettings(ctx context.Context, who store.Actor, _ *noParams) (reply[mews.QuarantineSettings], error) {
	return settingsReply(a.deps.Quarantine.Settings(ctx, who))
}

func (a *API) setSearchable(ctx context.Context, who store.Actor, req *settingsBody) (reply[mews.QuarantineSettings], error) {
	if req.Body.Searchable == nil {
		return reply[mews.QuarantineSettings]{}, mews.Errorf(mews.ErrInvalid, "searchable: expected true or false")
	}
	return settingsReply(a.deps.Quarantine.SetSearchable(ctx, who, *req.Body.Searchable))
}

func settingsReply(s mews.QuarantineSettings, err error) (reply[mews.QuarantineSettings], error) {
	return reply[mews.QuarantineSettings]{Resources: []mews.QuarantineSettings{s}}, err
}
