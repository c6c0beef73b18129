// Package storetest opens record stores for tests: on a folder of the test, or
// on a vfs.FS that can lose power, fill up and fail calls. There the same SQL
// runs on another build of SQLite, because the store's own one speaks to the
// operating system directly.
package storetest

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/driver"
	sqlitevfs "github.com/ncruces/go-sqlite3/vfs"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vfs"
)

// Key is an audit key for tests.
const Key = "0123456789abcdef0123456789abcdef"

// New opens a store in a folder of the test and closes it at the end. Options
// may be changed before.
func New(t testing.TB, change ...func(*store.Options)) *store.DB {
	t.Helper()
	o := store.Options{Path: filepath.Join(t.TempDir(), "mews.db"), AuditKey: []byte(Key)}
	for _, fn := range change {
		fn(&o)
	}
	db, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return db
}

// Plan gives the steps in which SQLite would run a statement.
func Plan(tx *store.Tx, query string, args ...any) (steps []string, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		var id, parent, unused int
		var step string
		err := rows.Scan(&id, &parent, &unused, &step)
		steps = append(steps, step)
		return err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	return steps, err
}

// Options opens the file "mews.db" of a file system.
func Options(fsys vfs.FS) store.Options {
	return store.Options{Path: "mews.db", AuditKey: []byte(Key), Driver: Driver(fsys)}
}

// names keeps the registered file systems apart: SQLite knows them by name.
var names atomic.Int64

// Driver runs SQLite on a file system. It serves one connection at a time.
func Driver(fsys vfs.FS) *store.Driver {
	return &store.Driver{
		Open: func(path string, pragmas []string) (*sql.DB, error) {
			name := fmt.Sprintf("mews-%d", names.Add(1))
			q := url.Values{"vfs": {name}, "_pragma": pragmas}
			inner, err := (&driver.SQLite{}).OpenConnector("file:" + path + "?" + q.Encode())
			if err != nil {
				return nil, err
			}
			sqlitevfs.Register(name, &fileSystem{fsys})
			return sql.OpenDB(connector{inner, name}), nil
		},
		Code: func(err error) int {
			if e, ok := errors.AsType[*sqlite3.Error](err); ok {
				return int(e.ExtendedCode())
			}
			var c sqlite3.ErrorCode
			if errors.As(err, &c) {
				return int(c)
			}
			return 0
		},
	}
}

// A connector forgets the file system when the pool is closed.
type connector struct {
	sqldriver.Connector
	name string
}

// Close implements io.Closer, which database/sql calls.
func (c connector) Close() error {
	sqlitevfs.Unregister(c.name)
	return nil
}

// Points is how many power cuts a test shall try: fewer under the race detector.
func Points(n int) int {
	if Race {
		return max(n/20, 10)
	}
	return n
}

// CutPower has cut try power cuts until there were n (fewer under the race
// detector); cut tells how many it tried. A seed of 0 is a random one.
func CutPower(t *testing.T, n int, seed uint64, cut func(t *testing.T, rng *rand.Rand) int) {
	t.Helper()
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("seed=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for left := Points(n); left > 0; {
		left -= cut(t, rng)
	}
}

// SkipUnderRace skips a test of one goroutine.
func SkipUnderRace(t testing.TB) {
	t.Helper()
	if Race {
		t.Skip("one goroutine, nothing to race with")
	}
}
