package ioc

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// TestIndexes: the index that is read in place of the table holds what the schema
// says, and what is looked up by a value does not read the table.
func TestIndexes(t *testing.T) {
	w := newWorld(t)
	must(t, w.db.Read(ctx, func(tx *store.Tx) error {
		var columns []string
		err := tx.Each(func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			columns = append(columns, name)
			return err
		}, `SELECT name FROM pragma_index_info('ioc_scan') ORDER BY seqno`)
		if want := append([]string{"cid", "seq"}, scanned()...); !slices.Equal(columns, want) {
			t.Errorf("ioc_scan holds %q, want %q", columns, want)
		}
		return err
	}))
	plan := func(query string, args ...any) (steps []string) {
		t.Helper()
		must(t, w.db.Read(ctx, func(tx *store.Tx) (err error) {
			steps, err = storetest.Plan(tx, query, args...)
			return err
		}))
		return steps
	}
	for filter, index := range map[string]string{
		"id:'" + hash(1) + "'": "ioc_id", "value:['a','b']": "ioc_value", "tags:'x'": "ioc_tag_tag", "host_groups:'" + hash(0)[32:] + "'": "ioc_group_group",
	} {
		where, err := w.modern.Parse(filter, "")
		must(t, err)
		cond, args := where.SQL(cid)
		steps := plan(`SELECT seq FROM ioc WHERE `+cond, args...)
		if !slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, index) }) ||
			slices.ContainsFunc(steps, func(s string) bool { return strings.HasPrefix(s, "SCAN ioc") }) {
			t.Errorf("%s: %q", filter, steps)
		}
	}
	for query, index := range map[string]string{
		selectRecords + `WHERE +cid = ? AND id IN ` + store.Listed:                                 "ioc_id",
		`SELECT 1 FROM ioc WHERE cid = ? AND id = ? AND deleted = 0`:                               "ioc_id",
		`SELECT type FROM ioc WHERE cid = ? AND rev > ?`:                                           "ioc_rev",
		`SELECT 1 FROM ioc WHERE cid = ? AND expired = 0 AND expires IS NOT NULL AND expires <= ?`: "ioc_due",
	} {
		if steps := plan(query, string(cid), "[]"); !slices.ContainsFunc(steps, func(s string) bool { return strings.Contains(s, index+" ") }) {
			t.Errorf("%s: %q", query, steps)
		}
	}
}
