package compat

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/crowdstrike/gofalcon/falcon"
	"github.com/crowdstrike/gofalcon/falcon/client/hosts"
	"github.com/crowdstrike/gofalcon/falcon/models"
)

func deviceID(n int) string { return fmt.Sprintf("%032x", n+1) }

// withHosts is a customer of so many hosts, every third of them on Linux.
func withHosts(t *testing.T, count int) *customer {
	t.Helper()
	c := customerWith(t, "ingest:write,devices:read")
	var lines strings.Builder
	for n := range count {
		fmt.Fprintf(&lines, `{"aid":%q,"ComputerName":"ws-%03d","event_platform":%q,"AgentVersion":"7.1","Time":"%d.5"}`+"\n",
			deviceID(n), n, []string{"Lin", "Win", "Mac"}[n%3], 1700000000+n)
	}
	c.send(t, "/ingest/v1/events?format=fdr", strings.NewReader(lines.String()), "application/x-ndjson")
	return c
}

func TestQueryDevicesByFilter(t *testing.T) {
	c := withHosts(t, 25)
	var got []string
	for offset, total := int64(0), int64(1); offset < total; {
		ok, err := c.Hosts.QueryDevicesByFilter(&hosts.QueryDevicesByFilterParams{
			Context: t.Context(), Limit: ptr(int64(10)), Offset: &offset, Sort: ptr("hostname.desc"),
		})
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		got = append(got, ok.Payload.Resources...)
		page := ok.Payload.Meta.Pagination
		if int64(*page.Offset) <= offset || *page.Total != 25 {
			t.Fatalf("after %d comes %d of %d", offset, *page.Offset, *page.Total)
		}
		offset, total = int64(*page.Offset), *page.Total
	}
	if len(got) != 25 || got[0] != deviceID(24) || got[24] != deviceID(0) {
		t.Errorf("pages gave %v", got)
	}
	ok, err := c.Hosts.QueryDevicesByFilter(&hosts.QueryDevicesByFilterParams{
		Context: t.Context(), Filter: ptr("platform_name:'Linux'+hostname:'ws-00*'"),
	})
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if want := []string{deviceID(0), deviceID(3), deviceID(6), deviceID(9)}; !slices.Equal(ok.Payload.Resources, want) {
		t.Errorf("got %v, want %v", ok.Payload.Resources, want)
	}
}

// TestQueryDevicesByFilterScroll is the loop of gofalcon's own example, which
// ends when the offset is empty.
func TestQueryDevicesByFilterScroll(t *testing.T) {
	c := withHosts(t, 25)
	var got []string
	for pages, offset := 0, ""; ; pages++ {
		ok, err := c.Hosts.QueryDevicesByFilterScroll(&hosts.QueryDevicesByFilterScrollParams{
			Context: t.Context(), Limit: ptr(int64(10)), Offset: &offset, Filter: ptr("hostname:'ws-*'"),
		})
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		got = append(got, ok.Payload.Resources...)
		page := ok.Payload.Meta.Pagination
		if offset = *page.Offset; *page.Total != 25 || (page.ExpiresAt == 0) != (offset == "") || pages > 2 {
			t.Fatalf("page %d: %+v", pages, page)
		}
		if offset == "" {
			break
		}
	}
	if len(got) != 25 || got[0] != deviceID(0) || got[24] != deviceID(24) {
		t.Errorf("pages gave %v", got)
	}
}

func TestDeviceDetails(t *testing.T) {
	c := withHosts(t, 3)
	ids := []string{deviceID(2), strings.Repeat("f", 32), deviceID(0)}
	for way, get := range map[string]func(ids []string) (*models.DeviceapiDeviceDetailsResponseSwagger, error){
		"POST": func(ids []string) (*models.DeviceapiDeviceDetailsResponseSwagger, error) {
			ok, err := c.Hosts.PostDeviceDetailsV2(&hosts.PostDeviceDetailsV2Params{Context: t.Context(), Body: &models.MsaIdsRequest{Ids: ids}})
			if err != nil {
				return nil, err
			}
			return ok.Payload, nil
		},
		"GET": func(ids []string) (*models.DeviceapiDeviceDetailsResponseSwagger, error) {
			ok, err := c.Hosts.GetDeviceDetailsV2(&hosts.GetDeviceDetailsV2Params{Context: t.Context(), Ids: ids})
			if err != nil {
				return nil, err
			}
			return ok.Payload, nil
		},
	} {
		reply, err := get(ids)
		if err != nil {
			t.Fatalf("%s: %s", way, falcon.ErrorExplain(err))
		}
		if len(reply.Resources) != 2 || len(reply.Errors) != 1 || *reply.Errors[0].Code != 404 || reply.Errors[0].ID != ids[1] {
			t.Fatalf("%s: %+v, %+v", way, reply.Resources, reply.Errors)
		}
		d := reply.Resources[0]
		if *d.DeviceID != deviceID(2) || *d.Cid != c.cid || d.Hostname != "ws-002" || d.PlatformName != "Mac" || d.AgentVersion != "7.1" ||
			d.LastSeen != "2023-11-14T22:13:22Z" || d.Status != "normal" {
			t.Errorf("%s: %+v", way, d)
		}
		if _, err := get(ids[1:2]); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("%s of an unknown host: %v", way, err)
		}
	}
}
