package job

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// runUntilEnd is start that the end of the test stops.
func runUntilEnd(t *testing.T, tb *Table, workers int, h Handler) (stop func()) {
	stop = sync.OnceFunc(start(tb, workers, h))
	t.Cleanup(stop)
	return stop
}

func waitFor(t *testing.T, tb *Table, cid store.CID, id, state string) {
	t.Helper()
	for j := get(t, tb, cid, id); j.State != state; j = get(t, tb, cid, id) {
		if j.Final() {
			t.Fatalf("job is %s (%s), want %s", j.State, j.Error, state)
		}
		time.Sleep(time.Millisecond)
	}
}

func (t *Table) leases() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.active)
}

// A job that Run can start at once is leased by the commit that creates it, up
// to the CID's share, and never ahead of one that waits.
func TestCreateLeases(t *testing.T) {
	db := storetest.New(t)
	tb := New(db, Options{Poll: time.Hour})
	first := create(t, tb, alice, "no runner yet")
	if s := get(t, tb, alice, first).State; s != Queued {
		t.Fatalf("without a runner: %s", s)
	}
	release := make(chan struct{})
	began := make(chan string, 10)
	stop := runUntilEnd(t, tb, 5, func(ctx context.Context, l *Lease) error {
		began <- l.Job().ID
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if id := <-began; id != first {
		t.Fatalf("began %s, want the one that waited", id)
	}
	second := create(t, tb, alice, "leased")
	if j := get(t, tb, alice, second); j.State != Running || j.Attempts != 1 || j.Epoch != 1 || j.Started.IsZero() {
		t.Errorf("created beside a worker: %+v", j)
	}
	if id := <-began; id != second {
		t.Errorf("began %s", id)
	}
	third := create(t, tb, alice, "over the share")
	if s := get(t, tb, alice, third).State; s != Queued {
		t.Errorf("over the share: %s", s)
	}
	other := create(t, tb, bob, "another's share")
	if s := get(t, tb, bob, other).State; s != Running {
		t.Errorf("another customer: %s", s)
	}
	<-began
	// A transaction that fails leaves no lease behind.
	boom := errors.New("boom")
	err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := tb.Create(tx, Job{CID: bob, Client: "c", Kind: "k"})
		return errors.Join(err, boom)
	})
	if !errors.Is(err, boom) || tb.leases() != 3 {
		t.Errorf("rolled back: %v, %d leases", err, tb.leases())
	}
	stop()
	for cid, id := range map[store.CID]string{alice: second, bob: other} {
		if j := get(t, tb, cid, id); j.State != Queued || j.Attempts != 0 {
			t.Errorf("after a shutdown: %s, %d attempts", j.State, j.Attempts)
		}
	}
	close(release)
	runUntilEnd(t, tb, 5, func(context.Context, *Lease) error { return nil })
	for _, id := range []string{first, second, third} {
		waitFor(t, tb, alice, id, Done)
	}
}

func TestRecord(t *testing.T) {
	tb := New(storetest.New(t), Options{MaxQueued: 1})
	var id string
	err := tb.db.Write(ctx, func(tx *store.Tx) (err error) {
		id, err = tb.Record(tx, Job{CID: alice, Client: "c", Kind: "k", Payload: []byte("p"), Progress: []byte("all")})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	j := get(t, tb, alice, id)
	if j.State != Done || string(j.Progress) != "all" || string(j.Payload) != "p" || j.Finished.IsZero() || j.Started.IsZero() || j.Attempts != 0 {
		t.Errorf("%+v", j)
	}
}

// A conclusion is written with the end or not at all; one that fails makes the
// job fail.
func TestConclude(t *testing.T) {
	for name, c := range map[string]struct {
		returns, writes error
		state           string
		rows            int
	}{
		"done":               {nil, nil, Done, 1},
		"handler fails":      {errors.New("no"), nil, Failed, 0},
		"conclusion fails":   {nil, errors.New("constraint"), Failed, 0},
		"both fail":          {errors.New("no"), errors.New("constraint"), Failed, 0},
		"cancelled meantime": {nil, nil, Cancelled, 0},
	} {
		t.Run(name, func(t *testing.T) {
			db := storetest.New(t)
			tb := New(db, Options{})
			if err := db.Write(ctx, func(tx *store.Tx) error { _, err := tx.Exec(`CREATE TABLE effect (job TEXT) STRICT`); return err }); err != nil {
				t.Fatal(err)
			}
			runUntilEnd(t, tb, 1, func(_ context.Context, l *Lease) error {
				l.Conclude([]byte("end"), func(tx *store.Tx) error {
					_, err := tx.Exec(`INSERT INTO effect VALUES (?)`, l.Job().ID)
					return errors.Join(err, c.writes)
				})
				if c.state == Cancelled {
					if err := tb.Cancel(ctx, alice, l.Job().ID); err != nil {
						return err
					}
				}
				return c.returns
			})
			id := create(t, tb, alice, "work")
			waitFor(t, tb, alice, id, c.state)
			if n := effects(t, db, id); n != c.rows {
				t.Errorf("%d effects, want %d", n, c.rows)
			}
			if p := string(get(t, tb, alice, id).Progress); (p == "end") != (c.state == Done) {
				t.Errorf("progress %q", p)
			}
		})
	}
}

func TestWatch(t *testing.T) {
	tb := New(storetest.New(t), Options{})
	release := make(chan struct{})
	stop := runUntilEnd(t, tb, 2, func(ctx context.Context, _ *Lease) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	done, cancelled := create(t, tb, alice, "work"), create(t, tb, alice, "work")
	idle := create(t, tb, alice, "work") // over the share: it waits
	var ends []<-chan struct{}
	for _, id := range []string{done, done, cancelled, idle} {
		end, quit := tb.Watch(id)
		defer quit()
		ends = append(ends, end)
	}
	if err := tb.Cancel(ctx, alice, cancelled); err != nil {
		t.Fatal(err)
	}
	<-ends[2]
	select {
	case <-ends[0]:
		t.Error("told of the end of a job that runs")
	default:
	}
	close(release)
	<-ends[0]
	<-ends[1]
	if s := get(t, tb, alice, done).State; s != Done {
		t.Errorf("told of an end that cannot be read: %s", s)
	}
	stop()
	<-ends[3]
	_, quit := tb.Watch("unknown")
	quit()
	if len(tb.watched) != 0 {
		t.Errorf("%d watches are left", len(tb.watched))
	}
}
