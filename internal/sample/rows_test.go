package sample

import (
	"context"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/store"
)

// However many samples are asked for, only they are visited: never the whole
// corpus of the customer.
func TestListUsesItsKeys(t *testing.T) {
	w := newWorld(t, Limits{})
	for _, where := range []string{bySHA256, bySeq} {
		for _, n := range []int{1, 64, chunk} {
			args := []any{string(cid)}
			for i := range n {
				args = append(args, int64(i))
			}
			err := w.db.Read(context.Background(), func(tx *store.Tx) error {
				rows, err := tx.Query("EXPLAIN QUERY PLAN "+listQuery(where, n), args...)
				if err != nil {
					return err
				}
				defer rows.Close()
				for rows.Next() {
					var id, parent, unused int
					var step string
					if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
						return err
					}
					if !strings.Contains(step, "(rowid=?)") && !strings.Contains(step, "(cid=? AND sha256=?)") {
						t.Errorf("%d of %q: %s", n, where, step)
					}
				}
				return rows.Err()
			})
			must(t, err)
		}
	}
}
