// Package store keeps records in an SQL database: one writer with group
// commit, many readers, migrations, and the hash-chained audit trail that
// shares a transaction with the change it records.
package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// A CID is a customer id: the wall between tenants. Repository methods cannot
// be called without one.
type CID string

// An Actor says on whose behalf a service acts. It is filled from the bearer
// token, never from a request's body.
type Actor struct {
	CID       CID
	Client    string // API client id
	Scope     string // the scope that allowed the call
	Operation string // operation id, as in api/operations.yaml
	TraceID   string
}

// What callers branch on.
var (
	// ErrClosed: the database was closed.
	ErrClosed = errors.New("store is closed")
	// ErrFailed: an earlier commit failed in a way that leaves the disk's state
	// unknown. Nothing is written any more until a restart has recovered; reads
	// still work.
	ErrFailed = errors.New("store refuses writes after a failed commit; a restart recovers it")
	// ErrFull: the disk is full. Nothing of the write was kept, and writes work
	// again once space is free.
	ErrFull = errors.New("storage full")
	// ErrCorrupt: the database file is damaged.
	ErrCorrupt = errors.New("database is damaged")
	// ErrNewer: the database was written by a newer version of the program.
	ErrNewer = errors.New("database has a newer format")
)

// Options say how to open a database. Path is required.
type Options struct {
	Path     string           // the database file; its folder must exist
	AuditKey []byte           // keys the audit chain; without it the chain shows accidents only, not forgery
	Log      *slog.Logger     // default: discards
	Now      func() time.Time // default: time.Now
	MaxBatch int              // most writes in one commit; default 256
	Readers  int              // most reads at a time; default 8
	// Processors is how many of them one read may use; default those of the machine,
	// at most 4.
	Processors int
	Commits    int     // commits between two checkpoints; default 256
	Driver     *Driver // default: the built-in SQLite
}

// A Driver is another SQLite than the built-in one. It serves a single
// connection, which reads and writes share: tests run the same SQL over a file
// system that crashes.
type Driver struct {
	// Open gives a pool that runs every pragma, in order, on each new connection.
	Open func(path string, pragmas []string) (*sql.DB, error)
	// Code gives the SQLite result code of an error, 0 when it has none.
	Code func(err error) int
}

// A DB is an open database. Its methods may be used from many goroutines.
type DB struct {
	log   *slog.Logger
	now   func() time.Time
	code  func(error) int
	write *sql.DB // one connection
	read  *sql.DB // the same pool as write with a Driver
	wide  *sql.DB // of companions; nil with a Driver

	functions bool // the driver calls functions of ours
	// commitMu is held by the writer while it commits, so that nothing is
	// committed while others hold it.
	commitMu sync.RWMutex
	spare    chan struct{} // companions that are in use

	maxBatch int
	commits  int
	mu       sync.RWMutex // guards closed, and sending on queue
	closed   bool
	queue    chan *request
	stopped  chan struct{} // closed when the writer has ended

	failMu sync.Mutex
	fail   error
	failed chan struct{}

	auditKey []byte
	audit    *chain // owned by the writer
}

// Open opens or creates a database, checks it after an unclean stop, and brings
// its schema up to date. The caller must hold the folder's lock.
func Open(ctx context.Context, o Options) (*DB, error) {
	db := &DB{
		log: o.Log, now: o.Now, maxBatch: o.MaxBatch, commits: o.Commits, auditKey: bytes.Clone(o.AuditKey),
		stopped: make(chan struct{}), failed: make(chan struct{}),
	}
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if db.now == nil {
		db.now = time.Now
	}
	if db.maxBatch <= 0 {
		db.maxBatch = 256
	}
	if db.commits <= 0 {
		db.commits = 256
	}
	db.queue = make(chan *request, db.maxBatch)
	if err := db.openPools(o); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := db.prepare(ctx); err != nil {
		if db.code(err)&primaryCode == codeIOErr {
			err = db.poison(err)
		}
		return nil, errors.Join(fmt.Errorf("open database: %w", err), db.closePools())
	}
	go db.runWriter()
	return db, nil
}

// prepare brings the file into the state in which the writer takes it over.
func (db *DB) prepare(ctx context.Context) error {
	if err := db.checkAfterCrash(ctx); err != nil {
		return err
	}
	if err := db.migrate(ctx); err != nil {
		return err
	}
	if _, err := db.write.ExecContext(ctx, setClean, "0"); err != nil {
		return fmt.Errorf("mark as open: %w", db.translate(err))
	}
	var err error
	db.audit, err = loadChain(ctx, db.write, db.auditKey)
	return err
}

// Now is the wall clock the database was opened with.
func (db *DB) Now() time.Time { return db.now() }

// Failed is closed when the database has refused writes for good (ErrFailed).
// The program should then end, so that its supervisor starts it anew.
func (db *DB) Failed() <-chan struct{} { return db.failed }

// Err tells why the database refuses writes, or nil.
func (db *DB) Err() error {
	db.failMu.Lock()
	defer db.failMu.Unlock()
	return db.fail
}

// poison stops all writing for good. The first reason stays.
func (db *DB) poison(cause error) error {
	db.failMu.Lock()
	defer db.failMu.Unlock()
	if db.fail == nil {
		db.fail = fmt.Errorf("%w: %w", ErrFailed, cause)
		db.log.Error("store refuses writes from now on", "cause", cause)
		close(db.failed)
	}
	return db.fail
}

// Close ends the writer after the writes that are queued, and closes the file.
// Reads must have ended.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	close(db.queue)
	db.mu.Unlock()
	<-db.stopped
	var err error
	if db.Err() == nil {
		err = db.markClean()
	}
	return errors.Join(err, db.closePools())
}

// markClean lets the next open skip the check for damage.
func (db *DB) markClean() error {
	ctx := context.Background()
	if _, err := db.write.ExecContext(ctx, setClean, "1"); err != nil {
		return fmt.Errorf("mark as closed: %w", db.translate(err))
	}
	return db.checkpoint(ctx, "TRUNCATE")
}

// closePools lets SQLite close the file, which copies the WAL into the database
// once more. After a failure that must not happen: the copy could be lost and
// the WAL be deleted. The connection is then left open until the process ends.
func (db *DB) closePools() error {
	if db.Err() != nil {
		if _, err := db.write.Conn(context.Background()); err != nil {
			return fmt.Errorf("hold the connection: %w", err)
		}
	}
	err := db.write.Close()
	if db.read != db.write {
		err = errors.Join(db.read.Close(), db.wide.Close(), err)
	}
	return err
}
