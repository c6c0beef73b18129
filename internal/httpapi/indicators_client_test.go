package httpapi

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/mewshq/mews"
)

// sdk is the public client for this server.
func (h *harness) sdk(t testing.TB, scopes ...string) *mews.Client {
	t.Helper()
	id, secret := h.client(t, ownCID, scopes...)
	c, err := mews.NewClient(h.srv.URL, mews.WithCredentials(id, secret))
	must(t, err)
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

func newIndicator(typ, value string) mews.IndicatorCreate {
	yes := true
	return mews.IndicatorCreate{Type: typ, Value: value, Action: "detect", Severity: "high", Platforms: mews.List{"windows"}, AppliedGlobally: &yes}
}

// TestIndicatorClient walks the public client through the newer family.
func TestIndicatorClient(t *testing.T) {
	h := newHarness(t)
	s, ctx := h.sdk(t, mews.ScopeIOCRead, mews.ScopeIOCWrite).IOCs(), t.Context()
	var list []mews.IndicatorCreate
	for i := range 5 {
		list = append(list, newIndicator("ipv4", fmt.Sprintf("192.0.2.%d", i)))
	}
	made, err := s.Create(ctx, mews.IndicatorCreates{Indicators: list, Comment: "c"})
	must(t, err)
	if len(made.Resources) != 5 || made.Meta.Writes.ResourcesAffected != 5 {
		t.Fatalf("%+v", made)
	}
	_, err = s.Create(ctx, mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{newIndicator("md5", "x"), list[2], newIndicator("domain", "a.example")}})
	e, ok := errors.AsType[*mews.Error](err)
	if !ok || !errors.Is(err, mews.ErrInvalid) || len(e.Each) != 2 || e.Each[0].ID != "md5:x" || e.Each[1].ID != "ipv4:192.0.2.2" {
		t.Errorf("what was in the way: %v %+v", err, e)
	}
	severity, tags := "low", mews.List{}
	changed, err := s.Update(ctx, mews.IndicatorUpdates{Indicators: []mews.IndicatorUpdate{{
		ID: made.Resources[0].ID, IndicatorChange: mews.IndicatorChange{Severity: &severity, Tags: &tags},
	}}})
	must(t, err)
	if changed.Resources[0].Severity != "low" {
		t.Errorf("%+v", changed.Resources)
	}
	bulk, err := s.Update(ctx, mews.IndicatorUpdates{BulkUpdate: &mews.IndicatorBulkUpdate{Filter: "severity:'high'", IndicatorChange: mews.IndicatorChange{Action: "prevent"}}})
	must(t, err)
	if bulk.Meta.Writes.ResourcesAffected != 4 {
		t.Errorf("%+v", bulk.Meta.Writes)
	}
	for _, limit := range []int{0, 1, 2, 5} {
		var values []string
		for one, err := range s.All(ctx, mews.RecordQuery{Filter: "type:'ipv4'", Sort: "value|desc", Limit: limit}) {
			must(t, err)
			values = append(values, one.Value)
		}
		if len(values) != 5 || values[0] != "192.0.2.4" || values[4] != "192.0.2.0" {
			t.Errorf("limit %d: %q", limit, values)
		}
	}
	page, err := s.Search(ctx, mews.RecordQuery{Filter: "action:'prevent'", Limit: 3})
	must(t, err)
	if len(page.Resources) != 3 || page.Meta.Pagination.Total != 4 || page.Meta.Pagination.After == "" {
		t.Errorf("%+v", page.Meta.Pagination)
	}
	result, err := s.Aggregate(ctx, mews.AggregateRequest{Type: "terms", Field: "action"})
	must(t, err)
	if len(result.Buckets) != 2 || result.Buckets[0].Count != 4 {
		t.Errorf("%+v", result)
	}
	explained, err := s.Explain(ctx, "tags:'x'+expired:false")
	must(t, err)
	if explained.Collection != "indicators" || len(explained.Tree) != 3 {
		t.Errorf("%+v", explained)
	}
	words := 0
	for _, ask := range []func() ([]string, error){
		func() ([]string, error) { return s.Types(ctx) }, func() ([]string, error) { return s.Platforms(ctx) }, func() ([]string, error) { return s.Severities(ctx) },
	} {
		list, err := ask()
		must(t, err)
		words += len(list)
	}
	actions, err := s.Actions(ctx)
	must(t, err)
	if words != 15 || len(actions.Resources) != 5 {
		t.Errorf("%d words, %d actions", words, len(actions.Resources))
	}
	gone, err := s.Delete(ctx, "why", made.Resources[0].ID)
	must(t, err)
	if !slices.Equal(gone.Resources, []string{made.Resources[0].ID}) {
		t.Errorf("%+v", gone)
	}
	if _, err := s.Get(ctx, made.Resources[0].ID); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("what is gone: %v", err)
	}
	all, err := s.DeleteByFilter(ctx, "", "*")
	must(t, err)
	if len(all.Resources) != 4 {
		t.Errorf("%+v", all)
	}
}

// TestLegacyIOCClient walks the public client through the older family.
func TestLegacyIOCClient(t *testing.T) {
	h := newHarness(t)
	s, ctx := h.sdk(t, mews.ScopeIOCsRead, mews.ScopeIOCsWrite).LegacyIOCs(), t.Context()
	days := int32(3)
	made, err := s.Create(ctx, mews.LegacyIOCCreate{Type: "ipv6", Value: "2001:db8::1", Policy: "detect", ExpirationDays: &days},
		mews.LegacyIOCCreate{Type: "domain", Value: "a.example", Policy: "none"})
	must(t, err)
	if len(made.Resources) != 2 || made.Resources[0].ExpirationDays != 3 {
		t.Fatalf("%+v", made)
	}
	six, name := mews.Observable{Type: "ipv6", Value: "2001:db8::1"}, mews.Observable{Type: "domain", Value: "a.example"}
	got, err := s.Get(ctx, name, six, mews.Observable{Type: "domain", Value: "b.example"})
	must(t, err)
	if len(got.Resources) != 2 || got.Resources[0].ID() != name.ID() || len(got.Errors) != 1 || got.Errors[0].ID != "domain:b.example" {
		t.Errorf("%+v", got)
	}
	changed, err := s.Update(ctx, mews.LegacyIOCUpdate{Policy: "none"}, six, name)
	must(t, err)
	if changed.Resources[0].Policy != "none" || changed.Meta.Writes.ResourcesAffected != 2 {
		t.Errorf("%+v", changed)
	}
	gone, err := s.Delete(ctx, name)
	must(t, err)
	if !slices.Equal(gone.Resources, []string{"domain:a.example"}) {
		t.Errorf("%+v", gone)
	}
	for _, tc := range []struct {
		q    mews.LegacyIOCQuery
		want []string
	}{
		{mews.LegacyIOCQuery{}, []string{six.ID()}},
		{mews.LegacyIOCQuery{IncludeDeleted: true, Sort: "type"}, []string{name.ID(), six.ID()}},
		{mews.LegacyIOCQuery{Types: mews.List{"domain", "ipv6"}, Policies: mews.List{"none"}, ExpiresFrom: "2001-01-01T00:00:00Z"}, []string{six.ID()}},
		{mews.LegacyIOCQuery{ExpiresTo: "2001-01-01T00:00:00Z"}, []string{}},
	} {
		page, err := s.Query(ctx, tc.q)
		must(t, err)
		if !slices.Equal(page.Resources, tc.want) {
			t.Errorf("%+v: %q", tc.q, page.Resources)
		}
	}
	if _, err := s.Get(ctx, name); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("what is gone: %v", err)
	}
}
