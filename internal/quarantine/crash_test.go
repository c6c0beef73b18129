package quarantine

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/quarantine/quarantinetest"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
	"github.com/mewshq/mews/internal/vfs/vfstest"
)

var pointsFlag = flag.Int("crashes", 400, "crash points to try")

// openMem opens the service on a file system in memory, and recovers it.
func openMem(mem *vfs.Mem) (*world, error) {
	db, err := store.Open(ctx, storetest.Options(mem))
	if err != nil {
		return nil, fmt.Errorf("database does not open: %w", err)
	}
	w := &world{db: db, ticks: new(atomic.Int64)}
	if err := w.open(mem); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return w, nil
}

func (w *world) open(fsys vfs.FS) (err error) {
	if w.blobs, err = blob.Open(fsys, blobtest.Keys(), blob.Options{}); err != nil {
		return err
	}
	w.engine, err = search.Open(ctx, search.Deps{DB: w.db, Blobs: w.blobs, FS: fsys, Keys: blobtest.Keys()})
	if err != nil {
		return err
	}
	w.samples = sample.New(sample.Deps{DB: w.db, Blobs: w.blobs, Index: w.engine})
	known, err := hosts(w.db)
	if err != nil {
		return err
	}
	w.Service, err = New(Deps{DB: w.db, Samples: w.samples, Hosts: known, Keys: blobtest.Keys(), Now: w.clock})
	if err != nil {
		return err
	}
	w.samples.OnAdopt(w.Adopt)
	return w.samples.Recover(ctx)
}

// checkLeft opens what a crash left, does what a restart does, and compares it
// with what clients were told.
func checkLeft(mem *vfs.Mem, want quarantinetest.Left) (err error) {
	w, err := openMem(mem)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.engine.Close(), w.db.Close()) }()
	if err := w.catchUp(ctx); err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	found, _, err := w.Details(ctx, me, quarantinetest.IDs())
	if err != nil {
		return err
	}
	got := make([]string, len(quarantinetest.IDs()))
	for _, d := range found {
		i := slices.Index(quarantinetest.IDs(), d.ID)
		got[i] = quarantinetest.Describe(d)
		if err := w.checkBytes(quarantinetest.Content(i), d.HasBytes); err != nil {
			return err
		}
	}
	if !slices.Equal(got, want.Before) && !slices.Equal(got, want.After) {
		return fmt.Errorf("records are\n%q, acknowledged were\n%q, under way\n%q", got, want.Before, want.After)
	}
	return w.checkRows()
}

// checkBytes looks at the bytes themselves.
func (w *world) checkBytes(content string, there bool) error {
	r, err := w.blobs.Get(blobtest.Name(string(cid), []byte(content)))
	if err == nil {
		err = r.Close()
	}
	if there != (err == nil) || err != nil && !errors.Is(err, blob.ErrNotFound) {
		return fmt.Errorf("bytes should be there: %v, but %v", there, err)
	}
	if got, err := w.download(shaOf(content)); there && (err != nil || got != content) {
		return fmt.Errorf("download gives %q, %v", got, err)
	}
	return nil
}

// checkRows holds what must stand together against each other: records and
// holds, events and audit rows.
func (w *world) checkRows() error {
	var holds, held, both, events, unfinished int
	err := w.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM sample_hold), (SELECT COUNT(*) FROM quarantine WHERE held),
			(SELECT COUNT(*) FROM quarantine q JOIN sample_hold h ON h.cid = q.cid AND h.holder = q.id AND hex(h.sha256) = upper(q.sha256) WHERE held),
			(SELECT COUNT(*) FROM quarantine_event), (SELECT COUNT(*) FROM sample WHERE state = 1)`,
		).Scan(&holds, &held, &both, &events, &unfinished)
	})
	if err != nil {
		return err
	}
	if holds != both || held != both {
		return fmt.Errorf("%d holds of samples, %d records that hold one, %d in both", holds, held, both)
	}
	if unfinished > 0 {
		return fmt.Errorf("%d purges are not finished", unfinished)
	}
	if _, err := w.db.VerifyAudit(ctx); err != nil {
		return err
	}
	rows, err := w.db.Audit(ctx, 0, 100_000)
	if err != nil {
		return err
	}
	for _, row := range rows {
		for _, object := range row.Entry.Objects {
			if slices.Contains(quarantinetest.IDs(), object) {
				events--
			}
		}
	}
	if events != 0 {
		return fmt.Errorf("%d more events than the audit trail has", events)
	}
	return nil
}

var keptPercent = []int{0, 25, 50, 75, 100}

// Power is lost while files are reported, released, purged and fetched by their
// hosts: record, sample, hold, host action, event and audit row appear together
// or not at all, what was acknowledged stands, and what was purged stays away.
func TestCrash(t *testing.T) {
	points := *pointsFlag
	if testing.Short() || storetest.Race {
		points = min(points, 100)
	}
	var tried atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for worker := range uint64(2) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for seed := *seedFlag + worker; tried.Load() < int64(points) && !t.Failed(); seed += 2 {
					tried.Add(int64(crashRun(t, seed, points/10)))
				}
			})
		}
	})
	t.Logf("%d crash points from seed=%d on", tried.Load(), *seedFlag)
}

// crashRun plays one seed and crashes at most of its calls at the most: of some
// seeds early and often, of others seldom and to their end.
func crashRun(t *testing.T, seed uint64, most int) (tried int) {
	mem := vfs.NewMem()
	w, err := openMem(mem)
	must(t, err)
	single := quarantinetest.NewSingle(direct{w, me})
	var mu sync.Mutex // calls may come from the database's writer as well
	calls, stride := 0, 5*(1+int(seed%5))
	mem.Hook(func(op vfs.Op, name string) error {
		if op == vfs.OpRead || op == vfs.OpStat || op == vfs.OpOpen || op == vfs.OpReadDir {
			return nil // changes nothing
		}
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls%stride != int(seed)%stride || tried == most || t.Failed() {
			return nil
		}
		tried++
		pct := keptPercent[(calls+int(seed))%len(keptPercent)]
		var left *vfs.Mem
		want := single.Left(func() { left = mem.CrashClone(rand.New(rand.NewPCG(seed, uint64(calls))), pct) })
		if err := checkLeft(left, want); err != nil {
			t.Errorf("seed=%d, before call %d (%s %s), %d%% kept: %v", seed, calls, op, name, pct, err)
		}
		return nil
	})
	err = single.Run(ctx, rand.New(rand.NewPCG(seed, 1)), 25)
	mem.Hook(nil)
	must(t, err)
	must(t, errors.Join(w.engine.Close(), w.db.Close()))
	return tried
}

// Whichever call fails: no success is claimed that a crash would take back.
func TestFailingCalls(t *testing.T) {
	step := 17
	if testing.Short() || storetest.Race {
		step = 97
	}
	vfstest.FailCalls(t, *seedFlag, step, []int{0, 50, 100}, func(mem *vfs.Mem) (vfstest.Scenario, error) {
		w, err := openMem(mem)
		if err != nil {
			return vfstest.Scenario{}, err
		}
		single := quarantinetest.NewSingle(direct{w, me})
		var wrong error
		return vfstest.Scenario{
			Run: func(rng *rand.Rand) error {
				err := single.Run(ctx, rng, 15)
				if errors.Is(err, quarantinetest.ErrWrong) {
					wrong = err
				}
				return err
			},
			Crash: func(rng *rand.Rand, percent int) error {
				var left *vfs.Mem
				want := single.Left(func() { left = mem.CrashClone(rng, percent) })
				return errors.Join(wrong, checkLeft(left, want))
			},
			Close: func() error { return errors.Join(w.engine.Close(), w.db.Close()) },
		}, nil
	})
}
