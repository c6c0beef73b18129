package facts

import (
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/store"
)

// version names what the stored facts were made by, "" when there are none.
func version(tx *store.Tx) (v string, err error) {
	err = tx.QueryRow(`SELECT value FROM meta WHERE key = 'facts'`).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, err
}

// begin forgets the facts of every other version.
func begin(tx *store.Tx, v string) error {
	for _, statement := range []string{`DELETE FROM fact_known`, `DELETE FROM fact_failed`, `DELETE FROM fact`} {
		if _, err := tx.Exec(statement); err != nil {
			return err
		}
	}
	_, err := tx.Exec(`INSERT INTO meta (key, value) VALUES ('facts', ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value`, v)
	return err
}

func knownRanges(tx *store.Tx, cid store.CID) (ranges, error) {
	rows, err := tx.Query(`SELECT first, last FROM fact_known WHERE cid = ? ORDER BY first`, string(cid))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out ranges
	for rows.Next() {
		var r [2]uint64
		if err := rows.Scan(&r[0], &r[1]); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return union(out), rows.Err()
}

// learn adds numbers to the known ones. Only rows that they touch are written.
func learn(tx *store.Tx, cid store.CID, more ranges) error {
	for _, r := range more {
		rows, err := tx.Query(`DELETE FROM fact_known WHERE cid = ? AND first <= ? AND last >= ? RETURNING first, last`,
			string(cid), r[1]+1, max(r[0], 1)-1)
		if err != nil {
			return err
		}
		for rows.Next() {
			var first, last uint64
			if err := rows.Scan(&first, &last); err != nil {
				return errors.Join(err, rows.Close())
			}
			r[0], r[1] = min(r[0], first), max(r[1], last)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO fact_known (cid, first, last) VALUES (?, ?, ?)`, string(cid), r[0], r[1]); err != nil {
			return err
		}
	}
	return nil
}

// stored tells whether a sample still has its row.
func stored(tx *store.Tx, seq uint64) (ok bool, err error) {
	err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM sample WHERE seq = ?)`, seq).Scan(&ok)
	return ok, err
}

const factsAtOnce = 64 // rows of one INSERT

func insertFacts(tx *store.Tx, seq uint64, facts []int64) error {
	for len(facts) > 0 {
		n := min(len(facts), factsAtOnce)
		var args []any
		for _, f := range facts[:n] {
			args = append(args, f, seq)
		}
		marks := strings.TrimSuffix(strings.Repeat("(?,?),", n), ",")
		// Two facts may have one hash.
		if _, err := tx.Exec(`INSERT OR IGNORE INTO fact (fact, seq) VALUES `+marks, args...); err != nil {
			return err
		}
		facts = facts[n:]
	}
	return nil
}

// filesWith lists the files with a fact, by rising number, at most n of them.
func filesWith(tx *store.Tx, fact int64, n int) ([]uint64, error) {
	return seqs(tx, `SELECT seq FROM fact WHERE fact = ? ORDER BY seq LIMIT ?`, fact, n)
}

// filesOfDigests lists the samples that have one of these MD5 or SHA-1 digests,
// by digest. It walks through all samples: rules that ask are rare, and an index
// on digests would cost every upload more than its record does.
func filesOfDigests(tx *store.Tx, cid store.CID, digests map[string]bool) (map[string][]uint64, error) {
	out := map[string][]uint64{}
	if len(digests) == 0 {
		return out, nil
	}
	rows, err := tx.Query(`SELECT seq, md5, sha1 FROM sample WHERE cid = ?`, string(cid))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var seq uint64
	var md5, sha1 sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&seq, &md5, &sha1); err != nil {
			return nil, err
		}
		for _, sum := range []sql.RawBytes{md5, sha1} {
			if digests[string(sum)] {
				out[string(sum)] = append(out[string(sum)], seq)
			}
		}
	}
	return out, rows.Err()
}

// newestFile is the highest number of a sample; what comes later has a higher one.
func newestFile(tx *store.Tx) (seq uint64, err error) {
	err = tx.QueryRow(`SELECT COALESCE(MAX(seq), 0) FROM sample`).Scan(&seq)
	return seq, err
}

func seqs(tx *store.Tx, query string, args ...any) ([]uint64, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []uint64
	for rows.Next() {
		var seq uint64
		if err := rows.Scan(&seq); err != nil {
			return nil, err
		}
		out = append(out, seq)
	}
	return out, rows.Err()
}

// A failure is a file that could not be described.
type failure struct {
	attempts int
	tried    time.Time
}

func failures(tx *store.Tx, cid store.CID) (map[uint64]failure, error) {
	rows, err := tx.Query(`SELECT seq, attempts, tried FROM fact_failed WHERE cid = ?`, string(cid))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := map[uint64]failure{}
	for rows.Next() {
		var seq uint64
		var f failure
		var tried int64
		if err := rows.Scan(&seq, &f.attempts, &tried); err != nil {
			return nil, err
		}
		f.tried = time.UnixMicro(tried)
		out[seq] = f
	}
	return out, rows.Err()
}

func insertFailure(tx *store.Tx, cid store.CID, seq uint64, f failure, reason string) error {
	_, err := tx.Exec(`INSERT INTO fact_failed (seq, cid, attempts, tried, reason) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (seq) DO UPDATE SET attempts = excluded.attempts, tried = excluded.tried, reason = excluded.reason`,
		seq, string(cid), f.attempts, f.tried.UnixMicro(), reason)
	return err
}

func deleteFailure(tx *store.Tx, seq uint64) error {
	_, err := tx.Exec(`DELETE FROM fact_failed WHERE seq = ?`, seq)
	return err
}

func countFailed(tx *store.Tx) (n int, err error) {
	err = tx.QueryRow(`SELECT COUNT(*) FROM fact_failed`).Scan(&n)
	return n, err
}

// countFiles counts a customer's samples with these numbers that searches see.
func countFiles(tx *store.Tx, cid store.CID, in ranges) (total int, err error) {
	for _, r := range in {
		var n int
		last := min(r[1], math.MaxInt64)
		if err := tx.QueryRow(`SELECT COUNT(*) FROM sample WHERE seq BETWEEN ? AND ? AND +cid = ? AND state IN (0, 3)`, r[0], last, string(cid)).Scan(&n); err != nil {
			return 0, fmt.Errorf("count files: %w", err)
		}
		total += n
	}
	return total, nil
}
