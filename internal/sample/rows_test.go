package sample

import (
	"context"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
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
				steps, err := storetest.Plan(tx, listQuery(where, n), args...)
				for _, step := range steps {
					if !strings.Contains(step, "(rowid=?)") && !strings.Contains(step, "(cid=? AND sha256=?)") {
						t.Errorf("%d of %q: %s", n, where, step)
					}
				}
				return err
			})
			must(t, err)
		}
	}
}
