package store_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"testing"

	"github.com/mewshq/mews/internal/store"
)

// numbers is a statement that counts from 1, without a table.
const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i, 'text ' || i, i / 2.0, NULL, CAST('blob ' || i AS BLOB) FROM n`

// all reads a stream to its end and copies the rows.
func all(t *testing.T, s *store.Stream) [][]driver.Value {
	t.Helper()
	var out [][]driver.Value
	for {
		row, err := s.Next()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, slices.Clone(row))
	}
}

func TestStreamGivesEveryRow(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		for _, n := range []int{1, 2, 255, 256, 257, 511, 512, 513, 3000} {
			err := db.Read(ctx, func(tx *store.Tx) error {
				s, err := tx.Stream(numbers, n)
				if err != nil {
					return err
				}
				rows := all(t, s)
				if len(rows) != n {
					t.Errorf("%d rows of %d", len(rows), n)
				}
				for i, row := range rows {
					k := int64(i + 1)
					want := []driver.Value{k, fmt.Sprint("text ", k), float64(k) / 2, nil, fmt.Append(nil, "blob ", k)}
					if !reflect.DeepEqual(row, want) {
						t.Fatalf("row %d is %v", i, row)
					}
				}
				if _, err := s.Next(); err != io.EOF {
					t.Errorf("after the end: %v", err)
				}
				return s.Close()
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A merge reads two streams of one snapshot in turns, and other statements run
// in between.
func TestStreamsSideBySide(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		const n = 2000
		err := db.Read(ctx, func(tx *store.Tx) error {
			a, err := tx.Stream(numbers, n)
			if err != nil {
				return err
			}
			defer a.Close()
			b, err := tx.Stream(numbers, n) // the same text
			if err != nil {
				return err
			}
			defer b.Close()
			for i := range n {
				x, err := a.Next()
				if err != nil {
					return err
				}
				y, err := b.Next()
				if err != nil {
					return err
				}
				if !reflect.DeepEqual(x, y) {
					t.Fatalf("row %d: %v and %v", i, x, y)
				}
				var one int
				if i%500 == 0 {
					if err := tx.QueryRow(`SELECT 1`).Scan(&one); err != nil || one != 1 {
						t.Fatal(one, err)
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A stream left in the middle leaves a connection that works.
func TestStreamClosedEarly(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		for i := range 50 {
			err := db.Read(ctx, func(tx *store.Tx) error {
				s, err := tx.Stream(numbers, 100_000)
				if err != nil {
					return err
				}
				for range i * 20 {
					if _, err := s.Next(); err != nil {
						return err
					}
				}
				return s.Close()
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, db, `SELECT count(*) FROM t`); n != 0 {
			t.Error(n)
		}
	})
}

func TestStreamEndsWithItsContext(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		short, cancel := context.WithCancel(ctx)
		defer cancel()
		rows := 0
		err := db.Read(short, func(tx *store.Tx) error {
			s, err := tx.Stream(numbers, 1<<40)
			if err != nil {
				return err
			}
			defer s.Close()
			for {
				if _, err := s.Next(); err != nil {
					return err
				}
				if rows++; rows == 1000 {
					cancel()
				}
			}
		})
		if !errors.Is(err, context.Canceled) || rows > 3000 {
			t.Errorf("%d rows, then %v", rows, err)
		}
		if n := count(t, db, `SELECT count(*) FROM t`); n != 0 {
			t.Error(n)
		}
	})
}

func TestStreamErrors(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		exec(t, db, `INSERT INTO t (k, v) VALUES ('a', 1), ('b', -9223372036854775808)`)
		_ = db.Read(ctx, func(tx *store.Tx) error {
			if _, err := tx.Stream(`SELECT nothing FROM nowhere`); err == nil {
				t.Error("ran a statement that cannot be")
			}
			if _, err := tx.Stream(`SELECT ?`, struct{}{}); err == nil {
				t.Error("bound a struct")
			}
			s, err := tx.Stream(`SELECT abs(v) FROM t ORDER BY k`)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if row, err := s.Next(); err != nil || row[0] != int64(1) {
				t.Errorf("first row %v, %v", row, err)
			}
			if _, err := s.Next(); err == nil || err == io.EOF {
				t.Errorf("a row whose value overflows gives %v", err)
			}
			return nil
		})
		// The type of a customer's id is no driver value by itself.
		err := db.Read(ctx, func(tx *store.Tx) error {
			s, err := tx.Stream(`SELECT ?, ?`, store.CID("c"), true)
			if err != nil {
				return err
			}
			if rows := all(t, s); len(rows) != 1 || rows[0][0] != "c" {
				t.Error(rows)
			}
			return s.Close()
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
