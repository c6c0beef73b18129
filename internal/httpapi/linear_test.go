package httpapi

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/quarantine/quarantinetest"
	"github.com/mewshq/mews/internal/store"
)

var seedFlag = flag.Uint64("seed", 1, "seed of the histories")

// A remote is the quarantine service of one customer over HTTP.
type remote struct{ c *mews.Client }

func (r remote) Update(ctx context.Context, u mews.QuarantineUpdate) (int, error) {
	return affected(r.c.Quarantine().Update(ctx, u))
}

func (r remote) UpdateByQuery(ctx context.Context, u mews.QuarantineQueryUpdate) (int, error) {
	return affected(r.c.Quarantine().UpdateByQuery(ctx, u))
}

func affected(env *mews.Envelope[struct{}], err error) (int, error) {
	if err != nil {
		return 0, err
	}
	if len(env.Errors) > 0 {
		return 0, fmt.Errorf("unexpected errors: %+v", env.Errors)
	}
	return env.Meta.Writes.ResourcesAffected, nil
}

func (r remote) Counts(ctx context.Context, filter string) (map[string]int64, error) {
	return r.c.Quarantine().ActionCounts(ctx, filter, "")
}

func (r remote) Details(ctx context.Context, id string) (mews.QuarantineDetail, error) {
	env, err := r.c.Quarantine().Details(ctx, id)
	if err != nil || len(env.Resources) != 1 {
		return mews.QuarantineDetail{}, fmt.Errorf("details of %s: %w", id, err)
	}
	return env.Resources[0], nil
}

func (r remote) Download(ctx context.Context, sha256 string) (bool, error) {
	d, err := r.c.Samples().Get(ctx, sha256)
	if errors.Is(err, mews.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = io.Copy(io.Discard, d)
	return true, errors.Join(err, d.Close())
}

func (r remote) Report(ctx context.Context, q mews.QuarantineReport, body string) (mews.QuarantinedFile, error) {
	if body == "" {
		return r.c.Quarantine().Report(ctx, q, nil)
	}
	return r.c.Quarantine().Report(ctx, q, strings.NewReader(body))
}

func (r remote) Actions(ctx context.Context, aid string) ([]mews.HostAction, error) {
	return r.c.Agent().Actions(ctx, aid, 0)
}

func (r remote) Acknowledge(ctx context.Context, ack mews.ActionAck) (int, error) {
	return affected(r.c.Agent().Acknowledge(ctx, ack))
}

// Over HTTP, too, calls on the same records that come at the same time are
// answered as if they had come one after the other.
func TestLinearizable(t *testing.T) {
	h := newHarness(t)
	n := 24
	if testing.Short() {
		n = 6
	}
	t.Logf("seed=%d", *seedFlag)
	histories := make([][]porcupine.Operation, n)
	var group errgroup.Group
	group.SetLimit(3)
	for i := range n {
		id, secret := h.client(t, store.CID(fmt.Sprintf("%032x", i+1)))
		c, err := mews.NewClient(h.srv.URL, mews.WithCredentials(id, secret), mews.WithRetries(0))
		must(t, err)
		group.Go(func() (err error) {
			rng := rand.New(rand.NewPCG(*seedFlag, uint64(i)))
			histories[i], err = quarantinetest.Record(context.Background(), remote{c}, rng, 4, 7)
			return err
		})
	}
	must(t, group.Wait())
	for i, history := range histories {
		if got := quarantinetest.Check(history, quarantinetest.Right, time.Minute); got != porcupine.Ok {
			t.Errorf("seed=%d, history %d: %s\n%s", *seedFlag, i, got, quarantinetest.List(history))
		}
	}
}
