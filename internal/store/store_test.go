package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var ctx = context.Background()

// open opens a store on a file system without registering its closing.
func open(t testing.TB, fsys vfs.FS, change ...func(*store.Options)) *store.DB {
	t.Helper()
	o := storetest.Options(fsys)
	for _, fn := range change {
		fn(&o)
	}
	db, err := store.Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// exec is a Write of one statement.
func exec(t testing.TB, db *store.DB, query string, args ...any) {
	t.Helper()
	if err := write(db, query, args...); err != nil {
		t.Fatal(err)
	}
}

func write(db *store.DB, query string, args ...any) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(query, args...)
		return err
	})
}

// count reads one number.
func count(t testing.TB, db *store.DB, query string, args ...any) (n int) {
	t.Helper()
	err := db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow(query, args...).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Both builds of SQLite must behave alike, or the crash tests prove nothing
// about the one that ships.
func both(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Run("real", func(t *testing.T) {
		db := storetest.New(t)
		exec(t, db, `CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT`)
		fn(t, db)
	})
	t.Run("memory", func(t *testing.T) {
		db := open(t, vfs.NewMem())
		defer db.Close()
		exec(t, db, `CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT`)
		fn(t, db)
	})
}

func TestPragmas(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		want := map[string]int{
			"synchronous": 2, "foreign_keys": 1, "trusted_schema": 0, "cell_size_check": 1,
			"temp_store": 2, "secure_delete": 1, "wal_autocheckpoint": 0, "busy_timeout": 5000,
		}
		for name, value := range want {
			if got := count(t, db, "PRAGMA "+name); got != value {
				t.Errorf("reader: %s = %d, want %d", name, got, value)
			}
			err := db.Write(ctx, func(tx *store.Tx) error {
				var got int
				if err := tx.QueryRow("PRAGMA " + name).Scan(&got); err != nil {
					return err
				}
				if got != value {
					t.Errorf("writer: %s = %d, want %d", name, got, value)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		var mode string
		if err := db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow("PRAGMA journal_mode").Scan(&mode) }); err != nil || mode != "wal" {
			t.Errorf("journal mode %q, %v", mode, err)
		}
	})
}

func TestOneFailureLeavesTheOthersOfItsCommit(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		boom := errors.New("boom")
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				ran := false
				write := db.Write
				if i%4 == 0 {
					write = db.WriteLarge
				}
				err := write(ctx, func(tx *store.Tx) error {
					tx.OnCommit(func() { ran = true })
					if _, err := tx.Exec(`INSERT INTO t VALUES (?, ?)`, fmt.Sprint(i), i); err != nil {
						return err
					}
					if err := tx.Audit(store.AuditEntry{Action: "put"}); err != nil {
						return err
					}
					if i%3 == 0 {
						return boom
					}
					return nil
				})
				if want := i%3 == 0; errors.Is(err, boom) != want || ran == want {
					t.Errorf("write %d: %v, hook ran: %v", i, err, ran)
				}
			})
		}
		wg.Wait()
		if n := count(t, db, `SELECT count(*) FROM t`); n != 40 {
			t.Errorf("%d rows, want 40", n)
		}
		if n, err := db.VerifyAudit(ctx); n != 40 || err != nil {
			t.Errorf("audit: %d rows, %v", n, err)
		}
	})
}

func TestConstraintErrorsAreOrdinary(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		exec(t, db, `INSERT INTO t VALUES ('a', 1)`)
		if err := write(db, `INSERT INTO t VALUES ('a', 2)`); err == nil {
			t.Error("a second row with the same key was taken")
		}
		if err := write(db, `INSERT INTO client_secret VALUES (x'00', 'nobody', 1, 1)`); err == nil {
			t.Error("a reference to nothing was taken")
		}
		exec(t, db, `INSERT INTO t VALUES ('b', 2)`)
		if db.Err() != nil {
			t.Error(db.Err())
		}
	})
}

func TestPanicReachesTheCallerOnly(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		func() {
			defer func() {
				if v := recover(); !strings.Contains(fmt.Sprint(v), "oh no") {
					t.Errorf("recovered %v", v)
				}
			}()
			_ = db.Write(ctx, func(tx *store.Tx) error {
				_, _ = tx.Exec(`INSERT INTO t VALUES ('x', 1)`)
				panic("oh no")
			})
			t.Error("Write returned")
		}()
		func() {
			defer func() { _ = recover() }()
			_ = db.WriteLarge(ctx, func(tx *store.Tx) error {
				_, _ = tx.Exec(`INSERT INTO t VALUES ('z', 1)`)
				panic("oh no")
			})
		}()
		if n := count(t, db, `SELECT count(*) FROM t`); n != 0 {
			t.Error("a row of the panicking write stayed")
		}
		exec(t, db, `INSERT INTO t VALUES ('y', 1)`)
	})
}

func TestReadIsASnapshot(t *testing.T) {
	db := storetest.New(t) // the driver's single connection cannot show this
	exec(t, db, `CREATE TABLE t (v INTEGER) STRICT`)
	err := db.Read(ctx, func(tx *store.Tx) error {
		for i := range 3 {
			var n int
			if err := tx.QueryRow(`SELECT count(*) FROM t`).Scan(&n); err != nil {
				return err
			}
			if n != 0 {
				t.Errorf("read %d sees %d rows that came later", i, n)
			}
			exec(t, db, `INSERT INTO t VALUES (1)`)
		}
		if _, err := tx.Exec(`INSERT INTO t VALUES (2)`); err == nil {
			t.Error("a read transaction wrote")
		}
		if err := tx.Audit(store.AuditEntry{}); err == nil {
			t.Error("a read transaction wrote audit")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, `SELECT count(*) FROM t`); n != 3 {
		t.Errorf("%d rows, want 3", n)
	}
}

func TestContext(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		hold, started := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = db.Write(ctx, func(*store.Tx) error { close(started); <-hold; return nil })
		})
		<-started
		short, cancel := context.WithCancel(ctx)
		var ran atomic.Bool
		result := make(chan error)
		go func() {
			result <- db.Write(short, func(*store.Tx) error { ran.Store(true); return nil })
		}()
		time.Sleep(5 * time.Millisecond)
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("write in the queue: %v", err)
		}
		close(hold)
		wg.Wait()
		exec(t, db, `INSERT INTO t VALUES ('after', 1)`)
		if ran.Load() {
			t.Error("a cancelled write ran")
		}
		if err := db.Write(short, func(*store.Tx) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("write with a dead context: %v", err)
		}
		// Cancelled once it runs, a write stays for its outcome.
		late, cancel := context.WithCancel(ctx)
		err := db.Write(late, func(tx *store.Tx) error {
			cancel()
			_, err := tx.Exec(`INSERT INTO t VALUES ('late', 1)`)
			return err
		})
		if err != nil || count(t, db, `SELECT count(*) FROM t WHERE k = 'late'`) != 1 {
			t.Errorf("write cancelled in the middle: %v", err)
		}
	})
}

func TestHooksRunInCommitOrder(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		var order []int
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				_ = db.Write(ctx, func(tx *store.Tx) error {
					var n int
					if err := tx.QueryRow(`SELECT count(*) FROM t`).Scan(&n); err != nil {
						return err
					}
					tx.OnCommit(func() { order = append(order, n) }) // the writer alone runs hooks
					_, err := tx.Exec(`INSERT INTO t VALUES (?, ?)`, fmt.Sprint(n), n)
					return err
				})
			})
		}
		wg.Wait()
		if len(order) != 100 || !slices.IsSorted(order) {
			t.Errorf("hooks ran in the order %v", order)
		}
	})
}

func TestGroupCommit(t *testing.T) {
	mem := vfs.NewMem()
	db := open(t, mem)
	defer db.Close()
	exec(t, db, `CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT`)
	var syncs atomic.Int64
	mem.Hook(func(op vfs.Op, _ string) error {
		if op == vfs.OpSync {
			syncs.Add(1)
			time.Sleep(2 * time.Millisecond)
		}
		return nil
	})
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			if err := write(db, `INSERT INTO t VALUES (?, 1)`, fmt.Sprint(i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	mem.Hook(nil)
	if n := syncs.Load(); n == 0 || n > 50 {
		t.Errorf("%d syncs for 200 writes at once", n)
	}
	if n := count(t, db, `SELECT count(*) FROM t`); n != 200 {
		t.Errorf("%d rows", n)
	}
}

func TestCloseServesTheQueueAndLeavesNothingBehind(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	path := filepath.Join(t.TempDir(), "odd ?#%20 name.db")
	db, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, `CREATE TABLE t (k INTEGER) STRICT`)
	var acked atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			switch err := write(db, `INSERT INTO t VALUES (1)`); {
			case err == nil:
				acked.Add(1)
			case !errors.Is(err, store.ErrClosed):
				t.Error(err)
			}
		})
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if err := db.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if err := db.Read(ctx, func(*store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("read after close: %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is not where it was asked for: %v", err)
	}
	if wal, err := os.Stat(path + "-wal"); err == nil && wal.Size() > 0 {
		t.Errorf("%d bytes of WAL stay after an orderly close", wal.Size())
	}
	db, err = store.Open(ctx, store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, `SELECT count(*) FROM t`); int64(n) != acked.Load() {
		t.Errorf("%d rows, %d acknowledged", n, acked.Load())
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	mem := vfs.NewMem()
	db := open(t, mem)
	exec(t, db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(ctx, storetest.Options(mem))
	if !errors.Is(err, store.ErrNewer) || !strings.Contains(err.Error(), "format 999, this program reads <= ") {
		t.Errorf("got %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	if _, err := store.Open(ctx, store.Options{}); err == nil {
		t.Error("opened without a path")
	}
	if _, err := store.Open(ctx, store.Options{Path: filepath.Join(t.TempDir(), "no", "folder.db")}); err == nil {
		t.Error("opened in a folder that does not exist")
	}
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database ", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(ctx, store.Options{Path: text}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a text file: %v", err)
	}
	if _, err := os.Stat(text); err != nil {
		t.Error("the text file is gone")
	}
}
