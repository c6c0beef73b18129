package collection

import (
	"fmt"
	"strings"
	"sync"

	"github.com/mewshq/mews/internal/store"
)

// Counts tells of how many selected records of a customer each condition holds.
// A condition is SQL over the noun's table, under its own name.
func (c *Collection) Counts(tx *store.Tx, cid store.CID, w Where, conds ...string) ([]int64, error) {
	columns := make([]string, len(conds))
	for i, cond := range conds {
		columns[i] = "count(CASE WHEN " + cond + " THEN 1 END)"
	}
	list := statement{sql: strings.Join(columns, ", ")}
	if w.narrow {
		sql, args := w.SQL(cid)
		return c.counts(tx, len(conds), statement{c.dialect.Statement("SELECT " + list.sql + " FROM " + c.schema.Table + " WHERE " + sql), args})
	}
	first, n, err := c.parts(tx)
	if err != nil {
		return nil, err
	}
	sum := make([]int64, len(conds))
	var mu sync.Mutex
	err = tx.Spread(n, func(tx *store.Tx, i int) error {
		some, err := c.counts(tx, len(conds), c.ofPart(list, w, cid, c.work.part.part(first+int64(i))))
		mu.Lock()
		defer mu.Unlock()
		for i, n := range some {
			sum[i] += n
		}
		return err
	})
	return sum, err
}

// counts runs a statement that gives one row of numbers.
func (c *Collection) counts(tx *store.Tx, n int, st statement) ([]int64, error) {
	counts, dest := make([]int64, n), make([]any, n)
	for i := range counts {
		dest[i] = &counts[i]
	}
	if err := tx.QueryRow(st.sql, st.args...).Scan(dest...); err != nil {
		return nil, fmt.Errorf("count records: %w", err)
	}
	return counts, nil
}
