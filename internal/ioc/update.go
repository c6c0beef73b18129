package ioc

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// An Updated is what became of an update: how many indicators it changed, and
// those, up to maxBatch.
type Updated struct {
	Affected   int
	Indicators []mews.Indicator
}

// Update changes indicators, by filter and by id: all of them, or none.
func (s *Service) Update(ctx context.Context, who store.Actor, req mews.IndicatorUpdates) (Updated, error) {
	u, err := s.readUpdates(req)
	if err != nil {
		return Updated{}, err
	}
	if err := s.expire(ctx, who.CID); err != nil {
		return Updated{}, outward.Error("update indicators", err)
	}
	var out Updated
	err = s.write(ctx, req.DryRun, func(tx *store.Tx) (err error) {
		out, err = u.run(tx, who)
		return err
	})
	if err != nil {
		return Updated{}, outward.Error("update indicators", err)
	}
	return out, nil
}

// updates are a call's changes after they were checked as far as they can be
// without the indicators.
type updates struct {
	s       *Service
	now     int64
	comment string
	filter  string // of the change by filter, "" for none
	bulk    mews.IndicatorChange
	byID    []mews.IndicatorUpdate
	ids     []string // of byID, "" for one that is none
}

func (s *Service) readUpdates(req mews.IndicatorUpdates) (*updates, error) {
	u := &updates{s: s, now: s.now().UnixMicro()}
	var c checker
	u.comment = c.text("comment", req.Comment, maxComment)
	// FalconPy sends an empty element beside every change by filter.
	for _, one := range req.Indicators {
		if !reflect.ValueOf(one).IsZero() {
			u.byID = append(u.byID, one)
		}
	}
	for i, one := range u.byID {
		id, ok := parseID(one.ID)
		if !ok {
			c.fail("indicators[%d].id: expected %d hexadecimal digits", i, idDigits)
		}
		u.ids = append(u.ids, id)
	}
	if len(u.byID) > maxBatch {
		c.fail("indicators: at most %d of a call", maxBatch)
	}
	if b := req.BulkUpdate; b != nil && !reflect.ValueOf(*b).IsZero() {
		u.filter, u.bulk = strings.TrimSpace(b.Filter), b.IndicatorChange
		if u.filter == "" {
			c.fail(`bulk_update.filter: name the indicators; "*" stands for all of them`)
		}
		if _, err := s.modern.Parse(u.filter, ""); err != nil {
			return nil, outward.Error("update indicators", err)
		}
		if b.FromParent {
			u.filter = "" // nobody has a parent
		}
	} else if len(u.byID) == 0 {
		c.fail("name the indicators: by id in indicators, or by filter in bulk_update")
	}
	return u, c.err
}

// run carries out the changes.
func (u *updates) run(tx *store.Tx, who store.Actor) (out Updated, err error) {
	rev, err := nextRev(tx, who.CID)
	if err != nil {
		return out, err
	}
	w := writer{tx: tx, who: who, now: u.now, rev: rev}
	if u.filter != "" {
		if err := u.runBulk(&w); err != nil {
			return out, err
		}
	}
	if len(u.byID) > 0 {
		if err := u.runByID(&w); err != nil {
			return out, err
		}
	}
	return Updated{Affected: w.affected, Indicators: w.shown}, nil
}

func (u *updates) runByID(w *writer) error {
	known, err := loadIDs(w.tx, w.who.CID, u.ids)
	if err != nil {
		return err
	}
	var wrong []mews.APIError
	for i, one := range u.byID {
		c := u.checker(fmt.Sprintf("indicators[%d].", i))
		r, ok := known[u.ids[i]]
		if !ok || r.deleted != nil {
			wrong = append(wrong, mews.APIError{Code: mews.StatusOf(mews.ErrNotFound), Message: c.path + "id: no such indicator", ID: one.ID})
			continue
		}
		c.same(&r, one.Type, one.Value)
		before := r.facts
		c.change(&r.facts, one.IndicatorChange)
		if c.err != nil {
			wrong = append(wrong, mews.APIError{Code: mews.StatusOf(c.err), Message: c.err.Error(), ID: one.ID})
			continue
		}
		if len(wrong) > 0 {
			continue // it will all be undone
		}
		if err := w.write(&r, before); err != nil {
			return err
		}
		known[u.ids[i]] = r // for one that is named twice
	}
	if len(wrong) > 0 {
		return refused(wrong, len(u.byID))
	}
	return trail(w.tx, w.who, "ioc.update", u.comment, w.flush())
}

func (u *updates) runBulk(w *writer) error {
	seqs, err := u.s.find(w.tx, w.who.CID, u.filter)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(seqs, 1000) {
		known, err := load(w.tx, w.who.CID, `seq IN `+store.Listed, store.List(some))
		if err != nil {
			return err
		}
		list := slices.SortedFunc(maps.Values(known), func(a, b record) int { return cmp.Compare(a.seq, b.seq) })
		for _, r := range list {
			c := u.checker("bulk_update.")
			before := r.facts
			if c.change(&r.facts, u.bulk); c.err != nil {
				return refused([]mews.APIError{{Code: mews.StatusOf(c.err), Message: c.err.Error() + " (" + r.name() + ")", ID: r.id}}, 1)
			}
			if err := w.write(&r, before); err != nil {
				return err
			}
		}
	}
	names := w.flush()
	if len(names) == 0 {
		return nil
	}
	return w.tx.Audit(audit(w.who, "ioc.update", "filter: "+u.filter, u.comment, names))
}

func (u *updates) checker(path string) checker { return checker{path: path, now: micros(u.now)} }

// A writer writes changed indicators and remembers which.
type writer struct {
	tx       *store.Tx
	who      store.Actor
	now, rev int64
	affected int
	names    []string         // since flush
	shown    []mews.Indicator // the first ones
}

// flush gives the names of what was written, for the audit trail.
func (w *writer) flush() []string {
	names := w.names
	w.affected, w.names = w.affected+len(names), nil
	return names
}

func (w *writer) write(r *record, before facts) error {
	r.modified, r.modifiedBy = w.now, w.who.Client
	if err := update(w.tx, w.who.CID, r, before, w.now, w.rev); err != nil {
		return err
	}
	w.names = append(w.names, r.name())
	if len(w.shown) < maxBatch {
		w.shown = append(w.shown, r.wire(w.now))
	}
	return nil
}

// change makes a change to facts, and checks what it touches: an indicator that
// the older family made may lack what the newer one asks for.
func (c *checker) change(f *facts, ch mews.IndicatorChange) {
	if reflect.ValueOf(ch).IsZero() {
		c.fail("nothing to change")
		return
	}
	if ch.Action != "" {
		f.action = c.word("action", ch.Action, actions())
	}
	if ch.MobileAction != "" {
		f.mobile = c.word("mobile_action", ch.MobileAction, mobileActions())
	}
	if ch.Severity != nil {
		f.severity = c.word("severity", *ch.Severity, severities())
	}
	if len(ch.Platforms) > 0 {
		f.platforms = c.platforms(ch.Platforms)
	}
	if ch.AppliedGlobally != nil {
		f.global = *ch.AppliedGlobally
	}
	if len(ch.HostGroups) > 0 {
		f.groups = c.groups(ch.HostGroups)
	}
	if ch.Tags != nil {
		f.tags = c.tags(*ch.Tags)
	}
	if ch.Source != nil {
		f.source = c.text("source", *ch.Source, maxSource)
	}
	if ch.Description != nil {
		f.text = c.text("description", *ch.Description, maxTexts)
	}
	if ch.Metadata != nil {
		f.meta = c.metadata(ch.Metadata)
	}
	c.changeEnd(f, ch.Expiration)
	if ch.Action != "" || ch.Severity != nil || ch.AppliedGlobally != nil || len(ch.HostGroups) > 0 {
		c.whole(f)
	}
}

// changeEnd sets when an indicator ends, if the text says anything: "" is never,
// and a client's zero time is nothing.
func (c *checker) changeEnd(f *facts, text *string) {
	if text == nil {
		return
	}
	if _, given := c.instant("expiration", *text); given || strings.TrimSpace(*text) == "" {
		f.expires, f.days = c.end("expiration", *text), 0
	}
}
