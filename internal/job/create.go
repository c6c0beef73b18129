package job

import (
	"context"
	"fmt"

	"github.com/mewshq/mews/internal/store"
)

// Create adds a job in the caller's transaction and gives its id. Only CID,
// Client, Kind and Payload of j are read. Where Run has a worker to spare, the
// job is leased in the same commit; otherwise it waits in the queue.
func (t *Table) Create(tx *store.Tx, j Job) (id string, err error) {
	var queued, running int
	err = tx.QueryRow(`SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'running')
		FROM job WHERE cid = ? AND state IN ('queued', 'running')`, string(j.CID)).Scan(&queued, &running)
	if err != nil {
		return "", fmt.Errorf("count jobs: %w", err)
	}
	if queued >= t.o.MaxQueued {
		return "", fmt.Errorf("%w: %d of %d", ErrQueueFull, queued, t.o.MaxQueued)
	}
	j.State = Queued
	if queued == 0 && running < t.o.MaxRunning && t.spare(j.Kind) {
		return t.insertLeased(tx, j)
	}
	if err := t.insert(tx, &j, 0, ""); err != nil {
		return "", fmt.Errorf("create job: %w", err)
	}
	tx.OnCommit(t.nudge)
	return j.ID, nil
}

// Record adds a job that has nothing left to do: it is done, with the progress
// of j, which is read beside what Create reads.
func (t *Table) Record(tx *store.Tx, j Job) (id string, err error) {
	j.State = Done
	j.Started = instant(tx.Now().UnixMicro())
	j.Finished = j.Started
	if err := t.insert(tx, &j, 0, ""); err != nil {
		return "", fmt.Errorf("record job: %w", err)
	}
	return j.ID, nil
}

// insertLeased adds a job whose first lease is ours.
func (t *Table) insertLeased(tx *store.Tx, j Job) (string, error) {
	j.State, j.Attempts, j.Epoch = Running, 1, 1
	j.Started = instant(tx.Now().UnixMicro())
	j.Progress, j.Finished = nil, instant(0)
	if err := t.insert(tx, &j, t.leaseEnd(tx), t.run); err != nil {
		return "", fmt.Errorf("create job: %w", err)
	}
	l := &Lease{t: t, job: j}
	l.work, l.stop = context.WithCancelCause(context.Background())
	tx.OnCommit(func() { t.begin(l); t.hand(l) })
	return j.ID, nil
}

// insert gives j its id and creation time and writes its row. A job with a lease
// belongs to this node.
func (t *Table) insert(tx *store.Tx, j *Job, lease int64, run string) error {
	j.ID, j.Created = newID(t.o.Rand), instant(tx.Now().UnixMicro())
	node := ""
	if run != "" {
		node = t.o.Node
	}
	_, err := tx.Exec(`INSERT INTO job (id, cid, client, kind, state, payload, progress, error, created, started,
		finished, attempts, epoch, node, run, lease) VALUES (?, ?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, ?, ?, ?)`,
		j.ID, string(j.CID), j.Client, j.Kind, j.State, blob(j.Payload), blob(j.Progress), micros(j.Created), micros(j.Started),
		micros(j.Finished), j.Attempts, j.Epoch, node, run, lease)
	return err
}

// spare tells whether Run works on this kind and has a worker without a job. It
// may be taken before it is asked to work; then the lease waits for the next.
func (t *Table) spare(kind string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kinds[kind] && t.idle > len(t.handed)
}

// hand gives Run a lease to start.
func (t *Table) hand(l *Lease) {
	t.mu.Lock()
	t.handed = append(t.handed, l)
	t.mu.Unlock()
	t.nudge()
}

// nextHanded gives a handed lease, or nil.
func (t *Table) nextHanded() *Lease {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.handed) == 0 {
		return nil
	}
	l := t.handed[0]
	t.handed = t.handed[1:]
	return l
}
