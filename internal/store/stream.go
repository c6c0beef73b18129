package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync"
)

// streamRows is how many rows a stream fetches at a time.
const streamRows = 256

// A Stream walks over the rows of a statement and gives values as the driver
// does: nil, int64, float64, string or []byte. It is for statements that give
// rows by the million, where [sql.Rows] costs more than the database: it fetches
// rows ahead, on a goroutine of its own, while the caller works on those before.
// Several streams of one transaction may be open at the same time.
type Stream struct {
	tx    *Tx
	rows  driver.Rows
	width int
	now   batch // from which Next gives
	at    int

	ahead   chan batch // fetched; closed at the end
	err     error      // why it ended; io.EOF after the last row
	spare   chan []driver.Value
	stop    context.CancelFunc
	fetcher sync.WaitGroup
}

// A batch is a few rows, one after another.
type batch struct {
	cells []driver.Value
	rows  int
}

// Stream runs a statement. The caller closes the stream before the transaction
// ends.
func (tx *Tx) Stream(query string, args ...any) (*Stream, error) {
	values, err := named(args)
	if err != nil {
		return nil, fmt.Errorf("stream: %w", err)
	}
	s := &Stream{tx: tx, ahead: make(chan batch, 1), spare: make(chan []driver.Value, 3)}
	err = tx.conn.Raw(func(conn any) (err error) {
		s.rows, err = runQuery(tx.stmt, conn, query, values)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("stream: %w", tx.db.translate(err))
	}
	s.width = len(s.rows.Columns())
	for range cap(s.spare) {
		s.spare <- make([]driver.Value, s.width*streamRows)
	}
	ctx, stop := context.WithCancel(tx.stmt)
	s.stop = stop
	s.fetcher.Go(func() { s.fetch(ctx) })
	return s, nil
}

// Next gives the next row, which is valid until the call after; io.EOF behind
// the last one.
func (s *Stream) Next() ([]driver.Value, error) {
	if s.at == s.now.rows {
		if s.now.cells != nil {
			s.spare <- s.now.cells
		}
		s.now, s.at = <-s.ahead, 0
		if s.now.rows == 0 {
			return nil, s.err
		}
	}
	s.at++
	return s.now.cells[(s.at-1)*s.width : s.at*s.width], nil
}

// Close ends the statement, wherever it is.
func (s *Stream) Close() error {
	s.stop()
	s.fetcher.Wait()
	return s.tx.db.translate(s.tx.conn.Raw(func(any) error { return s.rows.Close() }))
}

// fetch stays at most two batches ahead of Next.
func (s *Stream) fetch(ctx context.Context) {
	defer close(s.ahead)
	for {
		b := batch{}
		select {
		case <-ctx.Done():
			s.err = ctx.Err()
			return
		case b.cells = <-s.spare:
		}
		err := s.fill(&b)
		if b.rows > 0 {
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case s.ahead <- b:
			}
		}
		if err != nil {
			s.err = err
			return
		}
	}
}

// fill has the connection for the time of a batch: other streams of the
// transaction have it in between.
func (s *Stream) fill(b *batch) error {
	var step error
	err := s.tx.conn.Raw(func(any) error {
		for b.rows < streamRows && step == nil {
			row := b.cells[b.rows*s.width : (b.rows+1)*s.width]
			if step = s.rows.Next(row); step == nil {
				own(row)
				b.rows++
			}
		}
		return nil
	})
	switch {
	case step != nil && s.tx.stmt.Err() != nil: // it has interrupted the statement
		return s.tx.stmt.Err()
	case err != nil:
		return fmt.Errorf("stream: %w", err)
	case step != nil && step != io.EOF:
		return fmt.Errorf("stream: %w", s.tx.db.translate(step))
	}
	return step
}

// own copies what the driver may use again for its next row.
func own(row []driver.Value) {
	for i, v := range row {
		if b, ok := v.([]byte); ok {
			row[i] = bytes.Clone(b)
		}
	}
}

// runQuery runs a statement on a driver's connection.
func runQuery(ctx context.Context, conn any, query string, args []driver.NamedValue) (driver.Rows, error) {
	if q, ok := conn.(driver.QueryerContext); ok {
		if rows, err := q.QueryContext(ctx, query, args); err != driver.ErrSkip {
			return rows, err
		}
	}
	p, ok := conn.(driver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("the driver's %T cannot prepare statements", conn)
	}
	stmt, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	q, ok := stmt.(driver.StmtQueryContext)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the driver's %T cannot query", stmt), stmt.Close())
	}
	rows, err := q.QueryContext(ctx, args)
	if err != nil {
		return nil, errors.Join(err, stmt.Close())
	}
	return &stmtRows{Rows: rows, stmt: stmt}, nil
}

// stmtRows close their statement with them.
type stmtRows struct {
	driver.Rows
	stmt driver.Stmt
}

func (r *stmtRows) Close() error { return errors.Join(r.Rows.Close(), r.stmt.Close()) }

// named gives arguments the form that drivers take.
func named(args []any) ([]driver.NamedValue, error) {
	out := make([]driver.NamedValue, len(args))
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return out, nil
}
