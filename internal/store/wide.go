package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// ReadWide is Read for what looks at very many rows. Where the machine has
// processors to spare, and no other read has them, the transaction has further
// connections on the same snapshot, among which Spread divides work.
func (db *DB) ReadWide(ctx context.Context, fn func(*Tx) error) error {
	if db.isClosed() {
		return ErrClosed
	}
	n := db.takeCompanions()
	defer func() {
		for range n {
			<-db.spare
		}
	}()
	return db.readOn(ctx, db.read, func(tx *Tx) error { return tx.widen(n, fn) })
}

// takeCompanions tells how many further connections there are now. It does not
// wait for more.
func (db *DB) takeCompanions() (n int) {
	for {
		select {
		case db.spare <- struct{}{}:
			n++
		default:
			return n
		}
	}
}

// widen runs fn when the transaction has n companions that see the same.
func (tx *Tx) widen(n int, fn func(*Tx) error) error {
	if len(tx.others) < n {
		return tx.db.readOn(tx.ctx, tx.db.wide, func(other *Tx) error {
			tx.others = append(tx.others, other)
			return tx.widen(n, fn)
		})
	}
	if err := tx.beginTogether(); err != nil {
		return fmt.Errorf("begin read: %w", tx.db.translate(err))
	}
	return fn(tx)
}

// beginTogether runs the first statement of each connection, with which its
// snapshot begins, while nothing is committed.
func (tx *Tx) beginTogether() error {
	if len(tx.others) == 0 {
		return nil
	}
	tx.db.commitMu.RLock()
	defer tx.db.commitMu.RUnlock()
	for _, t := range append([]*Tx{tx}, tx.others...) {
		var tables int
		if err := t.QueryRow(`SELECT count(*) FROM (SELECT 1 FROM sqlite_schema LIMIT 1)`).Scan(&tables); err != nil {
			return err
		}
	}
	return nil
}

// readOn runs fn in a read transaction of its own connection.
func (db *DB) readOn(ctx context.Context, pool *sql.DB, fn func(*Tx) error) error {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return fmt.Errorf("read: %w", err)
	}
	defer conn.Close()
	// A cancelled BEGIN may have begun all the same, so the end is arranged first
	// and the beginning, which waits for nothing, is not cancelled.
	defer func() {
		if _, end := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); end != nil {
			// The pool throws the connection away, with its snapshot.
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	if _, err := conn.ExecContext(context.WithoutCancel(ctx), "BEGIN"); err != nil {
		return fmt.Errorf("begin read: %w", db.translate(err))
	}
	return fn(&Tx{db: db, ctx: ctx, conn: conn, stmt: ctx})
}

// Spread calls fn for each part from 0 to parts-1, in this order, on the
// transaction's connections side by side: fn may use only the transaction that
// it is given. The first error ends all calls and is given back. Nothing else may
// use the transaction before Spread returns.
func (tx *Tx) Spread(parts int, fn func(tx *Tx, part int) error) error {
	ctx, end := context.WithCancelCause(tx.stmt)
	defer end(nil)
	s := &spreading{ctx: ctx, end: end, parts: int64(parts), fn: fn}
	var wait sync.WaitGroup
	for i, t := range tx.others {
		if i+1 < parts {
			wait.Go(func() { s.work(t) })
		}
	}
	s.work(tx)
	wait.Wait()
	if v := s.crash.Load(); v != nil {
		panic(*v)
	}
	return context.Cause(ctx)
}

// A spreading is one call of Spread.
type spreading struct {
	ctx   context.Context // ended by the first error
	end   context.CancelCauseFunc
	parts int64
	next  atomic.Int64
	fn    func(*Tx, int) error
	crash atomic.Pointer[any] // what fn panicked with
}

// work does parts on one connection until there are no more.
func (s *spreading) work(tx *Tx) {
	defer func() {
		if v := recover(); v != nil {
			s.crash.CompareAndSwap(nil, &v)
			s.end(errors.New("a part panicked"))
		}
	}()
	own := &Tx{db: tx.db, ctx: tx.ctx, conn: tx.conn, stmt: s.ctx, write: tx.write}
	for s.ctx.Err() == nil {
		part := s.next.Add(1) - 1
		if part >= s.parts {
			return
		}
		if err := s.fn(own, int(part)); err != nil {
			s.end(err)
		}
	}
}
