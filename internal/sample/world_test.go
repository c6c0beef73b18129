package sample

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

// A world is the corpus with everything it really stands on.
type world struct {
	*Service
	fs     vfs.FS
	db     *store.DB
	blobs  *blob.Store
	engine *search.Engine
}

// openWorld opens a corpus on a file system and recovers it, after what is to be
// set before.
func openWorld(ctx context.Context, fsys vfs.FS, db *store.DB, limits Limits, before ...func(*world)) (*world, error) {
	blobs, err := blob.Open(fsys, blobtest.Keys(), blob.Options{})
	if err != nil {
		return nil, err
	}
	engine, err := search.Open(ctx, search.Deps{DB: db, Blobs: blobs, FS: fsys, Keys: blobtest.Keys()})
	if err != nil {
		return nil, err
	}
	w := &world{fs: fsys, db: db, blobs: blobs, engine: engine}
	w.Service = New(Deps{DB: db, Blobs: blobs, Index: &strictIndex{Engine: engine, used: map[uint64]bool{}}, Limits: limits})
	for _, set := range before {
		set(w)
	}
	return w, w.Recover(ctx)
}

// A strictIndex refuses what would harm the index in the end: a number that a
// file, be it the same one, had before.
type strictIndex struct {
	*search.Engine
	used map[uint64]bool // touched by the database's writer alone
}

func (i *strictIndex) Enqueue(tx *store.Tx, cid store.CID, f index.File) error {
	if i.used[f.Seq] {
		return fmt.Errorf("number %d is used again", f.Seq)
	}
	tx.OnCommit(func() { i.used[f.Seq] = true })
	return i.Engine.Enqueue(tx, cid, f)
}

func newWorld(t testing.TB, limits Limits) *world {
	t.Helper()
	fsys, err := vfs.OS(t.TempDir())
	must(t, err)
	w, err := openWorld(context.Background(), fsys, storetest.New(t), limits)
	must(t, err)
	t.Cleanup(func() { must(t, w.engine.Close()) })
	return w
}

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

const cid = store.CID("00000000000000000000000000000001")

var me = actor(cid)

func (w *world) put(t testing.TB, content []byte, o PutOptions) Record {
	t.Helper()
	rec, err := w.Put(context.Background(), me, bytes.NewReader(content), o)
	must(t, err)
	return rec
}

func shaOf(content []byte) string { return fmt.Sprintf("%x", blobtest.Name("", content).SHA256) }

func content(r *blob.Reader) ([]byte, error) {
	defer r.Close()
	return io.ReadAll(r.Plain())
}

// found lists what a search for everything sees, newest first.
func (w *world) found(ctx context.Context, cid store.CID) (shas []string, err error) {
	snap, err := w.engine.Snapshot(ctx, cid)
	if err != nil {
		return nil, err
	}
	defer snap.Close()
	for c, err := range snap.Candidates(ctx, query.All{}, search.Select{}) {
		if err != nil {
			return nil, err
		}
		shas = append(shas, fmt.Sprintf("%x", c.File().SHA256))
	}
	return shas, nil
}

func (w *world) mustFind(t testing.TB, want ...string) {
	t.Helper()
	got, err := w.found(context.Background(), cid)
	must(t, err)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("searches see %d samples, want %d", len(got), len(want))
	}
}

// trail lists the audit rows as "action outcome object…".
func (w *world) trail(t testing.TB) (lines []string) {
	t.Helper()
	rows, err := w.db.Audit(context.Background(), 0, 10_000)
	must(t, err)
	for _, r := range rows {
		line := r.Entry.Action
		for _, o := range r.Entry.Objects {
			line += " " + o
		}
		lines = append(lines, line)
	}
	_, err = w.db.VerifyAudit(context.Background())
	must(t, err)
	return lines
}

// empty checks that nothing of a refused upload is left anywhere.
func (w *world) empty(t testing.TB) {
	t.Helper()
	for id, err := range w.blobs.All() {
		t.Errorf("blob %s is left (%v)", id, err)
	}
	names, err := w.fs.ReadDir("blobs/tmp")
	must(t, err)
	if len(names) > 0 {
		t.Errorf("temporary files are left: %q", names)
	}
	w.mustFind(t)
	var rows int
	must(t, w.db.Read(context.Background(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM sample`).Scan(&rows)
	}))
	if rows > 0 {
		t.Errorf("%d rows are left", rows)
	}
}
