package store_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/store"
)

// numbers is a statement that counts from 1, without a table.
const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i, 'text ' || i, i / 2.0, NULL, CAST('blob ' || i AS BLOB) FROM n`

// copied is a row that stays.
func copied(row []driver.Value) []driver.Value {
	row = slices.Clone(row)
	for i, v := range row {
		switch v := v.(type) {
		case string:
			row[i] = strings.Clone(v)
		case []byte:
			row[i] = bytes.Clone(v)
		}
	}
	return row
}

// scanned gives all rows of a statement.
func scanned(tx *store.Tx, width int, query string, args ...any) (out [][]driver.Value, err error) {
	err = tx.Scan(func(row []driver.Value) error {
		out = append(out, copied(row))
		return nil
	}, width, query, args...)
	return out, err
}

func TestScanGivesEveryRow(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		for _, n := range []int{1, 2, 3000} {
			err := db.Read(ctx, func(tx *store.Tx) error {
				rows, err := scanned(tx, 5, numbers, n)
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
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// An order that a statement asks for is that of its rows, with an index and
// without one.
func TestScanKeepsTheOrder(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		for i := range 100 {
			exec(t, db, `INSERT INTO t (k, v) VALUES (?, ?)`, fmt.Sprint(i), i*37%100)
		}
		for _, order := range []string{"k", "k DESC", "v", "v DESC"} {
			err := db.Read(ctx, func(tx *store.Tx) error {
				var want [][]driver.Value
				rows, err := tx.Query(`SELECT k, v FROM t WHERE v > ? ORDER BY `+order, 10)
				if err != nil {
					return err
				}
				for rows.Next() {
					var k string
					var v int64
					if err := rows.Scan(&k, &v); err != nil {
						return err
					}
					want = append(want, []driver.Value{k, v})
				}
				if err := errors.Join(rows.Err(), rows.Close()); err != nil {
					return err
				}
				got, err := scanned(tx, 2, `SELECT k, v FROM t WHERE v > ? ORDER BY `+order, 10)
				if !reflect.DeepEqual(got, want) || len(got) != 89 {
					t.Errorf("%s: %v", order, got)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A scan that was left in the middle leaves a connection that works, whatever
// ended it.
func TestScanEndsEarly(t *testing.T) {
	mine := errors.New("mine")
	both(t, func(t *testing.T, db *store.DB) {
		for i := range 20 {
			stop := []error{mine, store.ErrEnough}[i%2]
			rows := 0
			err := db.Read(ctx, func(tx *store.Tx) error {
				return tx.Scan(func([]driver.Value) error {
					if rows++; rows > i*20 {
						return stop
					}
					return nil
				}, 5, numbers, 100_000)
			})
			if rows != i*20+1 || stop == mine && !errors.Is(err, mine) || stop != mine && err != nil {
				t.Fatalf("%d rows, then %v", rows, err)
			}
		}
		func() {
			defer func() {
				if v := recover(); v != "boom" {
					t.Errorf("panicked with %v", v)
				}
			}()
			_ = db.Read(ctx, func(tx *store.Tx) error {
				return tx.Scan(func([]driver.Value) error { panic("boom") }, 1, `SELECT 1`)
			})
		}()
		if n := count(t, db, `SELECT count(*) FROM t`); n != 0 {
			t.Error(n)
		}
	})
}

func TestScanEndsWithItsContext(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		short, cancel := context.WithCancel(ctx)
		defer cancel()
		rows := 0
		err := db.Read(short, func(tx *store.Tx) error {
			return tx.Scan(func([]driver.Value) error {
				if rows++; rows == 1000 {
					cancel()
				}
				return nil
			}, 5, numbers, 1<<40)
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%d rows, then %v", rows, err)
		}
		if n := count(t, db, `SELECT count(*) FROM t`); n != 0 {
			t.Error(n)
		}
	})
}

func TestScanErrors(t *testing.T) {
	both(t, func(t *testing.T, db *store.DB) {
		exec(t, db, `INSERT INTO t (k, v) VALUES ('a', 1), ('b', -9223372036854775808)`)
		err := db.Read(ctx, func(tx *store.Tx) error {
			if _, err := scanned(tx, 1, `SELECT nothing FROM nowhere`); err == nil {
				t.Error("ran a statement that cannot be")
			}
			if _, err := scanned(tx, 1, `SELECT ?`, struct{}{}); err == nil {
				t.Error("bound a struct")
			}
			rows, err := scanned(tx, 1, `SELECT abs(v) FROM t ORDER BY k`)
			if err == nil || len(rows) != 1 || rows[0][0] != int64(1) {
				t.Errorf("rows %v, then %v, where a value overflows", rows, err)
			}
			// The type of a customer's id is no driver value by itself.
			rows, err = scanned(tx, 2, `SELECT ?, ?`, store.CID("c"), true)
			if len(rows) != 1 || rows[0][0] != "c" {
				t.Error(rows)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
