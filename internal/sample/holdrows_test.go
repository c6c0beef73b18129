package sample

import (
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// However many samples and holds there are, only those that are named are
// visited.
func TestHoldsUseTheirKeys(t *testing.T) {
	w := newWorld(t, Limits{})
	for _, n := range []int{1, 64, chunk} {
		w.write(t, func(tx *store.Tx) error {
			for query, want := range map[string][]string{
				deleteHoldsQuery(n):  {"sample_hold USING PRIMARY KEY (cid=? AND sha256=? AND holder=?)"},
				unheldQuery(n):       {"sample USING COVERING INDEX sqlite_autoindex_sample_1 (cid=? AND sha256=?)", "h USING PRIMARY KEY (cid=? AND sha256=?)"},
				markDeletingQuery(n): {"sample USING INTEGER PRIMARY KEY (rowid=?)"},
				presentQuery(n):      {"(cid=? AND sha256=?)"},
				heldInQuery:          {"USING INDEX sample_held (cid=? AND state=?)"},
				unsettledQuery:       {"USING COVERING INDEX sample_held (cid=? AND state=?)"},
				doomedQuery:          {"USING INDEX sample_deleting"},
			} {
				args := make([]any, strings.Count(query, "?"))
				for i := range args {
					args[i] = i
				}
				steps, err := storetest.Plan(tx, query, args...)
				if err != nil {
					return err
				}
				plan := strings.Join(steps, "\n")
				for _, part := range want {
					if !strings.Contains(plan, part) {
						t.Errorf("%.80q lacks %q:\n%s", query, part, plan)
					}
				}
			}
			return nil
		})
	}
}
