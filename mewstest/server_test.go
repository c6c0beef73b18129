package mewstest_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/mewstest"
)

// TestStart: the server of a test is a whole one, with state, over either
// protocol.
func TestStart(t *testing.T) {
	for name, opts := range map[string][]mewstest.Option{"http": nil, "https": {mewstest.WithTLS()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := mewstest.Start(t, opts...)
			if !strings.HasPrefix(srv.URL, name+"://127.0.0.1:") {
				t.Fatalf("the server is at %s", srv.URL)
			}
			client := srv.Client()
			text := "what one test adds " + name
			meta, err := client.Samples().Upload(t.Context(), strings.NewReader(text), mews.UploadOptions{FileName: "note.txt"})
			if err != nil {
				t.Fatal(err)
			}
			if found, err := client.Samples().Info(t.Context(), meta.SHA256); err != nil || len(found.Resources) != 1 {
				t.Fatalf("the sample is not there: %v %v", found, err)
			}
			resp, err := srv.HTTPClient().Get(srv.URL + "/healthz")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("status %s", resp.Status)
			}
		})
	}
}

// TestServersAreApart: what one test writes, another does not see.
func TestServersAreApart(t *testing.T) {
	t.Parallel()
	a, b := mewstest.Start(t), mewstest.Start(t)
	if a.URL == b.URL || a.ClientID == b.ClientID {
		t.Fatalf("two servers share %s %s", a.URL, a.ClientID)
	}
	_, err := b.Client(mews.WithCredentials(a.ClientID, a.ClientSecret)).MalQuery().Quotas(t.Context())
	if !errors.Is(err, mews.ErrForbidden) {
		t.Fatalf("a client of one server at the other: %v, want %v", err, mews.ErrForbidden)
	}
}

// TestNewCredentials: a client without a scope is refused what needs it.
func TestNewCredentials(t *testing.T) {
	t.Parallel()
	srv := mewstest.Start(t)
	client := srv.Client(mews.WithCredentials(srv.NewCredentials(mews.ScopeDevicesRead)))
	if _, err := client.MalQuery().Quotas(t.Context()); !errors.Is(err, mews.ErrForbidden) {
		t.Fatalf("without the scope: %v, want %v", err, mews.ErrForbidden)
	}
	client = srv.Client(mews.WithCredentials(srv.NewCredentials()))
	if _, err := client.MalQuery().Quotas(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestWithSeed: the data is there when the test begins, and the same for both.
func TestWithSeed(t *testing.T) {
	t.Parallel()
	var lists [2][]string
	for i := range lists {
		client := mewstest.Start(t, mewstest.WithSeed(7)).Client()
		for id, err := range client.Quarantine().All(t.Context(), mews.RecordQuery{Filter: "state:'quarantined'"}) {
			if err != nil {
				t.Fatal(err)
			}
			lists[i] = append(lists[i], id)
		}
		slices.Sort(lists[i])
	}
	if len(lists[0]) < 5 || !slices.Equal(lists[0], lists[1]) {
		t.Fatalf("two servers of one seed hold\n%q\n%q", lists[0], lists[1])
	}
}
