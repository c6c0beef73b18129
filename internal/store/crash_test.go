package store_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var (
	points = flag.Int("points", 1200, "power cuts to try")
	seed   = flag.Uint64("seed", 0, "seed of the power cuts; 0: random")
)

func newRand(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed=%d", s)
	return rand.New(rand.NewPCG(s, 0))
}

// A ledger holds the writes that were acknowledged.
type ledger struct {
	mu    sync.Mutex
	acked map[string]int
}

func (l *ledger) copy() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]int, len(l.acked))
	for k, v := range l.acked {
		out[k] = v
	}
	return out
}

// put writes a row and its audit row, and books the acknowledgement. Every
// writer has keys of its own and raises their values, so a value may be newer
// than acknowledged but never older. Every third write has a commit of its own.
func (l *ledger) put(db *store.DB, key string, value int) error {
	write := db.Write
	if value%3 == 0 {
		write = db.WriteLarge
	}
	err := write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`INSERT INTO t (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v`, key, value); err != nil {
			return err
		}
		return tx.Audit(store.AuditEntry{Action: "put", Objects: []string{key, fmt.Sprint(value)}})
	})
	if err == nil {
		l.mu.Lock()
		l.acked[key] = value
		l.mu.Unlock()
	}
	return err
}

// check opens what a power cut left and compares.
func check(t *testing.T, fsys vfs.FS, acked map[string]int) {
	t.Helper()
	db := open(t, fsys)
	defer db.Close()
	got := map[string]int{}
	err := db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT k, v FROM t`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k string
			var v int
			if err := rows.Scan(&k, &v); err != nil {
				return err
			}
			got[k] = v
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range acked {
		if got[k] < v {
			t.Fatalf("lost: %s is %d, acknowledged was %d", k, got[k], v)
		}
	}
	rows, err := db.VerifyAudit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, v := range got {
		sum += v
	}
	// Values count from 1 by 1, so each one stands for as many audit rows.
	if rows != int64(sum) {
		t.Fatalf("%d audit rows for %d changes", rows, sum)
	}
}

// A crasher takes a clone at some of the file-system calls.
type crasher struct {
	mu     sync.Mutex
	mem    *vfs.Mem
	rng    *rand.Rand
	ledger *ledger
	every  int
	clones []*vfs.Mem
	acked  []map[string]int
}

func (c *crasher) hook(vfs.Op, string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rng.IntN(c.every) == 0 {
		acked := c.ledger.copy() // before the clone: all of it must be in there
		c.acked = append(c.acked, acked)
		c.clones = append(c.clones, c.mem.CrashClone(c.rng, []int{0, 25, 50, 75, 100}[c.rng.IntN(5)]))
	}
	return nil
}

// TestPowerCut: whatever the disk keeps, every acknowledged write is there and
// the audit chain verifies.
func TestPowerCut(t *testing.T) {
	rng := newRand(t)
	for left := storetest.Points(*points); left > 0; {
		mem := vfs.NewMem()
		db := open(t, mem, func(o *store.Options) { o.Commits = 5 })
		exec(t, db, `CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER, pad BLOB) STRICT`)
		c := &crasher{mem: mem, rng: rng, ledger: &ledger{acked: map[string]int{}}, every: 3}
		mem.Hook(c.hook)
		var wg sync.WaitGroup
		for w := range 3 {
			wg.Go(func() {
				for i := range 15 {
					if err := c.ledger.put(db, fmt.Sprint("writer", w, "key", i%4), i/4+1); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		mem.Hook(nil)
		for i, clone := range c.clones {
			check(t, clone, c.acked[i])
		}
		check(t, mem, c.ledger.copy())
		left -= len(c.clones)
	}
}

// TestPowerCutWhileOpening cuts the power at every call of the first open, which
// makes the file and migrates it, and of the first open after a crash.
func TestPowerCutWhileOpening(t *testing.T) {
	storetest.SkipUnderRace(t)
	rng := newRand(t)
	for _, percent := range []int{0, 50, 100} {
		mem := vfs.NewMem()
		c := &crasher{mem: mem, rng: rng, ledger: &ledger{}, every: 2}
		mem.Hook(c.hook)
		db := open(t, mem)
		mem.Hook(nil)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if len(c.clones) < 20 {
			t.Fatalf("only %d points", len(c.clones))
		}
		for _, clone := range c.clones {
			again := clone.CrashClone(rng, percent)
			db := open(t, again)
			exec(t, db, `CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT`)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestFailedCallsNeverAcknowledge fails each file-system call of a scenario in
// turn and cuts the power afterwards.
func TestFailedCallsNeverAcknowledge(t *testing.T) {
	storetest.SkipUnderRace(t)
	rng := newRand(t)
	poisoned, total := 0, 0
	for _, op := range []vfs.Op{vfs.OpSync, vfs.OpWrite, vfs.OpSyncDir, vfs.OpTruncate, vfs.OpRead, vfs.OpOpen} {
		for n := 1; ; n++ {
			mem := vfs.NewMem()
			db := open(t, mem, func(o *store.Options) { o.Commits = 4 })
			exec(t, db, `CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT`)
			l := &ledger{acked: map[string]int{}}
			hit := false
			calls := 0
			mem.Hook(func(got vfs.Op, _ string) error {
				if got == op {
					if calls++; calls == n {
						hit = true
						return syscall.EIO
					}
				}
				return nil
			})
			var failed error
			for i := range 24 {
				if err := l.put(db, fmt.Sprint(i%3), i/3+1); err != nil {
					failed = err
					break
				}
			}
			if failed == nil && hit && op == vfs.OpSync && db.Err() == nil {
				t.Errorf("sync %d failed and nobody noticed", n)
			}
			if db.Err() != nil {
				poisoned++
				if err := write(db, `DELETE FROM t`); !errors.Is(err, store.ErrFailed) {
					t.Errorf("%s %d: write to a failed store: %v", op, n, err)
				}
				select {
				case <-db.Failed():
				default:
					t.Error("nobody is told of the failure")
				}
				// Reads go on.
				if got := count(t, db, `SELECT count(*) FROM t`); got < len(l.acked) {
					t.Errorf("%s %d: a failed store shows %d rows, %d acknowledged", op, n, got, len(l.acked))
				}
			}
			_ = db.Close() // also what closing does must not lose anything
			mem.Hook(nil)
			for _, percent := range []int{0, 50, 100} {
				check(t, mem.CrashClone(rng, percent), l.copy())
			}
			if !hit {
				break
			}
			total++
		}
	}
	t.Logf("%d injected failures, %d of them stopped the store", total, poisoned)
	if poisoned == 0 || total < 60 {
		t.Error("too few failures to prove anything")
	}
}

// TestDiskFull: writes are refused with a reason, reads go on, nothing half
// written shows, and space that is freed makes writes work again.
func TestDiskFull(t *testing.T) {
	storetest.SkipUnderRace(t)
	mem := vfs.NewMem()
	db := open(t, mem, func(o *store.Options) { o.Commits = 3 })
	exec(t, db, `CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER, pad BLOB) STRICT`)
	l := &ledger{acked: map[string]int{}}
	rng := newRand(t)
	for round := range 40 {
		_, free := usage(mem)
		mem.Limit(free + int64(rng.IntN(30_000)))
		key := fmt.Sprint("k", round)
		var err error
		for v := 1; err == nil && v < 100; v++ {
			err = l.put(db, key, v)
		}
		if err != nil && !errors.Is(err, store.ErrFull) {
			t.Fatalf("round %d: %v", round, err)
		}
		if got, want := count(t, db, `SELECT coalesce(sum(v), 0) FROM t WHERE k = ?`, key), l.copy()[key]; got != want {
			t.Fatalf("round %d: read %d, acknowledged %d", round, got, want)
		}
		check(t, mem.CrashClone(rng, rng.IntN(101)), l.copy())
		mem.Limit(-1)
		if err := l.put(db, key, l.copy()[key]+1); err != nil {
			t.Fatalf("round %d: with space again: %v", round, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, mem, l.copy())
}

// usage tells the bytes in use, as the limit counts them.
func usage(mem *vfs.Mem) (files int, bytes int64) {
	names, _ := mem.ReadDir(".")
	for _, n := range names {
		size, _ := mem.Stat(n)
		bytes += size
	}
	return len(names), bytes
}

// TestDamageIsFound flips bits of a database that was not closed in order.
func TestDamageIsFound(t *testing.T) {
	rng := newRand(t)
	mem := vfs.NewMem()
	db := open(t, mem)
	exec(t, db, `CREATE TABLE t (k TEXT PRIMARY KEY, v INTEGER) STRICT`)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = open(t, mem) // marks it as in use
	if err := db.Check(ctx); err != nil {
		t.Fatal(err)
	}
	broken := mem.CrashClone(rng, 100)
	defer db.Close()
	size, err := broken.Stat("mews.db")
	if err != nil {
		t.Fatal(err)
	}
	// The header of every page but the first: kind, free list, cell count.
	for page := int64(1); page < size/4096; page++ {
		if err := broken.Flip("mews.db", page*4096*8+int64(rng.IntN(8))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Open(ctx, storetest.Options(broken)); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("opened a damaged database: %v", err)
	}
}
