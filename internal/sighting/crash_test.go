package sighting

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
	"github.com/mewshq/mews/internal/vfs/vfstest"
)

var (
	seedFlag   = flag.Uint64("seed", 1, "seed of the crash tests")
	pointsFlag = flag.Int("crashes", 80, "crash points to try")
)

// openMem opens the service on a file system in memory, where the database is
// too. Runs are merged early.
func openMem(mem *vfs.Mem) (*world, error) {
	db, err := store.Open(ctx, storetest.Options(mem))
	if err != nil {
		return nil, fmt.Errorf("database does not open: %w", err)
	}
	w, err := openWorld(db, mem, func(d *Deps) { d.Limits.FanIn = 2 })
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return w, nil
}

// A shipper sends calls one after the other, each under a key of its own, and
// remembers which were acknowledged.
type shipper struct {
	mu    sync.Mutex
	acked model
	last  []happening // of the call under way; nil between calls
	calls [][]happening
}

// run sends calls and merges between them, until one fails.
func (s *shipper) run(w *world, rng *rand.Rand, calls int) error {
	for i := range calls {
		batch := someHappenings(rng)
		s.begin(batch)
		err := w.tell(fmt.Sprint("call ", i), batch)
		if err != nil {
			return err
		}
		s.end()
		if rng.IntN(3) == 0 {
			if err := w.mergeAll(ctx, 0, largeMerge); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *shipper) begin(batch []happening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = batch
	s.calls = append(s.calls, batch)
}

func (s *shipper) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acked = append(s.acked, s.last...)
	s.last = nil
}

// left runs cut between calls' changes of state, and gives what may be there
// afterwards, and all calls that were sent.
func (s *shipper) left(cut func()) (before, after model, calls [][]happening) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cut()
	before = append(before, s.acked...)
	after = append(append(after, s.acked...), s.last...)
	return before, after, append(calls, s.calls...)
}

func someHappenings(rng *rand.Rand) (batch []happening) {
	for range 1 + rng.IntN(6) {
		batch = append(batch, happening{
			name: []string{"started", "asked", "ended"}[rng.IntN(3)], host: rng.IntN(someHosts),
			process: 1 + rng.IntN(someProcesses), file: rng.IntN(someFiles), at: 1 + rng.IntN(1000),
			domain: fmt.Sprintf("n%d.example.com", rng.IntN(someNames)), image: strings.Repeat("x", rng.IntN(4)),
		})
	}
	return batch
}

// checkLeft opens what a crash left, compares it with what the shipper was told,
// and then lets him send everything again, as a client does that got no answer:
// each call counts exactly once.
func checkLeft(mem *vfs.Mem, before, after model, calls [][]happening) (err error) {
	w, err := openMem(mem)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close(), w.db.Close()) }()
	if err := w.checkFiles(); err != nil {
		return err
	}
	wrong := w.compare(before)
	if wrong != nil && w.compare(after) != nil {
		return fmt.Errorf("neither what was acknowledged is there, nor what was under way: %w", wrong)
	}
	if hosts, err := w.hosts.Count(ctx, me.CID); err != nil || hosts != before.hosts() && hosts != after.hosts() {
		return fmt.Errorf("%d hosts have reported (%w), want %d or %d", hosts, err, before.hosts(), after.hosts())
	}
	var all model
	for i, batch := range calls {
		if err := w.tell(fmt.Sprint("call ", i), batch); err != nil {
			return fmt.Errorf("send again: %w", err)
		}
		all = append(all, batch...)
	}
	if err := w.compare(all); err != nil {
		return fmt.Errorf("after all was sent again: %w", err)
	}
	return nil
}

// hosts is how many hosts an event was of.
func (m model) hosts() int {
	seen := map[int]bool{}
	for _, h := range m {
		seen[h.host] = true
	}
	return len(seen)
}

// checkFiles holds the catalog against the folder: each row has its file, whole,
// and each file its row.
func (w *world) checkFiles() error {
	names, err := w.fs.ReadDir(folder)
	if err != nil {
		return err
	}
	report, err := w.Check(ctx)
	if err != nil || len(report.Problems) > 0 || report.Runs != len(names) {
		return fmt.Errorf("files are %q, the catalog's runs %+v (%w)", names, report, err)
	}
	return nil
}

var keptPercent = []int{0, 25, 50, 75, 100}

// Power is lost while calls come in and runs are merged: what was acknowledged
// stands, what was not is there as a whole or not at all, and when everything is
// sent again nothing counts twice.
func TestCrash(t *testing.T) {
	points := storetest.Points(*pointsFlag)
	var tried atomic.Int64
	t.Run("seeds", func(t *testing.T) {
		for worker := range uint64(2) {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				for seed := *seedFlag + worker; tried.Load() < int64(points) && !t.Failed(); seed += 2 {
					tried.Add(int64(crashRun(t, seed, max(1, points/8))))
				}
			})
		}
	})
	t.Logf("%d crash points from seed=%d on", tried.Load(), *seedFlag)
}

// crashRun plays one seed and cuts the power at some of its calls.
func crashRun(t *testing.T, seed uint64, most int) (tried int) {
	mem := vfs.NewMem()
	w, err := openMem(mem)
	must(t, err)
	ship := new(shipper)
	var mu sync.Mutex // calls may come from the database's writer as well
	calls, stride := 0, 3+int(seed%7)
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
		percent := keptPercent[(calls+int(seed))%len(keptPercent)]
		var left *vfs.Mem
		before, after, sent := ship.left(func() { left = mem.CrashClone(rand.New(rand.NewPCG(seed, uint64(calls))), percent) })
		if err := checkLeft(left, before, after, sent); err != nil {
			t.Errorf("seed=%d, before call %d (%s %s), %d%% kept: %v", seed, calls, op, name, percent, err)
		}
		return nil
	})
	err = ship.run(w, rand.New(rand.NewPCG(seed, 1)), 15)
	mem.Hook(nil)
	must(t, err)
	must(t, errors.Join(w.Close(), w.db.Close()))
	return tried
}

// Whichever call of the file system fails: no success is claimed that a crash
// would take back.
func TestFailingCalls(t *testing.T) {
	step := 23
	if testing.Short() || storetest.Race {
		step = 97
	}
	vfstest.FailCalls(t, *seedFlag, step, []int{0, 50, 100}, func(mem *vfs.Mem) (vfstest.Scenario, error) {
		w, err := openMem(mem)
		if err != nil {
			return vfstest.Scenario{}, err
		}
		ship := new(shipper)
		return vfstest.Scenario{
			Run: func(rng *rand.Rand) error { return ship.run(w, rng, 6) },
			Crash: func(rng *rand.Rand, percent int) error {
				var left *vfs.Mem
				before, after, sent := ship.left(func() { left = mem.CrashClone(rng, percent) })
				return checkLeft(left, before, after, sent)
			},
			Close: func() error { return errors.Join(w.Close(), w.db.Close()) },
		}, nil
	})
}

// A full disk refuses calls with an answer, and nothing of them counts; when
// there is room again, the same calls count.
func TestFullDisk(t *testing.T) {
	storetest.SkipUnderRace(t)
	mem := vfs.NewMem()
	w, err := openMem(mem)
	must(t, err)
	batch := []happening{{name: "started", host: 1, process: 1, file: 1, at: 1, image: "a"}}
	used := int64(1 << 40)
	free, err := mem.Free()
	must(t, err)
	used -= free
	for room := int64(0); ; room += 4 << 10 {
		mem.Limit(used + room)
		err := w.tell("k", batch)
		mem.Limit(-1)
		if err == nil {
			break
		}
		kind(t, err, mews.ErrUnavailable, "storage full")
		must(t, w.compare(nil))
		must(t, w.checkFiles())
	}
	must(t, w.compare(batch))
	must(t, errors.Join(w.Close(), w.db.Close()))
}
