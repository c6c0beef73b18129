package store_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// openWide is a store whose reads may use so many processors.
func openWide(t testing.TB, processors int) *store.DB {
	db := storetest.New(t, func(o *store.Options) { o.Processors = processors })
	exec(t, db, `CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT`)
	return db
}

// meet waits until n callers are there: they run side by side.
func meet(n int) func() bool {
	var all sync.WaitGroup
	all.Add(n)
	return func() bool {
		all.Done()
		met := make(chan struct{})
		go func() { all.Wait(); close(met) }()
		select {
		case <-met:
			return true
		case <-time.After(10 * time.Second):
			return false
		}
	}
}

func TestSpreadGivesEveryPartOnce(t *testing.T) {
	for _, processors := range []int{1, 2, 4} {
		db := openWide(t, processors)
		together := meet(processors)
		parts := make([]atomic.Int64, 100)
		err := db.ReadWide(ctx, func(tx *store.Tx) error {
			if err := tx.Spread(0, nil); err != nil {
				return err
			}
			return tx.Spread(len(parts), func(tx *store.Tx, part int) error {
				if part < processors && !together() {
					t.Errorf("%d processors: part %d is not read beside others", processors, part)
				}
				rows, err := scanned(tx, 1, `SELECT ?`, part+1)
				if err == nil {
					parts[part].Add(rows[0][0].(int64))
				}
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range parts {
			if got := parts[i].Load(); got != int64(i+1) {
				t.Errorf("%d processors: part %d gave %d", processors, i, got)
			}
		}
	}
}

// All connections of a wide read see the same, whatever is written meanwhile.
func TestWideReadsSeeOneSnapshot(t *testing.T) {
	db := openWide(t, 4)
	exec(t, db, `INSERT INTO t (k, v) VALUES ('a', 0), ('b', 0)`)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				done <- nil
				return
			default:
			}
			err := db.Write(ctx, func(tx *store.Tx) error {
				_, err := tx.Exec(`UPDATE t SET v = v + 1`)
				return err
			})
			if err != nil {
				done <- err
				return
			}
		}
	}()
	seen := map[int64]bool{}
	for range 300 {
		values := make([]int64, 8)
		err := db.ReadWide(ctx, func(tx *store.Tx) error {
			return tx.Spread(len(values), func(tx *store.Tx, part int) error {
				return tx.QueryRow(`SELECT min(v) FROM t HAVING min(v) = max(v)`).Scan(&values[part])
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Min(values) != slices.Max(values) {
			t.Fatalf("several snapshots: %v", values)
		}
		seen[values[0]] = true
	}
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if len(seen) < 2 {
		t.Error("nothing was written between the reads")
	}
}

func TestSpreadEndsWithTheFirstError(t *testing.T) {
	mine := errors.New("mine")
	db := openWide(t, 2)
	together := meet(2)
	err := db.ReadWide(ctx, func(tx *store.Tx) error {
		return tx.Spread(1000, func(tx *store.Tx, part int) error {
			if part > 1 {
				t.Errorf("part %d was begun", part)
			}
			if together(); part == 0 {
				return mine
			}
			return tx.Scan(func([]driver.Value) error { return nil }, 5, numbers, 1<<40)
		})
	})
	if !errors.Is(err, mine) {
		t.Error(err)
	}
	short, cancel := context.WithCancel(ctx)
	err = db.ReadWide(short, func(tx *store.Tx) error {
		return tx.Spread(2, func(tx *store.Tx, part int) error {
			cancel()
			return tx.Scan(func([]driver.Value) error { return nil }, 5, numbers, 1<<40)
		})
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	func() {
		defer func() {
			if v := recover(); v != "boom" {
				t.Errorf("panicked with %v", v)
			}
		}()
		_ = db.ReadWide(ctx, func(tx *store.Tx) error {
			return tx.Spread(4, func(*store.Tx, int) error { panic("boom") })
		})
	}()
	if n := count(t, db, `SELECT count(*) FROM t`); n != 0 {
		t.Error(n)
	}
}

// Reads never wait for the companions of others.
func TestWideReadsDoNotWait(t *testing.T) {
	db := openWide(t, 2)
	err := db.ReadWide(ctx, func(*store.Tx) error {
		return db.ReadWide(ctx, func(tx *store.Tx) error {
			return tx.Spread(3, func(tx *store.Tx, _ int) error {
				_, err := scanned(tx, 5, numbers, 10)
				return err
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}
