package quarantine

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

// A world is the service with everything it really stands on, and a clock that
// moves a second with each look.
type world struct {
	*Service
	db      *store.DB
	samples *sample.Service
	blobs   *blob.Store
	engine  *search.Engine
	ticks   *atomic.Int64
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newWorld(t testing.TB, change ...func(*Deps)) *world {
	t.Helper()
	ctx := context.Background()
	fsys, err := vfs.OS(t.TempDir())
	must(t, err)
	blobs, err := blob.Open(fsys, blobtest.Keys(), blob.Options{})
	must(t, err)
	w := &world{db: storetest.New(t), ticks: new(atomic.Int64)}
	engine, err := search.Open(ctx, search.Deps{DB: w.db, Blobs: blobs, FS: fsys, Keys: blobtest.Keys()})
	must(t, err)
	t.Cleanup(func() { must(t, engine.Close()) })
	w.blobs, w.engine = blobs, engine
	w.samples = sample.New(sample.Deps{DB: w.db, Blobs: blobs, Index: engine})
	known, err := hosts(w.db)
	must(t, err)
	d := Deps{DB: w.db, Samples: w.samples, Hosts: known, Keys: blobtest.Keys(), Now: w.clock}
	for _, fn := range change {
		fn(&d)
	}
	w.Service, err = New(d)
	must(t, err)
	w.samples.OnAdopt(w.Adopt)
	must(t, w.samples.Recover(ctx))
	return w
}

// hosts is the room of hosts over a database.
func hosts(db *store.DB) (*host.Service, error) {
	return host.New(host.Deps{DB: db, Keys: blobtest.Keys(), Now: func() time.Time { return epoch }})
}

func (w *world) clock() time.Time { return epoch.Add(time.Duration(w.ticks.Add(1)) * time.Second) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// actor is a client of one customer.
func actor(cid store.CID) store.Actor {
	return store.Actor{CID: cid, Client: "client of " + string(cid), Operation: "test"}
}

const (
	cid   = store.CID("00000000000000000000000000000001")
	other = store.CID("00000000000000000000000000000002")
)

var (
	me  = actor(cid)
	ctx = context.Background()
)

// aidOf is the id of a made-up host.
func aidOf(n int) string { return fmt.Sprintf("%032x", n) }

// file is the hash of a made-up file.
func file(n int) string { return fmt.Sprintf("%064x", n) }

// simple is a report of a file on a host.
func simple(aid, sha string) mews.QuarantineReport {
	return mews.QuarantineReport{
		AID: aid, SHA256: sha, Hostname: "Web-01", Username: `CORP\bob`,
		Paths: []mews.QuarantinePath{{Path: `C:\Users\Bob\Evil.exe`}},
	}
}

func (w *world) report(t testing.TB, r mews.QuarantineReport) mews.QuarantinedFile {
	t.Helper()
	f, err := w.Report(ctx, me, r, nil)
	must(t, err)
	return f
}

func (w *world) reportBytes(t testing.TB, r mews.QuarantineReport, content string) mews.QuarantinedFile {
	t.Helper()
	f, err := w.Report(ctx, me, r, strings.NewReader(content))
	must(t, err)
	return f
}

// act updates by ids and tells how many records changed.
func (w *world) act(t testing.TB, action string, ids ...string) int {
	t.Helper()
	u, err := w.UpdateByIDs(ctx, me, mews.QuarantineUpdate{Action: action, IDs: ids, Comment: action + " please"})
	must(t, err)
	if len(u.Unknown) > 0 {
		t.Fatalf("unknown ids %q", u.Unknown)
	}
	return u.Affected
}

func (w *world) detail(t testing.TB, id string) mews.QuarantineDetail {
	t.Helper()
	found, unknown, err := w.Details(ctx, me, []string{id})
	must(t, err)
	if len(found) != 1 || len(unknown) > 0 {
		t.Fatalf("details of %s: %d found, unknown %q", id, len(found), unknown)
	}
	return found[0]
}

// download tells whether the sample API gives the bytes.
func (w *world) download(sha string) (string, error) {
	r, _, err := w.samples.Download(ctx, me, sha)
	if err != nil {
		return "", err
	}
	defer r.Close()
	b, err := io.ReadAll(r.Plain())
	return string(b), err
}

// trail lists the audit rows as "action object…", those of samples left out.
func (w *world) trail(t testing.TB) (lines []string) {
	t.Helper()
	rows, err := w.db.Audit(ctx, 0, 100_000)
	must(t, err)
	for _, r := range rows {
		if strings.HasPrefix(r.Entry.Action, "quarantine.") {
			lines = append(lines, strings.Join(append([]string{r.Entry.Action}, r.Entry.Objects...), " "))
		}
	}
	_, err = w.db.VerifyAudit(ctx)
	must(t, err)
	return lines
}

// events lists a record's history as words.
func (w *world) events(t testing.TB, id string) (words []string) {
	t.Helper()
	for _, e := range w.detail(t, id).History {
		words = append(words, e.Event)
	}
	return words
}

func shaOf(content string) string {
	return fmt.Sprintf("%x", blobtest.Name("", []byte(content)).SHA256)
}
