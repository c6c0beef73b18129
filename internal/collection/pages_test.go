package collection_test

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/store"
)

var seed = flag.Uint64("seed", 0, "seed of the random records; 0: random")

func newRand(t testing.TB) *rand.Rand {
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("seed=%d", s)
	return rand.New(rand.NewPCG(s, 0))
}

func parseTime(text string) (from, to time.Time, err error) { return fql.ParseTime(text, clock()) }

// fill puts random records of two customers into a store, one after the other,
// and gives mine.
func fill(t *testing.T, db *store.DB, c *collection.Collection, rng *rand.Rand, n int) []plain {
	t.Helper()
	var out []plain
	err := db.Write(ctx, func(tx *store.Tx) error {
		for seq := int64(1); len(out) < n; seq++ {
			p := randomRecord(rng, seq)
			cid := theirs
			if rng.IntN(3) > 0 {
				cid = mine
				out = append(out, p.present())
			}
			if err := p.put(tx, c, cid); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestPagesEqualPlainEvaluation holds random queries against records in memory,
// by each strategy, and walks to the last page by offset and by token.
func TestPagesEqualPlainEvaluation(t *testing.T) {
	rng := newRand(t)
	for _, s := range []struct {
		name                        string
		records, sparse, few, reach int
		strips                      bool
	}{
		{"no record", 0, 10, 10, 10, false},
		{"sorted here", 120, 1000, 1000, 1000, false},
		{"walked", 120, 5, 5, 100_000, false},
		{"walked in vain", 120, 5, 5, 60, false},
		{"along the whole order", 120, 0, 0, 0, false},
		{"along the whole order, by strips", 120, 0, 0, 0, true},
		{"fetched by keys, by strips", 120, 0, 60, 0, true},
	} {
		t.Run(s.name, func(t *testing.T) {
			db, c := open(t), things(t, collection.SQLite)
			records := fill(t, db, c, rng, s.records)
			c.Strategy(s.sparse, s.few, s.reach)
			if s.strips {
				strip(t, db, c)
			}
			rapid.Check(t, func(rt *rapid.T) {
				for range 5 {
					checkQuery(rt, db, c, records)
				}
			})
		})
	}
}

func checkQuery(rt *rapid.T, db *store.DB, c *collection.Collection, records []plain) {
	q := collection.Query{CID: mine, Client: alice, Filter: drawFilter(rt, rapid.IntRange(0, 3).Draw(rt, "depth")), Q: drawPhrase(rt)}
	if rapid.IntRange(0, 4).Draw(rt, "all") == 0 {
		q.Filter = "*"
	}
	var keys []key
	q.Sort, keys = drawSort(rt)
	q.Limit = rapid.SampledFrom([]int{3, 17, 50}).Draw(rt, "limit")
	tree, err := fql.Parse(q.Filter)
	if err != nil {
		rt.Fatalf("%s: %v", q.Filter, err)
	}
	var want []plain
	for _, p := range records {
		if p.selects(tree) && p.says(q.Q) {
			want = append(want, p)
		}
	}
	slices.SortFunc(want, func(a, b plain) int { return before(keys, a, b) })
	byToken := rapid.Bool().Draw(rt, "by token")
	err = db.ReadWide(ctx, func(tx *store.Tx) error {
		for done := 0; ; {
			page, err := c.Page(tx, q)
			if err != nil {
				rt.Fatalf("%+v: %v", q, err)
			}
			checkPage(rt, q, page, want, done)
			done += len(page.IDs)
			if done >= len(want) {
				return nil
			}
			if byToken {
				q.After = page.After
			} else {
				q.Offset = page.Next
			}
		}
	})
	if err != nil {
		rt.Fatal(err)
	}
}

func checkPage(rt *rapid.T, q collection.Query, page collection.Page, want []plain, done int) {
	ids := []string{}
	for _, p := range want[done:min(done+q.Limit, len(want))] {
		ids = append(ids, p.id)
	}
	if !slices.Equal(page.IDs, ids) {
		rt.Fatalf("%+v at %d:\n got %v\nwant %v", q, done, page.IDs, ids)
	}
	if page.Total != len(want) || page.Next != done+len(ids) || page.Limit != q.Limit || (page.After == "") != (page.Next == len(want)) {
		rt.Fatalf("%+v at %d: %+v, want %d in all", q, done, page, len(want))
	}
}
