package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Bounds of what a host gets and answers at a time.
const (
	defaultActions = 100
	maxActions     = 1000
)

// withdraw takes back what hosts were asked to do about records and have not
// fetched: a host that was away must not carry out what is no longer wanted.
// What a host has fetched it may have done, so that stays for its answer.
func withdraw(tx *store.Tx, cid store.CID, now int64, records []int64) error {
	_, err := tx.Exec(`UPDATE quarantine_action SET state = 'withdrawn', updated = ?
		WHERE +cid = ? AND state = 'pending' AND fetched = 0 AND record IN `+store.Listed, now, string(cid), store.List(records))
	if err != nil {
		return fmt.Errorf("withdraw host actions: %w", err)
	}
	return nil
}

// ask appends what the hosts of records are to do.
func ask(tx *store.Tx, cid store.CID, now, change int64, records []int64) error {
	_, err := tx.Exec(`INSERT INTO quarantine_action (cid, aid, record, change, state, fetched, updated, reason)
		SELECT cid, aid, seq, ?, 'pending', 0, ?, '' FROM quarantine WHERE +cid = ? AND seq IN `+store.Listed+` ORDER BY seq`,
		change, now, string(cid), store.List(records))
	if err != nil {
		return fmt.Errorf("queue host actions: %w", err)
	}
	return nil
}

// Actions gives what a host is to do and has not acknowledged, in order; limit 0
// stands for 100. From now on the host has fetched them, and counts as served by
// an agent.
func (s *Service) Actions(ctx context.Context, who store.Actor, aid string, limit int) ([]mews.HostAction, error) {
	aid, ok := host.ParseID(aid)
	if !ok {
		return nil, mews.Errorf(mews.ErrInvalid, "aid: expected 32 hex digits")
	}
	if limit == 0 {
		limit = defaultActions
	}
	if limit < 1 || limit > maxActions {
		return nil, mews.Errorf(mews.ErrInvalid, "limit must be 1..%d", maxActions)
	}
	var out []hostAction
	var news bool
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		out, news, err = s.pending(tx, who.CID, aid, limit)
		return err
	})
	if err == nil && news {
		err = s.db.Write(ctx, func(tx *store.Tx) (err error) {
			if out, _, err = s.pending(tx, who.CID, aid, limit); err != nil {
				return err
			}
			return s.fetched(tx, who.CID, aid, out)
		})
	}
	list := make([]mews.HostAction, len(out))
	for i, a := range out {
		list[i] = a.HostAction
	}
	return list, outward.Error("get host actions", err)
}

// A hostAction is a row of the queue with what belongs to it.
type hostAction struct {
	mews.HostAction
	seq, record int64
	fetched     bool
}

const selectActions = `SELECT a.seq, a.record, a.aid, q.id, q.sha256, c.event, a.state, c.comment, c.time, a.updated, a.reason,
	a.fetched > 0 FROM quarantine_action a
	JOIN quarantine_change c ON c.seq = a.change JOIN quarantine q ON q.seq = a.record
	WHERE a.cid = ? AND `

// loadActions gives actions without their paths.
func (s *Service) loadActions(tx *store.Tx, where string, args ...any) (out []hostAction, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		var a hostAction
		var created, updated int64
		err := rows.Scan(&a.seq, &a.record, &a.AID, &a.QuarantineID, &a.SHA256, &a.Action, &a.State, &a.Comment,
			&created, &updated, &a.Reason, &a.fetched)
		a.ID, a.DateCreated, a.DateUpdated = s.actionID(a.seq), stamp(created), stamp(updated)
		out = append(out, a)
		return err
	}, selectActions+where, args...)
	return out, err
}

// pending gives what a host is to do. news tells that it is to be noted that the
// host asks.
func (s *Service) pending(tx *store.Tx, cid store.CID, aid string, limit int) (out []hostAction, news bool, err error) {
	out, err = s.loadActions(tx, `a.aid = ? AND a.state = 'pending' ORDER BY a.seq LIMIT ?`, string(cid), aid, limit)
	if err != nil {
		return nil, false, err
	}
	records, err := recordsOf(tx, cid, out)
	for errors.Is(err, errLists) && len(out) > 1 {
		// A host asks for no less than it always does: it gets the first ones.
		out = out[:len(out)/2]
		records, err = recordsOf(tx, cid, out)
	}
	if err != nil {
		return nil, false, err
	}
	paths := make(map[int64][]mews.QuarantinePath, len(records))
	for _, r := range records {
		paths[r.seq] = r.wirePaths()
	}
	for i := range out {
		out[i].Paths = paths[out[i].record]
		news = news || !out[i].fetched
	}
	if !news {
		// Hosts without records leave no trace, whatever ids somebody makes up.
		err = tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM quarantine WHERE cid = ? AND aid = ?)
			AND NOT EXISTS (SELECT 1 FROM quarantine_agent WHERE cid = ? AND aid = ?)`,
			string(cid), aid, string(cid), aid).Scan(&news)
	}
	return out, news, err
}

// recordsOf gives the records of actions.
func recordsOf(tx *store.Tx, cid store.CID, actions []hostAction) ([]record, error) {
	ids := make([]string, len(actions))
	for i, a := range actions {
		ids[i] = a.QuarantineID
	}
	return loadIDs(tx, cid, ids...)
}

// fetched notes that a host has got actions.
func (s *Service) fetched(tx *store.Tx, cid store.CID, aid string, actions []hostAction) error {
	seqs := make([]int64, len(actions))
	for i, a := range actions {
		seqs[i] = a.seq
	}
	_, err := tx.Exec(`UPDATE quarantine_action SET fetched = ? WHERE +cid = ? AND fetched = 0 AND seq IN `+store.Listed,
		s.now().UnixMicro(), string(cid), store.List(seqs))
	if err != nil {
		return fmt.Errorf("note fetched actions: %w", err)
	}
	return s.sawAgent(tx, cid, aid)
}

// sawAgent notes that an agent serves a host.
func (s *Service) sawAgent(tx *store.Tx, cid store.CID, aid string) error {
	_, err := tx.Exec(`INSERT INTO quarantine_agent (cid, aid, seen) VALUES (?,?,?) ON CONFLICT DO NOTHING`,
		string(cid), aid, s.now().UnixMicro())
	if err != nil {
		return fmt.Errorf("note agent: %w", err)
	}
	return nil
}

// agentsOf tells which hosts of records are served by an agent.
func agentsOf(tx *store.Tx, cid store.CID, records []record) (map[string]bool, error) {
	var aids []string
	for _, r := range records {
		aids = append(aids, r.aid)
	}
	out := map[string]bool{}
	err := tx.Each(func(rows *sql.Rows) error {
		var aid string
		err := rows.Scan(&aid)
		out[aid] = true
		return err
	}, `SELECT aid FROM quarantine_agent WHERE cid = ? AND aid IN `+store.Listed, string(cid), store.List(aids))
	return out, err
}

// actionsOf gives the host actions of records, oldest first, by record.
func (s *Service) actionsOf(tx *store.Tx, cid store.CID, records []record) (map[int64][]mews.HostAction, error) {
	paths := make(map[int64][]mews.QuarantinePath, len(records))
	seqs := make([]int64, len(records))
	for i, r := range records {
		paths[r.seq], seqs[i] = r.wirePaths(), r.seq
	}
	all, err := s.loadActions(tx, `a.record IN `+store.Listed+` ORDER BY a.seq`, string(cid), store.List(seqs))
	out := map[int64][]mews.HostAction{}
	for _, a := range all {
		a.Paths = paths[a.record]
		out[a.record] = append(out[a.record], a.HostAction)
	}
	return out, err
}
