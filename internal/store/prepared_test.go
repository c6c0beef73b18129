package store_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// A statement that is kept serves again whatever its last use came to: rows left
// half read, a failure, a use inside its own, and more statements than are kept.
func TestStatementsAreUsedAgain(t *testing.T) {
	db := storetest.New(t)
	write := func(fn func(tx *store.Tx) error) {
		t.Helper()
		if err := db.Write(ctx, fn); err != nil {
			t.Fatal(err)
		}
	}
	insert := func(tx *store.Tx, key string) error {
		_, err := tx.Exec(`INSERT INTO meta (key, value) VALUES (?, '')`, key)
		return err
	}
	write(func(tx *store.Tx) error { return errors.Join(insert(tx, "a"), insert(tx, "b")) })
	if err := db.Write(ctx, func(tx *store.Tx) error { return insert(tx, "a") }); err == nil {
		t.Fatal("the same key twice")
	}
	write(func(tx *store.Tx) error { return insert(tx, "c") })

	const list = `SELECT key FROM meta WHERE key IN ('a', 'b', 'c') ORDER BY key`
	for range 3 {
		write(func(tx *store.Tx) error {
			outer, err := tx.Query(list)
			if err != nil {
				return err
			}
			defer outer.Close() // before its last row
			var key, first string
			if !outer.Next() || outer.Scan(&key) != nil || key != "a" {
				t.Errorf("outer query gives %q", key)
			}
			if err := tx.QueryRow(list).Scan(&first); err != nil || first != "a" {
				t.Errorf("inner query gives %q, %v", first, err)
			}
			if !outer.Next() || outer.Scan(&key) != nil || key != "b" {
				t.Errorf("outer query goes on with %q", key)
			}
			return nil
		})
	}
	for round := range 2 {
		write(func(tx *store.Tx) error {
			for n := range 200 {
				var got int
				if err := tx.QueryRow(fmt.Sprintf(`SELECT %d + count(*) FROM meta WHERE key = ?`, n), "a").Scan(&got); err != nil || got != n+1 {
					return fmt.Errorf("round %d, statement %d: %d, %w", round, n, got, err)
				}
			}
			return nil
		})
	}
}

// Statements outlive a change of the tables they name.
func TestStatementsFollowTheSchema(t *testing.T) {
	db := storetest.New(t)
	columns := func() (n int) {
		t.Helper()
		err := db.Write(ctx, func(tx *store.Tx) error {
			rows, err := tx.Query(`SELECT * FROM meta WHERE key = 'clean'`)
			if err != nil {
				return err
			}
			defer rows.Close()
			names, err := rows.Columns()
			n = len(names)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := columns()
	err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`ALTER TABLE meta ADD COLUMN extra TEXT`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if after := columns(); after != before+1 {
		t.Errorf("%d columns, then %d", before, after)
	}
}
