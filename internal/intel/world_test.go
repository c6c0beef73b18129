package intel

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
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

var ctx = context.Background()

func actor(cid store.CID) store.Actor { return store.Actor{CID: cid, Client: "me", Operation: "test"} }

var me = actor(cid)

// rows gives rows without an error.
func rows(list ...feed.Row) func(func(feed.Row, error) bool) {
	return func(yield func(feed.Row, error) bool) {
		for _, r := range list {
			if r.Problem == "" && r.Skip == "" && !r.Whole {
				if err := feed.Normalize(&r.Indicator); err != nil {
					panic(err)
				}
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// domain is a row of a made-up domain; each further word is a malware family.
func domain(name string, families ...string) feed.Row {
	return feed.Row{At: name, Indicator: mews.IntelIndicator{Type: "domain", Indicator: name + ".example", MalwareFamilies: families}}
}

func domains(names string) (list []feed.Row) {
	for _, name := range strings.Fields(names) {
		list = append(list, domain(name))
	}
	return list
}

// take imports rows and counts.
func (w *world) take(t testing.TB, in Import, list ...feed.Row) mews.IntelCounts {
	t.Helper()
	in.Rows = rows(list...)
	counts, _, err := w.Import(ctx, me, in)
	must(t, err)
	return counts
}

// query gives the first words of the domains that a query selects, with a "-"
// before the deleted ones.
func (w *world) query(t testing.TB, q mews.IntelQuery) string {
	t.Helper()
	found, page, err := w.Query(ctx, me, q)
	must(t, err)
	if page.Total < len(found) {
		t.Fatalf("a page of %d says that there are %d", len(found), page.Total)
	}
	var out []string
	for _, i := range found {
		name := strings.TrimSuffix(i.Indicator, ".example")
		if i.Deleted {
			name = "-" + name
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func filter(text string) mews.IntelQuery {
	return mews.IntelQuery{RecordQuery: mews.RecordQuery{Filter: text}}
}

// everything is what there is, deleted ones too, by marker.
func (w *world) everything(t testing.TB) string {
	return w.query(t, mews.IntelQuery{IncludeDeleted: true})
}

// get gives one domain.
func (w *world) get(t testing.TB, name string) mews.IntelIndicator {
	t.Helper()
	found, _, err := w.Get(ctx, me, []string{"domain_" + name + ".example"})
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("%s is not there", name)
	}
	return found[0]
}

func wantInvalid(t testing.TB, err error, text string) {
	t.Helper()
	if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want an invalid request and %q", err, text)
	}
}
