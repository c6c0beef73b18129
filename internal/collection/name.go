package collection

import (
	"database/sql"
	"fmt"
	"slices"
)

// maxNamed is how many records one statement names.
const maxNamed = 500

// name gives rows their ids.
func (f *finder) name(rows []row) error {
	at := make(map[int64]*row, len(rows))
	for i := range rows {
		at[rows[i].key] = &rows[i]
	}
	for some := range slices.Chunk(rows, maxNamed) {
		s := f.naming(some)
		err := f.tx.Each(func(found *sql.Rows) error {
			var key int64
			var id string
			if err := found.Scan(&key, &id); err != nil {
				return err
			}
			at[key].id = id
			return nil
		}, s.sql, s.args...)
		if err != nil {
			return fmt.Errorf("ids of records: %w", err)
		}
	}
	return nil
}

func (f *finder) naming(rows []row) statement {
	keys := make([]any, len(rows))
	for i, r := range rows {
		keys[i] = r.key
	}
	c := f.c
	of := oneOf(c.column(c.schema.Key), keys).one
	return f.statement("SELECT "+c.column(c.schema.Key)+", "+c.column(c.schema.ID)+" FROM "+c.schema.Table+
		" WHERE "+c.dialect.unindexed(c.column("cid"))+" = ? AND "+of.sql, append([]any{string(f.cid)}, of.args...))
}
