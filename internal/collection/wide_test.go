package collection_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	diff "github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

// answer is what one read gives of some filters: pages and aggregates.
func answer(tx *store.Tx, c *collection.Collection) (out []any, err error) {
	for _, filter := range []string{"*", "severity:>50", "paths.size:>2", "paths.path:!'a'", "hostname:'web*'"} {
		page, err := c.Page(tx, collection.Query{Filter: filter, CID: mine, Client: alice, Limit: 50})
		if err != nil {
			return nil, err
		}
		page.After = ""
		results, err := c.Aggregate(tx, mine, []collection.Aggregation{
			{Type: "terms", Field: "paths.size", Filter: filter, Size: 1000, Sub: []collection.Aggregation{{Type: "avg", Field: "severity"}}},
			{Type: "cardinality", Field: "sha256", Filter: filter},
			{Type: "percentiles", Field: "score", Filter: filter},
		})
		if err != nil {
			return nil, err
		}
		out = append(out, page, results)
	}
	return out, nil
}

// aggregated lets the aggregates of answer be asked for.
func aggregated(s *collection.Schema) {
	for i := range s.Fields {
		s.Fields[i].Aggregate = s.Fields[i].Type != collection.Text
	}
}

// TestWideReadsAnswerAlike: on one connection and on several, and while records
// come in, each read answers as one that is alone.
func TestWideReadsAnswerAlike(t *testing.T) {
	db, c := open(t), things(t, collection.SQLite, aggregated)
	fill(t, db, c, newRand(t), 300)
	c.Strategy(5, 5, 60)
	read := func(read func(context.Context, func(*store.Tx) error) error) (out []any) {
		t.Helper()
		err := read(ctx, func(tx *store.Tx) (err error) {
			out, err = answer(tx, c)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if d := diff.Diff(read(db.Read), read(db.ReadWide)); d != "" {
		t.Fatal(d)
	}
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- arrive(db, c, stop) }()
	for range 10 {
		err := db.ReadWide(ctx, func(tx *store.Tx) error {
			var n int
			if err := tx.QueryRow(`SELECT count(*) FROM thing WHERE cid = ?`, string(mine)).Scan(&n); err != nil {
				return err
			}
			out, err := answer(tx, c)
			if err != nil {
				return err
			}
			if again, err := answer(tx, c); err != nil || diff.Diff(out, again) != "" {
				t.Errorf("one read answers in two ways (%v)", err)
			}
			if total := out[0].(collection.Page).Total; total != n {
				t.Errorf("a total of %d where there are %d", total, n)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// arrive adds records until it is stopped, but no more than the test can bear.
func arrive(db *store.DB, c *collection.Collection, stop chan struct{}) error {
	rng := rand.New(rand.NewPCG(1, 1))
	for seq := int64(1000); seq < 1300; seq++ {
		select {
		case <-stop:
			return nil
		default:
		}
		err := db.Write(ctx, func(tx *store.Tx) error {
			p := randomRecord(rng, seq)
			return p.put(tx, c, mine)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// TestWideReadsEndWithTheirContext leaves no goroutine and no connection in the
// middle of something.
func TestWideReadsEndWithTheirContext(t *testing.T) {
	db, c := open(t), things(t, collection.SQLite, aggregated)
	fill(t, db, c, newRand(t), 300)
	c.Strategy(5, 5, 60)
	for range 20 {
		short, cancel := context.WithCancel(ctx)
		err := db.ReadWide(short, func(tx *store.Tx) error {
			cancel()
			_, err := answer(tx, c)
			return err
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	err := db.ReadWide(ctx, func(tx *store.Tx) error {
		_, err := answer(tx, c)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
