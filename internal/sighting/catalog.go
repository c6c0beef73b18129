package sighting

import (
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/mewshq/mews/internal/store"
)

// A runRow is what the catalog says of one run.
type runRow struct {
	id      uint64
	cid     store.CID
	bytes   int64
	entries int64
	span
}

// runRows lists the runs of all customers.
func runRows(tx *store.Tx) (rows []runRow, err error) {
	err = tx.Each(func(r *sql.Rows) error {
		var row runRow
		err := r.Scan(&row.id, &row.cid, &row.bytes, &row.entries, &row.oldest, &row.newest)
		rows = append(rows, row)
		return err
	}, `SELECT id, cid, bytes, entries, oldest, newest FROM sighting_run ORDER BY id`)
	return rows, err
}

func insertRun(tx *store.Tx, r runRow) error {
	_, err := tx.Exec(`INSERT INTO sighting_run (id, cid, bytes, entries, oldest, newest, created) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		int64(r.id), string(r.cid), r.bytes, r.entries, r.oldest, r.newest, tx.Now().UnixMicro())
	return err
}

// errMoved says that a run left the catalog while it was being merged.
var errMoved = errors.New("a run left the catalog meanwhile")

// deleteRun takes a run out. It must be there: what replaces it holds the same
// once more.
func deleteRun(tx *store.Tx, cid store.CID, id uint64) error {
	res, err := tx.Exec(`DELETE FROM sighting_run WHERE cid = ? AND id = ?`, string(cid), int64(id))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return errors.Join(fmt.Errorf("run %d: %w", id, errMoved), err)
	}
	return nil
}

// A call names an ingest call, so that its repetition is known.
type call struct {
	cid    store.CID
	client string
	name   string
	lines  []byte // SHA-256
}

// A callRow is what the catalog says of a counted call.
type callRow struct {
	lines  []byte
	answer string
}

// findCall gives what was kept of a call, if it was counted after a time.
func findCall(tx *store.Tx, c call, after time.Time) (row callRow, ok bool, err error) {
	err = tx.QueryRow(`SELECT lines, answer FROM sighting_call WHERE cid = ? AND client = ? AND name = ? AND created > ?`,
		string(c.cid), c.client, c.name, after.UnixMicro()).Scan(&row.lines, &row.answer)
	if errors.Is(err, sql.ErrNoRows) {
		return row, false, nil
	}
	return row, err == nil, err
}

// insertCall keeps a call, in the place of one of that name that is no longer
// kept.
func insertCall(tx *store.Tx, c call, answer string, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO sighting_call (cid, client, name, lines, answer, created) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (cid, client, name) DO UPDATE SET lines = excluded.lines, answer = excluded.answer, created = excluded.created`,
		string(c.cid), c.client, c.name, c.lines, answer, now.UnixMicro())
	return err
}

// deleteCalls forgets the calls of before a time, and tells how many.
func deleteCalls(tx *store.Tx, before time.Time, most int) (int64, error) {
	res, err := tx.Exec(`DELETE FROM sighting_call WHERE (cid, client, name) IN
		(SELECT cid, client, name FROM sighting_call WHERE created <= ? ORDER BY created LIMIT ?)`, before.UnixMicro(), most)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
