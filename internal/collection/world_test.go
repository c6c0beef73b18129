package collection_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

var ctx = context.Background()

const (
	mine   = store.CID("11111111111111111111111111111111")
	theirs = store.CID("22222222222222222222222222222222")
	alice  = "alice"
)

// clock is the time of all tests.
func clock() time.Time { return time.Date(2026, 5, 17, 12, 30, 0, 0, time.UTC) }

// tables are those of a noun with a field of every kind.
const tables = `
CREATE TABLE thing (
	seq INTEGER PRIMARY KEY, cid TEXT NOT NULL, id TEXT NOT NULL, state TEXT NOT NULL,
	host TEXT NOT NULL, host_folded TEXT NOT NULL, code TEXT, note TEXT NOT NULL, hash TEXT NOT NULL,
	severity INTEGER, score REAL, active INTEGER, created INTEGER, seen INTEGER, addr BLOB,
	path_low TEXT NOT NULL, path_high TEXT NOT NULL
) STRICT;
CREATE INDEX thing_id ON thing (cid, id);
CREATE INDEX thing_host ON thing (cid, host_folded);
CREATE INDEX thing_created ON thing (cid, created);
CREATE INDEX thing_hash ON thing (cid, hash);
CREATE INDEX thing_state ON thing (cid, state);
CREATE INDEX thing_low ON thing (cid, path_low);
CREATE INDEX thing_high ON thing (cid, path_high);
CREATE INDEX thing_scan ON thing (cid, seq, created, severity);
CREATE TABLE thing_path (
	record INTEGER NOT NULL, place INTEGER NOT NULL, cid TEXT NOT NULL, path TEXT NOT NULL, path_folded TEXT NOT NULL,
	name TEXT, name_folded TEXT, size INTEGER,
	PRIMARY KEY (record, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX thing_path_path ON thing_path (cid, path_folded);
CREATE TABLE thing_words (record INTEGER PRIMARY KEY, cid TEXT NOT NULL, words TEXT NOT NULL) STRICT;
`

// sheetTables are those that sheets need, for parts of eight records.
func sheetTables(s collection.Schema) string {
	t := s.Table
	out := `CREATE TABLE ` + t + `_sheet (cid TEXT NOT NULL, part INTEGER NOT NULL, sheet TEXT NOT NULL, current INTEGER NOT NULL,
		PRIMARY KEY (cid, part, sheet)) STRICT, WITHOUT ROWID;
	CREATE TABLE ` + t + `_strip (cid TEXT NOT NULL, part INTEGER NOT NULL, sheet TEXT NOT NULL, name TEXT NOT NULL, bytes BLOB NOT NULL,
		UNIQUE (cid, part, sheet, name)) STRICT;`
	for _, sheet := range s.Sheets {
		key := "record"
		if sheet.Table == t {
			key = s.Key
		}
		for event, row := range map[string]string{
			"INSERT": "NEW", "DELETE": "OLD", "UPDATE OF " + key + ", cid, " + strings.Join(sheet.Columns, ", "): "OLD",
		} {
			kind, _, _ := strings.Cut(event, " ")
			out += fmt.Sprintf(`CREATE TRIGGER %[1]s_%[2]s_%[6]s AFTER %[3]s ON %[4]s BEGIN
				UPDATE %[1]s_sheet SET current = 0 WHERE cid = %[5]s.cid AND part = (%[5]s.%[7]s - 1) >> 3 AND sheet = '%[2]s' AND current = 1; END;`,
				t, sheet.Name, event, sheet.Table, row, kind, key)
		}
	}
	return out
}

// strip makes all strips that there can be.
func strip(t testing.TB, db *store.DB, c *collection.Collection) {
	t.Helper()
	if err := c.Stripper(db).Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func schema() collection.Schema {
	return collection.Schema{
		Name: "thing", Table: "thing", Key: "seq", ID: "id", Words: "thing_words", Scan: "thing_scan", ScanColumns: []string{"created", "severity"},
		Sheets: []collection.Sheet{
			{Name: "facts", Table: "thing", Columns: []string{"host", "code", "note", "hash", "severity", "score", "created", "seen", "addr"}},
			{Name: "state", Table: "thing", Columns: []string{"state", "active"}},
			{Name: "path", Table: "thing_path", Columns: []string{"path", "name", "size"}},
			{Name: "words", Table: "thing_words", Columns: []string{"words"}},
		},
		Fields: []collection.Field{
			{Name: "id", Column: "id", Lower: true},
			{
				Name: "state", Aliases: []string{"status"}, Column: "state", Values: []string{"quarantined", "released", "purged"},
				Synonyms: map[string]string{"deleted": "purged"}, Sortable: true, InQ: true,
			},
			{Name: "hostname", Aliases: []string{"device.hostname"}, Column: "host", Folded: "host_folded", Indexed: true, Sortable: true, InQ: true},
			{Name: "code", Column: "code", Sortable: true},
			{Name: "note", Type: collection.Text, Column: "note"},
			{Name: "sha256", Column: "hash", Lower: true, InQ: true, Indexed: true},
			{Name: "severity", Type: collection.Integer, Column: "severity", Sortable: true},
			{Name: "score", Type: collection.Number, Column: "score", Sortable: true},
			{Name: "active", Type: collection.Boolean, Column: "active", Sortable: true},
			{Name: "created", Type: collection.Time, Column: "created", Sortable: true, InQ: true},
			{Name: "seen", Type: collection.Time, Column: "seen"},
			{Name: "ip", Type: collection.IP, Column: "addr", Sortable: true},
			{
				Name: "paths.path", Child: "thing_path", Column: "path", Folded: "path_folded",
				Low: "path_low", High: "path_high", Indexed: true, Sortable: true, InQ: true,
			},
			{Name: "paths.name", Aliases: []string{"name"}, Child: "thing_path", Column: "name", Folded: "name_folded"},
			{Name: "paths.size", Type: collection.Integer, Child: "thing_path", Column: "size"},
		},
		DefaultSort: "created|desc", DefaultLimit: 10, MaxLimit: 50, Window: 200,
	}
}

func things(t testing.TB, d collection.Dialect, change ...func(*collection.Schema)) *collection.Collection {
	t.Helper()
	s := schema()
	for _, fn := range change {
		fn(&s)
	}
	c, err := collection.New(s, d, collection.Options{TokenKey: []byte(storetest.Key), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t testing.TB) *store.DB {
	t.Helper()
	db := storetest.New(t)
	err := db.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(tables + sheetTables(schema()))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// ends are the least and the greatest of some texts, case ignored; "" stands for
// none.
func ends(texts []string) (low, high string) {
	for _, text := range texts {
		text = strings.ToLower(text)
		if low == "" || text != "" && text < low {
			low = text
		}
		high = max(high, text)
	}
	return low, high
}
