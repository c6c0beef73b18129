package collection_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// TestLimitsOfPages asks at each limit and one beyond it.
func TestLimitsOfPages(t *testing.T) {
	db, c := openFew(t), things(t, collection.SQLite)
	for _, x := range []struct {
		q    collection.Query
		part string // of the mistake; "" for none
	}{
		{collection.Query{}, ""},
		{collection.Query{Limit: 1}, ""},
		{collection.Query{Limit: 50}, ""},
		{collection.Query{Limit: 51}, "limit must be 1..50"},
		{collection.Query{Limit: -1}, "limit must be 1..50"},
		{collection.Query{Offset: -1}, "offset must not be negative"},
		{collection.Query{Offset: 190}, ""},
		{collection.Query{Offset: 191}, "beyond 200"},
		{collection.Query{Offset: math.MaxInt}, "go on with the after token"},
		{collection.Query{Sort: "nosuch"}, `cannot sort by "nosuch"; sort by one of: active, code, created, `},
		{collection.Query{Sort: "note"}, "cannot sort by"},
		{collection.Query{Sort: "hostname|up"}, "cannot sort in direction"},
		{collection.Query{Sort: "hostname|"}, "cannot sort in direction"},
		{collection.Query{Sort: ","}, "cannot sort by"},
		{collection.Query{Sort: " status | DESC , device.hostname.asc,paths.path.desc"}, ""},
		{collection.Query{Sort: strings.Repeat("hostname,", 7) + "hostname"}, ""},
		{collection.Query{Sort: strings.Repeat("hostname,", 8) + "hostname"}, "sort names 9 fields"},
		{collection.Query{Q: strings.Repeat("a", 1024)}, ""},
		{collection.Query{Q: strings.Repeat("a", 1025)}, "q is longer than 1024 bytes"},
		{collection.Query{Q: strings.Repeat("a ", 16)}, ""},
		{collection.Query{Q: strings.Repeat("a ", 17)}, "q has 17 words"},
		{collection.Query{Q: "  "}, ""},
		{collection.Query{Q: " - "}, "no letter or digit"},
		{collection.Query{Q: "hostname:"}, "no letter or digit"},
		{collection.Query{Filter: "hostname:*'" + strings.Repeat("a", 1023) + "*'"}, ""},
		{collection.Query{Filter: "hostname:*'" + strings.Repeat("a", 1024) + "*'"}, "at most 1024 bytes"},
		{collection.Query{Filter: "hostname:~'" + strings.Repeat("a", 1025) + "'"}, "at most 1024 bytes"},
	} {
		x.q.CID, x.q.Client = mine, alice
		_, err := page(t, db, c, x.q)
		if x.part != "" {
			mistake(t, fmt.Sprintf("%.80v", x.q), err, x.part)
		} else if err != nil {
			t.Errorf("%.80v: %v", x.q, err)
		}
	}
}

// TestDeepPages: without a window every offset is answered.
func TestDeepPages(t *testing.T) {
	db := openFew(t)
	c := things(t, collection.SQLite, func(s *collection.Schema) { s.Window = 0 })
	for _, filter := range []string{"", "severity:!77"} {
		p, err := page(t, db, c, collection.Query{Filter: filter, Offset: math.MaxInt, CID: mine})
		if err != nil || len(p.IDs) != 0 || p.Total != 6 || p.Next != math.MaxInt || p.After != "" {
			t.Errorf("%q: %+v, %v", filter, p, err)
		}
	}
}

// TestPlansOfSQLite holds how SQLite goes about the statements of pages: it has
// no figures of the tables, and a wrong index costs minutes where there are
// millions of records.
func TestPlansOfSQLite(t *testing.T) {
	db, c := open(t), things(t, collection.SQLite)
	for _, x := range []struct {
		q    collection.Query
		does string
		want []string
	}{
		{collection.Query{}, "count", []string{"SEARCH thing USING COVERING INDEX * (cid=?)"}},
		{collection.Query{}, "walk", []string{"SEARCH thing USING COVERING INDEX thing_created (cid=? AND created>?)", "SCAN walk", "SEARCH thing USING INTEGER PRIMARY KEY (rowid=?)"}},
		{collection.Query{}, "sort", []string{"SCAN thing USING COVERING INDEX thing_created", "USE TEMP B-TREE FOR ORDER BY"}},
		{
			collection.Query{Sort: "hostname", Filter: "state:'released'"},
			"walk",
			[]string{"SEARCH thing USING COVERING INDEX thing_host (cid=? AND host_folded>?)", "SCAN walk", "SEARCH thing USING INTEGER PRIMARY KEY (rowid=?)"},
		},
		{collection.Query{Filter: "state:'released'"}, "all", []string{"SCAN thing"}},
		{collection.Query{Filter: "state:'released'+hostname:*'*x*'"}, "select", []string{"SEARCH thing USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
		{collection.Query{Filter: "severity:3"}, "select", []string{"SEARCH thing USING COVERING INDEX thing_scan (cid=? AND seq>? AND seq<?)"}},
		{collection.Query{Filter: "state:!'x'"}, "select", []string{"SEARCH thing USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"}},
		{
			collection.Query{Filter: "created:>'2026-01-01'+severity:3"},
			"select",
			[]string{"SEARCH thing USING COVERING INDEX thing_scan (cid=? AND seq>? AND seq<?)"},
		},
		{
			collection.Query{Filter: "paths.name:'x'"},
			"select",
			[]string{"SEARCH thing_path USING PRIMARY KEY (record>? AND record<?)"},
		},
		{
			collection.Query{Filter: "paths.path:!'x'"},
			"select",
			[]string{
				"SEARCH thing USING COVERING INDEX thing_scan (cid=? AND seq>? AND seq<?)",
				"SEARCH thing_path USING COVERING INDEX thing_path_path (cid=? AND path_folded=? AND record>? AND record<?)",
			},
		},
		{
			collection.Query{Q: "x"},
			"select",
			[]string{"SEARCH thing_words USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"},
		},
		{collection.Query{Sort: "hostname"}, "along", []string{"SEARCH thing USING COVERING INDEX thing_host (cid=? AND host_folded>?)"}},
		{
			collection.Query{Filter: "hostname:'x'+state:'released'"},
			"all",
			[]string{"SEARCH thing USING INTEGER PRIMARY KEY (rowid=?)", "SEARCH thing USING COVERING INDEX thing_host (cid=? AND host_folded=?)"},
		},
		{
			collection.Query{Filter: "sha256:['x','y']"},
			"all",
			[]string{"SEARCH thing USING INTEGER PRIMARY KEY (rowid=?)", "SEARCH thing USING COVERING INDEX thing_hash (cid=? AND hash=?)"},
		},
		{
			collection.Query{Filter: "paths.path:'x'"},
			"all",
			[]string{"SEARCH thing USING INTEGER PRIMARY KEY (rowid=?)", "SEARCH thing_path USING COVERING INDEX thing_path_path (cid=? AND path_folded=?)"},
		},
		{
			collection.Query{Filter: "paths.path:*'*x*'"},
			"all",
			[]string{"SCAN thing", "SEARCH thing_path USING PRIMARY KEY (record=?)"},
		},
		{collection.Query{Filter: "paths.size:1"}, "all", []string{"SCAN thing", "SEARCH thing_path EXISTS USING PRIMARY KEY (record=?)"}},
		{collection.Query{Q: "x"}, "all", []string{"SCAN thing", "SEARCH thing_words EXISTS USING INTEGER PRIMARY KEY (rowid=?)"}},
	} {
		x.q.CID, x.q.Client = mine, alice
		list, err := c.Statements(x.q)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(s collection.Statement) bool { return s.Does == x.does })
		got := plan(t, db, list[i])
		if !slices.EqualFunc(got, x.want, fitsPlan) {
			t.Errorf("%+v: %s:\n got %q\nwant %q", x.q, x.does, got, x.want)
		}
	}
}

// plan is what SQLite says of a statement, without what frames subqueries.
func plan(t *testing.T, db *store.DB, s collection.Statement) []string {
	t.Helper()
	var out []string
	err := db.Read(ctx, func(tx *store.Tx) error {
		steps, err := storetest.Plan(tx, s.SQL, s.Args...)
		for _, step := range steps {
			if strings.HasPrefix(step, "SEARCH") || strings.HasPrefix(step, "SCAN") || strings.HasPrefix(step, "USE TEMP") && s.Does != "walk" {
				out = append(out, step)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fitsPlan compares a step of a plan; a star stands for any index.
func fitsPlan(got, want string) bool {
	head, tail, star := strings.Cut(want, "*")
	if !star {
		return got == want
	}
	return strings.HasPrefix(got, head) && strings.HasSuffix(got, tail)
}
