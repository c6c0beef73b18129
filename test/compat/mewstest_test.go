package compat

import (
	"context"
	"strings"
	"testing"

	"github.com/crowdstrike/gofalcon/falcon"
	falconclient "github.com/crowdstrike/gofalcon/falcon/client"
	"github.com/crowdstrike/gofalcon/falcon/client/hosts"
	"github.com/crowdstrike/gofalcon/falcon/client/quarantine"
	"github.com/crowdstrike/gofalcon/falcon/models"
	xoauth2 "golang.org/x/oauth2"

	"github.com/mewshq/mews/mewstest"
)

// connectTo makes an unmodified gofalcon client of a server inside this test.
// gofalcon speaks HTTPS only, and takes what trusts the certificate from its
// context.
func connectTo(t *testing.T, srv *mewstest.Server) *falconclient.CrowdStrikeAPISpecification {
	t.Helper()
	c, err := falcon.NewClient(&falcon.ApiConfig{
		ClientId: srv.ClientID, ClientSecret: srv.ClientSecret, HostOverride: strings.TrimPrefix(srv.URL, "https://"),
		Context: context.WithValue(t.Context(), xoauth2.HTTPClient, srv.HTTPClient()),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGofalconInsideATest is how a user of gofalcon tests without a tenant: made-up
// hosts and quarantined files, and a release that stays.
func TestGofalconInsideATest(t *testing.T) {
	c := connectTo(t, mewstest.Start(t, mewstest.WithTLS(), mewstest.WithSeed(1)))

	find := hosts.NewQueryDevicesByFilterParams()
	find.Filter = new("platform_name:'Windows'")
	found, err := c.Hosts.QueryDevicesByFilter(find)
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Payload.Resources) == 0 {
		t.Fatal("the made-up fleet has no Windows host")
	}

	query := quarantine.NewQueryQuarantineFilesParams()
	query.Filter = new("state:'quarantined'+hostname:!''")
	before, err := c.Quarantine.QueryQuarantineFiles(query)
	if err != nil {
		t.Fatal(err)
	}
	release := quarantine.NewUpdateQuarantinedDetectsByIdsParams()
	release.Body = &models.DomainEntitiesPatchRequest{Action: "release", Ids: before.Payload.Resources[:1]}
	if _, err := c.Quarantine.UpdateQuarantinedDetectsByIds(release); err != nil {
		t.Fatal(err)
	}
	after, err := c.Quarantine.QueryQuarantineFiles(query)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(after.Payload.Resources), len(before.Payload.Resources)-1; got != want {
		t.Fatalf("%d files are in quarantine after the release of one, want %d", got, want)
	}
}
