package facts

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
	"github.com/mewshq/mews/internal/yara"
	"github.com/mewshq/mews/internal/yara/yaratest"
)

const cid = store.CID("00000000000000000000000000000001")

// A world is the service on everything it really stands on.
type world struct {
	*Service
	t       *testing.T
	db      *store.DB
	blobs   *blob.Store
	engine  *search.Engine
	samples *sample.Service
	rng     *rand.Rand
	version string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	worker := yaratest.Worker(t)
	seed := rand.Uint64()
	t.Logf("seed=%d", seed)
	w := &world{t: t, db: storetest.New(t), rng: rand.New(rand.NewPCG(seed, 0))}
	fsys, err := vfs.OS(t.TempDir())
	w.must(err)
	w.blobs, err = blob.Open(fsys, blobtest.Keys(), blob.Options{})
	w.must(err)
	w.engine, err = search.Open(t.Context(), search.Deps{DB: w.db, Blobs: w.blobs, FS: fsys, Keys: blobtest.Keys()})
	w.must(err)
	t.Cleanup(func() { w.must(w.engine.Close()) })
	w.samples = sample.New(sample.Deps{DB: w.db, Blobs: w.blobs, Index: w.engine})
	w.Service = New(Deps{
		DB: w.db, Search: w.engine, Keys: blobtest.Keys(),
		Yara:   yara.New(yara.Options{Path: worker, Sandbox: yara.SandboxBestEffort}),
		Limits: Limits{Quiet: time.Millisecond},
	})
	d := w.yara.Describer()
	defer d.Close()
	w.version, err = d.Version(t.Context())
	w.must(err)
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(who store.CID, content []byte) sample.Record {
	w.t.Helper()
	actor := store.Actor{CID: who, Client: "me", Operation: "test"}
	r, err := w.samples.Put(w.t.Context(), actor, bytes.NewReader(content), sample.PutOptions{})
	w.must(err)
	return r
}

func (w *world) delete(r sample.Record) {
	w.t.Helper()
	w.must(w.samples.Delete(w.t.Context(), store.Actor{CID: r.CID, Client: "me", Operation: "test"}, r.SHA256))
}

// describe indexes and describes what there is.
func (w *world) describe() {
	w.t.Helper()
	w.must(w.engine.Flush(w.t.Context()))
	if more, err := w.round(w.t.Context()); err != nil || more {
		w.t.Fatalf("round: %v, %v", more, err)
	}
}

func (w *world) status() Status {
	w.t.Helper()
	st, err := w.Status(w.t.Context())
	w.must(err)
	return st
}

// has resolves a plan and tells which of the files it selects.
func (w *world) has(who store.CID, plan query.Node, files ...sample.Record) (out []bool) {
	w.t.Helper()
	n, err := w.Resolve(context.Background(), who, w.version, plan)
	w.must(err)
	for _, f := range files {
		ok, err := query.Match(n, numbered(f.Seq))
		w.must(err)
		out = append(out, ok)
	}
	return out
}

// numbered is the view of a file of which nothing but the number is known.
type numbered uint64

func (n numbered) Seq() uint64                          { return uint64(n) }
func (n numbered) Size() uint64                         { return 0 }
func (n numbered) Head() []byte                         { return nil }
func (n numbered) Type() string                         { return "" }
func (n numbered) Digest(string) []byte                 { return nil }
func (n numbered) Contains(query.Pattern) (bool, error) { return true, nil }
func fact(name, value string) query.Node                { return query.Fact{Name: name, Value: value} }

func broad(name, value string) query.Node { return query.Fact{Name: name, Value: value, Broad: true} }

// pe makes a Windows program with this time stamp.
func pe(machine uint16, stamp uint32) []byte {
	b := make([]byte, 1024)
	copy(b, "MZ")
	put := binary.LittleEndian
	put.PutUint32(b[0x3c:], 0x80)
	copy(b[0x80:], "PE\x00\x00")
	put.PutUint16(b[0x84:], machine)
	put.PutUint16(b[0x86:], 1)
	put.PutUint32(b[0x88:], stamp)
	put.PutUint16(b[0x94:], 0xf0)
	put.PutUint16(b[0x96:], 0x2022)
	put.PutUint16(b[0x98:], 0x20b)
	copy(b[0x188:], ".text")
	return b
}

// programs lists some programs of this machine.
func (w *world) programs(n int) (out [][]byte) {
	names, _ := filepath.Glob("/usr/bin/*")
	for _, i := range w.rng.Perm(len(names)) {
		info, err := os.Stat(names[i])
		if len(out) == n || err != nil || info.Size() > 1<<20 {
			continue
		}
		if data, err := os.ReadFile(names[i]); err == nil && len(data) > 0 {
			out = append(out, data)
		}
	}
	return out
}
