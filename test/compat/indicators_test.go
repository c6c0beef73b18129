package compat

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/crowdstrike/gofalcon/falcon"
	falconclient "github.com/crowdstrike/gofalcon/falcon/client"
	"github.com/crowdstrike/gofalcon/falcon/client/ioc"
	"github.com/crowdstrike/gofalcon/falcon/models"
	"github.com/go-openapi/runtime"
	"github.com/go-openapi/strfmt"
)

// newDesk is gofalcon for a customer of its own who keeps indicators.
func newDesk(t *testing.T) *falconclient.CrowdStrikeAPISpecification {
	t.Helper()
	own := newClient(t, "ioc:read,ioc:write", "--cid", fmt.Sprintf("%032x", 0x10c0de+customers.Add(1)))
	c, _ := connect(t, own.ID, own.Secret)
	return c
}

func toCreate(typ, value string) *models.APIIndicatorCreateReqV1 {
	return &models.APIIndicatorCreateReqV1{
		Type: typ, Value: value, Action: "detect", Severity: "high", Platforms: []string{"windows", "linux"}, AppliedGlobally: ptr(true),
	}
}

func create(t *testing.T, c *falconclient.CrowdStrikeAPISpecification, list ...*models.APIIndicatorCreateReqV1) []*models.APIIndicatorV1 {
	t.Helper()
	ok, err := c.Ioc.IndicatorCreateV1(ioc.NewIndicatorCreateV1Params().WithBody(&models.APIIndicatorCreateReqsV1{Indicators: list, Comment: "c"}))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if err := falcon.AssertNoError(ok.Payload.Errors); err != nil {
		t.Fatal(err)
	}
	return ok.Payload.Resources
}

func TestIndicatorLife(t *testing.T) {
	c := newDesk(t)
	full := toCreate("sha256", shaOf([]byte("x")))
	ends := strfmt.DateTime(time.Now().Add(48 * time.Hour).Truncate(time.Millisecond))
	full.Expiration, full.Tags, full.Metadata = &ends, []string{"a"}, &models.APIMetadataReqV1{Filename: "x.exe"}
	made := create(t, c, full, toCreate("domain", "a.example"), toCreate("ipv4", "192.0.2.1"))
	if m := made[0]; m.Metadata == nil || m.Metadata.Filename != "x.exe" || !time.Time(m.Expiration).Equal(time.Time(ends)) || time.Time(m.CreatedOn).IsZero() ||
		m.Severity != "high" || !m.AppliedGlobally || !slices.Equal(m.Platforms, []string{"windows", "linux"}) {
		t.Errorf("made %+v", m)
	}
	if !time.Time(made[1].Expiration).IsZero() && time.Time(made[1].Expiration).Unix() != 0 {
		t.Errorf("an end out of nothing: %v", made[1].Expiration)
	}
	got, err := c.Ioc.IndicatorGetV1(ioc.NewIndicatorGetV1Params().WithIds([]string{made[2].ID, made[0].ID}))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if r := got.Payload.Resources; len(r) != 2 || r[0].Value != "192.0.2.1" || r[1].ID != made[0].ID {
		t.Errorf("got %+v", r)
	}
	updated, err := c.Ioc.IndicatorUpdateV1(ioc.NewIndicatorUpdateV1Params().WithBody(&models.APIIndicatorUpdateReqsV1{
		Indicators: []*models.APIIndicatorUpdateReqV1{{ID: made[1].ID, Severity: ptr("low"), Description: ptr("d")}},
	}))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if r := updated.Payload.Resources; len(r) != 1 || r[0].Severity != "low" || r[0].Description != "d" || r[0].Action != "detect" {
		t.Errorf("updated %+v", r)
	}
	gone, err := c.Ioc.IndicatorDeleteV1(ioc.NewIndicatorDeleteV1Params().WithIds([]string{made[1].ID}).WithComment(ptr("done")))
	if err != nil || !slices.Equal(gone.Payload.Resources, []string{made[1].ID}) {
		t.Errorf("deleted %+v (%v)", gone, err)
	}
	if _, err := c.Ioc.IndicatorGetV1(ioc.NewIndicatorGetV1Params().WithIds([]string{made[1].ID})); statusOf(err) != 404 {
		t.Errorf("what is gone: %v", err)
	}
}

// statusOf is the status of an answer that gofalcon has no type for.
func statusOf(err error) int {
	var api *runtime.APIError
	if errors.As(err, &api) {
		return api.Code
	}
	return 0
}

// TestBulkUpdateSendsZeroTimes: gofalcon cannot leave a time out of it.
func TestBulkUpdateSendsZeroTimes(t *testing.T) {
	c := newDesk(t)
	with := toCreate("domain", "a.example")
	ends := strfmt.DateTime(time.Now().Add(48 * time.Hour))
	with.Expiration, with.Tags = &ends, []string{"kept"}
	create(t, c, with, toCreate("domain", "b.example"))
	ok, err := c.Ioc.IndicatorUpdateV1(ioc.NewIndicatorUpdateV1Params().WithBody(&models.APIIndicatorUpdateReqsV1{
		BulkUpdate: &models.APIBulkUpdateReqV1{Filter: "type:'domain'", Action: "prevent"},
	}))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if r := ok.Payload.Resources; len(r) != 2 || r[0].Action != "prevent" || len(r[0].Tags) != 1 || time.Time(r[0].Expiration).Before(time.Now()) {
		t.Errorf("%+v", r)
	}
	if _, err := c.Ioc.IndicatorUpdateV1(ioc.NewIndicatorUpdateV1Params().WithBody(&models.APIIndicatorUpdateReqsV1{
		BulkUpdate: &models.APIBulkUpdateReqV1{Filter: "nonsense", Action: "detect"},
	})); statusOf(err) != 400 {
		t.Errorf("a nonsense filter: %v", err)
	}
}

func TestIndicatorRefusals(t *testing.T) {
	c := newDesk(t)
	create(t, c, toCreate("domain", "a.example"))
	_, err := c.Ioc.IndicatorCreateV1(ioc.NewIndicatorCreateV1Params().WithBody(&models.APIIndicatorCreateReqsV1{
		Indicators: []*models.APIIndicatorCreateReqV1{toCreate("domain", "a.example"), toCreate("md5", "x")},
	}))
	var bad *ioc.IndicatorCreateV1BadRequest
	if !errors.As(err, &bad) || len(bad.Payload.Errors) != 2 || bad.Payload.Errors[0].ID != "domain:a.example" || *bad.Payload.Errors[1].Code != 400 {
		t.Errorf("create: %v", err)
	}
	_, err = c.Ioc.IndicatorSearchV1(ioc.NewIndicatorSearchV1Params().WithFilter(ptr("nosuch:'x'")))
	var refused *ioc.IndicatorSearchV1BadRequest
	if !errors.As(err, &refused) {
		t.Errorf("search: %v", err)
	}
	if _, err := c.Ioc.IndicatorDeleteV1(ioc.NewIndicatorDeleteV1Params()); statusOf(err) != 400 {
		t.Errorf("delete nothing: %v", err)
	}
}

func TestIndicatorPages(t *testing.T) {
	c := newDesk(t)
	var list []*models.APIIndicatorCreateReqV1
	for n := range 7 {
		list = append(list, toCreate("ipv4", fmt.Sprintf("192.0.2.%d", n)))
	}
	create(t, c, list...)
	var values []string
	after := ""
	for {
		p := ioc.NewIndicatorCombinedV1Params().WithLimit(ptr(int64(3))).WithSort(ptr("value|asc"))
		if after != "" {
			p.After = &after
		}
		ok, err := c.Ioc.IndicatorCombinedV1(p)
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		for _, r := range ok.Payload.Resources {
			values = append(values, r.Value)
		}
		page := ok.Payload.Meta.Pagination
		if *page.Total != 7 || *page.Limit != 3 {
			t.Fatalf("%+v", page)
		}
		if after = page.After; after == "" {
			break
		}
	}
	if len(values) != 7 || !slices.IsSorted(values) {
		t.Errorf("by after: %q", values)
	}
	var ids []string
	for offset := int64(0); offset < 7; {
		ok, err := c.Ioc.IndicatorSearchV1(ioc.NewIndicatorSearchV1Params().WithLimit(ptr(int64(4))).WithOffset(&offset).WithFilter(ptr("action:'detect'")))
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		ids = append(ids, ok.Payload.Resources...)
		offset = int64(ok.Payload.Meta.Pagination.Offset)
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != 7 {
		t.Errorf("by offset: %q", ids)
	}
}

func TestIndicatorAggregateAndWords(t *testing.T) {
	c := newDesk(t)
	create(t, c, toCreate("domain", "a.example"), toCreate("ipv4", "192.0.2.1"), toCreate("ipv4", "192.0.2.2"))
	ok, err := c.Ioc.IndicatorAggregateV1(ioc.NewIndicatorAggregateV1Params().WithFilter(ptr("*")).WithBody(&models.MsaAggregateQueryRequest{
		Field: ptr("type"), Type: ptr("terms"), Name: ptr("types"),
	}))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if r := ok.Payload.Resources; len(r) != 1 || len(r[0].Buckets) != 2 || *r[0].Buckets[0].Count != 2 || r[0].Buckets[0].Label != "ipv4" {
		t.Errorf("%+v", r)
	}
	actions, err := c.Ioc.ActionGetV1(ioc.NewActionGetV1Params().WithIds([]string{"prevent"}))
	if err != nil || len(actions.Payload.Resources) != 1 || *actions.Payload.Resources[0].ID != "prevent" || len(actions.Payload.Resources[0].PlatformsByType["md5"]) == 0 {
		t.Errorf("action: %+v (%v)", actions, err)
	}
	names, err := c.Ioc.ActionQueryV1(ioc.NewActionQueryV1Params().WithLimit(ptr(int64(2))).WithOffset(ptr("1")))
	if err != nil || !slices.Equal(names.Payload.Resources, []string{"allow", "detect"}) {
		t.Errorf("actions: %+v (%v)", names, err)
	}
	types, err := c.Ioc.IocTypeQueryV1(ioc.NewIocTypeQueryV1Params())
	if err != nil || len(types.Payload.Resources) != 5 {
		t.Errorf("types: %+v (%v)", types, err)
	}
	platforms, err := c.Ioc.PlatformQueryV1(ioc.NewPlatformQueryV1Params())
	if err != nil || len(platforms.Payload.Resources) != 5 {
		t.Errorf("platforms: %+v (%v)", platforms, err)
	}
	severities, err := c.Ioc.SeverityQueryV1(ioc.NewSeverityQueryV1Params())
	if err != nil || len(severities.Payload.Resources) != 5 {
		t.Errorf("severities: %+v (%v)", severities, err)
	}
}
