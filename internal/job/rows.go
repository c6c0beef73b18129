package job

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/mewshq/mews/internal/store"
)

func (o Options) withDefaults() Options {
	o.Log = cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	o.Node = cmp.Or(o.Node, "local")
	o.MaxRunning = cmp.Or(o.MaxRunning, 2)
	o.MaxQueued = cmp.Or(o.MaxQueued, 50)
	o.MaxAttempts = cmp.Or(o.MaxAttempts, 5)
	o.Lease = cmp.Or(o.Lease, 30*time.Second)
	o.Poll = cmp.Or(o.Poll, 2*time.Second)
	o.Keep = cmp.Or(o.Keep, 24*time.Hour)
	return o
}

// newID makes a random uuid (version 4).
func newID(r io.Reader) string {
	var b [16]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		panic("no randomness: " + err.Error()) // the system's source never fails
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// list reads jobs inside a transaction.
func list(tx *store.Tx, query string, args ...any) ([]Job, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	defer rows.Close()
	var out []Job
	for rows.Next() {
		j, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list jobs: %w", err)
		}
		out = append(out, j)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	return out, nil
}

func scan(row interface{ Scan(...any) error }) (Job, error) {
	var j Job
	var created, started, finished int64
	err := row.Scan(&j.ID, &j.CID, &j.Client, &j.Kind, &j.State, &j.Payload, &j.Progress, &j.Error,
		&created, &started, &finished, &j.Attempts, &j.Epoch)
	j.Created, j.Started, j.Finished = instant(created), instant(started), instant(finished)
	return j, err
}

func instant(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// blob keeps an absent value from becoming NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
