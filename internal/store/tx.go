package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

var errReadOnly = errors.New("a read transaction cannot write")

// A Tx is a transaction in progress. It is valid only inside the function it
// was given to, and only in that goroutine.
type Tx struct {
	db    *DB
	ctx   context.Context
	conn  *sql.Conn
	stmt  context.Context // for statements
	write *request        // nil in a read transaction
	// others are further connections of a wide read.
	others []*Tx
}

// Context is the caller's context. Inside Write its cancellation interrupts
// nothing: statements of other callers are in the same commit.
func (tx *Tx) Context() context.Context { return tx.ctx }

// Now is the wall clock of the database.
func (tx *Tx) Now() time.Time { return tx.db.now() }

// Exec runs a statement that gives no rows.
func (tx *Tx) Exec(query string, args ...any) (sql.Result, error) {
	if tx.write == nil {
		return nil, errReadOnly
	}
	tx.write.execs++
	res, err := tx.conn.ExecContext(tx.stmt, query, args...)
	return res, tx.db.translate(err)
}

// Query runs a statement that gives rows. Close them before the next statement.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	rows, err := tx.conn.QueryContext(tx.stmt, query, args...)
	return rows, tx.db.translate(err)
}

// QueryRow runs a statement that gives at most one row; Scan answers
// sql.ErrNoRows when there is none.
func (tx *Tx) QueryRow(query string, args ...any) *sql.Row {
	return tx.conn.QueryRowContext(tx.stmt, query, args...)
}

// Each runs a statement and hands over its rows one after the other. An error of
// fn ends it and is given back as it is.
func (tx *Tx) Each(fn func(*sql.Rows) error, query string, args ...any) error {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Marks gives n placeholders with commas between them.
func Marks(n int) string { return strings.TrimSuffix(strings.Repeat("?,", n), ",") }

// Listed are the rows of a bound [List]: one statement for any number of them.
const Listed = `(SELECT value FROM json_each(?))`

// List is the argument of [Listed].
func List[T int64 | string](values []T) string {
	if values == nil {
		return "[]"
	}
	b, _ := json.Marshal(values) // numbers and text
	return string(b)
}

// CIDs gives the customers that a statement selects, one column of each.
func (tx *Tx) CIDs(query string, args ...any) (cids []CID, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		var cid CID
		err := rows.Scan(&cid)
		cids = append(cids, cid)
		return err
	}, query, args...)
	return cids, err
}

// OnCommit has fn run after the commit is durable, before Write returns, in the
// order of the commits. It does not run when the transaction fails. It must be
// quick and must not call Write: all writers wait for it.
func (tx *Tx) OnCommit(fn func()) {
	if tx.write != nil {
		tx.write.hooks = append(tx.write.hooks, fn)
	}
}

// Read runs fn on a snapshot: it sees every write that was acknowledged before,
// and none that comes after its first statement. Reads inside reads can starve
// each other of connections; do not nest them.
func (db *DB) Read(ctx context.Context, fn func(*Tx) error) error {
	if db.isClosed() {
		return ErrClosed
	}
	return db.readOn(ctx, db.read, fn)
}

func (db *DB) isClosed() bool {
	db.mu.RLock()
	defer db.mu.RUnlock()
	return db.closed
}
