package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
)

// ErrEnough, given back by a function that gets rows, ends a scan in good order.
var ErrEnough = errors.New("no more rows are wanted")

// Scan runs a statement of so many columns and hands over its rows, one after
// the other, with values as the driver has them: nil, int64, float64, string or
// []byte. A row is valid only during the call, its texts too: what is kept of
// them must be copied. fn must not use the transaction; its error ends the scan.
//
// It is for rows by the million. Nothing is copied for them, and with SQLite fn
// runs inside of the statement as a function of SQL, which takes two thirds of
// the time of [sql.Rows] and its driver.
func (tx *Tx) Scan(fn func(row []driver.Value) error, width int, query string, args ...any) error {
	s := &scan{fn: fn}
	var err error
	if tx.db.functions {
		err = s.inside(tx, width, query, args)
	} else {
		err = s.along(tx, query, args)
	}
	switch {
	case s.crash != nil:
		panic(s.crash)
	case errors.Is(s.err, ErrEnough):
		return nil
	case s.err != nil:
		return s.err
	case err != nil && tx.stmt.Err() != nil: // it has interrupted the statement
		return tx.stmt.Err()
	case err != nil:
		return fmt.Errorf("scan: %w", tx.db.translate(err))
	}
	return nil
}

// A scan is one call of Scan. For SQL it is an aggregate function.
type scan struct {
	fn    func([]driver.Value) error
	err   error // of fn
	crash any   // what fn panicked with: SQLite must not be left in the middle
}

// inside has the statement call fn. The order of its rows, if it has one, is
// that of the calls.
func (s *scan) inside(tx *Tx, width int, query string, args []any) error {
	names := make([]string, width)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i)
	}
	list := strings.Join(names, ", ")
	id := scans.add(s)
	defer scans.remove(id)
	return s.run(tx, "WITH scanned ("+list+") AS ("+query+") SELECT "+scanFunction+"(?, "+list+") FROM scanned", append(args[:len(args):len(args)], id),
		func(rows driver.Rows, row []driver.Value) error { return rows.Next(row) })
}

// along takes the rows from the driver.
func (s *scan) along(tx *Tx, query string, args []any) error {
	return s.run(tx, query, args, func(rows driver.Rows, row []driver.Value) error {
		for {
			if err := rows.Next(row); err == io.EOF {
				return nil
			} else if err != nil {
				return err
			}
			if s.err = s.step(row); s.err != nil {
				return s.err
			}
		}
	})
}

func (s *scan) run(tx *Tx, query string, args []any, read func(driver.Rows, []driver.Value) error) error {
	values, err := named(args)
	if err != nil {
		return err
	}
	return tx.conn.Raw(func(conn any) error {
		rows, err := runQuery(tx.stmt, conn, query, values)
		if err != nil {
			return err
		}
		return errors.Join(read(rows, make([]driver.Value, len(rows.Columns()))), rows.Close())
	})
}

func (s *scan) step(row []driver.Value) (err error) {
	defer func() {
		if v := recover(); v != nil {
			s.crash, err = v, errors.New("the function panicked")
		}
	}()
	return s.fn(row)
}

// scanFunction is the name of the SQL function that hands rows to a scan, whose
// number is its first argument.
const scanFunction = "mews_scan"

// registerScan makes the function known to all connections that open later.
var registerScan = sync.OnceValue(func() error {
	return sqlite.RegisterFunction(scanFunction, &sqlite.FunctionImpl{
		NArgs: -1, VolatileArgs: true,
		MakeAggregate: func(sqlite.FunctionContext) (sqlite.AggregateFunction, error) { return &scanCall{}, nil },
	})
})

// A scanCall is one evaluation of the function.
type scanCall struct{ scan *scan }

// Step implements [sqlite.AggregateFunction].
func (c *scanCall) Step(_ *sqlite.FunctionContext, args []driver.Value) error {
	if c.scan == nil {
		if c.scan = scans.find(args[0]); c.scan == nil {
			return errors.New("there is no such scan")
		}
	}
	c.scan.err = c.scan.step(args[1:])
	return c.scan.err
}

// WindowInverse implements [sqlite.AggregateFunction].
func (c *scanCall) WindowInverse(*sqlite.FunctionContext, []driver.Value) error {
	return errors.New("a scan has no windows")
}

// WindowValue implements [sqlite.AggregateFunction].
func (c *scanCall) WindowValue(*sqlite.FunctionContext) (driver.Value, error) { return nil, nil }

// Final implements [sqlite.AggregateFunction].
func (c *scanCall) Final(*sqlite.FunctionContext) {}

// scans are those that run, by number.
var scans runningScans

type runningScans struct {
	last atomic.Int64
	list sync.Map // of *scan
}

func (r *runningScans) add(s *scan) int64 {
	id := r.last.Add(1)
	r.list.Store(id, s)
	return id
}

func (r *runningScans) remove(id int64) { r.list.Delete(id) }

func (r *runningScans) find(id driver.Value) *scan {
	s, _ := r.list.Load(id)
	found, _ := s.(*scan)
	return found
}
