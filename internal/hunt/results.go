package hunt

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
)

// maxCrashes is how often a rule may kill the scanner on one file before the
// file is skipped for that rule.
const maxCrashes = 3

// save stores the batch's outcomes, the crashes and the cursor in one
// transaction of the lease. Plain "no match" and "result limit" are counted
// and not listed.
func (r *runner) save(ctx context.Context, next progress, decided []decision) error {
	text, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encode progress: %w", err)
	}
	err = r.lease.Save(ctx, text, func(tx *store.Tx) error {
		for _, d := range decided {
			if err := r.insert(tx, d); err != nil {
				return wrap("save outcome", err)
			}
		}
		return nil
	})
	return wrap("save progress", err)
}

func (r *runner) insert(tx *store.Tx, d decision) error {
	if d.crashed {
		_, err := tx.Exec(`INSERT INTO hunt_crash (cid, rule, sha256, crashes) VALUES (?, ?, ?, 2)
			ON CONFLICT DO UPDATE SET crashes = crashes + 2`, string(r.job.CID), r.hash, d.sha256[:])
		if err != nil {
			return err
		}
	}
	listed := d.outcome != yara.NoMatch && !(d.outcome == yara.Skipped && isCut(d.reason))
	if d.dropped || !listed {
		return nil
	}
	rules := []byte{}
	if len(d.rules) > 0 {
		plain, err := json.Marshal(d.rules)
		if err != nil {
			return err
		}
		rules = r.s.box.Seal(nil, nil, plain, []byte("result\x00"+r.job.ID))
	}
	_, err := tx.Exec(`INSERT INTO hunt_result (job, seq, sha256, outcome, reason, rules) VALUES (?, ?, ?, ?, ?, ?)`,
		r.job.ID, int64(d.seq), d.sha256[:], string(d.outcome), d.reason, rules)
	return err
}

// isCut tells that a reason speaks of the whole rest and not of one file.
func isCut(reason string) bool {
	return reason == reasonLimit || reason == reasonCandidates || reason == reasonTime
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
	for rows.Next() {
		var seq int64
		var sum, rules []byte
		var outcome, reason string
		if err := rows.Scan(&seq, &sum, &outcome, &reason, &rules); err != nil {
			return nil, err
		}
		if len(sum) != 32 {
			return nil, fmt.Errorf("outcome %d of request %s is damaged", seq, job)
		}
		d := decision{seq: uint64(seq), sha256: [32]byte(sum), outcome: yara.Outcome(outcome), reason: reason}
		if d.rules, err = s.openRules(job, rules); err != nil {
			return nil, err
		}
		out = append(out, d)
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
