package mews

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// LegacyIOCService manages custom IOCs by the older /indicators/ family. What
// one family changes, the other shows.
type LegacyIOCService struct{ c *Client }

const legacyEntities = "/indicators/entities/iocs/v1"

// maxLegacyIDs ids fit a URL of 100 KiB: one has up to 207 characters.
const maxLegacyIDs = 400

// Create makes IOCs, up to MaxIndicators: all of them, or none.
func (s LegacyIOCService) Create(ctx context.Context, iocs ...LegacyIOCCreate) (*Envelope[LegacyIOC], error) {
	return callJSON[LegacyIOC](ctx, s.c, call{
		op: "create IOCs", method: http.MethodPost, path: legacyEntities, body: postJSON(iocs),
	})
}

// Get gives IOCs. Unknown ones are entries of Errors; when none is known the
// error is ErrNotFound.
func (s LegacyIOCService) Get(ctx context.Context, some ...Observable) (*Envelope[LegacyIOC], error) {
	return inBatches(observableIDs(some), maxLegacyIDs, func(ids []string) (*Envelope[LegacyIOC], error) {
		return callJSON[LegacyIOC](ctx, s.c, call{
			op: "get IOCs", method: http.MethodGet, path: legacyEntities, query: url.Values{"ids": ids}, safe: true,
		})
	})
}

// Update makes the same change to up to 400 IOCs: to all of them, or none.
func (s LegacyIOCService) Update(ctx context.Context, change LegacyIOCUpdate, some ...Observable) (*Envelope[LegacyIOC], error) {
	return callJSON[LegacyIOC](ctx, s.c, call{
		op: "update IOCs", method: http.MethodPatch, path: legacyEntities, query: url.Values{"ids": observableIDs(some)},
		safe: true, body: postJSON(change),
	})
}

// Delete deletes IOCs; Resources are the ids of those that are deleted now.
func (s LegacyIOCService) Delete(ctx context.Context, some ...Observable) (*Envelope[string], error) {
	return inBatches(observableIDs(some), maxLegacyIDs, func(ids []string) (*Envelope[string], error) {
		return callJSON[string](ctx, s.c, call{
			op: "delete IOCs", method: http.MethodDelete, path: legacyEntities, query: url.Values{"ids": ids},
		})
	})
}

// Query gives one page of ids, "<type>:<value>".
func (s LegacyIOCService) Query(ctx context.Context, q LegacyIOCQuery) (*Envelope[string], error) {
	return callJSON[string](ctx, s.c, call{
		op: "query IOCs", method: http.MethodGet, path: "/indicators/queries/iocs/v1", query: q.values(), safe: true,
	})
}

func (q LegacyIOCQuery) values() url.Values {
	v := RecordQuery{Sort: q.Sort, Limit: q.Limit, Offset: q.Offset}.values()
	for name, list := range map[string]List{
		"types": q.Types, "values": q.Values, "policies": q.Policies, "sources": q.Sources, "share_levels": q.ShareLevels,
		"created_by": q.CreatedBy, "deleted_by": q.DeletedBy,
	} {
		if len(list) > 0 {
			v[name] = list
		}
	}
	for name, text := range map[string]string{"from.expiration_timestamp": q.ExpiresFrom, "to.expiration_timestamp": q.ExpiresTo} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if q.IncludeDeleted {
		v.Set("include_deleted", strconv.FormatBool(true))
	}
	return v
}

func observableIDs(some []Observable) []string {
	ids := make([]string, len(some))
	for i, o := range some {
		ids[i] = o.ID()
	}
	return ids
}
