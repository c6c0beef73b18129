package ioc

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// A world is the service on a real database, and a clock that moves a second
// with each look.
type world struct {
	*Service
	db    *store.DB
	clock *clock
}

type clock struct{ micros atomic.Int64 }

func (c *clock) now() time.Time { return time.UnixMicro(c.micros.Add(1_000_000)).UTC() }

// pass lets time go by.
func (c *clock) pass(d time.Duration) { c.micros.Add(d.Microseconds()) }

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, change ...func(*Deps)) *world {
	t.Helper()
	w := &world{db: storetest.New(t), clock: &clock{}}
	w.clock.micros.Store(epoch.UnixMicro())
	d := Deps{DB: w.db, Keys: blobtest.Keys(), Now: w.clock.now, Window: 10_000}
	for _, fn := range change {
		fn(&d)
	}
	var err error
	w.Service, err = New(d)
	must(t, err)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	cid   = store.CID("00000000000000000000000000000001")
	other = store.CID("00000000000000000000000000000002")
)

var (
	me  = actor(cid)
	ctx = context.Background()
	yes = true
)

// actor is a client of one customer.
func actor(cid store.CID) store.Actor {
	return store.Actor{CID: cid, Client: "client of " + string(cid), Operation: "test"}
}

// hash is a made-up SHA-256.
func hash(n int) string { return fmt.Sprintf("%064x", n) }

// simple is an indicator that counts.
func simple(typ, value string) mews.IndicatorCreate {
	return mews.IndicatorCreate{
		Type: typ, Value: value, Action: mews.IndicatorDetect, Severity: mews.SeverityHigh,
		Platforms: mews.List{mews.PlatformWindows}, AppliedGlobally: &yes,
	}
}

func (w *world) create(t testing.TB, list ...mews.IndicatorCreate) []mews.Indicator {
	t.Helper()
	made, err := w.Create(ctx, me, mews.IndicatorCreates{Indicators: list})
	must(t, err)
	return made
}

func (w *world) get(t testing.TB, id string) mews.Indicator {
	t.Helper()
	found, unknown, err := w.Get(ctx, me, []string{id})
	must(t, err)
	if len(found) != 1 || len(unknown) > 0 {
		t.Fatalf("get %s: %d found, unknown %q", id, len(found), unknown)
	}
	return found[0]
}

// search gives the values of what a filter selects, in the order of value.
func (w *world) search(t testing.TB, filter string) string {
	t.Helper()
	found, page, err := w.Combined(ctx, me, Query{RecordQuery: mews.RecordQuery{Filter: filter, Sort: "value|asc", Limit: 500}})
	must(t, err)
	var values []string
	for _, f := range found {
		values = append(values, f.Value)
	}
	if page.Total != len(found) {
		t.Errorf("%s: %d of %d", filter, len(found), page.Total)
	}
	return strings.Join(values, " ")
}

// trail lists the audit rows as "action object…".
func (w *world) trail(t testing.TB) (lines []string) {
	t.Helper()
	rows, err := w.db.Audit(ctx, 0, 100_000)
	must(t, err)
	for _, r := range rows {
		lines = append(lines, strings.Join(append([]string{r.Entry.Action}, r.Entry.Objects...), " "))
	}
	_, err = w.db.VerifyAudit(ctx)
	must(t, err)
	return lines
}

func observed(t testing.TB, typ, value string) observable.Observable {
	t.Helper()
	o, err := observable.Parse(typ, value)
	must(t, err)
	return o
}
