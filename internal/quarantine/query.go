package quarantine

import (
	"context"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Query gives a page of the ids of records.
func (s *Service) Query(ctx context.Context, who store.Actor, q mews.RecordQuery) (Page, error) {
	var page collection.Page
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		page, err = s.records.Page(tx, collection.Query{
			Filter: q.Filter, Q: q.Q, Sort: q.Sort, Limit: q.Limit, Offset: q.Offset, After: q.After,
			CID: who.CID, Client: who.Client,
		})
		return err
	})
	if err != nil {
		return Page{}, outward.Error("query quarantined files", err)
	}
	return Page{IDs: orEmpty(page.IDs), Total: page.Total, Limit: page.Limit, Next: page.Next, After: page.After}, nil
}

// ActionCounts gives, for each action, how many of the selected records it would
// change. The conditions are those of the updates.
func (s *Service) ActionCounts(ctx context.Context, who store.Actor, filter, q string) (map[string]int64, error) {
	where, err := s.records.Parse(filter, q)
	if err != nil {
		return nil, outward.Error("count actions", err)
	}
	cond, args := where.SQL(who.CID)
	var sums []string
	counts := make([]int64, len(actions()))
	dest := make([]any, len(counts))
	for i, a := range actions() {
		sums = append(sums, "count(*) FILTER (WHERE "+a.applies()+")")
		dest[i] = &counts[i]
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT `+strings.Join(sums, ", ")+` FROM quarantine WHERE `+cond, args...).Scan(dest...)
	})
	if err != nil {
		return nil, outward.Error("count actions", err)
	}
	out := make(map[string]int64, len(counts))
	for i, a := range actions() {
		out[a.name] = counts[i]
	}
	return out, nil
}

// Explain gives what the server makes of a filter. It tells of an unknown field
// also where one quietly selects nothing.
func (s *Service) Explain(filter string) (mews.FilterExplanation, error) {
	out := mews.FilterExplanation{Collection: table, Filter: filter, Tree: []string{}, Fields: s.Fields()}
	if _, err := s.records.Strict().Parse(filter, ""); err != nil {
		return out, outward.Error("explain filter", err)
	}
	tree, err := fql.Parse(filter)
	if err != nil {
		return out, outward.Error("explain filter", err)
	}
	out.Tree = append(out.Tree, fql.Lines(tree)...)
	return out, nil
}

// Fields are what filters may name.
func (s *Service) Fields() []mews.FilterField {
	var out []mews.FilterField
	for _, f := range s.records.Fields() {
		out = append(out, mews.FilterField{
			Name: f.Name, Aliases: f.Aliases, Type: f.Type.String(), Values: f.Values, Multi: f.Multi(),
			Sortable: f.Sortable, Aggregate: f.Aggregate, InQ: f.InQ, Doc: f.Doc,
		})
	}
	return out
}
