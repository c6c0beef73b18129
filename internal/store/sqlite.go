package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"

	"modernc.org/sqlite"
)

// SQLite result codes, primary part.
const (
	codeBusy     = 5
	codeIOErr    = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeNotADB   = 26
	primaryCode  = 0xff
	setClean     = `INSERT INTO meta (key, value) VALUES ('clean', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`
	walSizeLimit = 64 << 20
)

// pragmas make every connection durable and distrustful: each commit is synced,
// checkpoints happen when the writer says so, deleted content is overwritten,
// and a damaged or hostile file can neither call functions nor map memory.
var pragmas = []string{
	"busy_timeout(5000)",
	"foreign_keys(1)",
	"trusted_schema(0)",
	"cell_size_check(1)",
	"temp_store(2)",
	"mmap_size(0)",
	"secure_delete(1)",
	"journal_mode(WAL)",
	"synchronous(FULL)",
	"wal_autocheckpoint(0)",
	fmt.Sprintf("journal_size_limit(%d)", walSizeLimit),
}

// openPools opens the writer's single connection first: it makes the file and
// its WAL, on which the readers depend.
func (db *DB) openPools(o Options) error {
	if o.Path == "" {
		return errors.New("no path given")
	}
	if o.Driver != nil {
		pool, err := o.Driver.Open(o.Path, append([]string{"locking_mode(EXCLUSIVE)"}, pragmas...))
		if err != nil {
			return err
		}
		pool.SetMaxOpenConns(1)
		db.write, db.read, db.code = pool, pool, o.Driver.Code
		return db.ping()
	}
	db.code, db.functions = sqliteCode, true
	err := registerScan()
	if err != nil {
		return err
	}
	// The writer touches a page of every index for each row: what its own cache
	// does not hold is read again, and written to the WAL more than once.
	if db.write, err = openSQLite(o.Path, append([]string{"cache_size(-16384)"}, pragmas...)); err != nil {
		return err
	}
	db.write.SetMaxOpenConns(1)
	readers := o.Readers
	if readers <= 0 {
		readers = 8
	}
	if db.read, err = openReaders(o.Path, readers); err != nil {
		return errors.Join(err, db.write.Close())
	}
	processors := o.Processors
	if processors <= 0 {
		processors = min(runtime.GOMAXPROCS(0), 4)
	}
	db.spare = make(chan struct{}, processors-1)
	if db.wide, err = openReaders(o.Path, processors-1); err != nil {
		return errors.Join(err, db.read.Close(), db.write.Close())
	}
	return db.ping()
}

func (db *DB) ping() error {
	if err := db.write.Ping(); err != nil {
		return errors.Join(db.translate(err), db.closePools())
	}
	return nil
}

// openReaders gives a pool of at most n connections that only read.
func openReaders(path string, n int) (*sql.DB, error) {
	pool, err := openSQLite(path, append([]string{"query_only(1)"}, pragmas...))
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(max(n, 1))
	pool.SetMaxIdleConns(n)
	return pool, nil
}

func openSQLite(path string, pragmas []string) (*sql.DB, error) {
	q := url.Values{"_pragma": pragmas}
	// As a URI, so that a '?' in a folder's name stays part of the path.
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(keeper{c}), nil
}

func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// translate adds the sentinel that callers branch on.
func (db *DB) translate(err error) error {
	if err == nil {
		return nil
	}
	switch db.code(err) & primaryCode {
	case codeFull:
		return fmt.Errorf("%w: %w", ErrFull, err)
	case codeCorrupt, codeNotADB:
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

// checkAfterCrash looks for damage unless the last close was orderly.
func (db *DB) checkAfterCrash(ctx context.Context) error {
	var tables int
	err := db.write.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_schema WHERE name = 'meta'`).Scan(&tables)
	if err != nil {
		return db.translate(err)
	}
	if tables == 0 {
		return nil
	}
	var clean string
	err = db.write.QueryRowContext(ctx, `SELECT value FROM meta WHERE key = 'clean'`).Scan(&clean)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return db.translate(err)
	}
	if clean == "1" {
		return nil
	}
	db.log.Info("the database was not closed in order; checking it")
	return db.Check(ctx)
}

// Check reads the whole database and answers ErrCorrupt with the first findings
// when its structure is damaged.
func (db *DB) Check(ctx context.Context) error {
	rows, err := db.read.QueryContext(ctx, `PRAGMA quick_check(5)`)
	if err != nil {
		return db.translate(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return db.translate(err)
		}
		if line != "ok" {
			found = append(found, line)
		}
	}
	if err := rows.Err(); err != nil {
		return db.translate(err)
	}
	if len(found) > 0 {
		return fmt.Errorf("%w: %s", ErrCorrupt, strings.Join(found, "; "))
	}
	return nil
}
