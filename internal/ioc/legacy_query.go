package ioc

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// QueryLegacy gives a page of names, "<type>:<value>".
func (s *Service) QueryLegacy(ctx context.Context, who store.Actor, q mews.LegacyIOCQuery, after string) (Page, error) {
	filter, err := legacyFilter(q)
	if err != nil {
		return Page{}, err
	}
	var page Page
	err = s.read(ctx, who.CID, func(tx *store.Tx) (err error) {
		page, err = s.legacy.Page(tx, collection.Query{
			Filter: filter, Sort: q.Sort, Limit: q.Limit, Offset: q.Offset, After: after, CID: who.CID, Client: who.Client,
		})
		return err
	})
	return page, outward.Error("query IOCs", err)
}

// legacyFilter says in FQL what a query of the older family asks. To ask who
// deleted something is to ask for deleted ones.
func legacyFilter(q mews.LegacyIOCQuery) (string, error) {
	var all []string
	add := func(field string, words []string) {
		if len(words) > 0 {
			all = append(all, oneOf(field, words))
		}
	}
	add("type", lowered(q.Types))
	add("value", spellings(q.Values))
	add("source", q.Sources)
	add("created_by", q.CreatedBy)
	add("deleted_by", q.DeletedBy)
	policies, err := actionsOf(q.Policies)
	if err != nil {
		return "", err
	}
	add("action", policies)
	if len(q.ShareLevels) > 0 && !has(q.ShareLevels, mews.ShareLevelRed) {
		add("type", []string{"none"}) // nothing is shared otherwise
	}
	if q.IncludeDeleted || len(q.DeletedBy) > 0 {
		all = append(all, "deleted:[true,false]")
	}
	for _, bound := range []struct{ name, op, text string }{{"from", ">=", q.ExpiresFrom}, {"to", "<=", q.ExpiresTo}} {
		if bound.text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339Nano, bound.text)
		if err != nil {
			return "", mews.Errorf(mews.ErrInvalid, "%s.expiration_timestamp: expected a time like 2031-05-15T14:55:21Z", bound.name)
		}
		all = append(all, "expiration:"+bound.op+"'"+t.UTC().Format(time.RFC3339Nano)+"'")
	}
	return strings.Join(all, "+"), nil
}

// oneOf is a comparison of FQL.
func oneOf(field string, words []string) string {
	c := fql.Compare{Field: field, Op: fql.Equal, List: true}
	for _, w := range words {
		c.Values = append(c.Values, fql.Value{Kind: fql.String, Text: w})
	}
	return c.String()
}

func lowered(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToLower(w)
	}
	return out
}

// spellings gives values of unknown types in the form in which they are stored.
func spellings(values []string) []string {
	out := lowered(values)
	for i, v := range out {
		if ip, err := netip.ParseAddr(v); err == nil {
			out[i] = ip.Unmap().String()
		} else {
			out[i] = strings.TrimSuffix(v, ".")
		}
	}
	return out
}

// actionsOf gives the actions that read as one of policies.
func actionsOf(policies []string) (out []string, err error) {
	for _, p := range policies {
		c := checker{}
		p = c.policy(p)
		if c.err != nil {
			return nil, c.err
		}
		for _, a := range actions() {
			if policyOf(a) == p {
				out = append(out, a)
			}
		}
	}
	return out, nil
}

func has(words []string, word string) bool {
	for _, w := range words {
		if strings.EqualFold(w, word) {
			return true
		}
	}
	return false
}
