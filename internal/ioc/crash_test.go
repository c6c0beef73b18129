package ioc

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var seedFlag = flag.Uint64("seed", 1, "first seed of the crash tests")

// openMem opens the service on a file system in memory.
func openMem(mem *vfs.Mem) (*world, error) {
	db, err := store.Open(ctx, storetest.Options(mem))
	if err != nil {
		return nil, fmt.Errorf("database does not open: %w", err)
	}
	w := &world{db: db, clock: &clock{}}
	w.clock.micros.Store(epoch.UnixMicro())
	w.Service, err = New(Deps{DB: db, Keys: blobtest.Keys(), Now: w.clock.now})
	return w, errors.Join(err)
}

// state is all that users see of the indicators.
func (w *world) state() (string, error) {
	found, _, err := w.Combined(ctx, me, Query{RecordQuery: mews.RecordQuery{Filter: "deleted:[true,false]", Sort: "value", Limit: 500}})
	var lines []string
	for _, i := range found {
		lines = append(lines, describe(i))
	}
	return strings.Join(lines, "\n"), err
}

// trailed counts what audit rows say was created and not deleted since.
func (w *world) trailed() (live int, err error) {
	rows, err := w.db.Audit(ctx, 0, 100_000)
	if err != nil {
		return 0, err
	}
	for _, r := range rows {
		switch r.Entry.Action {
		case "ioc.create":
			live += len(r.Entry.Objects)
		case "ioc.delete":
			live -= len(r.Entry.Objects)
		}
	}
	_, err = w.db.VerifyAudit(ctx)
	return live, err
}

// checkLeft opens what a crash left: it is what was acknowledged, or that and all
// of the call that was under way, and the audit trail says the same.
func checkLeft(mem *vfs.Mem, before, after string) error {
	w, err := openMem(mem)
	if err != nil {
		return err
	}
	defer w.db.Close()
	got, err := w.state()
	if err != nil {
		return err
	}
	if got != before && (after == "" || got != after) {
		return fmt.Errorf("left is\n%s\nacknowledged was\n%s\nunder way\n%s", got, before, after)
	}
	live, err := w.trailed()
	if n := strings.Count(got, " false "); err != nil || n != live {
		return fmt.Errorf("%d indicators, the trail has %d: %w", n, live, err)
	}
	return nil
}

// changes are calls in a row, each of many rows.
func (w *world) changes() []func() error {
	some := func(from, n int) (list []mews.IndicatorCreate) {
		for i := range n {
			in := simple("ipv4", fmt.Sprintf("192.0.2.%d", from+i))
			in.Tags = mews.List{"a", "b"}
			list = append(list, in)
		}
		return list
	}
	create := func(list []mews.IndicatorCreate) func() error {
		return func() error {
			_, err := w.Create(ctx, me, mews.IndicatorCreates{Indicators: list})
			return err
		}
	}
	return []func() error{
		create(some(0, 40)),
		func() error {
			_, err := w.Update(ctx, me, mews.IndicatorUpdates{BulkUpdate: &mews.IndicatorBulkUpdate{
				Filter: "value:<'192.0.2.2'", IndicatorChange: mews.IndicatorChange{Severity: ptr("low"), Tags: &mews.List{"c"}},
			}})
			return err
		},
		func() error {
			_, err := w.Delete(ctx, me, Deletion{Filter: "severity:'low'"})
			return err
		},
		create(some(10, 3)), // the first of them come back
		create(some(100, 40)),
	}
}

// TestCrash cuts the power at points of every call.
func TestCrash(t *testing.T) {
	storetest.SkipUnderRace(t)
	points := 0
	for seed := *seedFlag; points < storetest.Points(200) && !t.Failed(); seed++ {
		points += crashRun(t, seed)
	}
	t.Logf("%d crash points from seed=%d on", points, *seedFlag)
}

func crashRun(t *testing.T, seed uint64) (tried int) {
	// Without a crash, what each call leaves.
	want := []string{""}
	plain, err := openMem(vfs.NewMem())
	must(t, err)
	for _, change := range plain.changes() {
		plain.clock.micros.Store(epoch.UnixMicro())
		must(t, change())
		state, err := plain.state()
		must(t, err)
		want = append(want, state)
	}
	must(t, plain.db.Close())

	mem := vfs.NewMem()
	w, err := openMem(mem)
	must(t, err)
	var mu sync.Mutex
	calls, step := 0, 0
	mem.Hook(func(op vfs.Op, name string) error {
		if op == vfs.OpRead || op == vfs.OpStat || op == vfs.OpOpen || op == vfs.OpReadDir {
			return nil // changes nothing
		}
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls%7 != int(seed)%7 || t.Failed() {
			return nil
		}
		tried++
		percent := []int{0, 25, 50, 75, 100}[(calls+int(seed))%5]
		after := ""
		if step+1 < len(want) {
			after = want[step+1]
		}
		if err := checkLeft(mem.CrashClone(rand.New(rand.NewPCG(seed, uint64(calls))), percent), want[step], after); err != nil {
			t.Errorf("seed=%d, before call %d (%s %s), %d%% kept: %v", seed, calls, op, name, percent, err)
		}
		return nil
	})
	for i, change := range w.changes() {
		w.clock.micros.Store(epoch.UnixMicro())
		must(t, change())
		mu.Lock()
		step = i + 1
		mu.Unlock()
	}
	mem.Hook(nil)
	must(t, w.db.Close())
	return tried
}

// TestReadsWorkOnAFullDisk: what has expired cannot be marked any more, but is
// shown as it is.
func TestReadsWorkOnAFullDisk(t *testing.T) {
	mem := vfs.NewMem()
	w, err := openMem(mem)
	must(t, err)
	in := simple("domain", "a.example")
	in.Expiration = epoch.Add(time.Hour).Format(time.RFC3339)
	w.create(t, in)
	w.clock.pass(2 * time.Hour)
	mem.Limit(0)
	if _, err := w.Create(ctx, me, mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{simple("domain", "b.example")}}); !errors.Is(err, mews.ErrUnavailable) {
		t.Errorf("create: %v", err)
	}
	found, _, err := w.Combined(ctx, me, Query{})
	must(t, err)
	if len(found) != 1 || !found[0].Expired || found[0].Action != mews.IndicatorNoAction {
		t.Errorf("%+v", found)
	}
	mem.Limit(-1)
	if got := w.search(t, "expired:true"); got != "a.example" {
		t.Errorf("with room again: %q", got)
	}
	must(t, w.db.Close())
}
