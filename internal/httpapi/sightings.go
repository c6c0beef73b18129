package httpapi

import (
	"context"
	"net/url"
	"strconv"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
)

type (
	observableQuery struct {
		Type  string `query:"type,required" doc:"sha256, md5, domain, ipv4 or ipv6."`
		Value string `query:"value,required"`
	}
	// Clients send limit and offset as text.
	seenQuery struct {
		Type   string `query:"type,required" doc:"sha256, md5, domain, ipv4 or ipv6."`
		Value  string `query:"value,required"`
		Limit  *int   `query:"limit" doc:"1 to 5000, default 100."`
		Offset *int   `query:"offset" doc:"Where the page begins. The reply's offset is the next page's."`
	}
	processesQuery struct {
		Type     string `query:"type,required" doc:"sha256, md5, domain, ipv4 or ipv6."`
		Value    string `query:"value,required"`
		DeviceID string `query:"device_id,required" doc:"The host, 32 hexadecimal digits."`
		Limit    *int   `query:"limit" doc:"1 to 5000, default 100."`
		Offset   *int   `query:"offset" doc:"Where the page begins. The reply's offset is the next page's."`
	}
	processIDs struct {
		IDs mews.List `query:"ids,required" doc:"pid:<device id>:<number>, with or without pid:."`
	}
)

// Routes that give the objects of ids, as meta.entity tells them.
const (
	deviceEntities  = "/devices/entities/devices/v1{?ids*}"
	processEntities = processesPath + "{?ids*}"
	processesPath   = "/processes/entities/processes/v1"
)

func (a *API) sightingOperations() []operation {
	const legacy, modern = mews.ScopeIOCsRead, mews.ScopeIOCRead + scopeOr + mews.ScopeIOCsRead
	const count, devices, processes = "On how many hosts an observable was seen, whether it is a custom IOC or not.",
		"Ids of the hosts that have seen an observable.", "Ids of the processes of a host that have met an observable."
	const legacyProcesses, modernDevices, modernProcesses = "/indicators/queries/processes/v1",
		"/iocs/queries/indicators/devices/v1", "/iocs/queries/indicators/processes/v1"
	return []operation{
		op(route{"DevicesCount", "GET", "/indicators/aggregates/devices-count/v1", legacy, classRead, count}, a.deviceCount),
		op(route{"DevicesRanOn", "GET", "/indicators/queries/devices/v1", legacy, classRead, devices}, a.devicesRanOn("")),
		op(route{"ProcessesRanOn", "GET", legacyProcesses, legacy, classRead, processes}, a.processesRanOn(legacyProcesses)),
		op(route{
			"entities.processes", "GET", processesPath, legacy, classRead,
			"Details of processes by id.",
		}, a.processDetails),
		op(route{"indicator_get_device_count_v1", "GET", "/iocs/aggregates/indicators/device-count/v1", modern, classRead, count}, a.deviceCount),
		op(route{"indicator_get_devices_ran_on_v1", "GET", modernDevices, modern, classRead, devices}, a.devicesRanOn(modernDevices)),
		op(route{"indicator_get_processes_ran_on_v1", "GET", modernProcesses, modern, classRead, processes}, a.processesRanOn(modernProcesses)),
		op(route{
			"mews.sightings.combined", "GET", "/mews/combined/sightings/v1", legacy, classRead,
			"Where an observable was seen, host by host: first, last, how often and how.",
		}, a.hostSightings),
	}
}

// deviceCount answers for any well-formed observable. One that was never seen
// and is no IOC either has the count 0, or is not found where that is wanted.
func (a *API) deviceCount(ctx context.Context, who store.Actor, req *observableQuery) (reply[mews.DeviceCount], error) {
	n, hint, err := a.deps.Sightings.Count(ctx, who, mews.Observable{Type: req.Type, Value: req.Value})
	if err != nil {
		return reply[mews.DeviceCount]{}, err
	}
	if a.deps.RefuseUnknown && unknownObservable(hint) {
		return reply[mews.DeviceCount]{}, mews.Errorf(mews.ErrNotFound, "%s - Resource Not Found", n.ID).WithID(n.ID)
	}
	return reply[mews.DeviceCount]{Meta: mews.Meta{Hint: hint}, Resources: []mews.DeviceCount{n}}, nil
}

// unknownObservable: neither registered nor ever seen.
func unknownObservable(hint *mews.SightingHint) bool {
	return hint != nil && !hint.Indicator && (hint.Reason == mews.HintNeverSeen || hint.Reason == mews.HintNoTelemetry)
}

// devicesRanOn lists hosts. path is the route of a page whose offset is text.
func (a *API) devicesRanOn(path string) func(context.Context, store.Actor, *seenQuery) (reply[string], error) {
	return func(ctx context.Context, who store.Actor, req *seenQuery) (reply[string], error) {
		q, err := sightingQuery(req.Type, req.Value, req.Limit, req.Offset)
		if err != nil {
			return reply[string]{}, err
		}
		page, err := a.deps.Sightings.Devices(ctx, who, q)
		return sightingReply(q, page, path, deviceEntities), err
	}
}

// processesRanOn lists processes. Their pages have offsets that clients read as
// text, and tell the next page.
func (a *API) processesRanOn(path string) func(context.Context, store.Actor, *processesQuery) (reply[string], error) {
	return func(ctx context.Context, who store.Actor, req *processesQuery) (reply[string], error) {
		q, err := sightingQuery(req.Type, req.Value, req.Limit, req.Offset)
		if err != nil {
			return reply[string]{}, err
		}
		q.DeviceID = req.DeviceID
		page, err := a.deps.Sightings.Processes(ctx, who, q)
		return sightingReply(q, page, path, processEntities), err
	}
}

func (a *API) hostSightings(ctx context.Context, who store.Actor, req *seenQuery) (reply[mews.Sighting], error) {
	q, err := sightingQuery(req.Type, req.Value, req.Limit, req.Offset)
	if err != nil {
		return reply[mews.Sighting]{}, err
	}
	list, page, err := a.deps.Sightings.Sightings(ctx, who, q)
	return reply[mews.Sighting]{Meta: sightingMeta(q, page, ""), Resources: list}, err
}

func (a *API) processDetails(ctx context.Context, who store.Actor, req *processIDs) (reply[mews.ProcessDetail], error) {
	found, unknown, err := a.deps.Sightings.ProcessDetails(ctx, who, req.IDs)
	if err != nil {
		return reply[mews.ProcessDetail]{}, err
	}
	missing, err := unknownIDs("process", unknown, len(found) == 0)
	return reply[mews.ProcessDetail]{Errors: missing, Resources: found}, err
}

func sightingQuery(typ, value string, limit, offset *int) (mews.SightingQuery, error) {
	q := mews.SightingQuery{Observable: mews.Observable{Type: typ, Value: value}}
	var err error
	q.Limit, q.Offset, err = pageOf(limit, offset)
	return q, err
}

func sightingReply(q mews.SightingQuery, page sighting.Page, path, entity string) reply[string] {
	out := reply[string]{Meta: sightingMeta(q, page, path), Resources: page.IDs}
	out.Meta.Entity = entity
	return out
}

// sightingMeta tells where a page stands. With a path the offset is text, and
// the next page is told as long as there is one.
func sightingMeta(q mews.SightingQuery, page sighting.Page, path string) mews.Meta {
	p := mews.Pagination{Offset: page.Next, Limit: page.Limit, Total: page.Total}
	if path != "" {
		text := strconv.Itoa(page.Next)
		p.OffsetText = &text
		if page.Next < page.Total && page.Next > q.Offset {
			p.NextPage = path + "?" + nextPage(q, page).Encode()
		}
	}
	return mews.Meta{Pagination: &p, Hint: page.Hint}
}

func nextPage(q mews.SightingQuery, page sighting.Page) url.Values {
	v := url.Values{
		"type": {q.Type}, "value": {q.Value}, "limit": {strconv.Itoa(page.Limit)}, "offset": {strconv.Itoa(page.Next)},
	}
	if q.DeviceID != "" {
		v.Set("device_id", q.DeviceID)
	}
	return v
}
