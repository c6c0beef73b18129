package quarantine

import (
	"database/sql"
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// newChange notes what a call does; the records it does it to follow by
// newEvents.
func newChange(tx *store.Tx, who store.Actor, now int64, event, comment string) (seq int64, err error) {
	res, err := tx.Exec(`INSERT INTO quarantine_change (cid, time, client, event, comment) VALUES (?,?,?,?,?)`,
		string(who.CID), now, who.Client, event, comment)
	if err != nil {
		return 0, fmt.Errorf("note change: %w", err)
	}
	return res.LastInsertId()
}

// newEvents puts a change into the histories of records. A single one gets a
// statement of its own: after each statement that may write several rows SQLite
// walks through all that the transaction has written, so that an import of many
// records would take time with the square of their number.
func newEvents(tx *store.Tx, change int64, records ...int64) error {
	var err error
	if len(records) == 1 {
		_, err = tx.Exec(`INSERT INTO quarantine_event (record, change) VALUES (?,?)`, records[0], change)
	} else {
		_, err = tx.Exec(`INSERT INTO quarantine_event (record, change) SELECT value, ? FROM json_each(?)`, change, store.List(records))
	}
	if err != nil {
		return fmt.Errorf("note events: %w", err)
	}
	return nil
}

// histories gives the events of records, oldest first, by record.
func histories(tx *store.Tx, cid store.CID, records []int64) (map[int64][]mews.QuarantineEvent, error) {
	out := map[int64][]mews.QuarantineEvent{}
	err := tx.Each(func(rows *sql.Rows) error {
		var seq, at int64
		var e mews.QuarantineEvent
		if err := rows.Scan(&seq, &at, &e.Client, &e.Event, &e.Comment); err != nil {
			return err
		}
		e.Time = stamp(at)
		out[seq] = append(out[seq], e)
		return nil
	}, `SELECT e.record, c.time, c.client, c.event, c.comment FROM quarantine_event e
		JOIN quarantine_change c ON c.seq = e.change AND c.cid = ?
		WHERE e.record IN `+store.Listed+` ORDER BY e.record, e.change`, string(cid), store.List(records))
	if err != nil {
		return nil, fmt.Errorf("read histories: %w", err)
	}
	return out, nil
}
