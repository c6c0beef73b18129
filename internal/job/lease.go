package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/mewshq/mews/internal/store"
)

// A Lease is the right to work on a job, until it is lost.
type Lease struct {
	t    *Table
	job  Job
	work context.Context // the handler's; only Run reads it
	stop context.CancelCauseFunc
	last *conclusion
}

// A conclusion is what a handler leaves to the commit that ends its job.
type conclusion struct {
	progress []byte
	also     func(*store.Tx) error
}

// Job is the job as it was when it was leased; its Progress says where an
// earlier attempt had come to.
func (l *Lease) Job() Job { return l.job }

// Save stores progress and whatever also writes, in one transaction, provided
// the lease still stands; otherwise nothing is written and the error is ErrLost.
// Nil progress leaves the stored one. All visible effects of a handler go
// through here, so none can happen twice.
func (l *Lease) Save(ctx context.Context, progress []byte, also func(*store.Tx) error) error {
	return l.t.db.Write(ctx, func(tx *store.Tx) error {
		if err := l.fenced(tx, `progress = coalesce(?, progress), lease = ?`, progress, l.t.leaseEnd(tx)); err != nil {
			return err
		}
		if also == nil {
			return nil
		}
		return also(tx)
	})
}

// Conclude is Save for a handler that is about to return nil: it is carried out
// in the commit that makes the job done. The job fails when also does.
func (l *Lease) Conclude(progress []byte, also func(*store.Tx) error) {
	l.last = &conclusion{progress: progress, also: also}
}

// fenced changes the job's row if this lease still holds it.
func (l *Lease) fenced(tx *store.Tx, set string, args ...any) error {
	for i, a := range args {
		if b, ok := a.([]byte); ok && b == nil {
			args[i] = nil // SQL NULL, not an empty blob
		}
	}
	res, err := tx.Exec(`UPDATE job SET `+set+` WHERE id = ? AND epoch = ? AND state = 'running' AND run = ?`,
		append(args, l.job.ID, l.job.Epoch, l.t.run)...)
	if err != nil {
		return fmt.Errorf("update job: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(ErrLost, err)
	}
	return nil
}

// finish writes how the job ended, and its conclusion when it is done.
func (l *Lease) finish(ctx context.Context, state, text string) error {
	var last conclusion
	if state == Done && l.last != nil {
		last = *l.last
	}
	return l.t.db.Write(ctx, func(tx *store.Tx) error {
		err := l.fenced(tx, `state = ?, error = ?, finished = ?, progress = coalesce(?, progress), node = '', run = '', lease = 0`,
			state, clip(text), tx.Now().UnixMicro(), last.progress)
		if err != nil {
			return err
		}
		tx.OnCommit(func() { l.t.ended(l.job.ID) })
		if last.also == nil {
			return nil
		}
		if err := last.also(tx); err != nil {
			return &conclusionError{err}
		}
		return nil
	})
}

// A conclusionError says that a conclusion could not be written; the job can
// still be ended without it.
type conclusionError struct{ err error }

func (e *conclusionError) Error() string { return "conclude job: " + e.err.Error() }

// Unwrap gives the cause.
func (e *conclusionError) Unwrap() error { return e.err }

// requeue gives the job back. A shutdown does not count as an attempt.
func (l *Lease) requeue(ctx context.Context, attempts int) error {
	return l.t.db.Write(ctx, func(tx *store.Tx) error {
		return l.fenced(tx, `state = 'queued', attempts = ?, node = '', run = '', lease = 0`, attempts)
	})
}

// clip bounds the text of an error.
func clip(s string) string {
	const most = 4096
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func (t *Table) leaseEnd(tx *store.Tx) int64 { return tx.Now().Add(t.o.Lease).UnixMicro() }

// free selects the oldest job that may be leased: queued, or leased by a run
// that is dead (an earlier one of this node, or one that did not renew), of a
// CID that does not run its share already.
const free = `SELECT ` + columns + ` FROM job AS j
	WHERE state IN ('queued', 'running') AND kind IN (%s)
	AND (state = 'queued' OR state = 'running' AND run <> ? AND (node = ? OR lease < ?))
	AND (SELECT count(*) FROM job AS r WHERE r.cid = j.cid AND r.state = 'running' AND r.id <> j.id) < ?
	ORDER BY created, id LIMIT 1`

func (t *Table) next(tx *store.Tx, kinds []string) (Job, error) {
	query := fmt.Sprintf(free, strings.TrimSuffix(strings.Repeat("?,", len(kinds)), ","))
	args := make([]any, 0, len(kinds)+4)
	for _, k := range kinds {
		args = append(args, k)
	}
	args = append(args, t.run, t.o.Node, tx.Now().UnixMicro(), t.o.MaxRunning)
	return scan(tx.QueryRow(query, args...))
}

// lease takes the next job, or gives nil when there is none. A job that was
// interrupted too often fails here, so that it cannot take the server down for
// ever. The handler's context descends from base.
func (t *Table) lease(ctx, base context.Context, kinds []string) (*Lease, error) {
	// Looking costs the writer nothing.
	err := t.db.Read(ctx, func(tx *store.Tx) error {
		_, err := t.next(tx, kinds)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var l *Lease
	err = t.db.Write(ctx, func(tx *store.Tx) error {
		l = nil
		for {
			j, err := t.next(tx, kinds)
			if errors.Is(err, sql.ErrNoRows) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("find a job: %w", err)
			}
			if j.Attempts < t.o.MaxAttempts {
				l, err = t.take(tx, j)
				if err == nil {
					l.work, l.stop = context.WithCancelCause(base)
					// A cancel can only commit after this, and then finds it.
					tx.OnCommit(func() { t.begin(l) })
				}
				return err
			}
			if err := t.giveUp(tx, j); err != nil {
				return err
			}
			tx.OnCommit(func() { t.ended(j.ID) })
		}
	})
	return l, err
}

func (t *Table) take(tx *store.Tx, j Job) (*Lease, error) {
	now := tx.Now()
	if j.Started.IsZero() {
		j.Started = instant(now.UnixMicro())
	}
	j.State, j.Attempts, j.Epoch = Running, j.Attempts+1, j.Epoch+1
	_, err := tx.Exec(`UPDATE job SET state = 'running', started = ?, attempts = ?, epoch = ?, node = ?, run = ?, lease = ?
		WHERE id = ?`, j.Started.UnixMicro(), j.Attempts, j.Epoch, t.o.Node, t.run, t.leaseEnd(tx), j.ID)
	if err != nil {
		return nil, fmt.Errorf("lease job: %w", err)
	}
	return &Lease{t: t, job: j}, nil
}

func (t *Table) giveUp(tx *store.Tx, j Job) error {
	_, err := tx.Exec(`UPDATE job SET state = 'failed', error = ?, finished = ?, epoch = epoch + 1, node = '', run = '', lease = 0
		WHERE id = ?`, fmt.Sprintf("interrupted %d times", j.Attempts), tx.Now().UnixMicro(), j.ID)
	if err != nil {
		return fmt.Errorf("fail job: %w", err)
	}
	return nil
}
