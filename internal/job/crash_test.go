package job

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var (
	points = flag.Int("points", 500, "power cuts to try")
	seed   = flag.Uint64("seed", 0, "seed of the power cuts; 0: random")
)

const steps = 3

// inSteps is a handler whose effects are rows: a step that took effect twice
// breaks their key.
func inSteps(ctx context.Context, l *Lease) error {
	for done := len(l.Job().Progress); done < steps; done++ {
		progress := make([]byte, done+1)
		err := l.Save(ctx, progress, func(tx *store.Tx) error {
			_, err := tx.Exec(`INSERT INTO effect (job, step) VALUES (?, ?)`, l.Job().ID, done)
			return err
		})
		if err != nil {
			return err
		}
	}
	if string(l.Job().Payload) == "fail" {
		return errors.New("no luck")
	}
	return nil
}

// What a client was told about its jobs.
type told struct {
	mu    sync.Mutex
	state map[string]string // job -> payload, or Cancelled
}

func (c *told) set(id, state string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state[id] = state
}

func (c *told) copy() map[string]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.state)
}

// TestPowerCut cuts the power at calls of a run with jobs in every state. Each
// job that a client knows of must then end, with each effect exactly once.
func TestPowerCut(t *testing.T) {
	storetest.CutPower(t, *points, *seed, cutPower)
}

func cutPower(t *testing.T, rng *rand.Rand) (tried int) {
	mem := vfs.NewMem()
	db := openMem(t, mem)
	err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`CREATE TABLE effect (job TEXT, step INTEGER, PRIMARY KEY (job, step)) STRICT`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	tb := New(db, Options{})
	client := &told{state: map[string]string{}}
	var mu sync.Mutex
	var clones []*vfs.Mem
	var known []map[string]string
	mem.Hook(func(vfs.Op, string) error {
		mu.Lock()
		defer mu.Unlock()
		if rng.IntN(4) == 0 {
			known = append(known, client.copy()) // before the clone
			clones = append(clones, mem.CrashClone(rng, []int{0, 25, 50, 75, 100}[rng.IntN(5)]))
		}
		return nil
	})
	stop := start(tb, 2, inSteps)
	for i := range 8 {
		payload := "work"
		if i%3 == 2 {
			payload = "fail"
		}
		id := create(t, tb, alice, payload)
		client.set(id, payload)
		if i%4 == 3 {
			if err := tb.Cancel(ctx, alice, id); err != nil {
				t.Fatal(err)
			}
			if get(t, tb, alice, id).State == Cancelled {
				client.set(id, Cancelled)
			}
		}
	}
	stop()
	_ = db.Close()
	mem.Hook(nil)
	for i, clone := range clones {
		recoverAndCheck(t, clone, known[i])
	}
	return len(clones)
}

// recoverAndCheck runs what a power cut left to its end.
func recoverAndCheck(t *testing.T, fsys vfs.FS, known map[string]string) {
	t.Helper()
	db := openMem(t, fsys)
	defer db.Close()
	tb := New(db, Options{})
	for {
		l, err := tb.lease(ctx, ctx, []string{"k"})
		if err != nil {
			t.Fatal(err)
		}
		if l == nil {
			break
		}
		tb.work(ctx, l, inSteps)
	}
	for id, state := range known {
		j := get(t, tb, alice, id)
		want := map[string]string{"work": Done, "fail": Failed, Cancelled: Cancelled}[state]
		// A cancel may have been stored before its client heard of it.
		if j.State != want && !(j.State == Cancelled && state != Cancelled) {
			t.Fatalf("job told as %s is %s (%s)", state, j.State, j.Error)
		}
		if j.State == Failed && j.Error != "no luck" {
			t.Fatalf("job failed by the crash: %s", j.Error)
		}
		if n := effects(t, db, id); j.State != Cancelled && n != steps || n > steps {
			t.Fatalf("%s job has %d effects of %d", j.State, n, steps)
		}
	}
}

func effects(t testing.TB, db *store.DB, id string) (n int) {
	t.Helper()
	err := db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT count(*) FROM effect WHERE job = ?`, id).Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestStateMachine plays two nodes, their crashes and slow handlers against a
// model: final states never change, a lost lease writes nothing, no effect
// shows twice, and no CID runs more than its share.
func TestStateMachine(t *testing.T) {
	storetest.SkipUnderRace(t)
	rapid.Check(t, func(rt *rapid.T) {
		db := openMem(t, vfs.NewMem())
		defer db.Close()
		m := &machine{db: db, model: map[string]string{}}
		for i := range m.nodes {
			m.restart(i)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"create":  m.create,
			"lease":   m.lease,
			"save":    m.save,
			"finish":  m.finish,
			"requeue": m.requeue,
			"cancel":  m.cancel,
			"restart": func(rt *rapid.T) { m.restart(rapid.IntRange(0, 1).Draw(rt, "node")) },
			"":        m.check,
		})
	})
}

type machine struct {
	db     *store.DB
	nodes  [2]*Table
	ids    []string
	model  map[string]string // id -> state
	leases []*Lease          // also those lost
}

var cids = []store.CID{alice, bob}

// restart forgets what a node had in memory.
func (m *machine) restart(i int) {
	m.nodes[i] = New(m.db, Options{Node: fmt.Sprint("node", i), MaxAttempts: 1000})
}

func (m *machine) create(rt *rapid.T) {
	cid := rapid.SampledFrom(cids).Draw(rt, "cid")
	id, err := tryCreate(m.nodes[0], cid, string(cid))
	if err != nil {
		rt.Fatal(err)
	}
	m.ids = append(m.ids, id)
	m.model[id] = Queued
}

func (m *machine) lease(rt *rapid.T) {
	tb := m.nodes[rapid.IntRange(0, 1).Draw(rt, "node")]
	l, err := tb.lease(ctx, ctx, []string{"k"})
	if err != nil {
		rt.Fatal(err)
	}
	if l == nil {
		return
	}
	id := l.job.ID
	switch m.model[id] {
	case Queued:
	case Running:
		for _, old := range m.leases {
			if old.job.ID == id && old.t.run == tb.run {
				rt.Fatal("leased again by the run that has it")
			}
			if old.job.ID == id && old.job.Epoch >= l.job.Epoch {
				rt.Fatal("the epoch did not grow")
			}
			if old.job.ID == id && m.current(old) && old.t.o.Node != tb.o.Node {
				rt.Fatal("a live lease of another node was taken")
			}
		}
	default:
		rt.Fatalf("leased a job that is %s", m.model[id])
	}
	m.model[id] = Running
	m.leases = append(m.leases, l)
}

// current tells whether a lease is the last one of a job that still runs.
func (m *machine) current(l *Lease) bool {
	for _, other := range m.leases {
		if other.job.ID == l.job.ID && other.job.Epoch > l.job.Epoch {
			return false
		}
	}
	return m.model[l.job.ID] == Running
}

func (m *machine) pick(rt *rapid.T) *Lease {
	if len(m.leases) == 0 {
		rt.Skip("no lease yet")
	}
	return rapid.SampledFrom(m.leases).Draw(rt, "lease")
}

func (m *machine) save(rt *rapid.T) {
	l := m.pick(rt)
	ran := false
	err := l.Save(ctx, []byte{1}, func(*store.Tx) error { ran = true; return nil })
	if want := m.current(l); ran != want || (err == nil) != want || (!want && !errors.Is(err, ErrLost)) {
		rt.Fatalf("save: ran %v, %v; lease stands: %v", ran, err, want)
	}
}

func (m *machine) finish(rt *rapid.T) {
	l := m.pick(rt)
	state := rapid.SampledFrom([]string{Done, Failed}).Draw(rt, "state")
	want := m.current(l)
	if err := l.finish(ctx, state, ""); (err == nil) != want {
		rt.Fatalf("finish: %v; lease stands: %v", err, want)
	}
	if want {
		m.model[l.job.ID] = state
	}
}

func (m *machine) requeue(rt *rapid.T) {
	l := m.pick(rt)
	want := m.current(l)
	if err := l.requeue(ctx, 0); (err == nil) != want {
		rt.Fatalf("requeue: %v; lease stands: %v", err, want)
	}
	if want {
		m.model[l.job.ID] = Queued
	}
}

func (m *machine) cancel(rt *rapid.T) {
	if len(m.ids) == 0 {
		rt.Skip("no job yet")
	}
	id := rapid.SampledFrom(m.ids).Draw(rt, "job")
	for _, cid := range cids {
		err := m.nodes[0].Cancel(ctx, cid, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			rt.Fatal(err)
		}
	}
	if s := m.model[id]; s == Queued || s == Running {
		m.model[id] = Cancelled
	}
}

func (m *machine) check(rt *rapid.T) {
	running := map[store.CID]int{}
	err := m.db.Read(ctx, func(tx *store.Tx) error {
		jobs, err := list(tx, `SELECT `+columns+` FROM job`)
		if len(jobs) != len(m.model) {
			rt.Fatalf("%d jobs, want %d", len(jobs), len(m.model))
		}
		for _, j := range jobs {
			if j.State != m.model[j.ID] {
				rt.Fatalf("job is %s, want %s", j.State, m.model[j.ID])
			}
			if j.Final() == j.Finished.IsZero() {
				rt.Fatalf("%s job finished at %v", j.State, j.Finished)
			}
			if j.State == Running {
				running[j.CID]++
			}
		}
		return err
	})
	if err != nil {
		rt.Fatal(err)
	}
	if slices.Max([]int{0, running[alice], running[bob]}) > 2 {
		rt.Fatalf("running: %v", running)
	}
}
