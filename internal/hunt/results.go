package hunt

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
)

// maxCrashes is how often a rule may kill the scanner on one file before the
// file is skipped for that rule.
const maxCrashes = 3

// save stores what was decided since the last time, with the cursor, in one
// transaction of the lease.
func (r *runner) save(ctx context.Context) error {
	text, write, err := r.unsaved()
	if err != nil {
		return err
	}
	if err := r.lease.Save(ctx, text, write); err != nil {
		return wrap("save progress", err)
	}
	r.pending, r.saved = r.pending[:0], r.s.now()
	return nil
}

// conclude is save in the commit that ends the job.
func (r *runner) conclude() error {
	text, write, err := r.unsaved()
	if err == nil {
		r.lease.Conclude(text, write)
	}
	return err
}

// unsaved encodes the progress and what must be written with it. Plain "no
// match", and what was cut off, is counted and not listed.
func (r *runner) unsaved() (progress []byte, write func(*store.Tx) error, err error) {
	if progress, err = json.Marshal(r.progress); err != nil {
		return nil, nil, fmt.Errorf("encode progress: %w", err)
	}
	var rows []any // six values each
	var crashed [][32]byte
	for _, d := range r.pending {
		if d.crashed {
			crashed = append(crashed, d.sha256)
		}
		if d.dropped || d.outcome == yara.NoMatch || d.outcome == yara.Skipped && isCut(d.reason) {
			continue
		}
		rules, err := r.seal(d.rules)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, r.job.ID, int64(d.seq), d.sha256[:], string(d.outcome), d.reason, rules)
	}
	return progress, func(tx *store.Tx) error {
		return errors.Join(insertOutcomes(tx, rows), r.noteCrashes(tx, crashed))
	}, nil
}

// seal makes the stored form of the names of rules. Files that match the same
// rules share it.
func (r *runner) seal(rules []string) ([]byte, error) {
	if len(rules) == 0 {
		return []byte{}, nil
	}
	plain, err := json.Marshal(rules)
	if err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	sealed := r.sealed[string(plain)]
	if sealed == nil {
		sealed = r.s.box.Seal(nil, nil, plain, []byte("result\x00"+r.job.ID))
		r.sealed[string(plain)] = sealed
	}
	return sealed, nil
}

// insertOutcomes writes rows of six values with few statements, of few texts.
func insertOutcomes(tx *store.Tx, rows []any) error {
	const columns = 6
	for _, n := range []int{100, 10, 1} {
		text := `INSERT INTO hunt_result (job, seq, sha256, outcome, reason, rules) VALUES (?, ?, ?, ?, ?, ?)` +
			strings.Repeat(`, (?, ?, ?, ?, ?, ?)`, n-1)
		for len(rows) >= n*columns {
			if _, err := tx.Exec(text, rows[:n*columns]...); err != nil {
				return wrap("save outcomes", err)
			}
			rows = rows[n*columns:]
		}
	}
	return nil
}

// noteCrashes counts the scanners that files have cost: each was tried twice.
func (r *runner) noteCrashes(tx *store.Tx, sums [][32]byte) error {
	for _, sum := range sums {
		_, err := tx.Exec(`INSERT INTO hunt_crash (cid, rule, sha256, crashes) VALUES (?, ?, ?, 2)
			ON CONFLICT DO UPDATE SET crashes = crashes + 2`, string(r.job.CID), r.hash, sum[:])
		if err != nil {
			return wrap("save crash", err)
		}
	}
	return nil
}

// isCut tells that a reason speaks of the whole rest and not of one file.
func isCut(reason string) bool {
	return reason == reasonLimit || reason == reasonCandidates || reason == reasonBytes || reason == reasonTime
}

// crashes lists the files on which this rule has killed the scanner.
func (s *Service) crashes(ctx context.Context, cid store.CID, rule []byte) (map[[32]byte]int, error) {
	out := map[[32]byte]int{}
	if rule == nil {
		return out, nil
	}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT sha256, crashes FROM hunt_crash WHERE cid = ? AND rule = ? LIMIT 10000`, string(cid), rule)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var sum []byte
			var n int
			if err := rows.Scan(&sum, &n); err != nil {
				return err
			}
			if len(sum) == 32 {
				out[[32]byte(sum)] = n
			}
		}
		return rows.Err()
	})
	return out, wrap("read crash list", err)
}

// outcomes reads the listed outcomes of a job, newest sample first.
func (s *Service) outcomes(tx *store.Tx, job string) ([]decision, error) {
	rows, err := tx.Query(`SELECT seq, sha256, outcome, reason, rules FROM hunt_result WHERE job = ? ORDER BY seq DESC`, job)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []decision
	opened := map[string][]string{} // many files match the same rules
	for rows.Next() {
		var seq int64
		var sum, rules sql.RawBytes
		var outcome, reason string
		if err := rows.Scan(&seq, &sum, &outcome, &reason, &rules); err != nil {
			return nil, err
		}
		if len(sum) != 32 {
			return nil, fmt.Errorf("outcome %d of request %s is damaged", seq, job)
		}
		names, ok := opened[string(rules)]
		if !ok {
			if names, err = s.openRules(job, rules); err != nil {
				return nil, err
			}
			opened[string(rules)] = names
		}
		out = append(out, decision{seq: uint64(seq), sha256: [32]byte(sum), outcome: yara.Outcome(outcome), reason: reason, rules: names})
	}
	return out, rows.Err()
}

func (s *Service) openRules(job string, sealed []byte) ([]string, error) {
	if len(sealed) == 0 {
		return nil, nil
	}
	plain, err := s.box.Open(nil, nil, sealed, []byte("result\x00"+job))
	if err != nil {
		return nil, fmt.Errorf("stored result of request %s does not authenticate", job)
	}
	var names []string
	return names, wrap("decode result", json.Unmarshal(plain, &names))
}
