package quarantine

import (
	"context"
	"fmt"
	"slices"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

// portion is how many records one statement changes. What a statement changes
// SQLite keeps in memory as it was before, whole pages, until the statement ends.
const portion = 1000

// A step is an action at a time, by somebody.
type step struct {
	action
	who    store.Actor
	now    int64
	change int64
}

// apply takes records along an edge of the state machine, all of them from a
// state in which it applies: rows, histories, host actions and holds. It gives
// the samples that nobody holds any more.
func (s *Service) apply(tx *store.Tx, who store.Actor, a action, comment string, targets []target) (gone []string, err error) {
	if len(targets) == 0 {
		return nil, nil
	}
	st := step{action: a, who: who, now: s.now().UnixMicro()}
	if st.change, err = newChange(tx, who, st.now, a.name, comment); err != nil {
		return nil, err
	}
	for some := range slices.Chunk(targets, portion) {
		if err := st.take(tx, some); err != nil {
			return nil, err
		}
	}
	if a.to != mews.StatePurged {
		return nil, nil
	}
	var holdings []sample.Holding
	for _, t := range targets {
		if t.held {
			holdings = append(holdings, sample.Holding{SHA256: t.sha256, Holder: t.id})
		}
	}
	return s.samples.UnholdAll(tx, who.CID, holdings)
}

// take changes some of the records.
func (st step) take(tx *store.Tx, targets []target) error {
	seqs := make([]int64, len(targets))
	for i, t := range targets {
		seqs[i] = t.seq
	}
	cid := st.who.CID
	if err := withdraw(tx, cid, st.now, seqs); err != nil {
		return err
	}
	if err := ask(tx, cid, st.now, st.change, seqs); err != nil {
		return err
	}
	// The plus keeps SQLite from walking through all records of the customer.
	_, err := tx.Exec(`UPDATE quarantine SET state = ?, path_reason = 0, change = ?, held = CASE WHEN ? THEN 0 ELSE held END,
		path_state = CASE WHEN EXISTS (SELECT 1 FROM quarantine_agent g WHERE g.cid = quarantine.cid AND g.aid = quarantine.aid)
			THEN ? ELSE ? END,
		updated = CASE WHEN updated < ? THEN ? ELSE updated + 1 END
		WHERE +cid = ? AND seq IN `+store.Listed,
		st.to, st.change, st.to == mews.StatePurged, st.pending(), st.to, st.now, st.now, string(cid), store.List(seqs))
	if err != nil {
		return fmt.Errorf("update records: %w", err)
	}
	return newEvents(tx, st.change, seqs...)
}

// promptly is how many samples are destroyed before an update is answered.
const promptly = 64

// destroy destroys the bytes of samples that an update has put out of reach. The
// update stands whatever comes of it: what is left, Run finishes.
func (s *Service) destroy(ctx context.Context, cid store.CID, gone []string) {
	if len(gone) == 0 {
		return
	}
	if len(gone) <= promptly {
		err := s.samples.FinishDeletes(context.WithoutCancel(ctx), cid, gone)
		if err == nil {
			return
		}
		s.log.Warn("bytes of purged files are not destroyed yet", "files", len(gone), "cause", err)
	}
	s.wake()
}
