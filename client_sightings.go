package mews

import (
	"context"
	"iter"
	"net/http"
	"net/url"
)

// SightingService tells where observables were seen. It answers for any
// well-formed observable, whether it is a custom IOC or not, from all telemetry
// that is kept. When an answer is empty, Meta.Hint says why.
type SightingService struct {
	c      *Client
	modern bool // by the routes of the /iocs/ family
}

// Sightings tells where observables were seen.
func (c *Client) Sightings() SightingService { return SightingService{c: c} }

// Sightings is Client.Sightings by the routes of this family, for API clients
// that have its scope and not that of the older one.
func (s IOCService) Sightings() SightingService { return SightingService{c: s.c, modern: true} }

// path chooses between the routes of the two families.
func (s SightingService) path(legacy, modern string) string {
	if s.modern {
		return modern
	}
	return legacy
}

const processEntities = "/processes/entities/processes/v1"

// maxProcessIDs ids fit a URL of 100 KiB.
const maxProcessIDs = 1000

// Count tells on how many hosts an observable was seen.
func (s SightingService) Count(ctx context.Context, o Observable) (*Envelope[DeviceCount], error) {
	env, err := callJSON[DeviceCount](ctx, s.c, call{
		op: "count devices", method: http.MethodGet, path: s.path("/indicators/aggregates/devices-count/v1", "/iocs/aggregates/indicators/device-count/v1"),
		query: SightingQuery{Observable: o}.values(), safe: true,
	})
	if err == nil && len(env.Resources) != 1 {
		err = Errorf(ErrInternal, "count devices: the reply holds %d counts", len(env.Resources))
	}
	return env, err
}

// List gives one page of sightings: when, how often and how each host has met an
// observable. An extension of mews, as is All.
func (s SightingService) List(ctx context.Context, q SightingQuery) (*Envelope[Sighting], error) {
	return sightings[Sighting](ctx, s.c, "list sightings", "/mews/combined/sightings/v1", q)
}

// All gives every sighting, page by page as they are needed. The first error is
// the last pair.
func (s SightingService) All(ctx context.Context, q SightingQuery) iter.Seq2[Sighting, error] {
	return allSightings(ctx, q, s.List)
}

// Devices gives one page of ids of the hosts that have seen an observable.
func (s SightingService) Devices(ctx context.Context, q SightingQuery) (*Envelope[string], error) {
	return sightings[string](ctx, s.c, "list devices", s.path("/indicators/queries/devices/v1", "/iocs/queries/indicators/devices/v1"), q)
}

// AllDevices gives every such id, page by page as they are needed. The first
// error is the last pair.
func (s SightingService) AllDevices(ctx context.Context, q SightingQuery) iter.Seq2[string, error] {
	return allSightings(ctx, q, s.Devices)
}

// Processes gives one page of ids of the processes on q.DeviceID that have met
// an observable: "pid:<device id>:<number>".
func (s SightingService) Processes(ctx context.Context, q SightingQuery) (*Envelope[string], error) {
	return sightings[string](ctx, s.c, "list processes", s.path("/indicators/queries/processes/v1", "/iocs/queries/indicators/processes/v1"), q)
}

// AllProcesses gives every such id, page by page as they are needed. The first
// error is the last pair.
func (s SightingService) AllProcesses(ctx context.Context, q SightingQuery) iter.Seq2[string, error] {
	return allSightings(ctx, q, s.Processes)
}

// ProcessDetails describes processes in the order of their ids, which may lack
// "pid:". Unknown ids are entries of Errors; when none is known the error is
// ErrNotFound.
func (s SightingService) ProcessDetails(ctx context.Context, ids ...string) (*Envelope[ProcessDetail], error) {
	return inBatches(ids, maxProcessIDs, func(ids []string) (*Envelope[ProcessDetail], error) {
		return callJSON[ProcessDetail](ctx, s.c, call{
			op: "get processes", method: http.MethodGet, path: processEntities, query: url.Values{"ids": ids}, safe: true,
		})
	})
}

func sightings[T any](ctx context.Context, c *Client, op, path string, q SightingQuery) (*Envelope[T], error) {
	return callJSON[T](ctx, c, call{op: op, method: http.MethodGet, path: path, query: q.values(), safe: true})
}

func allSightings[T any](ctx context.Context, q SightingQuery, ask func(context.Context, SightingQuery) (*Envelope[T], error)) iter.Seq2[T, error] {
	return pages(RecordQuery{Limit: q.Limit, Offset: q.Offset}, maxPageIDs, func(r RecordQuery) (*Envelope[T], error) {
		q.Limit, q.Offset = r.Limit, r.Offset
		return ask(ctx, q)
	})
}

// values writes the query's parameters; what is not set is left out.
func (q SightingQuery) values() url.Values {
	v := RecordQuery{Limit: q.Limit, Offset: q.Offset}.values()
	v.Set("type", q.Type)
	v.Set("value", q.Value)
	if q.DeviceID != "" {
		v.Set("device_id", q.DeviceID)
	}
	return v
}
