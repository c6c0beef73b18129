package quarantine

import (
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/store"
)

// An outcome is what became of a finding.
type outcome struct {
	record
	verdict
	comment string // for the history and the audit row
}

// take brings a finding into the records: a new one, or a change of the one that
// is known. It writes all that belongs to it, but not the bytes.
func (s *Service) take(tx *store.Tx, who store.Actor, f finding) (outcome, error) {
	o, err := s.settle(tx, who, f, nil)
	if event := o.event(); err == nil && event != "" {
		err = tx.Audit(audit(who, "quarantine."+event, "", o.comment, o.id()))
	}
	if err == nil {
		err = s.reportHosts(tx, who.CID, f)
	}
	return o, err
}

// reportHosts tells the room of hosts who was there. A clock that is ahead does
// not make a host seen in the future.
func (s *Service) reportHosts(tx *store.Tx, cid store.CID, findings ...finding) error {
	reports := make([]host.Report, len(findings))
	now := s.now().UnixMicro()
	for i, f := range findings {
		date := min(f.date, now)
		reports[i] = host.Report{AID: f.aid, Hostname: f.hostname, First: date, Last: date}
	}
	return s.hosts.Report(tx, cid, reports)
}

// audit builds the entry of one action over some records.
func audit(who store.Actor, action, reason, comment string, ids ...string) store.AuditEntry {
	return store.AuditEntry{Actor: who, Action: action, Objects: ids, Outcome: "success", Reason: reason, Comment: comment}
}

// settle is take without the audit row.
func (s *Service) settle(tx *store.Tx, who store.Actor, f finding, noted additions) (o outcome, err error) {
	found, err := loadIDs(tx, who.CID, f.id())
	if err != nil {
		return o, err
	}
	if f.agent {
		if err := s.sawAgent(tx, who.CID, f.aid); err != nil {
			return o, err
		}
	}
	if len(found) == 0 {
		r, err := s.create(tx, who, f, noted)
		return outcome{r, added, f.comment}, err
	}
	o.record = found[0]
	if o.verdict = judge(o.record, f); o.verdict == stale {
		return o, nil
	}
	before := o.facts
	learned, note := o.learn(f)
	o.comment = f.comment + note
	got, err := s.hold(tx, &o.record, f)
	if err != nil {
		return o, err
	}
	if f.dated {
		o.reported = max(o.reported, f.date)
	}
	if o.verdict == merged && !learned && !got {
		o.verdict = known
		return o, s.touch(tx, &o.record)
	}
	return o, s.change(tx, who, &o, before)
}

// create makes a record that nobody knew.
func (s *Service) create(tx *store.Tx, who store.Actor, f finding, noted additions) (record, error) {
	now := s.now().UnixMicro()
	change, err := noted.change(tx, who, now, f.comment)
	if err != nil {
		return record{}, err
	}
	r := record{
		cid: who.CID, aid: f.aid, sha256: f.sha256, facts: f.facts,
		state: mews.StateQuarantined, pathState: mews.StateQuarantined,
		change: change, changed: now, created: f.date, updated: now,
	}
	if f.dated {
		r.reported = f.date
	}
	if _, err := s.hold(tx, &r, f); err != nil {
		return r, err
	}
	if err := s.insert(tx, &r); err != nil {
		return r, err
	}
	if err := newEvents(tx, change, r.seq); err != nil {
		return r, err
	}
	return r, s.welcome(tx, who.CID)
}

// change writes what a report changed. The host of a file that is in quarantine
// anew does not do what it was asked to before.
func (s *Service) change(tx *store.Tx, who store.Actor, o *outcome, before facts) error {
	now := s.now().UnixMicro()
	change, err := newChange(tx, who, now, o.event(), o.comment)
	if err != nil {
		return err
	}
	r := &o.record
	r.updated = max(now, r.updated+1)
	if o.verdict == again {
		r.state, r.pathState, r.pathReason = mews.StateQuarantined, mews.StateQuarantined, 0
		r.change, r.changed = change, now
		if err := withdraw(tx, who.CID, now, []int64{r.seq}); err != nil {
			return err
		}
	}
	if err := s.update(tx, r, before); err != nil {
		return err
	}
	return newEvents(tx, change, r.seq)
}

// touch notes that a report counted although it said nothing new, so that its
// repetition is known as one later.
func (s *Service) touch(tx *store.Tx, r *record) error {
	_, err := tx.Exec(`UPDATE quarantine SET reported = ? WHERE seq = ? AND cid = ? AND reported < ?`,
		r.reported, r.seq, string(r.cid), r.reported)
	return err
}

// hold has a record without bytes hold those that came along, which the sample's
// room has seen to already, or those that are stored for another reason.
func (s *Service) hold(tx *store.Tx, r *record, f finding) (got bool, err error) {
	if r.held {
		return false, nil
	}
	if r.held = f.bytes; !r.held {
		if r.held, err = s.samples.Hold(tx, r.cid, r.sha256, r.id()); err != nil {
			return false, fmt.Errorf("hold the file: %w", err)
		}
	}
	return r.held, nil
}
