package quarantine

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/quarantine/quarantinetest"
	"github.com/mewshq/mews/internal/store"
)

var (
	seedFlag      = flag.Uint64("seed", 1, "seed of the histories and crashes")
	historiesFlag = flag.Int("histories", 320, "histories to record")
)

// A direct is the service itself, as one customer sees it.
type direct struct {
	w   *world
	who store.Actor
}

func (d direct) Update(ctx context.Context, u mews.QuarantineUpdate) (int, error) {
	out, err := d.w.UpdateByIDs(ctx, d.who, u)
	if len(out.Unknown) > 0 {
		err = errors.Join(err, fmt.Errorf("unknown ids %q", out.Unknown))
	}
	return out.Affected, err
}

func (d direct) UpdateByQuery(ctx context.Context, u mews.QuarantineQueryUpdate) (int, error) {
	out, err := d.w.UpdateByQuery(ctx, d.who, u)
	return out.Affected, err
}

func (d direct) Counts(ctx context.Context, filter string) (map[string]int64, error) {
	return d.w.ActionCounts(ctx, d.who, filter, "")
}

func (d direct) Details(ctx context.Context, id string) (mews.QuarantineDetail, error) {
	found, _, err := d.w.Details(ctx, d.who, []string{id})
	if err != nil || len(found) != 1 {
		return mews.QuarantineDetail{}, fmt.Errorf("details of %s: %d, %w", id, len(found), err)
	}
	return found[0], nil
}

func (d direct) Download(ctx context.Context, sha string) (bool, error) {
	r, _, err := d.w.samples.Download(ctx, d.who, sha)
	if errors.Is(err, mews.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, r.Close()
}

func (d direct) Report(ctx context.Context, r mews.QuarantineReport, body string) (mews.QuarantinedFile, error) {
	if body == "" {
		return d.w.Report(ctx, d.who, r, nil)
	}
	return d.w.Report(ctx, d.who, r, strings.NewReader(body))
}

func (d direct) Actions(ctx context.Context, aid string) ([]mews.HostAction, error) {
	return d.w.Actions(ctx, d.who, aid, 0)
}

func (d direct) Acknowledge(ctx context.Context, ack mews.ActionAck) (int, error) {
	n, unknown, err := d.w.Acknowledge(ctx, d.who, []mews.ActionAck{ack})
	if len(unknown) > 0 {
		err = errors.Join(err, fmt.Errorf("unknown action %q", unknown))
	}
	return n, err
}

// Clients that work on the same records at the same time get answers as if they
// had come one after the other; and the check of that would notice the contrary.
func TestLinearizable(t *testing.T) {
	w := newWorld(t)
	n := *historiesFlag
	if testing.Short() {
		n = 60
	}
	t.Logf("seed=%d", *seedFlag)
	background, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = w.Run(background) })
	histories := make([][]porcupine.Operation, n)
	var group errgroup.Group
	group.SetLimit(6)
	for i := range n {
		group.Go(func() (err error) {
			rng := rand.New(rand.NewPCG(*seedFlag, uint64(i)))
			sys := direct{w, actor(store.CID(fmt.Sprintf("%032x", i)))}
			histories[i], err = quarantinetest.Record(ctx, sys, rng, 4, 7)
			return err
		})
	}
	err := group.Wait()
	stop()
	running.Wait()
	must(t, err)
	calls := 0
	for i, history := range histories {
		calls += len(history)
		if got := quarantinetest.Check(history, quarantinetest.Right, time.Minute); got != porcupine.Ok {
			t.Errorf("seed=%d, history %d: %s\n%s", *seedFlag, i, got, quarantinetest.List(history))
		}
	}
	t.Logf("%d histories of %d calls", n, calls)
	quarantinetest.CheckTheCheck(t, histories)
}
