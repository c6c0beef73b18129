package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// maxSkew is how far two clocks may be apart before a word about it: rate limits
// are told in the server's time.
const maxSkew = time.Minute

// nobody are ids that nothing has.
var (
	nobodySHA = strings.Repeat("0", 64)
	nobodyAID = strings.Repeat("0", 32)
)

// A probe asks for next to nothing, to learn whether a scope is there.
type probe struct {
	scope, operation string
	values           map[string]any
	body             any  // JSON
	writes           bool // tried at a mews server only: it says what is missing before it looks
}

// probes are one for each scope, in the order of the families.
func probes() []probe {
	one := map[string]any{"limit": 1}
	return []probe{
		{scope: mews.ScopeDevicesRead, operation: "QueryDevicesByFilter", values: one},
		{scope: mews.ScopeQuarantineRead, operation: "QueryQuarantineFiles", values: one},
		{scope: mews.ScopeQuarantineWrite, operation: "UpdateQuarantinedDetectsByIds", body: map[string]any{}, writes: true},
		{scope: mews.ScopeMalQueryRead, operation: "GetMalQueryQuotasV1"},
		{scope: mews.ScopeMalQueryWrite, operation: "PostMalQueryFuzzySearchV1", body: map[string]any{}, writes: true},
		{scope: mews.ScopeSampleStoreRead, operation: "GetSampleV3", values: map[string]any{"ids": nobodySHA}},
		{scope: mews.ScopeSampleStoreWrite, operation: "DeleteSampleV3", values: map[string]any{"ids": nobodySHA}, writes: true},
		{scope: mews.ScopeIOCRead, operation: "indicator_search_v1", values: one},
		{scope: mews.ScopeIOCWrite, operation: "indicator_create_v1", body: map[string]any{}, writes: true},
		{scope: mews.ScopeIOCsRead, operation: "DevicesCount", values: map[string]any{"type": "sha256", "value": nobodySHA}},
		{scope: mews.ScopeIOCsWrite, operation: "CreateIOC", body: []any{}, writes: true},
		{scope: mews.ScopeSpotlightRead, operation: "queryVulnerabilities", values: map[string]any{"limit": 1, "filter": "status:'open'"}},
		{scope: mews.ScopeIntelRead, operation: "QueryIntelIndicatorEntities", values: one},
		{scope: mews.ScopeIngest, operation: "mews.ingest.quarantine", body: map[string]any{}, writes: true},
		{scope: mews.ScopeAgent, operation: "mews.agent.actions", values: map[string]any{"aid": nobodyAID, "limit": 1}, writes: true},
	}
}

func (d *doctor) checkLogin(ctx context.Context) bool {
	start := time.Now()
	if _, err := d.client.TokenSource().Token(ctx); err != nil {
		return d.fail("login", err, advice(err))
	}
	return d.ok("login", "a token came in %s", time.Since(start).Round(time.Millisecond))
}

// checkScopes tries each scope. The first reply also tells of the server itself.
func (d *doctor) checkScopes(ctx context.Context) {
	ours := false
	for i, p := range probes() {
		if p.writes && !ours {
			continue
		}
		var reply mews.ResponseInfo
		err := d.try(mews.WithResponse(ctx, &reply), p)
		if i == 0 {
			ours = d.checkReply(reply)
		}
		if !d.scope(p, err) {
			return
		}
	}
}

// try carries out a probe.
func (d *doctor) try(ctx context.Context, p probe) error {
	o, err := mews.LookupOperation(p.operation)
	if err != nil {
		return err
	}
	params := mews.Params{Values: p.values}
	if takesBytes(o) {
		params.File = strings.NewReader("{}")
	} else if p.body != nil {
		params.Body = p.body
	}
	if !o.Binary {
		_, err = d.client.Command(ctx, o.ID, params)
		return err
	}
	download, err := d.client.CommandStream(ctx, o.ID, params)
	if err == nil {
		err = download.Close()
	}
	return err
}

// checkReply reads what every reply says of the server: its clock, its rate limit
// and whose it is.
func (d *doctor) checkReply(r mews.ResponseInfo) (ours bool) {
	if date, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		if skew := time.Since(date).Round(time.Second); skew.Abs() > maxSkew {
			d.warn("clock", fmt.Sprintf("this machine's is %s away from the server's", skew.Abs()), "let both follow a time server (NTP)")
		} else {
			d.ok("clock", "as the server's")
		}
	}
	if limit, left, ok := r.RateLimit(); ok && left*10 < limit {
		d.warn("rate limit", fmt.Sprintf("%d of %d requests a minute are left", left, limit), "something else uses the API at the same time")
	} else if ok {
		d.ok("rate limit", "%d of %d requests a minute are left", left, limit)
	}
	var reply struct{ Meta mews.Meta }
	if json.Unmarshal(r.Body, &reply) != nil {
		return false
	}
	d.ok("version", "this program is mews %s, the server is %s", version(), cmp.Or(reply.Meta.PoweredBy, "another"))
	return reply.Meta.PoweredBy == "mews"
}

// scope tells what a probe says about its scope. False: to go on is no use.
func (d *doctor) scope(p probe, err error) bool {
	check := "scope " + p.scope
	switch {
	case errors.Is(err, mews.ErrForbidden):
		return d.warn(check, "the API client does not have it", "where it is needed: mews client create --scope "+p.scope+", on the server")
	case errors.Is(err, mews.ErrUnauthorized), errors.Is(err, mews.ErrLimited):
		return d.fail(check, err, advice(err))
	case err != nil && strings.Contains(err.Error(), "not implemented by this server"):
		return d.ok(check, "not served here")
	case err == nil, errors.Is(err, mews.ErrInvalid), errors.Is(err, mews.ErrNotFound):
		return d.ok(check, "yes")
	}
	d.fail(check, err, "")
	return true
}
