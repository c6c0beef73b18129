package mewstest_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/mewstest"
)

// releaseAll stands for code of yours that is to be tested: it releases every
// file that a host has in quarantine.
func releaseAll(ctx context.Context, c *mews.Client, hostname string) (int, error) {
	var ids []string
	for id, err := range c.Quarantine().All(ctx, mews.RecordQuery{Filter: "state:'quarantined'+hostname:'" + hostname + "'"}) {
		if err != nil {
			return 0, err
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	_, err := c.Quarantine().Update(ctx, mews.QuarantineUpdate{Action: mews.ActionRelease, IDs: ids})
	return len(ids), err
}

// hostname is a host of the made-up data with files in quarantine.
const hostname = "blue-ws-00000"

// The code runs against a server with made-up data that is too busy for the
// first update.
func ExampleStart() {
	var t *testing.T // of func TestReleaseAll(t *testing.T)

	srv := mewstest.Start(t, mewstest.WithSeed(1))
	srv.Fail(mews.FaultRule{
		Operation: "UpdateQuarantinedDetectsByIds", Times: 1,
		Effect: mews.FaultEffect{Status: http.StatusTooManyRequests, RetryAfter: time.Second},
	})
	released, err := releaseAll(t.Context(), srv.Client(), hostname)
	if err != nil || released == 0 {
		t.Fatalf("released %d: %v", released, err)
	}
	if asked := srv.Requests("UpdateQuarantinedDetectsByIds"); len(asked) != 2 {
		t.Fatalf("it took %d requests", len(asked))
	}
}

// TestExample does what the example shows.
func TestExample(t *testing.T) {
	t.Parallel()
	srv := mewstest.Start(t, mewstest.WithSeed(1))
	client := srv.Client()
	srv.Fail(mews.FaultRule{
		Operation: "UpdateQuarantinedDetectsByIds", Times: 1,
		Effect: mews.FaultEffect{Status: http.StatusTooManyRequests, RetryAfter: time.Second},
	})
	if n, err := releaseAll(t.Context(), client, hostname); n == 0 || err != nil {
		t.Fatalf("released %d: %v", n, err)
	}
	if asked := srv.Requests("UpdateQuarantinedDetectsByIds"); len(asked) != 2 || asked[0].Status != 429 || asked[1].Status != 200 {
		t.Fatalf("the updates: %+v", asked)
	}
	if n, err := releaseAll(t.Context(), client, hostname); n != 0 || err != nil {
		t.Fatalf("released %d once more: %v", n, err)
	}
}
