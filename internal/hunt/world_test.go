package hunt

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/facts"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
	"github.com/mewshq/mews/internal/yara"
)

const cid = store.CID("00000000000000000000000000000001")

var me = store.Actor{CID: cid, Client: "me", Operation: "test"}

// A world is the service on everything it really stands on.
type world struct {
	*Service
	t       *testing.T
	dir     string
	db      *store.DB
	blobs   *blob.Store
	engine  *search.Engine
	samples *sample.Service
	table   *job.Table
	known   *facts.Service
}

func newWorld(t *testing.T, worker string, limits Limits) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), db: storetest.New(t)}
	fsys, err := vfs.OS(w.dir)
	w.must(err)
	w.blobs, err = blob.Open(fsys, blobtest.Keys(), blob.Options{})
	w.must(err)
	w.engine, err = search.Open(t.Context(), search.Deps{DB: w.db, Blobs: w.blobs, FS: fsys, Keys: blobtest.Keys()})
	w.must(err)
	t.Cleanup(func() { w.must(w.engine.Close()) })
	w.samples = sample.New(sample.Deps{DB: w.db, Blobs: w.blobs, Index: w.engine})
	w.table = job.New(w.db, job.Options{Poll: 20 * time.Millisecond})
	engine := yara.New(yara.Options{Path: worker, Sandbox: yara.SandboxBestEffort})
	w.known = facts.New(facts.Deps{
		DB: w.db, Search: w.engine, Yara: engine, Keys: blobtest.Keys(), Limits: facts.Limits{Quiet: 20 * time.Millisecond},
	})
	w.Service = New(Deps{
		DB: w.db, Jobs: w.table, Samples: w.samples, Search: w.engine, Keys: blobtest.Keys(), Limits: limits,
		Yara: engine, Facts: w.known,
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// run starts the job runner until the test ends, or stop is called.
func (w *world) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = w.table.Run(ctx, w.Handlers(), 2)
	}()
	stop = func() { cancel(); <-done }
	w.t.Cleanup(stop)
	return stop
}

func (w *world) put(content string, o sample.PutOptions) sample.Record {
	w.t.Helper()
	r, err := w.samples.Put(w.t.Context(), me, bytes.NewReader([]byte(content)), o)
	w.must(err)
	return r
}

// putAll stores many samples side by side, in no certain order.
func (w *world) putAll(contents []string) {
	w.t.Helper()
	var group errgroup.Group
	group.SetLimit(16)
	for _, c := range contents {
		group.Go(func() error {
			_, err := w.samples.Put(context.Background(), me, strings.NewReader(c), sample.PutOptions{})
			return err
		})
	}
	w.must(group.Wait())
}

// wait polls a request until it has ended.
func (w *world) wait(id string) Request {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		r, err := w.Request(w.t.Context(), me, id)
		w.must(err)
		if r.Meta.Status != mews.StatusInProgress {
			return r
		}
	}
	w.t.Fatal("the request does not end")
	return Request{}
}

func (w *world) exact(o *mews.SearchOptions, patterns ...mews.Pattern) Request {
	w.t.Helper()
	c, err := w.Exact(w.t.Context(), me, mews.SearchRequest{Options: o, Patterns: patterns})
	w.must(err)
	return w.wait(c.ID)
}

func (w *world) hunt(rule string, o *mews.SearchOptions) Request {
	w.t.Helper()
	c, err := w.Hunt(w.t.Context(), me, mews.HuntRequest{Options: o, YARARule: rule})
	w.must(err)
	return w.wait(c.ID)
}

func ascii(s string) mews.Pattern { return mews.Pattern{Type: "ascii", Value: s} }

func shas(r Request) map[string]bool {
	out := map[string]bool{}
	for _, x := range r.Resources {
		out[x.SHA256] = true
	}
	return out
}
