package detection

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/telemetry"
)

// A world is the service over a real database and the real rooms below it, with
// a clock that stands still until it is moved.
type world struct {
	*Service
	db    *store.DB
	iocs  *ioc.Service
	hosts *host.Service
	now   time.Time
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, change ...func(*Deps)) *world {
	t.Helper()
	w := &world{now: epoch}
	w.db = storetest.New(t, func(o *store.Options) { o.Now = func() time.Time { return w.now } })
	w.open(t, change...)
	return w
}

func (w *world) open(t testing.TB, change ...func(*Deps)) {
	t.Helper()
	var err error
	w.iocs, err = ioc.New(ioc.Deps{DB: w.db, Keys: blobtest.Keys()})
	must(t, err)
	w.hosts, err = host.New(host.Deps{DB: w.db, Keys: blobtest.Keys()})
	must(t, err)
	d := Deps{DB: w.db, IOCs: w.iocs, Hosts: w.hosts, Keys: blobtest.Keys(), Tell: true, Repeat: 24 * time.Hour}
	for _, fn := range change {
		fn(&d)
	}
	w.Service, err = New(d)
	must(t, err)
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

var ctx = context.Background()

func actor(cid store.CID) store.Actor { return store.Actor{CID: cid, Client: "me", Operation: "test"} }

// aid is the id of a made-up host.
func aid(n int) string { return fmt.Sprintf("%032x", n) }

// domain is a made-up observable.
func domain(n int) observable.Observable {
	return observable.Observable{Type: observable.Domain, Key: fmt.Sprintf("d%d.example", n)}
}

// at is a time in seconds after the epoch, in microseconds.
func at(seconds int) int64 { return epoch.Add(time.Duration(seconds) * time.Second).UnixMicro() }

// indicator makes an IOC and gives its id.
func (w *world) indicator(t testing.TB, cid store.CID, o observable.Observable, action string) string {
	t.Helper()
	yes := true
	made, err := w.iocs.Create(ctx, actor(cid), mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{{
		Type: o.Type.String(), Value: o.Value(), Action: action, Severity: mews.SeverityHigh,
		Platforms: mews.List{mews.PlatformLinux}, AppliedGlobally: &yes,
	}}})
	must(t, err)
	return made[0].ID
}

// seen is one sighting of an observable on a host.
func seen(o observable.Observable, n, seconds int, process uint64) sighting.Seen {
	return sighting.Seen{Observable: o, AID: aid(n), Process: process, First: at(seconds), Last: at(seconds), Count: 1, Kinds: telemetry.DNS}
}

func (w *world) record(t testing.TB, cid store.CID, list ...sighting.Seen) (matches int) {
	t.Helper()
	must(t, w.db.Write(ctx, func(tx *store.Tx) (err error) {
		matches, err = w.Record(tx, cid, list)
		return err
	}))
	return matches
}

func (w *world) query(t testing.TB, cid store.CID, q mews.RecordQuery) []mews.Detection {
	t.Helper()
	list, page, err := w.Query(ctx, actor(cid), q)
	must(t, err)
	if page.Total < len(list) {
		t.Fatalf("a page of %d detections says that there are %d", len(list), page.Total)
	}
	return list
}
