package sample

import (
	"database/sql"
	"strings"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/store"
)

func insertHold(tx *store.Tx, cid store.CID, sum [32]byte, holder string) error {
	_, err := tx.Exec(`INSERT INTO sample_hold (cid, sha256, holder) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		string(cid), sum[:], holder)
	return err
}

func deleteHolds(tx *store.Tx, cid store.CID, ends []ending) error {
	args := make([]any, 0, 1+2*len(ends))
	args = append(args, string(cid))
	for _, e := range ends {
		args = append(args, e.sum[:], e.holder)
	}
	_, err := tx.Exec(deleteHoldsQuery(len(ends)), args...)
	return err
}

func deleteHoldsQuery(n int) string {
	return `DELETE FROM sample_hold WHERE cid = ? AND (sha256, holder) IN (VALUES ` + pairs(n) + `)`
}

func countHolders(tx *store.Tx, cid store.CID, sum [32]byte) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM sample_hold WHERE cid = ? AND sha256 = ?`, string(cid), sum[:]).Scan(&n)
	return n, err
}

// A freed sample is one that the last holder has let go.
type freed struct {
	seq uint64
	sum []byte
}

// unheld gives the samples of some endings that nobody holds.
func unheld(tx *store.Tx, cid store.CID, ends []ending) ([]freed, error) {
	args := []any{string(cid)}
	for _, e := range ends {
		args = append(args, e.sum[:])
	}
	return freeds(tx, unheldQuery(len(ends)), args...)
}

func unheldQuery(n int) string {
	return `SELECT seq, sha256 FROM sample WHERE cid = ? AND sha256 IN (` + store.Marks(n) + `)
		AND NOT EXISTS (SELECT 1 FROM sample_hold h WHERE h.cid = sample.cid AND h.sha256 = sample.sha256)`
}

// markDeleting marks those samples as being deleted that are in this state.
func markDeleting(tx *store.Tx, cid store.CID, state int, free []freed) ([]freed, error) {
	args := []any{deleting, string(cid), state}
	for _, f := range free {
		args = append(args, int64(f.seq))
	}
	return freeds(tx, markDeletingQuery(len(free)), args...)
}

// The plus keeps SQLite to the numbers, as in bySeq.
func markDeletingQuery(n int) string {
	return `UPDATE sample SET state = ? WHERE +cid = ? AND state = ? AND seq IN (` + store.Marks(n) + `) RETURNING seq, sha256`
}

func freeds(tx *store.Tx, query string, args ...any) (out []freed, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		var f freed
		err := rows.Scan(&f.seq, &f.sum)
		out = append(out, f)
		return err
	}, query, args...)
	return out, err
}

// present gives those of the digests whose bytes are stored and not being
// destroyed.
func present(tx *store.Tx, cid store.CID, sums ...any) (out [][]byte, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		var sum []byte
		err := rows.Scan(&sum)
		out = append(out, sum)
		return err
	}, presentQuery(len(sums)), append([]any{string(cid)}, sums...)...)
	return out, err
}

func presentQuery(n int) string {
	return `SELECT sha256 FROM sample WHERE cid = ? AND state <> 1 AND sha256 IN (` + store.Marks(n) + `)`
}

const doomedQuery = `SELECT cid, sha256 FROM sample WHERE state = 1 AND (cid = ? OR ? = '') ORDER BY seq LIMIT ?`

// doomed lists samples that are marked as being deleted; see finishPending.
func doomed(tx *store.Tx, cid store.CID, most int) (out []blob.Name, err error) {
	if most == 0 {
		most = -1
	}
	err = tx.Each(func(rows *sql.Rows) error {
		var name blob.Name
		var sum []byte
		if err := rows.Scan(&name.CID, &sum); err != nil {
			return err
		}
		if len(sum) != len(name.SHA256) {
			return nil // damaged: it names no blob
		}
		name.SHA256 = [32]byte(sum)
		out = append(out, name)
		return nil
	}, doomedQuery, string(cid), string(cid), most)
	return out, err
}

// heldIn lists up to n of a customer's samples in one of the two states of held
// samples.
func heldIn(tx *store.Tx, cid store.CID, state, n int) ([]Record, error) {
	return records(tx, heldInQuery, state, string(cid), n)
}

const (
	heldInQuery    = `SELECT ` + columns + ` FROM sample WHERE state > 1 AND state = ? AND cid = ? ORDER BY seq LIMIT ?`
	unsettledQuery = `SELECT COUNT(*) FROM sample WHERE state > 1 AND state = ? AND cid = ?`
)

// pairs gives n pairs of placeholders.
func pairs(n int) string { return strings.TrimSuffix(strings.Repeat("(?,?),", n), ",") }
