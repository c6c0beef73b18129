package quarantine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// An answer is an acknowledgement after it was checked.
type answer struct {
	id     string // as the host gave it
	seq    int64  // 0: no such action
	failed bool
	reason string
	code   int32
}

// Acknowledge takes hosts' answers in, all of them or none. The first answer to
// an action counts; changed is how many were such. Ids of no action of the
// customer are given back.
func (s *Service) Acknowledge(ctx context.Context, who store.Actor, acks []mews.ActionAck) (changed int, unknown []string, err error) {
	answers, err := s.readAnswers(acks)
	if err != nil {
		return 0, nil, err
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		changed, unknown = 0, nil
		for _, a := range answers {
			known, counts, err := s.answer(tx, who, a)
			if err != nil {
				return err
			}
			if counts {
				changed++
			}
			if !known {
				unknown = append(unknown, a.id)
			}
		}
		return nil
	})
	if err != nil {
		return 0, nil, outward.Error("acknowledge host actions", err)
	}
	return changed, unknown, nil
}

func (s *Service) readAnswers(acks []mews.ActionAck) ([]answer, error) {
	if len(acks) == 0 {
		return nil, mews.Errorf(mews.ErrInvalid, "acknowledge at least one action")
	}
	if len(acks) > maxActions {
		return nil, mews.Errorf(mews.ErrInvalid, "at most %d acknowledgements of a call", maxActions)
	}
	var c checker
	out := make([]answer, len(acks))
	for i, ack := range acks {
		out[i] = answer{id: ack.ID, reason: c.comment(ack.Reason), code: ack.ReasonCode}
		out[i].seq, _ = s.parseActionID(ack.ID)
		switch strings.ToLower(strings.TrimSpace(ack.Outcome)) {
		case mews.ActionAcknowledged:
		case mews.ActionFailed:
			out[i].failed = true
		default:
			c.fail("outcome: expected acknowledged or failed")
		}
	}
	return out, c.err
}

// answer takes one answer in.
func (s *Service) answer(tx *store.Tx, who store.Actor, a answer) (known, counts bool, err error) {
	var id, state, recordState string
	var record, asked, current int64
	err = tx.QueryRow(`SELECT a.state, a.record, a.change, q.id, q.state, q.change
		FROM quarantine_action a JOIN quarantine q ON q.seq = a.record WHERE a.seq = ? AND a.cid = ?`,
		a.seq, string(who.CID)).Scan(&state, &record, &asked, &id, &recordState, &current)
	if errors.Is(err, sql.ErrNoRows) {
		return false, false, nil
	}
	if err != nil || state != mews.ActionPending {
		return true, false, err
	}
	now := s.now().UnixMicro()
	outcome, event, pathState := mews.ActionAcknowledged, eventAcknowledged, recordState
	if a.failed {
		outcome, event, pathState = mews.ActionFailed, eventFailed, pathError
	} else {
		a.code = 0
	}
	_, err = tx.Exec(`UPDATE quarantine_action SET state = ?, updated = ?, reason = ?,
		fetched = CASE WHEN fetched = 0 THEN ? ELSE fetched END WHERE seq = ? AND cid = ?`,
		outcome, now, a.reason, now, a.seq, string(who.CID))
	// The paths wait for the answer to the last change of state. An older one
	// says what was, not what is.
	if err == nil && asked == current {
		_, err = tx.Exec(`UPDATE quarantine SET path_state = ?, path_reason = ?,
			updated = CASE WHEN updated < ? THEN ? ELSE updated + 1 END WHERE seq = ? AND cid = ?`,
			pathState, a.code, now, now, record, string(who.CID))
	}
	if err != nil {
		return true, false, fmt.Errorf("note answer: %w", err)
	}
	change, err := newChange(tx, who, now, event, a.reason)
	if err == nil {
		err = newEvents(tx, change, record)
	}
	if err == nil {
		err = tx.Audit(audit(who, "quarantine."+event, a.reason, "", id, a.id))
	}
	return true, err == nil, err
}
