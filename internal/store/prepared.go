package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"strings"
)

// Bounds of the statements that one connection keeps.
const (
	maxKept     = 64
	maxKeptText = 2 << 10 // bytes; longer ones name a varying number of things
)

// A keeper opens connections that prepare a statement once and use it again:
// SQLite takes about as long to parse a statement of ours as to run it.
type keeper struct{ driver.Connector }

func (k keeper) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	c, ok := conn.(sqliteConn)
	if !ok {
		return nil, fmt.Errorf("the SQLite driver's %T lacks a method that is needed", conn)
	}
	return &keptConn{sqliteConn: c, idle: map[string]*keptStmt{}}, nil
}

// sqliteConn is what database/sql asks a connection for.
type sqliteConn interface {
	driver.Conn
	driver.ConnPrepareContext
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// A keptConn is a connection with its prepared statements. As every driver.Conn
// it serves one goroutine at a time.
type keptConn struct {
	sqliteConn
	idle map[string]*keptStmt // by text; one in use is not in it
	uses uint64
}

type keptStmt struct {
	text string
	stmt driver.Stmt
	last uint64 // use
}

// keeps tells whether a statement is worth keeping. A PRAGMA may act when it is
// prepared, and the statements of a migration run once.
func keeps(query string) bool {
	word, _, _ := strings.Cut(query, " ")
	switch word {
	case "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE":
		return len(query) <= maxKeptText
	}
	return false
}

// ExecContext runs a statement that gives no rows.
func (c *keptConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if !keeps(query) {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	res, err := s.stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	return res, c.settle(s, err)
}

// QueryContext runs a statement that gives rows. The statement is theirs until
// they are closed.
func (c *keptConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if !keeps(query) {
		return c.sqliteConn.QueryContext(ctx, query, args)
	}
	s, err := c.take(ctx, query)
	if err != nil {
		return nil, err
	}
	rows, err := s.stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		return nil, c.settle(s, err)
	}
	return &keptRows{Rows: rows, conn: c, stmt: s}, nil
}

// take gives an idle statement of this text, or a new one.
func (c *keptConn) take(ctx context.Context, query string) (*keptStmt, error) {
	c.uses++
	if s := c.idle[query]; s != nil {
		delete(c.idle, query)
		s.last = c.uses
		return s, nil
	}
	stmt, err := c.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return &keptStmt{text: query, stmt: stmt, last: c.uses}, nil
}

// settle keeps a statement after a use that went well, and closes it after any
// other: what state a failure left it in is not worth knowing.
func (c *keptConn) settle(s *keptStmt, err error) error {
	if err != nil || c.idle[s.text] != nil {
		_ = s.stmt.Close() // gives the error of the last use again
		return err
	}
	if len(c.idle) == maxKept {
		err = c.evict()
	}
	c.idle[s.text] = s
	return err
}

// evict closes the statement that was not used for the longest time.
func (c *keptConn) evict() error {
	var oldest *keptStmt
	for _, s := range c.idle {
		if oldest == nil || s.last < oldest.last {
			oldest = s
		}
	}
	delete(c.idle, oldest.text)
	return oldest.stmt.Close()
}

// Close ends the connection: SQLite does not let go of a file while a statement
// stands.
func (c *keptConn) Close() error {
	for _, s := range c.idle {
		_ = s.stmt.Close()
	}
	clear(c.idle)
	return c.sqliteConn.Close()
}

// keptRows give their statement back when they are closed.
type keptRows struct {
	driver.Rows
	conn *keptConn
	stmt *keptStmt // nil once closed
	err  error     // of a step
}

func (r *keptRows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return err
}

func (r *keptRows) Close() error {
	if r.stmt == nil {
		return nil
	}
	err := r.Rows.Close()
	stmt := r.stmt
	r.stmt = nil
	if err == nil && r.err != nil {
		_ = r.conn.settle(stmt, r.err) // which Next told
		return nil
	}
	return r.conn.settle(stmt, err)
}
