package collection_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// An item is a record of the noun that aggregates are tested with; nil and ""
// are missing.
type item struct {
	seq      int64
	cid      store.CID
	state    string
	host     string
	hash     string
	severity *int64
	score    *float64
	active   *bool
	created  *time.Time
	addr     string
	paths    []string
	sizes    []int64 // in step with paths
	tags     []string
}

const itemTables = `
CREATE TABLE item (
	seq INTEGER PRIMARY KEY, cid TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL, host TEXT NOT NULL, host_folded TEXT NOT NULL,
	hash TEXT, severity INTEGER, score REAL, active INTEGER, created INTEGER, addr BLOB
) STRICT;
CREATE INDEX item_state ON item (cid, state);
CREATE TABLE item_path (
	record INTEGER NOT NULL, place INTEGER NOT NULL, cid TEXT NOT NULL, path TEXT NOT NULL, path_folded TEXT NOT NULL, size INTEGER,
	PRIMARY KEY (record, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE item_tag (record INTEGER NOT NULL, cid TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (record, tag)) STRICT, WITHOUT ROWID;
`

func itemSchema() collection.Schema {
	return collection.Schema{
		Name: "item", Table: "item", Key: "seq", ID: "id",
		Sheets: []collection.Sheet{
			{Name: "state", Table: "item", Columns: []string{"state", "active"}},
			{Name: "facts", Table: "item", Columns: []string{"host", "hash", "severity", "score", "created", "addr"}},
			{Name: "path", Table: "item_path", Columns: []string{"path", "size"}},
			{Name: "tag", Table: "item_tag", Columns: []string{"tag"}},
		},
		Fields: []collection.Field{
			{Name: "id", Column: "id"},
			{
				Name: "state", Aliases: []string{"status"}, Column: "state", Values: []string{"quarantined", "released", "purged"},
				Synonyms: map[string]string{"deleted": "purged"}, Aggregate: true,
			},
			{Name: "hostname", Column: "host", Folded: "host_folded", Indexed: true, Aggregate: true},
			{Name: "hash", Column: "hash", Lower: true, Indexed: true, Aggregate: true},
			{Name: "severity", Type: collection.Integer, Column: "severity", Indexed: true, Aggregate: true},
			{Name: "score", Type: collection.Number, Column: "score", Indexed: true, Aggregate: true},
			{Name: "active", Type: collection.Boolean, Column: "active", Aggregate: true},
			{Name: "created", Type: collection.Time, Column: "created", Sortable: true, Aggregate: true},
			{Name: "addr", Type: collection.IP, Column: "addr", Indexed: true, Aggregate: true},
			{Name: "paths.path", Child: "item_path", Column: "path", Folded: "path_folded", Indexed: true, Aggregate: true},
			{Name: "paths.size", Type: collection.Integer, Child: "item_path", Column: "size", Indexed: true, Aggregate: true},
			{Name: "tags", Child: "item_tag", Column: "tag", Indexed: true, Aggregate: true},
		},
		DefaultSort: "created|desc", DefaultLimit: 10, MaxLimit: 50,
	}
}

func itemsIn(t testing.TB, d collection.Dialect) *collection.Collection {
	t.Helper()
	c, err := collection.New(itemSchema(), d, collection.Options{TokenKey: []byte(storetest.Key), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// insert puts an item into its tables.
func (it *item) insert(tx *store.Tx) error {
	var created, active any
	if it.created != nil {
		created = it.created.UnixMicro()
	}
	if it.active != nil {
		active = *it.active
	}
	var addr, hash any
	if it.addr != "" {
		addr = address(it.addr)
	}
	if it.hash != "" {
		hash = it.hash
	}
	_, err := tx.Exec(`INSERT INTO item VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`, it.seq, it.cid, fmt.Sprint("id", it.seq), it.state,
		it.host, strings.ToLower(it.host), hash, it.severity, it.score, active, created, addr)
	for i, p := range it.paths {
		if err == nil {
			var size any
			if it.sizes[i] >= 0 {
				size = it.sizes[i]
			}
			_, err = tx.Exec(`INSERT INTO item_path VALUES (?,?,?,?,?,?)`, it.seq, i, it.cid, p, strings.ToLower(p), size)
		}
	}
	for _, tag := range it.tags {
		if err == nil {
			_, err = tx.Exec(`INSERT INTO item_tag VALUES (?,?,?)`, it.seq, it.cid, tag)
		}
	}
	return err
}

// replace makes the items all there are.
func replace(t testing.TB, db *store.DB, items []*item) {
	t.Helper()
	err := db.Write(ctx, func(tx *store.Tx) error {
		for _, table := range []string{"item", "item_path", "item_tag"} {
			if _, err := tx.Exec("DELETE FROM " + table); err != nil {
				return err
			}
		}
		for _, it := range items {
			if err := it.insert(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func openItems(t testing.TB) *store.DB {
	t.Helper()
	db := storetest.New(t)
	err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(itemTables + sheetTables(itemSchema()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func aggregate(t testing.TB, db *store.DB, c *collection.Collection, list ...collection.Aggregation) (out []collection.Result, err error) {
	t.Helper()
	err = db.ReadWide(ctx, func(tx *store.Tx) (err error) {
		out, err = c.Aggregate(tx, mine, list)
		return err
	})
	return out, err
}

func ptr[T any](v T) *T { return &v }

func at(text string) *time.Time {
	v, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return &v
}

func someItems() []*item {
	return []*item{
		{seq: 1, cid: mine, state: "quarantined", host: "Web1", severity: ptr[int64](10), created: at("2026-01-01T00:00:00Z"), paths: []string{`C:\A`, `c:\a`, `C:\B`}, sizes: []int64{1, 2, -1}, tags: []string{"x", "y"}, active: ptr(true), addr: "10.0.0.1"},
		{seq: 2, cid: mine, state: "released", host: "web1", severity: ptr[int64](70), score: ptr(1.5), created: at("2026-01-01T23:59:59.999999Z"), paths: []string{`C:\B`}, sizes: []int64{3}, active: ptr(false), addr: "10.0.0.1"},
		{seq: 3, cid: mine, state: "quarantined", host: "db", severity: ptr[int64](100), score: ptr(2.5), created: at("2026-01-03T12:00:00Z"), tags: []string{"x"}, hash: strings.Repeat("ab", 32)},
		{seq: 4, cid: mine, state: "purged"},
		{seq: 5, cid: theirs, state: "purged", host: "theirs", created: at("2026-01-01T00:00:00Z"), paths: []string{"theirs"}, sizes: []int64{9}, tags: []string{"theirs"}},
	}
}

func count(n int64, label any, sub ...collection.Result) collection.Bucket {
	return collection.Bucket{Label: label, Count: n, Sub: sub}
}

func TestAggregateTerms(t *testing.T) {
	db, c := openItems(t), itemsIn(t, collection.SQLite)
	replace(t, db, someItems())
	zero := ptr[int64](0)
	for _, tt := range []struct {
		name string
		a    collection.Aggregation
		want collection.Result
	}{
		{"by count", collection.Aggregation{Type: "terms", Field: "status"}, collection.Result{
			Name: "status", Other: zero, CountError: zero,
			Buckets: []collection.Bucket{count(2, "quarantined"), count(1, "purged"), count(1, "released")},
		}},
		{"cut", collection.Aggregation{Name: "n", Type: "terms", Field: "state", Size: 1, Sort: "_term|asc"}, collection.Result{
			Name: "n", Other: ptr[int64](3), CountError: zero, Buckets: []collection.Bucket{count(1, "purged")},
		}},
		{"case apart", collection.Aggregation{Type: "terms", Field: "hostname"}, collection.Result{
			Name: "hostname", Other: zero, CountError: zero, Buckets: []collection.Bucket{count(2, "Web1"), count(1, "db")},
		}},
		{"several values", collection.Aggregation{Type: "terms", Field: "paths.path", Sub: []collection.Aggregation{{Type: "sum", Field: "severity"}}}, collection.Result{
			Name: "paths.path", Other: zero, CountError: zero, Buckets: []collection.Bucket{
				count(2, `C:\B`, collection.Result{Name: "severity", Buckets: []collection.Bucket{{Count: 2, Value: ptr(80.0)}}}),
				count(1, `C:\A`, collection.Result{Name: "severity", Buckets: []collection.Bucket{{Count: 1, Value: ptr(10.0)}}}),
			},
		}},
		{"missing", collection.Aggregation{Type: "terms", Field: "hostname", Missing: ptr("DB")}, collection.Result{
			Name: "hostname", Other: zero, CountError: zero, Buckets: []collection.Bucket{count(2, "DB"), count(2, "Web1")},
		}},
		{"unknown field", collection.Aggregation{Name: "n", Type: "terms", Field: "nothing"}, collection.Result{Name: "n"}},
		{"nothing found", collection.Aggregation{Type: "terms", Field: "state", Filter: "severity:5"}, collection.Result{
			Name: "state", Other: zero, CountError: zero, Buckets: []collection.Bucket{},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := aggregate(t, db, c, tt.a)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]collection.Result{tt.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func address(text string) []byte {
	b := mustAddr(text).As16()
	return b[:]
}

func mustAddr(text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	if err != nil {
		panic(err)
	}
	return a
}
