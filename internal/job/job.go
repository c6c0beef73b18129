// Package job keeps work that outlives a request in a table of the store: jobs
// are leased with a fencing epoch, resume after a restart, can be cancelled, and
// end as done, failed or cancelled, never with visible effects twice.
package job

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/mewshq/mews/internal/store"
)

// What callers branch on.
var (
	// ErrNotFound: the CID has no such job. Another CID's job looks the same.
	ErrNotFound = errors.New("no such job")
	// ErrQueueFull: the CID has as many queued jobs as it may.
	ErrQueueFull = errors.New("too many queued jobs")
	// ErrLost: the lease is gone. Nothing was written; the handler must stop.
	ErrLost = errors.New("lease lost")
	// ErrRetry, wrapped in a handler's error, puts the job back into the queue
	// until its attempts are used up.
	ErrRetry = errors.New("try again")

	// Causes of a handler's cancelled context.
	ErrCancelled = errors.New("job was cancelled")
	ErrShutdown  = errors.New("server shuts down")
)

// States of a job. The last three are final.
const (
	Queued    = "queued"
	Running   = "running"
	Done      = "done"
	Failed    = "failed"
	Cancelled = "cancelled"
)

// A Job is a piece of work as it stands in the table.
type Job struct {
	ID     string // uuid
	CID    store.CID
	Client string // API client that asked for it
	Kind   string // selects the handler
	State  string

	Payload  []byte // what to do; written once
	Progress []byte // what was done so far; the handler's own format
	Error    string // why it failed

	Created, Started, Finished time.Time // zero: not yet

	Attempts int   // leases that did not end by a shutdown
	Epoch    int64 // grows with every lease
}

// Final tells whether the job will not change any more.
func (j *Job) Final() bool { return j.State == Done || j.State == Failed || j.State == Cancelled }

// Options of a table; the zero value has the defaults.
type Options struct {
	Log  *slog.Logger // default: discards
	Rand io.Reader    // ids; default: crypto/rand

	// Node names this server among those that share the table, and must stay
	// the same over restarts: a lease of an earlier run of the same node is
	// known to be dead. Default "local".
	Node string

	MaxRunning  int           // per CID; default 2
	MaxQueued   int           // per CID; default 50
	MaxAttempts int           // leases before a job fails; default 5
	Lease       time.Duration // default 30 s; renewed at a third of it
	Poll        time.Duration // how often other nodes' changes are looked for; default 2 s
	Keep        time.Duration // how long a finished job stays; default 24 h

	// Purge deletes what belongs to a job, in the transaction that deletes it.
	Purge func(tx *store.Tx, j Job) error
}

// A Table is the job table with its runner. Its methods may be used from many
// goroutines.
type Table struct {
	db   *store.DB
	o    Options
	run  string // this run of this node
	wake chan struct{}

	mu      sync.Mutex
	active  map[string]*Lease
	kinds   map[string]bool // that Run works on; nil: it is not running
	idle    int             // workers of Run without a job
	handed  []*Lease        // taken by Create; Run starts them before any other
	watched map[string]*watch
}

// New makes a table over a store.
func New(db *store.DB, o Options) *Table {
	t := &Table{
		db: db, o: o.withDefaults(), wake: make(chan struct{}, 1),
		active: map[string]*Lease{}, watched: map[string]*watch{},
	}
	t.run = newID(t.o.Rand)
	return t
}

const columns = `id, cid, client, kind, state, payload, progress, error, created, started, finished, attempts, epoch`

// Get reads one job of a CID.
func (t *Table) Get(ctx context.Context, cid store.CID, id string) (j Job, err error) {
	err = t.db.Read(ctx, func(tx *store.Tx) error {
		j, err = t.GetTx(tx, cid, id)
		return err
	})
	return j, err
}

// GetTx is Get inside a transaction.
func (t *Table) GetTx(tx *store.Tx, cid store.CID, id string) (Job, error) {
	j, err := scan(tx.QueryRow(`SELECT `+columns+` FROM job WHERE id = ? AND cid = ?`, id, string(cid)))
	if errors.Is(err, sql.ErrNoRows) {
		return Job{}, ErrNotFound
	}
	if err != nil {
		return Job{}, fmt.Errorf("read job: %w", err)
	}
	return j, nil
}

// Cancel ends a job at once: from here on its handler can write nothing, and
// its context is cancelled. A job that has ended stays as it is. What also does
// is part of the transaction, and is skipped when the job had ended.
func (t *Table) Cancel(ctx context.Context, cid store.CID, id string, also ...func(*store.Tx) error) error {
	return t.db.Write(ctx, func(tx *store.Tx) error {
		j, err := t.GetTx(tx, cid, id)
		if err != nil || j.Final() {
			return err
		}
		_, err = tx.Exec(`UPDATE job SET state = 'cancelled', finished = ?, epoch = epoch + 1, node = '', run = '', lease = 0
			WHERE id = ?`, tx.Now().UnixMicro(), id)
		if err != nil {
			return fmt.Errorf("cancel job: %w", err)
		}
		for _, fn := range also {
			if err := fn(tx); err != nil {
				return err
			}
		}
		tx.OnCommit(func() { t.stop(id, j.Epoch, ErrCancelled); t.ended(id); t.nudge() })
		return nil
	})
}

// Counts tells how many jobs are in each state.
func (t *Table) Counts(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	err := t.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT state, count(*) FROM job GROUP BY state`)
		if err != nil {
			return fmt.Errorf("count jobs: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			var state string
			var n int
			if err := rows.Scan(&state, &n); err != nil {
				return fmt.Errorf("count jobs: %w", err)
			}
			out[state] = n
		}
		return rows.Err()
	})
	return out, err
}

// purge deletes jobs that ended long ago, a few per transaction, and tells how
// many it deleted.
func (t *Table) purge(ctx context.Context) (n int, err error) {
	err = t.db.Write(ctx, func(tx *store.Tx) error {
		n = 0
		old, err := list(tx, `SELECT `+columns+` FROM job WHERE finished > 0 AND finished <= ? ORDER BY finished LIMIT 20`,
			tx.Now().Add(-t.o.Keep).UnixMicro())
		if err != nil {
			return err
		}
		for _, j := range old {
			if t.o.Purge != nil {
				if err := t.o.Purge(tx, j); err != nil {
					return fmt.Errorf("purge job %s: %w", j.ID, err)
				}
			}
			if _, err := tx.Exec(`DELETE FROM job WHERE id = ?`, j.ID); err != nil {
				return fmt.Errorf("purge job %s: %w", j.ID, err)
			}
			n++
		}
		return nil
	})
	return n, err
}

// nudge has the runner look for work now.
func (t *Table) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}
