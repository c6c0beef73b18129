package collection_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store/storetest"
)

// hides makes a schema hide what is active.
func hides(s *collection.Schema) { s.Hidden = "active" }

// TestHiddenRecords: a filter that does not name the field selects what the same
// filter selects together with "not hidden", page by page and by each strategy;
// one that names it selects as if nothing were hidden.
func TestHiddenRecords(t *testing.T) {
	for _, s := range []struct {
		name               string
		sparse, few, reach int
	}{
		{"sorted here", 1000, 1000, 1000},
		{"walked", 5, 5, 100_000},
		{"walked in vain", 5, 5, 60},
		{"along the whole order", 0, 0, 0},
		{"fetched by keys", 0, 60, 0},
	} {
		t.Run(s.name, func(t *testing.T) {
			db, open, hiding := open(t), things(t, collection.SQLite), things(t, collection.SQLite, hides)
			open.Strategy(s.sparse, s.few, s.reach)
			hiding.Strategy(s.sparse, s.few, s.reach)
			fill(t, db, open, newRand(t), 120)
			read := func(rt *rapid.T, c *collection.Collection, filter, sort string, limit int) (ids []string, total int) {
				q := collection.Query{Filter: filter, Sort: sort, Limit: limit, CID: mine, Client: alice}
				for {
					p, err := page(t, db, c, q)
					if err != nil {
						rt.Fatal(err)
					}
					ids, total, q.After = append(ids, p.IDs...), p.Total, p.After
					if q.After == "" {
						return ids, total
					}
				}
			}
			rapid.Check(t, func(rt *rapid.T) {
				filter := rapid.SampledFrom([]string{"", "*"}).Draw(rt, "none")
				if rapid.IntRange(0, 3).Draw(rt, "filters") > 0 {
					filter = drawFilter(rt, 2)
				}
				sort, _ := drawSort(rt)
				limit := rapid.IntRange(1, 50).Draw(rt, "limit")
				same := "active:false"
				switch {
				case strings.Contains(filter, "active"):
					same = filter
				case strings.Trim(filter, "*") != "":
					same = "(" + filter + ")+active:false"
				}
				want, total := read(rt, open, same, sort, limit)
				got, all := read(rt, hiding, filter, sort, limit)
				if !slices.Equal(got, want) || all != total {
					rt.Fatalf("%q by %q: %d %q, want %d %q", filter, sort, all, got, total, want)
				}
			})
		})
	}
}

// TestHiddenFromAggregates: what is hidden is not counted, at no depth, unless the
// root's filter names it.
func TestHiddenFromAggregates(t *testing.T) {
	db := openItems(t)
	items := someItems()
	replace(t, db, items)
	s := itemSchema()
	s.Hidden = "active"
	c, err := collection.New(s, collection.SQLite, collection.Options{TokenKey: []byte(storetest.Key), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	terms := collection.Aggregation{Type: "terms", Field: "active", Sub: []collection.Aggregation{{Type: "terms", Field: "active"}}}
	for filter, want := range map[string][]any{"": {false}, "active:true": {true}, "active:[true,false]": {false, true}} {
		terms.Filter = filter
		results, err := aggregate(t, db, c, terms)
		if err != nil {
			t.Fatal(err)
		}
		var got []any
		for _, b := range results[0].Buckets {
			if sub := b.Sub[0].Buckets; len(sub) != 1 || sub[0].Label != b.Label || sub[0].Count != b.Count {
				t.Errorf("%q: within %v there is %+v", filter, b.Label, sub)
			}
			got = append(got, b.Label)
		}
		slices.SortFunc(got, func(a, b any) int { return map[bool]int{true: 1}[a.(bool)] - map[bool]int{true: 1}[b.(bool)] })
		if !slices.Equal(got, want) {
			t.Errorf("%q counts %v, want %v", filter, got, want)
		}
	}
}

// TestHiddenMustBeBoolean: anything else is a mistake of the programmer.
func TestHiddenMustBeBoolean(t *testing.T) {
	for _, field := range []string{"nosuch", "state", "paths.size"} {
		s := schema()
		s.Hidden = field
		if _, err := collection.New(s, collection.SQLite, collection.Options{TokenKey: make([]byte, 32)}); err == nil {
			t.Errorf("%s hides records", field)
		}
	}
}
