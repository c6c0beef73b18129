package ioc

import (
	"context"
	"fmt"
	"slices"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// maxLegacySource is the longest source in the older family, in runes.
const maxLegacySource = 200

// CreateLegacy is Create in the older family. What it does not know of gets what
// fits all: an indicator for all hosts on desktop systems, without a severity.
func (s *Service) CreateLegacy(ctx context.Context, who store.Actor, list []mews.LegacyIOCCreate) ([]mews.LegacyIOC, error) {
	drafts := make([]draft, len(list))
	for i, in := range list {
		path := ""
		if len(list) > 1 {
			path = fmt.Sprintf("[%d].", i)
		}
		drafts[i] = s.legacyDraft(path, in)
	}
	made, now, err := s.create(ctx, who, "", drafts, false)
	if err != nil {
		return nil, outward.Error("create IOCs", err)
	}
	return legacyOf(made, now), nil
}

func (s *Service) legacyDraft(path string, in mews.LegacyIOCCreate) draft {
	c := checker{path: path, now: s.now()}
	d := draft{given: in.Type + ":" + in.Value, path: path, what: c.observable(in.Type, in.Value)}
	d.facts = facts{
		action: mews.IndicatorNoAction, global: true, platforms: desktops(),
		source: c.text("source", in.Source, maxLegacySource), text: c.text("description", in.Description, maxTexts),
	}
	switch c.policy(in.Policy) {
	case "":
		c.fail("policy: expected %s or %s", mews.PolicyDetect, mews.PolicyNone)
	case mews.PolicyDetect:
		d.facts.action = mews.IndicatorDetect
	}
	c.shareLevel(in.ShareLevel)
	c.legacyEnd(&d.facts, d.what.Type, in.ExpirationDays, &in.ExpirationTimestamp)
	d.err = c.err
	return d
}

func (c *checker) policy(word string) string {
	return c.word("policy", word, []string{mews.PolicyDetect, mews.PolicyNone})
}

func (c *checker) shareLevel(word string) {
	c.word("share_level", word, []string{mews.ShareLevelRed})
}

// legacyEnd sets when an IOC ends: in days from now, at a time, or never. Hashes
// take neither.
func (c *checker) legacyEnd(f *facts, t observable.Type, days *int32, at *string) {
	if days != nil {
		f.expires, f.days = c.days(*days), *days
	}
	if at != nil {
		end := c.end("expiration_timestamp", *at)
		if end != nil && f.days != 0 {
			c.fail("give expiration_days or expiration_timestamp, not both")
		}
		if end != nil || days == nil {
			f.expires, f.days = end, 0
		}
	}
	if f.expires != nil && (t == observable.SHA256 || t == observable.MD5) && (days != nil || at != nil) {
		c.fail("expiration_days: only domain, ipv4 and ipv6 expire, not %s", t)
	}
}

// GetLegacy gives IOCs in the order in which they are asked for by
// "<type>:<value>", and which of them the customer does not have.
func (s *Service) GetLegacy(ctx context.Context, who store.Actor, names []string) (found []mews.LegacyIOC, unknown []string, err error) {
	good, bad, err := collection.ReadIDs(names, maxBatch, parseName)
	if err != nil {
		return nil, nil, outward.Error("get IOCs", err)
	}
	var list []record
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		list, unknown, err = loadNames(tx, who.CID, good)
		return err
	})
	if err != nil {
		return nil, nil, outward.Error("get IOCs", err)
	}
	return legacyOf(list, s.now().UnixMicro()), append(bad, unknown...), nil
}

// UpdateLegacy makes one change to IOCs by name: to all of them, or none.
func (s *Service) UpdateLegacy(ctx context.Context, who store.Actor, names []string, ch mews.LegacyIOCUpdate) ([]mews.LegacyIOC, error) {
	good, bad, err := collection.ReadIDs(names, maxBatch, parseName)
	if err != nil {
		return nil, outward.Error("update IOCs", err)
	}
	now := s.now().UnixMicro()
	var list []record
	err = s.db.WriteLarge(ctx, func(tx *store.Tx) error {
		var unknown []string
		if list, unknown, err = loadNames(tx, who.CID, good); err != nil {
			return err
		}
		if err := allKnown(slices.Concat(bad, unknown), len(names)); err != nil {
			return err
		}
		rev, err := nextRev(tx, who.CID)
		if err != nil {
			return err
		}
		w := writer{tx: tx, who: who, now: now, rev: rev}
		for i := range list {
			r, before := &list[i], list[i].facts
			c := checker{now: micros(now)}
			c.same(r, ch.Type, ch.Value)
			if c.changeLegacy(r, ch); c.err != nil {
				return refused([]mews.APIError{{Code: mews.StatusOf(c.err), Message: c.err.Error(), ID: r.name()}}, len(list))
			}
			if err := w.write(r, before); err != nil {
				return err
			}
		}
		return trail(tx, who, "ioc.update", "", w.flush())
	})
	if err != nil {
		return nil, outward.Error("update IOCs", err)
	}
	return legacyOf(list, now), nil
}

// changeLegacy makes a change in the words of the older family. It touches the
// action only when the policy is another than is shown: that shows less than
// there is.
func (c *checker) changeLegacy(r *record, ch mews.LegacyIOCUpdate) {
	if ch.Policy == "" && ch.ShareLevel == "" && ch.ExpirationDays == nil && ch.ExpirationTimestamp == nil && ch.Source == nil && ch.Description == nil {
		c.fail("nothing to change: give policy, share_level, expiration_days, expiration_timestamp, source or description")
	}
	if p := c.policy(ch.Policy); p != "" && p != policyOf(r.shown(c.now.UnixMicro())) {
		r.action = mews.IndicatorNoAction
		if p == mews.PolicyDetect {
			r.action = mews.IndicatorDetect
		}
	}
	c.shareLevel(ch.ShareLevel)
	if ch.Source != nil {
		r.source = c.text("source", *ch.Source, maxLegacySource)
	}
	if ch.Description != nil {
		r.text = c.text("description", *ch.Description, maxTexts)
	}
	t, _ := observable.TypeOf(r.typ)
	c.legacyEnd(&r.facts, t, ch.ExpirationDays, ch.ExpirationTimestamp)
}

// DeleteLegacy deletes IOCs by name.
func (s *Service) DeleteLegacy(ctx context.Context, who store.Actor, names []string) (Deleted, error) {
	good, bad, err := collection.ReadIDs(names, maxBatch, parseName)
	if err != nil {
		return Deleted{}, outward.Error("delete IOCs", err)
	}
	name := make(map[string]string, len(good)) // by id
	ids := make([]string, len(good))
	for i, n := range good {
		ids[i] = idOfName(who.CID, n)
		name[ids[i]] = n
	}
	out, err := s.deleteIDs(ctx, who, "", ids, nil)
	for _, list := range [][]string{out.IDs, out.Unknown} {
		for i, id := range list {
			list[i] = name[id]
		}
	}
	out.Unknown = append(bad, out.Unknown...)
	return out, err
}

// parseName gives "<type>:<value>" in normal form.
func parseName(name string) (string, bool) {
	o, err := observable.ParseID(name)
	if err != nil {
		return name, false
	}
	return o.ID(), true
}

// idOfName is the id of an indicator whose name parseName gave.
func idOfName(cid store.CID, name string) string {
	o, err := observable.ParseID(name)
	if err != nil {
		return ""
	}
	return idOf(cid, o)
}

// loadNames gives the records of names, in their order, that are not deleted, and
// the other names.
func loadNames(tx *store.Tx, cid store.CID, names []string) (list []record, unknown []string, err error) {
	ids := make([]string, len(names))
	for i, n := range names {
		ids[i] = idOfName(cid, n)
	}
	known, err := loadIDs(tx, cid, ids)
	for i, id := range ids {
		if r, ok := known[id]; ok && r.deleted == nil {
			list = append(list, r)
		} else {
			unknown = append(unknown, names[i])
		}
	}
	return list, unknown, err
}

// allKnown refuses a call that changes all or none when something is not there.
func allKnown(unknown []string, of int) error {
	if len(unknown) == 0 {
		return nil
	}
	list := make([]mews.APIError, len(unknown))
	for i, n := range unknown {
		list[i] = mews.APIError{Code: mews.StatusOf(mews.ErrNotFound), Message: "no such IOC", ID: short(n)}
	}
	return refused(list, of)
}

func legacyOf(list []record, now int64) []mews.LegacyIOC {
	out := make([]mews.LegacyIOC, len(list))
	for i := range list {
		out[i] = list[i].legacy(now)
	}
	return out
}

// Name gives "<type>:<value>" in normal form.
func Name(typ, value string) (string, error) {
	var c checker
	o := c.observable(typ, value)
	if c.err != nil {
		return "", c.err
	}
	return o.ID(), nil
}
