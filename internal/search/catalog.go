package search

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

// A segmentRow is what the catalog says of one segment. It is compared with
// what the file says, so it holds comparable fields only.
type segmentRow struct {
	id             uint64
	cid            store.CID
	minSeq, maxSeq uint64
	files, columns int
	bytes          int64 // of the segment file
	corpus         int64 // plain bytes of its files, dead ones included
	stale          bool
}

// chunk bounds the host parameters of one statement.
const chunk = 500

func segmentRows(tx *store.Tx) ([]segmentRow, error) {
	return queryAll(tx, func(rows *sql.Rows) (r segmentRow, err error) {
		err = rows.Scan(&r.id, &r.cid, &r.minSeq, &r.maxSeq, &r.files, &r.columns, &r.bytes, &r.corpus, &r.stale)
		return r, err
	}, `SELECT id, cid, min_seq, max_seq, files, columns, bytes, corpus, stale FROM index_segment ORDER BY id`)
}

func insertSegment(tx *store.Tx, r segmentRow, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO index_segment (id, cid, min_seq, max_seq, files, columns, bytes, corpus, stale, created)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		int64(r.id), string(r.cid), int64(r.minSeq), int64(r.maxSeq), r.files, r.columns, r.bytes, r.corpus, r.stale, now.UnixMilli())
	return err
}

// deleteSegment removes a segment's rows. No file row may name it any more.
func deleteSegment(tx *store.Tx, id uint64) error {
	if _, err := tx.Exec(`DELETE FROM index_dead WHERE segment = ?`, int64(id)); err != nil {
		return err
	}
	_, err := tx.Exec(`DELETE FROM index_segment WHERE id = ?`, int64(id))
	return err
}

// requeueFiles sends the files that the catalog places in a segment back to the
// tail, and removes the segment's rows.
func requeueFiles(tx *store.Tx, segment uint64) ([]queuedRow, error) {
	left, err := queuedRows(tx, `segment = ?`, int64(segment))
	if err != nil {
		return nil, err
	}
	if _, err := tx.Exec(`UPDATE index_file SET segment = NULL WHERE segment = ?`, int64(segment)); err != nil {
		return nil, err
	}
	return left, deleteSegment(tx, segment)
}

// A queuedRow is a file that waits to be indexed.
type queuedRow struct {
	cid    store.CID
	file   index.File
	queued time.Time
}

func queuedRows(tx *store.Tx, where string, args ...any) ([]queuedRow, error) {
	return queryAll(tx, func(rows *sql.Rows) (q queuedRow, err error) {
		var sha []byte
		var ms int64
		if err := rows.Scan(&q.cid, &q.file.Seq, &sha, &q.file.Size, &q.file.Type, &ms); err != nil {
			return q, err
		}
		if copy(q.file.SHA256[:], sha) != len(q.file.SHA256) {
			return q, fmt.Errorf("index catalog: file %d has a digest of %d bytes", q.file.Seq, len(sha))
		}
		q.queued = time.UnixMilli(ms)
		return q, nil
	}, `SELECT cid, seq, sha256, size, type, queued FROM index_file WHERE `+where+` ORDER BY cid, seq`, args...)
}

func insertFile(tx *store.Tx, cid store.CID, f index.File, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO index_file (cid, seq, sha256, size, type, segment, queued) VALUES (?, ?, ?, ?, ?, NULL, ?)`,
		string(cid), int64(f.Seq), f.SHA256[:], f.Size, f.Type, now.UnixMilli())
	return err
}

// deleteFile removes a file's row and tells the segment that holds it: 0 when
// it was in the tail, ok false when it was not known.
func deleteFile(tx *store.Tx, cid store.CID, seq uint64) (segment uint64, ok bool, err error) {
	var id sql.NullInt64
	err = tx.QueryRow(`DELETE FROM index_file WHERE cid = ? AND seq = ? RETURNING segment`, string(cid), int64(seq)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return uint64(id.Int64), err == nil, err
}

func insertDead(tx *store.Tx, segment uint64, seqs ...uint64) error {
	for part := range chunks(seqs) {
		args := make([]any, 0, 2*len(part))
		for _, seq := range part {
			args = append(args, int64(segment), int64(seq))
		}
		values := strings.TrimSuffix(strings.Repeat("(?, ?),", len(part)), ",")
		if _, err := tx.Exec(`INSERT INTO index_dead (segment, seq) VALUES `+values+` ON CONFLICT DO NOTHING`, args...); err != nil {
			return err
		}
	}
	return nil
}

func deadRows(tx *store.Tx, segment uint64) ([]uint64, error) {
	return queryAll(tx, scanSeq, `SELECT seq FROM index_dead WHERE segment = ? ORDER BY seq`, int64(segment))
}

// filesOf lists the files that the catalog places in a segment.
func filesOf(tx *store.Tx, segment uint64) ([]uint64, error) {
	return queryAll(tx, scanSeq, `SELECT seq FROM index_file WHERE segment = ? ORDER BY seq`, int64(segment))
}

func hasFiles(tx *store.Tx, segment uint64) (yes bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM index_file WHERE segment = ?)`, int64(segment)).Scan(&yes)
	return yes, err
}

// placeFiles moves those of seqs that are still at from (0: the tail) to a
// segment, and returns them.
func placeFiles(tx *store.Tx, cid store.CID, seqs []uint64, from, to uint64) ([]uint64, error) {
	var moved []uint64
	for part := range chunks(seqs) {
		args := []any{int64(to), string(cid)}
		where := `segment IS NULL`
		if from != 0 {
			where = `segment = ?`
			args = append(args, int64(from))
		}
		for _, seq := range part {
			args = append(args, int64(seq))
		}
		marks := strings.TrimSuffix(strings.Repeat("?,", len(part)), ",")
		got, err := queryAll(tx, scanSeq,
			`UPDATE index_file SET segment = ? WHERE cid = ? AND `+where+` AND seq IN (`+marks+`) RETURNING seq`, args...)
		if err != nil {
			return nil, err
		}
		moved = append(moved, got...)
	}
	return moved, nil
}

func scanSeq(rows *sql.Rows) (seq uint64, err error) {
	err = rows.Scan(&seq)
	return seq, err
}

// queryAll runs a query and scans every row.
func queryAll[T any](tx *store.Tx, scan func(*sql.Rows) (T, error), query string, args ...any) (out []T, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

// chunks cuts a list into parts that fit one statement.
func chunks(seqs []uint64) func(yield func([]uint64) bool) {
	return func(yield func([]uint64) bool) {
		for len(seqs) > 0 {
			n := min(chunk, len(seqs))
			if !yield(seqs[:n]) {
				return
			}
			seqs = seqs[n:]
		}
	}
}
