package compat

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/crowdstrike/gofalcon/falcon"
	"github.com/crowdstrike/gofalcon/falcon/client/intel"
	"github.com/crowdstrike/gofalcon/falcon/models"
)

// withIntel is a customer whose feed tells of so many domains.
func withIntel(t *testing.T, count int) *customer {
	t.Helper()
	c := customerWith(t, "ingest:write,falconx-indicators:read")
	var table strings.Builder
	table.WriteString("indicator,malware_families,labels,first_seen\n")
	for n := range count {
		fmt.Fprintf(&table, "d%03d.example,Loader,\"x;y\",2026-01-02\n", n)
	}
	c.send(t, "/ingest/v1/indicators?source=list", strings.NewReader(table.String()), "text/csv")
	return c
}

// TestQueryIntelIndicatorEntities is the loop of gofalcon's own example: it
// follows the header of the next page.
func TestQueryIntelIndicatorEntities(t *testing.T) {
	c := withIntel(t, 25)
	var found []*models.DomainPublicIndicatorV3
	pages := 0
	for response := (*intel.QueryIntelIndicatorEntitiesOK)(nil); response.HasNextPage(); pages++ {
		var err error
		response, err = c.Intel.QueryIntelIndicatorEntities(&intel.QueryIntelIndicatorEntitiesParams{
			Context: t.Context(), Filter: ptr("type:'domain'+labels:'x'"), Sort: ptr("_marker|asc"), Limit: ptr(int64(10)),
		}, response.Paginate())
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		if err := falcon.AssertNoError(response.Payload.Errors); err != nil || *response.Payload.Meta.Pagination.Total != 25 {
			t.Fatalf("page %d: %v, %+v", pages, err, response.Payload.Meta.Pagination)
		}
		found = append(found, response.Payload.Resources...)
	}
	if len(found) != 25 || pages != 3 {
		t.Fatalf("%d indicators on %d pages", len(found), pages)
	}
	for n, i := range found {
		if *i.Indicator != fmt.Sprintf("d%03d.example", n) || *i.ID != "domain_"+*i.Indicator || *i.Deleted || *i.PublishedDate != 1767312000 ||
			*i.MaliciousConfidence != "unverified" || !slices.Equal(i.MalwareFamilies, []string{"Loader"}) || len(i.Labels) != 2 || *i.Labels[1].Name != "y" ||
			i.Actors == nil || i.Relations == nil {
			t.Errorf("indicator %d is %+v", n, i)
		}
		if n > 0 && *i.Marker <= *found[n-1].Marker {
			t.Errorf("marker %s stands behind %s", *i.Marker, *found[n-1].Marker)
		}
	}
}

func TestIntelIndicatorIDs(t *testing.T) {
	c := withIntel(t, 25)
	var found []string
	for response := (*intel.QueryIntelIndicatorIdsOK)(nil); response.HasNextPage(); {
		var err error
		response, err = c.Intel.QueryIntelIndicatorIds(&intel.QueryIntelIndicatorIdsParams{
			Context: t.Context(), Q: ptr("loader"), Sort: ptr("indicator.desc"), Limit: ptr(int64(20)), IncludeDeleted: ptr(true),
		}, response.Paginate())
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		found = append(found, response.Payload.Resources...)
	}
	if len(found) != 25 || found[0] != "domain_d024.example" || found[24] != "domain_d000.example" {
		t.Fatalf("%v", found)
	}
	ok, err := c.Intel.GetIntelIndicatorEntities(&intel.GetIntelIndicatorEntitiesParams{
		Context: t.Context(), Body: &models.MsaIdsRequest{Ids: []string{found[3], "domain_nobody.example"}},
	})
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if len(ok.Payload.Resources) != 1 || *ok.Payload.Resources[0].ID != found[3] || len(ok.Payload.Errors) != 1 || *ok.Payload.Errors[0].Code != 404 {
		t.Errorf("%+v", ok.Payload)
	}
	_, err = c.Intel.QueryIntelIndicatorEntities(&intel.QueryIntelIndicatorEntitiesParams{Context: t.Context(), Filter: ptr("nosuch:'x'")})
	if err == nil || !strings.Contains(falcon.ErrorExplain(err), "unknown field") {
		t.Errorf("an unknown field: %v", err)
	}
}
