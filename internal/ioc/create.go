package ioc

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// A draft is an indicator to be made, after it was checked.
type draft struct {
	given string // how the request names it, for its error
	path  string // where it stands in the request
	what  observable.Observable
	facts facts
	err   error
}

// Create makes indicators: all of them, or none. An indicator that is there is
// in the way; one that was deleted comes back under its id.
func (s *Service) Create(ctx context.Context, who store.Actor, req mews.IndicatorCreates) ([]mews.Indicator, error) {
	drafts := make([]draft, len(req.Indicators))
	for i, in := range req.Indicators {
		drafts[i] = s.draft(fmt.Sprintf("indicators[%d].", i), in)
	}
	made, now, err := s.create(ctx, who, req.Comment, drafts, req.DryRun)
	if err != nil {
		return nil, outward.Error("create indicators", err)
	}
	out := make([]mews.Indicator, len(made))
	for i := range made {
		out[i] = made[i].wire(now)
	}
	return out, nil
}

// draft checks what a user says of a new indicator.
func (s *Service) draft(path string, in mews.IndicatorCreate) draft {
	c := checker{path: path, now: s.now()}
	d := draft{given: in.Type + ":" + in.Value, path: path, what: c.observable(in.Type, in.Value)}
	d.facts = facts{
		action: c.word("action", in.Action, actions()), mobile: c.word("mobile_action", in.MobileAction, mobileActions()),
		severity: c.word("severity", in.Severity, severities()), global: in.AppliedGlobally != nil && *in.AppliedGlobally,
		expires: c.end("expiration", in.Expiration), source: c.text("source", in.Source, maxSource),
		text: c.text("description", in.Description, maxTexts), meta: c.metadata(in.Metadata),
		platforms: c.platforms(in.Platforms), tags: c.tags(in.Tags), groups: c.groups(in.HostGroups),
	}
	if d.facts.action == "" {
		d.facts.action = mews.IndicatorNoAction
	}
	c.whole(&d.facts)
	d.err = c.err
	return d
}

// create makes the indicators of drafts, in their order; a dry run undoes it.
func (s *Service) create(ctx context.Context, who store.Actor, comment string, drafts []draft, dry bool) (made []record, now int64, err error) {
	var c checker
	comment = c.text("comment", comment, maxComment)
	switch {
	case c.err != nil:
		return nil, 0, c.err
	case len(drafts) == 0:
		return nil, 0, mews.Errorf(mews.ErrInvalid, "indicators: give at least one")
	case len(drafts) > maxBatch:
		return nil, 0, mews.Errorf(mews.ErrInvalid, "indicators: at most %d of a call", maxBatch)
	}
	batch, err := s.newBatch()
	if err != nil {
		return nil, 0, err
	}
	now = s.now().UnixMicro()
	if slices.ContainsFunc(drafts, func(d draft) bool { return d.err != nil }) {
		// It will be refused: all that is wrong with it can be told without making
		// writers wait.
		return nil, now, s.db.Read(ctx, func(tx *store.Tx) error {
			_, err := check(tx, who.CID, drafts)
			return err
		})
	}
	err = s.write(ctx, dry, func(tx *store.Tx) error {
		known, err := check(tx, who.CID, drafts)
		if err != nil {
			return err
		}
		rev, err := nextRev(tx, who.CID)
		if err != nil {
			return err
		}
		made = make([]record, len(drafts))
		names := make([]string, len(drafts))
		for i, d := range drafts {
			r := record{
				id: idOf(who.CID, d.what), typ: d.what.Type.String(), value: d.what.Value(), facts: d.facts, batch: batch,
				created: now, createdBy: who.Client, modified: now, modifiedBy: who.Client,
			}
			if old, ok := known[r.id]; ok {
				r.seq = old.seq
				err = update(tx, who.CID, &r, old.facts, now, rev)
			} else {
				err = insert(tx, who.CID, &r, now, rev)
			}
			if err != nil {
				return err
			}
			made[i], names[i] = r, r.name()
		}
		return trail(tx, who, "ioc.create", comment, names)
	})
	return made, now, err
}

// newBatch is what a call's indicators share.
func (s *Service) newBatch() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(s.rand, b[:]); err != nil {
		return "", fmt.Errorf("make a batch id: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// check gives the deleted indicators that come back, or an error with all drafts
// that cannot be made.
func check(tx *store.Tx, cid store.CID, drafts []draft) (map[string]record, error) {
	var ids []string
	for _, d := range drafts {
		if d.err == nil {
			ids = append(ids, idOf(cid, d.what))
		}
	}
	known, err := loadIDs(tx, cid, ids)
	if err != nil {
		return nil, err
	}
	first := make(map[string]string, len(drafts)) // path by id
	var wrong []mews.APIError
	for _, d := range drafts {
		err := d.err
		if err == nil {
			id := idOf(cid, d.what)
			old, ok := known[id]
			if before, twice := first[id]; twice {
				err = mews.Errorf(mews.ErrInvalid, "%s%s is given twice; first %s", d.path, d.what.ID(), strings.Trim(before, "."))
			} else if ok && old.deleted == nil {
				err = mews.Errorf(mews.ErrInvalid, "%s%s exists already (id %s); update it instead", d.path, d.what.ID(), id)
			}
			first[id] = d.path
		}
		if err != nil {
			wrong = append(wrong, mews.APIError{Code: mews.StatusOf(err), Message: err.Error(), ID: short(d.given)})
		}
	}
	if len(wrong) > 0 {
		return nil, refused(wrong, len(drafts))
	}
	return known, nil
}
