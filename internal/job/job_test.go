package job

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var ctx = context.Background()

const (
	alice store.CID = "a11ce000000000000000000000000000"
	bob   store.CID = "b0b00000000000000000000000000000"
)

func openMem(t testing.TB, fsys vfs.FS) *store.DB {
	t.Helper()
	db, err := store.Open(ctx, storetest.Options(fsys))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func create(t testing.TB, tb *Table, cid store.CID, payload string) string {
	t.Helper()
	id, err := tryCreate(tb, cid, payload)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func tryCreate(tb *Table, cid store.CID, payload string) (id string, err error) {
	err = tb.db.Write(ctx, func(tx *store.Tx) error {
		id, err = tb.Create(tx, Job{CID: cid, Client: "c", Kind: "k", Payload: []byte(payload)})
		return err
	})
	return id, err
}

func get(t testing.TB, tb *Table, cid store.CID, id string) Job {
	t.Helper()
	j, err := tb.Get(ctx, cid, id)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// start runs a table until the returned function is called.
func start(tb *Table, workers int, h Handler) (stop func()) {
	run, cancel := context.WithCancel(ctx)
	done := make(chan error)
	go func() { done <- tb.Run(run, map[string]Handler{"k": h}, workers) }()
	return func() { cancel(); <-done }
}

// bubble runs a test with virtual time over a store in memory.
func bubble(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	synctest.Test(t, func(t *testing.T) {
		db := openMem(t, vfs.NewMem())
		fn(t, db)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestDone(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	db := storetest.New(t)
	tb := New(db, Options{})
	id := create(t, tb, alice, "work")
	stop := start(tb, 2, func(ctx context.Context, l *Lease) error {
		j := l.Job()
		if j.ID != id || j.CID != alice || string(j.Payload) != "work" || j.State != Running || j.Attempts != 1 {
			t.Errorf("leased %+v", j)
		}
		return l.Save(ctx, []byte("half"), nil)
	})
	for !ended(get(t, tb, alice, id)) {
		time.Sleep(time.Millisecond)
	}
	stop()
	j := get(t, tb, alice, id)
	if j.State != Done || string(j.Progress) != "half" || j.Error != "" || j.Started.IsZero() || j.Finished.Before(j.Started) {
		t.Errorf("ended as %+v", j)
	}
	if _, err := tb.Get(ctx, bob, id); !errors.Is(err, ErrNotFound) {
		t.Errorf("another CID's job: %v", err)
	}
	if err := tb.Cancel(ctx, bob, id); !errors.Is(err, ErrNotFound) {
		t.Errorf("cancelling another CID's job: %v", err)
	}
	if n, err := tb.Counts(ctx); err != nil || n[Done] != 1 || len(n) != 1 {
		t.Errorf("counts %v, %v", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func ended(j Job) bool { return j.Final() }

func TestQueueIsBoundedPerCID(t *testing.T) {
	tb := New(storetest.New(t), Options{MaxQueued: 3})
	for range 3 {
		create(t, tb, alice, "")
	}
	if _, err := tryCreate(tb, alice, ""); !errors.Is(err, ErrQueueFull) {
		t.Errorf("one too many: %v", err)
	}
	create(t, tb, bob, "")
}

func TestRunningIsBoundedPerCID(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		tb := New(db, Options{})
		for range 6 {
			create(t, tb, alice, string(alice))
			create(t, tb, bob, string(bob))
		}
		var mu sync.Mutex
		now, most, ran := map[store.CID]int{}, map[store.CID]int{}, 0
		stop := start(tb, 8, func(_ context.Context, l *Lease) error {
			cid := l.Job().CID
			mu.Lock()
			now[cid]++
			most[cid] = max(most[cid], now[cid])
			mu.Unlock()
			time.Sleep(time.Minute)
			mu.Lock()
			now[cid]--
			ran++
			mu.Unlock()
			return nil
		})
		time.Sleep(3*time.Minute + time.Second)
		stop()
		if most[alice] != 2 || most[bob] != 2 || ran != 12 {
			t.Errorf("at a time %v, %d ran; want 2 per CID and 12 in three minutes", most, ran)
		}
	})
}

func TestFailureTexts(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		tb := New(db, Options{MaxRunning: 8})
		ids := map[string]string{}
		for _, p := range []string{"error", "panic", "retry", "long"} {
			ids[p] = create(t, tb, alice, p)
		}
		var tries atomic.Int64
		stop := start(tb, 4, func(_ context.Context, l *Lease) error {
			switch string(l.Job().Payload) {
			case "panic":
				panic("secret detail")
			case "retry":
				tries.Add(1)
				return fmt.Errorf("worker gone: %w", ErrRetry)
			case "long":
				return errors.New(strings.Repeat("x", 10_000))
			}
			return errors.New("no such rule")
		})
		time.Sleep(time.Minute)
		stop()
		for payload, want := range map[string]string{
			"error": "no such rule", "panic": "internal error", "retry": "worker gone: try again",
			"long": strings.Repeat("x", 4096) + "…",
		} {
			if j := get(t, tb, alice, ids[payload]); j.State != Failed || j.Error != want {
				t.Errorf("%s: %s with %q", payload, j.State, j.Error)
			}
		}
		if tries.Load() != 5 {
			t.Errorf("tried %d times, want 5", tries.Load())
		}
	})
}

func TestCancel(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		tb := New(db, Options{MaxRunning: 1})
		running := create(t, tb, alice, "")
		time.Sleep(time.Millisecond) // virtual: jobs are leased in the order of their times
		queued := create(t, tb, alice, "")
		var saved error
		causes := make(chan error, 2)
		stop := start(tb, 2, func(ctx context.Context, l *Lease) error {
			<-ctx.Done()
			causes <- context.Cause(ctx)
			saved = l.Save(context.WithoutCancel(ctx), []byte("late"), func(tx *store.Tx) error {
				t.Error("a cancelled handler wrote")
				return nil
			})
			return nil
		})
		synctest.Wait()
		if s := get(t, tb, alice, running).State; s != Running {
			t.Fatalf("first job is %s", s)
		}
		also := 0
		for range 2 { // the second cancel finds it ended
			for _, id := range []string{queued, running} {
				if err := tb.Cancel(ctx, alice, id, func(*store.Tx) error { also++; return nil }); err != nil {
					t.Fatal(err)
				}
			}
		}
		if also != 2 {
			t.Errorf("%d cancels took effect, want 2", also)
		}
		synctest.Wait() // at once, not at the next renewal
		if cause := <-causes; !errors.Is(cause, ErrCancelled) || !errors.Is(saved, ErrLost) {
			t.Errorf("cause %v, save %v", cause, saved)
		}
		stop()
		for _, id := range []string{queued, running} {
			if j := get(t, tb, alice, id); j.State != Cancelled || len(j.Progress) != 0 || j.Finished.IsZero() {
				t.Errorf("%+v", j)
			}
		}
	})
}

func TestShutdownAndResume(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		first := New(db, Options{})
		id := create(t, first, alice, "")
		for round := range 20 { // more often than MaxAttempts: a shutdown is no attempt
			tb := New(db, Options{})
			stop := start(tb, 1, func(ctx context.Context, l *Lease) error {
				if got := len(l.Job().Progress); got != round {
					t.Errorf("round %d began at %d", round, got)
				}
				if err := l.Save(ctx, append(l.Job().Progress, '.'), nil); err != nil {
					return err
				}
				<-ctx.Done()
				if !errors.Is(context.Cause(ctx), ErrShutdown) {
					t.Errorf("cause %v", context.Cause(ctx))
				}
				return ctx.Err()
			})
			synctest.Wait()
			stop()
			if j := get(t, tb, alice, id); j.State != Queued || j.Attempts != 0 {
				t.Fatalf("round %d: %+v", round, j)
			}
		}
	})
}

func TestDeadRuns(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		dead := New(db, Options{Node: "one"})
		id := create(t, dead, alice, "")
		zombie, err := dead.lease(ctx, ctx, []string{"k"}) // and never renewed
		if err != nil || zombie == nil {
			t.Fatal(zombie, err)
		}
		var started atomic.Int64
		other := New(db, Options{Node: "two"})
		stop := start(other, 1, func(ctx context.Context, l *Lease) error {
			started.Store(time.Now().UnixNano())
			return l.Save(ctx, []byte("by two"), nil)
		})
		begun := time.Now()
		time.Sleep(time.Minute)
		stop()
		if waited := time.Unix(0, started.Load()).Sub(begun); waited < 30*time.Second || waited > 33*time.Second {
			t.Errorf("another node took the job after %v, its lease was 30 s", waited)
		}
		if j := get(t, other, alice, id); j.State != Done || j.Attempts != 2 {
			t.Errorf("%+v", j)
		}
		if err := zombie.Save(ctx, []byte("by one"), nil); !errors.Is(err, ErrLost) {
			t.Errorf("a node that came back saved: %v", err)
		}
		if err := zombie.finish(ctx, Failed, "x"); !errors.Is(err, ErrLost) {
			t.Errorf("a node that came back finished: %v", err)
		}

		// The same node restarted need not wait.
		id = create(t, dead, alice, "")
		if _, err := dead.lease(ctx, ctx, []string{"k"}); err != nil {
			t.Fatal(err)
		}
		stop = start(New(db, Options{Node: "one"}), 1, func(context.Context, *Lease) error { return nil })
		synctest.Wait()
		if j := get(t, other, alice, id); j.State != Done {
			t.Errorf("after a restart: %+v", j)
		}
		stop()
	})
}

func TestJobThatKillsTheServerFails(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		id := ""
		for i := range 6 {
			tb := New(db, Options{})
			if i == 0 {
				id = create(t, tb, alice, "")
			}
			l, err := tb.lease(ctx, ctx, []string{"k"})
			if err != nil || (l == nil) != (i == 5) {
				t.Fatalf("run %d: %v, %v", i, l, err)
			}
		}
		if j := get(t, New(db, Options{}), alice, id); j.State != Failed || j.Error != "interrupted 5 times" {
			t.Errorf("%+v", j)
		}
	})
}

func TestLongJobsKeepTheirLease(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		tb := New(db, Options{Node: "one"})
		id := create(t, tb, alice, "")
		long := start(tb, 1, func(ctx context.Context, l *Lease) error {
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(2 * time.Hour):
				return l.Save(ctx, []byte("end"), nil)
			}
		})
		synctest.Wait()
		other := start(New(db, Options{Node: "two"}), 1, func(context.Context, *Lease) error {
			t.Error("a second node took a job that is alive")
			return nil
		})
		time.Sleep(2*time.Hour + time.Second)
		if j := get(t, tb, alice, id); j.State != Done || string(j.Progress) != "end" || j.Attempts != 1 {
			t.Errorf("%+v", j)
		}
		other()
		long()
	})
}

func TestFailedStoreStopsTheHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		db := openMem(t, mem)
		tb := New(db, Options{})
		create(t, tb, alice, "")
		causes := make(chan error, 1)
		stop := start(tb, 1, func(ctx context.Context, _ *Lease) error {
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return ctx.Err()
		})
		synctest.Wait()
		mem.FailNth(vfs.OpSync, 1, errors.New("disk gone"))
		time.Sleep(time.Minute)
		if cause := <-causes; !errors.Is(cause, ErrLost) {
			t.Errorf("cause %v", cause)
		}
		stop()
		_ = db.Close()
	})
}

func TestFullDiskDelaysTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mem := vfs.NewMem()
		db := openMem(t, mem)
		tb := New(db, Options{})
		id := create(t, tb, alice, "")
		var runs atomic.Int64
		stop := start(tb, 1, func(context.Context, *Lease) error {
			runs.Add(1)
			mem.Limit(0)
			return nil
		})
		time.Sleep(time.Minute)
		if j := get(t, tb, alice, id); j.State != Running {
			t.Errorf("on a full disk the job is %s", j.State)
		}
		mem.Limit(-1)
		time.Sleep(3 * time.Second)
		if j := get(t, tb, alice, id); j.State != Done || runs.Load() != 1 {
			t.Errorf("with space again the job is %s after %d runs", j.State, runs.Load())
		}
		stop()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestPurge(t *testing.T) {
	bubble(t, func(t *testing.T, db *store.DB) {
		var purged sync.Map
		var refuse atomic.Bool
		refuse.Store(true)
		tb := New(db, Options{MaxQueued: 100, Poll: time.Hour, Purge: func(_ *store.Tx, j Job) error {
			if refuse.Load() {
				return errors.New("not now")
			}
			purged.Store(j.ID, true)
			return nil
		}})
		var ids []string
		for range 45 {
			ids = append(ids, create(t, tb, alice, ""))
		}
		stop := start(tb, 2, func(context.Context, *Lease) error { return nil })
		time.Sleep(23 * time.Hour)
		for _, id := range ids {
			if j := get(t, tb, alice, id); j.State != Done {
				t.Fatalf("%+v", j)
			}
		}
		time.Sleep(2 * time.Hour)
		get(t, tb, alice, ids[0]) // a failing callback keeps the job
		refuse.Store(false)
		time.Sleep(time.Hour + time.Minute)
		for _, id := range ids {
			_, told := purged.Load(id)
			if _, err := tb.Get(ctx, alice, id); !errors.Is(err, ErrNotFound) || !told {
				t.Errorf("job after 26 hours: %v, purged %v", err, told)
			}
		}
		stop()
	})
}

func TestRunRefusesNonsense(t *testing.T) {
	tb := New(storetest.New(t), Options{})
	if tb.Run(ctx, nil, 1) == nil || tb.Run(ctx, map[string]Handler{"k": nil}, 0) == nil {
		t.Error("ran without kinds or workers")
	}
}
