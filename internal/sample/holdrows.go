package sample

import (
	"strings"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/store"
)

func insertHold(tx *store.Tx, cid store.CID, sum [32]byte, holder string) error {
	_, err := tx.Exec(`INSERT INTO sample_hold (cid, sha256, holder) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
		string(cid), sum[:], holder)
	return err
}

// deleteHolds ends holdings whose digests are sums, in the same order.
func deleteHolds(tx *store.Tx, cid store.CID, sums []any, holdings []Holding) error {
	args := make([]any, 0, 1+2*len(sums))
	args = append(args, string(cid))
	for i, h := range holdings {
		args = append(args, sums[i], h.Holder)
	}
	pairs := strings.TrimSuffix(strings.Repeat("(?,?),", len(sums)), ",")
	_, err := tx.Exec(`DELETE FROM sample_hold WHERE cid = ? AND (sha256, holder) IN (VALUES `+pairs+`)`, args...)
	return err
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

// markUnheld marks those of sums as being deleted that are in a state of held
// samples and that nobody holds.
func markUnheld(tx *store.Tx, cid store.CID, state int, sums []any) (out []freed, err error) {
	args := append([]any{deleting, string(cid), state}, sums...)
	rows, err := tx.Query(`UPDATE sample SET state = ? WHERE cid = ? AND state = ? AND sha256 IN (`+marks(len(sums))+`)
		AND NOT EXISTS (SELECT 1 FROM sample_hold h WHERE h.cid = sample.cid AND h.sha256 = sample.sha256)
		RETURNING seq, sha256`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f freed
		if err := rows.Scan(&f.seq, &f.sum); err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, rows.Err()
}

// present gives those of the digests whose bytes are stored and not being
// destroyed.
func present(tx *store.Tx, cid store.CID, sums ...any) (out [][]byte, err error) {
	rows, err := tx.Query(`SELECT sha256 FROM sample WHERE cid = ? AND state <> 1 AND sha256 IN (`+marks(len(sums))+`)`,
		append([]any{string(cid)}, sums...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var sum []byte
		if err := rows.Scan(&sum); err != nil {
			return nil, err
		}
		out = append(out, sum)
	}
	return out, rows.Err()
}

// doomed lists samples that are marked as being deleted; see finishPending.
func doomed(tx *store.Tx, cid store.CID, most int) (out []blob.Name, err error) {
	if most == 0 {
		most = -1
	}
	rows, err := tx.Query(`SELECT cid, sha256 FROM sample WHERE state = 1 AND (cid = ? OR ? = '') ORDER BY seq LIMIT ?`,
		string(cid), string(cid), most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name blob.Name
		var sum []byte
		if err := rows.Scan(&name.CID, &sum); err != nil {
			return nil, err
		}
		if len(sum) != len(name.SHA256) {
			continue // damaged: it names no blob
		}
		name.SHA256 = [32]byte(sum)
		out = append(out, name)
	}
	return out, rows.Err()
}

// heldIn lists up to n of a customer's samples in one of the two states of held
// samples.
func heldIn(tx *store.Tx, cid store.CID, state, n int) ([]Record, error) {
	return records(tx, `SELECT `+columns+` FROM sample WHERE state > 1 AND state = ? AND cid = ? ORDER BY seq LIMIT ?`, state, string(cid), n)
}
