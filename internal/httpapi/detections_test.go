package httpapi

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
)

// detect has hosts of a customer meet an IOC.
func (h *harness) detect(t *testing.T, cid store.CID, value string, aids ...string) {
	t.Helper()
	yes := true
	_, err := h.api.deps.IOCs.Create(t.Context(), store.Actor{CID: cid, Client: "test"}, mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{{
		Type: "domain", Value: value, Action: "detect", Severity: "high", Platforms: mews.List{"windows"}, AppliedGlobally: &yes,
	}}})
	must(t, err)
	var seen []sighting.Seen
	for i, aid := range aids {
		seen = append(seen, sighting.Seen{
			Observable: observable.Observable{Type: observable.Domain, Key: value}, AID: aid, First: int64(i), Last: int64(i) * 1e6, Count: 1,
		})
	}
	must(t, h.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := h.api.deps.Detections.Record(tx, cid, seen)
		return err
	}))
}

func TestDetections(t *testing.T) {
	h := newHarness(t)
	one, two, three := strings.Repeat("1", 32), strings.Repeat("2", 32), strings.Repeat("3", 32)
	h.detect(t, ownCID, "bad.example", one, two, three)
	h.detect(t, foreignCID, "bad.example", one)
	token := h.token(t, mews.ScopeIOCsRead)
	ask := func(q url.Values) (env mews.Envelope[mews.Detection], status int) {
		t.Helper()
		a := h.do(t, "GET", "/mews/combined/detections/v1?"+q.Encode(), bearing(token), "")
		checkEnvelope(t, a.status, a.header, a.body)
		must(t, json.Unmarshal(a.body, &env))
		return env, a.status
	}
	var order []string
	q := url.Values{"limit": {"2"}}
	for {
		env, status := ask(q)
		if status != 200 || env.Meta.Pagination.Total != 3 || env.Meta.Pagination.Limit != 2 {
			t.Fatalf("%d %+v", status, env)
		}
		for _, d := range env.Resources {
			order = append(order, d.DeviceID)
		}
		if env.Meta.Pagination.After == "" {
			break
		}
		q.Set("after", env.Meta.Pagination.After)
	}
	if got, want := strings.Join(order, " "), three+" "+two+" "+one; got != want {
		t.Errorf("pages give %s, want %s", got, want)
	}
	if env, _ := ask(url.Values{"filter": {"device_id:'" + two + "'"}, "offset": {"0"}}); len(env.Resources) != 1 || env.Resources[0].Value != "bad.example" {
		t.Errorf("one host's are %+v", env.Resources)
	}
	for _, bad := range []url.Values{
		{"filter": {"nothing:'x'"}},
		{"filter": {"value:"}},
		{"sort": {"nothing|asc"}},
		{"limit": {"0"}},
		{"limit": {"5001"}},
		{"offset": {"-1"}},
		{"limit": {"x"}},
		{"after": {"x"}},
		{"offset": {"9999"}, "limit": {"2"}},
	} {
		if env, status := ask(bad); status != 400 || len(env.Errors) != 1 {
			t.Errorf("%v: %d %+v", bad, status, env.Errors)
		}
	}
}
