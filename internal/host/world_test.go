package host

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/telemetry"
)

// A world is the service over a real database, with a clock that stands still
// until it is moved.
type world struct {
	*Service
	db  *store.DB
	now time.Time
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, change ...func(*Deps)) *world {
	t.Helper()
	w := &world{now: epoch}
	w.db = storetest.New(t, func(o *store.Options) { o.Now = func() time.Time { return w.now } })
	d := Deps{DB: w.db, Keys: blobtest.Keys()}
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
	me  = store.Actor{CID: cid, Client: "me", Operation: "test"}
	ctx = context.Background()
)

// aid is the id of a made-up host.
func aid(n int) string { return fmt.Sprintf("%032x", n) }

// at is a time, in seconds after the epoch.
func at(seconds int) int64 { return epoch.Add(time.Duration(seconds) * time.Second).UnixMicro() }

// seen is a report of a host at one time.
func seen(n, seconds int, facts ...telemetry.Facts) Report {
	r := Report{AID: aid(n), Hostname: fmt.Sprintf("WS-%03d", n), First: at(seconds), Last: at(seconds)}
	if len(facts) > 0 {
		r.Facts = &facts[0]
	}
	return r
}

func (w *world) report(t testing.TB, cid store.CID, reports ...Report) {
	t.Helper()
	must(t, w.db.Write(ctx, func(tx *store.Tx) error { return w.Report(tx, cid, reports) }))
}

// rows counts the rows of a table.
func (w *world) rows(t testing.TB, table string) (n int) {
	t.Helper()
	must(t, w.db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow(`SELECT count(*) FROM ` + table).Scan(&n) }))
	return n
}
