package quarantine

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// A target is a record on which an action acts.
type target struct {
	seq        int64
	id, sha256 string
	held       bool
}

// UpdateByIDs applies an action to records, all of them or none. A record on
// which it changes nothing is no error and does not count.
func (s *Service) UpdateByIDs(ctx context.Context, who store.Actor, u mews.QuarantineUpdate) (Update, error) {
	var out Update
	a, comment, err := readUpdate(u.Action, u.Comment)
	if err != nil {
		return out, err
	}
	ids, bad, err := collection.ReadIDs(u.IDs, maxIDs, parseRecordID)
	if err != nil {
		return out, outward.Error("update quarantined files", err)
	}
	var gone []string
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		targets, unknown, err := pick(tx, who.CID, a, ids)
		if err != nil {
			return err
		}
		out = Update{Affected: len(targets), Known: len(ids) - len(unknown), Unknown: append(bad, unknown...)}
		if gone, err = s.apply(tx, who, a, comment, targets); err != nil {
			return err
		}
		for _, t := range targets {
			if err := tx.Audit(audit(who, "quarantine."+a.name, "", comment, t.id)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Update{}, outward.Error(a.name+" quarantined files", err)
	}
	s.destroy(ctx, who.CID, gone)
	return out, nil
}

// readUpdate checks what both kinds of update say.
func readUpdate(name, comment string) (action, string, error) {
	a, err := parseAction(name)
	if err != nil {
		return a, "", err
	}
	var c checker
	comment = c.comment(comment)
	return a, comment, c.err
}

// pick gives those of ids on which the action changes something, and those that
// the customer does not have.
func pick(tx *store.Tx, cid store.CID, a action, ids []string) (targets []target, unknown []string, err error) {
	known := make(map[string]bool, len(ids))
	err = tx.Each(func(rows *sql.Rows) error {
		var t target
		var applies bool
		if err := rows.Scan(&t.seq, &t.id, &t.sha256, &t.held, &applies); err != nil {
			return err
		}
		known[t.id] = true
		if applies {
			targets = append(targets, t)
		}
		return nil
	}, `SELECT seq, id, sha256, held, `+a.applies()+` FROM quarantine WHERE cid = ? AND id IN `+store.Listed+` ORDER BY seq`,
		string(cid), store.List(ids))
	for _, id := range ids {
		if !known[id] {
			unknown = append(unknown, id)
		}
	}
	return targets, unknown, err
}

// UpdateByQuery applies an action to all records that a filter and a phrase
// select, on one snapshot and in one transaction. The two must not both be
// empty: everything is asked for by "*".
func (s *Service) UpdateByQuery(ctx context.Context, who store.Actor, u mews.QuarantineQueryUpdate) (Update, error) {
	a, comment, err := readUpdate(u.Action, u.Comment)
	if err != nil {
		return Update{}, err
	}
	filter, q := strings.TrimSpace(string(u.Filter)), strings.TrimSpace(u.Q)
	if filter == "" && q == "" {
		return Update{}, mews.Errorf(mews.ErrInvalid, `name the files by filter or q; filter "*" stands for all of them`)
	}
	where, err := s.records.Parse(filter, q)
	if err != nil {
		return Update{}, outward.Error(a.name+" quarantined files", err)
	}
	cond, args := where.SQL(who.CID)
	var gone []string
	var targets []target
	err = s.db.WriteLarge(ctx, func(tx *store.Tx) (err error) {
		if targets, err = s.find(tx, a, cond, args); err != nil || len(targets) == 0 {
			return err
		}
		if gone, err = s.apply(tx, who, a, comment, targets); err != nil {
			return err
		}
		ids := make([]string, len(targets))
		for i, t := range targets {
			ids[i] = t.id
		}
		return tx.Audit(audit(who, "quarantine."+a.name, "filter: "+filter+"; q: "+q, comment, ids...))
	})
	if err != nil {
		return Update{}, outward.Error(a.name+" quarantined files", err)
	}
	s.destroy(ctx, who.CID, gone)
	return Update{Affected: len(targets)}, nil
}

// find gives the records that a condition selects and on which the action
// changes something.
func (s *Service) find(tx *store.Tx, a action, cond string, args []any) (targets []target, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		var t target
		err := rows.Scan(&t.seq, &t.id, &t.sha256, &t.held)
		targets = append(targets, t)
		return err
	}, `SELECT seq, id, sha256, held FROM quarantine WHERE `+cond+` AND `+a.applies()+fmt.Sprintf(` LIMIT %d`, s.maxUpdate+1), args...)
	if err == nil && len(targets) > s.maxUpdate {
		err = mews.Errorf(mews.ErrInvalid, "more than %d files would change; narrow the filter, or raise quarantine.max_update", s.maxUpdate)
	}
	slices.SortFunc(targets, func(a, b target) int { return cmp.Compare(a.seq, b.seq) })
	return targets, err
}
