package sample

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
	"github.com/mewshq/mews/internal/vfs/vfstest"
)

var (
	seedFlag   = flag.Uint64("seed", 1, "first seed of the crash tests")
	pointsFlag = flag.Int("crashes", 1500, "crash points to try")
)

// A model is what a client of the corpus was told: which contents it has, under
// which label, and which it has not. The one that is being worked on may be
// either, with the old label or the new.
type model struct {
	mu     sync.Mutex
	labels map[int]string // content -> label, of what is acknowledged
	gone   map[int]bool
	now    int // content under way; -1 is none
	writes int64
}

// contents are few, so that uploads, repeats and deletes meet.
var contents = func() (out [][]byte) {
	for i, size := range []int{1, 700, 5000, 30_000} {
		out = append(out, blobtest.Content(uint64(i+1), size))
	}
	return out
}()

// expectation is a copy of the model at the instant of a crash.
type expectation struct {
	labels map[int]string
	gone   map[int]bool
	now    int
	writes int64
}

func (m *model) begin(i int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = i
}

func (m *model) end(i int, label string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = -1
	m.writes++
	if label == "" {
		delete(m.labels, i)
		m.gone[i] = true
	} else {
		m.labels[i] = label
		delete(m.gone, i)
	}
}

// crash loses power: no operation begins or ends meanwhile.
func (m *model) crash(mem *vfs.Mem, rng *rand.Rand, pct int) (*vfs.Mem, expectation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return mem.CrashClone(rng, pct), expectation{maps.Clone(m.labels), maps.Clone(m.gone), m.now, m.writes}
}

// run plays random operations until one fails, and keeps the model.
func (m *model) run(w *world, rng *rand.Rand, steps int) error {
	ctx := context.Background()
	for range steps {
		i := rng.IntN(len(contents))
		label := []string{Clean, Malware, Unwanted}[rng.IntN(3)]
		m.begin(i)
		var err error
		switch op := rng.IntN(10); {
		case op < 5:
			_, err = w.Put(ctx, me, bytes.NewReader(contents[i]), PutOptions{Label: label})
		case op < 7:
			_, err = w.Update(ctx, me, []string{shaOf(contents[i])}, Change{Label: &label})
		case op < 9:
			label = ""
			err = w.Delete(ctx, me, shaOf(contents[i]))
		default:
			m.begin(-1)
			if err = w.engine.Flush(ctx); err == nil {
				continue
			}
		}
		if errors.Is(err, mews.ErrNotFound) {
			m.begin(-1)
			continue
		}
		if err != nil {
			return err // what was under way stays so: its outcome is unknown
		}
		m.end(i, label)
	}
	return nil
}

// check opens what a crash left and compares it with what was acknowledged.
func (e expectation) check(mem *vfs.Mem) (err error) {
	ctx := context.Background()
	db, err := store.Open(ctx, storetest.Options(mem))
	if err != nil {
		return fmt.Errorf("database does not open: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	w, err := openWorld(ctx, mem, db, Limits{})
	if err != nil {
		return fmt.Errorf("corpus does not open: %w", err)
	}
	defer w.engine.Close()
	if rows, err := db.VerifyAudit(ctx); err != nil || rows < e.writes {
		return fmt.Errorf("%d audit rows of %d changes, %w", rows, e.writes, err)
	}
	found, err := w.found(ctx, cid)
	if err != nil {
		return fmt.Errorf("search: %w", err)
	}
	stored := 0
	for i, body := range contents {
		rec, err := w.Get(ctx, me, shaOf(body))
		there := err == nil
		if !there && !errors.Is(err, mews.ErrNotFound) {
			return fmt.Errorf("get %d: %w", i, err)
		}
		label, acked := e.labels[i]
		switch {
		case acked && !there && i != e.now:
			return fmt.Errorf("acknowledged sample %d is lost", i)
		case e.gone[i] && there && i != e.now:
			return fmt.Errorf("deleted sample %d is back", i)
		case acked && i != e.now && rec.Label != label:
			return fmt.Errorf("sample %d has label %q, acknowledged was %q", i, rec.Label, label)
		case there != slices.Contains(found, shaOf(body)):
			return fmt.Errorf("sample %d: stored is %v, and searches see the contrary", i, there)
		}
		if err := sameBytes(w, body, there); err != nil {
			return fmt.Errorf("sample %d: %w", i, err)
		}
		if there {
			stored++
		}
	}
	if len(found) != stored {
		return fmt.Errorf("searches see %d samples of %d", len(found), stored)
	}
	return nil
}

func sameBytes(w *world, body []byte, there bool) error {
	r, err := w.blobs.Get(blobtest.Name(string(cid), body))
	if !there {
		if !errors.Is(err, blob.ErrNotFound) {
			return fmt.Errorf("bytes without a record: %v", err)
		}
		return nil
	}
	if err != nil {
		return err
	}
	if got, err := content(r); err != nil || !bytes.Equal(got, body) {
		return fmt.Errorf("other bytes: %v", err)
	}
	return nil
}

// start opens an empty corpus on a file system in memory.
func start(mem *vfs.Mem) (*world, *model, error) {
	db, err := store.Open(context.Background(), storetest.Options(mem))
	if err != nil {
		return nil, nil, err
	}
	w, err := openWorld(context.Background(), mem, db, Limits{})
	return w, &model{labels: map[int]string{}, gone: map[int]bool{}, now: -1}, err
}

var keptPercent = []int{0, 25, 50, 75, 100}

// Power is lost at thousands of file-system calls of blobs, database and index
// alike: what was acknowledged is there and is found, what was deleted is not.
func TestCrash(t *testing.T) {
	crashSeeds(t, *pointsFlag, func(t *testing.T, seed uint64, most int) int {
		mem := vfs.NewMem()
		w, m, err := start(mem)
		must(t, err)
		defer func() { must(t, w.db.Close()) }()
		return crashRun(t, mem, seed, most, func(rng *rand.Rand) error { return m.run(w, rng, 20) },
			func(rng *rand.Rand, pct int) error {
				left, want := m.crash(mem, rng, pct)
				return want.check(left)
			})
	})
}

// crashSeeds plays seeds, each with so many crashes at most, until points
// crashes were tried.
func crashSeeds(t *testing.T, points int, play func(t *testing.T, seed uint64, most int) int) {
	if testing.Short() || storetest.Race {
		points = min(points, 200)
	}
	const workers = 2
	var mu sync.Mutex
	tried := 0
	t.Run("seeds", func(t *testing.T) {
		for worker := range workers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for seed := *seedFlag + uint64(worker); ; seed += workers {
					n := play(t, seed, points/20)
					mu.Lock()
					tried += n
					enough := tried >= points
					mu.Unlock()
					if enough || t.Failed() {
						return
					}
				}
			})
		}
	})
	if !t.Failed() {
		t.Logf("%d crash points from seed=%d on, 0 losses", tried, *seedFlag)
	}
}

// crashRun plays the operations of one seed and crashes at most of its calls at
// the most: of some seeds early and often, of others seldom and to their end.
func crashRun(t *testing.T, mem *vfs.Mem, seed uint64, most int, run func(*rand.Rand) error, crash func(*rand.Rand, int) error) (tried int) {
	var mu sync.Mutex // calls may come from the database's writer as well
	calls, stride := 0, 3*(1+int(seed%8))
	mem.Hook(func(op vfs.Op, name string) error {
		mu.Lock()
		defer mu.Unlock()
		if op == vfs.OpRead || op == vfs.OpStat || op == vfs.OpOpen || op == vfs.OpReadDir {
			return nil // changes nothing
		}
		if calls++; calls%stride != int(seed)%stride || tried == most || t.Failed() {
			return nil
		}
		tried++
		pct := keptPercent[(calls+int(seed))%len(keptPercent)]
		if err := crash(rand.New(rand.NewPCG(seed, uint64(calls))), pct); err != nil {
			t.Errorf("seed=%d, before call %d (%s %s), %d%% kept: %v", seed, calls, op, name, pct, err)
		}
		return nil
	})
	err := run(rand.New(rand.NewPCG(seed, 1)))
	mem.Hook(nil)
	must(t, err)
	return tried
}

// Whichever call fails: no success is claimed that a crash would take back.
func TestFailingCalls(t *testing.T) {
	step := 5
	if testing.Short() {
		step = 41
	}
	vfstest.FailCalls(t, *seedFlag, step, keptPercent, func(mem *vfs.Mem) (vfstest.Scenario, error) {
		w, m, err := start(mem)
		return vfstest.Scenario{
			Run: func(rng *rand.Rand) error { return m.run(w, rng, 15) },
			Crash: func(rng *rand.Rand, percent int) error {
				left, want := m.crash(mem, rng, percent)
				return want.check(left)
			},
			Close: func() error { return w.db.Close() },
		}, err
	})
}

// When the disk is full uploads are refused, what is there can be read and
// deleted, and freed space lets uploads in again.
func TestDiskFull(t *testing.T) {
	ctx := context.Background()
	refused := 0
	for room := int64(0); room < 200_000; room += 5_000 {
		mem := vfs.NewMem()
		w, _, err := start(mem)
		must(t, err)
		kept := w.put(t, contents[2], PutOptions{})
		free, err := mem.Free()
		must(t, err)
		mem.Limit(1<<40 - free + room)
		for i := range uint64(8) {
			body := blobtest.Content(100+i, 20_000)
			_, err := w.Put(ctx, me, bytes.NewReader(body), PutOptions{})
			if err == nil {
				continue
			}
			refused++
			if !errors.Is(err, mews.ErrUnavailable) || !strings.Contains(err.Error(), "storage full") {
				t.Errorf("room for %d: %v", room, err)
			}
			if _, err := w.Get(ctx, me, shaOf(body)); !errors.Is(err, mews.ErrNotFound) {
				t.Errorf("room for %d: half an upload: %v", room, err)
			}
		}
		r, err := w.blobs.Get(kept.blobName())
		must(t, err)
		if b, err := content(r); err != nil || !bytes.Equal(b, contents[2]) {
			t.Errorf("room for %d: read: %v", room, err)
		}
		mem.Limit(-1)
		must(t, w.Delete(ctx, me, kept.SHA256))
		w.put(t, contents[3], PutOptions{})
		must(t, w.engine.Close())
		must(t, w.db.Close())
	}
	if refused < 50 {
		t.Errorf("the disk was full only %d times", refused)
	}
}
