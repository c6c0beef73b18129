package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
)

// checkpointExecs is the number of statements after which the WAL is copied into
// the database, if the number of commits (Options.Commits) does not say so
// before: it bounds the WAL when commits are large.
const checkpointExecs = 4000

// States of a request.
const (
	waiting int32 = iota
	running       // the writer has it: its outcome must be awaited
	abandoned
)

// A request is one call of Write on its way through the writer.
type request struct {
	ctx   context.Context
	fn    func(*Tx) error
	alone bool // in a commit of its own
	state atomic.Int32
	done  chan struct{}

	// Filled by the writer before done is closed.
	err    error
	crash  any // what fn or a hook panicked with
	execs  int
	hooks  []func()
	undone bool // rolled back on its own
}

// Write runs fn in a transaction and returns after the commit is durable, or
// with fn's error and nothing changed. Calls that wait at the same time share
// one commit. fn runs in the writer's goroutine: it must be quick, do no other
// I/O, and call neither Write nor Read. A context that ends while fn waits
// cancels it; once fn has begun, Write stays for the outcome.
func (db *DB) Write(ctx context.Context, fn func(*Tx) error) error {
	return db.await(&request{ctx: ctx, fn: fn, done: make(chan struct{})})
}

// WriteLarge is Write for a change of very many rows. It shares its commit with
// nobody: to take one of several back, SQLite keeps every page in memory as it
// was before. A statement alone does the same while it runs, so fn should change
// a thousand rows at a time.
func (db *DB) WriteLarge(ctx context.Context, fn func(*Tx) error) error {
	return db.await(&request{ctx: ctx, fn: fn, alone: true, done: make(chan struct{})})
}

// await hands a request to the writer and waits for the outcome.
func (db *DB) await(r *request) error {
	ctx := r.ctx
	if err := db.send(r); err != nil {
		return err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.state.CompareAndSwap(waiting, abandoned) {
			return fmt.Errorf("write: %w", ctx.Err())
		}
		<-r.done
	}
	if r.crash != nil {
		panic(r.crash)
	}
	return r.err
}

func (db *DB) send(r *request) error {
	if err := r.ctx.Err(); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	if err := db.Err(); err != nil {
		return err
	}
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.closed {
		return ErrClosed
	}
	select {
	case db.queue <- r:
		return nil
	case <-r.ctx.Done():
		return fmt.Errorf("write: %w", r.ctx.Err())
	}
}

// runWriter is the only goroutine that changes the database.
func (db *DB) runWriter() {
	defer close(db.stopped)
	var execs, batches int
	var next *request // taken from the queue, but not into the batch
	for {
		first, open := next, true
		if first == nil {
			first, open = <-db.queue
		}
		if !open {
			return
		}
		var batch []*request
		batch, next = db.collect(first)
		db.commit(batch)
		batches++
		for _, r := range batch {
			execs += r.execs
			close(r.done)
		}
		if execs >= checkpointExecs || batches >= db.commits {
			execs, batches = 0, 0
			// An error has either poisoned the database or leaves the WAL for
			// the next time; no caller waits for it.
			_ = db.checkpoint(context.Background(), "PASSIVE")
		}
	}
}

// collect takes what waits right now. Writes that come while a commit runs
// make the next batch: the slower the disk, the larger the batches. A write that
// must be alone ends the batch before it, and begins the next.
func (db *DB) collect(first *request) (batch []*request, next *request) {
	batch = make([]*request, 0, 8)
	for r := first; ; {
		if r.alone && len(batch) > 0 {
			return batch, r
		}
		if r.state.CompareAndSwap(waiting, running) {
			batch = append(batch, r)
		}
		if len(batch) == db.maxBatch || r.alone && len(batch) > 0 {
			return batch, nil
		}
		var open bool
		select {
		case r, open = <-db.queue:
			if !open {
				return batch, nil
			}
		default:
			return batch, nil
		}
	}
}

// commit runs a batch in one transaction and then the hooks of those that made
// it, in order.
func (db *DB) commit(batch []*request) {
	if len(batch) == 0 {
		return
	}
	before := *db.audit
	if err := db.transact(batch); err != nil {
		*db.audit = before
		for _, r := range batch {
			if r.err == nil && r.crash == nil {
				r.err = err
			}
		}
		return
	}
	for _, r := range batch {
		if !r.undone {
			r.runHooks()
		}
	}
}

// transact gives an error when no part of the batch was committed.
func (db *DB) transact(batch []*request) error {
	if err := db.Err(); err != nil {
		return err
	}
	ctx := context.Background()
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("write: %w", db.translate(err))
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return db.broken(conn, "begin", err)
	}
	if r := batch[0]; r.alone {
		if err := db.runAlone(ctx, conn, r); err != nil {
			return db.broken(conn, "roll back the write", err)
		}
		if r.undone {
			return nil
		}
		return db.end(ctx, conn)
	}
	kept := 0
	for _, r := range batch {
		if err := db.run(ctx, conn, r); err != nil {
			return db.broken(conn, "roll back one of the writes", err)
		}
		if !r.undone {
			kept++
		}
	}
	if kept == 0 {
		if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			return db.broken(conn, "roll back", err)
		}
		return nil
	}
	return db.end(ctx, conn)
}

// end commits the transaction, with the end of the audit chain.
func (db *DB) end(ctx context.Context, conn *sql.Conn) error {
	if err := db.audit.save(ctx, conn, db.auditKey); err != nil {
		return db.broken(conn, "save audit head", err)
	}
	db.commitMu.Lock()
	_, err := conn.ExecContext(ctx, "COMMIT")
	db.commitMu.Unlock()
	if err != nil {
		return db.commitFailed(conn, err)
	}
	return nil
}

// run gives one request its savepoint. The error is of the batch: SQLite has
// rolled back everything, so that the savepoint is gone.
func (db *DB) run(ctx context.Context, conn *sql.Conn, r *request) error {
	if _, err := conn.ExecContext(ctx, "SAVEPOINT w"); err != nil {
		return err
	}
	before := *db.audit
	r.call(db, conn)
	if r.err == nil && r.crash == nil {
		_, err := conn.ExecContext(ctx, "RELEASE w")
		return err
	}
	*db.audit = before
	r.undone, r.hooks = true, nil
	_, err := conn.ExecContext(ctx, "ROLLBACK TO w")
	if err == nil {
		_, err = conn.ExecContext(ctx, "RELEASE w")
	}
	if err != nil {
		return errors.Join(r.err, err)
	}
	return nil
}

// runAlone gives one request the transaction, and takes it back as a whole. The
// error says that SQLite could not, or had done so already.
func (db *DB) runAlone(ctx context.Context, conn *sql.Conn, r *request) error {
	before := *db.audit
	r.call(db, conn)
	if r.err == nil && r.crash == nil {
		return nil
	}
	*db.audit = before
	r.undone, r.hooks = true, nil
	if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
		return errors.Join(r.err, err)
	}
	return nil
}

// call runs fn. A panic is kept for the goroutine that asked, where the caller
// can recover from it.
func (r *request) call(db *DB, conn *sql.Conn) {
	defer r.keepPanic()
	r.err = r.fn(&Tx{db: db, ctx: r.ctx, conn: conn, stmt: context.WithoutCancel(r.ctx), write: r})
}

func (r *request) runHooks() {
	defer r.keepPanic()
	for _, fn := range r.hooks {
		fn()
	}
}

func (r *request) keepPanic() {
	if v := recover(); v != nil {
		r.crash = fmt.Sprintf("%v\n%s", v, debug.Stack())
	}
}

// broken ends a transaction that cannot go on. An I/O error or damage poisons:
// what the disk holds is no longer known.
func (db *DB) broken(conn *sql.Conn, doing string, cause error) error {
	// SQLite may have rolled it back already; then this has nothing to do.
	_, _ = conn.ExecContext(context.Background(), "ROLLBACK")
	switch db.code(cause) & primaryCode {
	case codeIOErr, codeCorrupt, codeNotADB:
		return db.poison(fmt.Errorf("%s: %w", doing, db.translate(cause)))
	}
	return fmt.Errorf("write undone, could not %s: %w", doing, db.translate(cause))
}

// commitFailed never retries: after a failed sync the kernel has marked the
// pages clean, and a second one would lie. A full disk, or another process that
// holds the file, leaves nothing behind and is no reason to stop.
func (db *DB) commitFailed(conn *sql.Conn, cause error) error {
	err := db.broken(conn, "commit", cause)
	switch db.code(cause) & primaryCode {
	case codeFull, codeBusy:
		return err
	}
	return db.poison(fmt.Errorf("commit: %w", cause))
}

// checkpoint copies the WAL into the database and syncs both. It is called by
// the writer, or when the writer has ended.
func (db *DB) checkpoint(ctx context.Context, mode string) error {
	if err := db.Err(); err != nil {
		return err
	}
	var busy, pages, done int
	err := db.write.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &pages, &done)
	if err == nil {
		return nil
	}
	switch db.code(err) & primaryCode {
	case codeFull, codeBusy:
		db.log.Warn("checkpoint put off", "cause", err)
		return nil
	}
	return db.poison(fmt.Errorf("checkpoint: %w", err))
}
