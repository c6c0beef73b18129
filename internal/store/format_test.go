package store_test

import (
	"path/filepath"
	"testing"

	"github.com/mewshq/mews/internal/store"
)

// TestFormat reads the format of a database while it is open, after it was
// closed, and when a newer program has written it.
func TestFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b.db")
	if _, _, err := store.Format(t.Context(), path); err == nil {
		t.Error("a database that is not there has a format")
	}
	db, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	check := func(want int64) {
		t.Helper()
		have, newest, err := store.Format(t.Context(), path)
		if want == 0 {
			want = newest
		}
		if err != nil || newest < 16 || have != want {
			t.Errorf("format %d of %d, %v; want %d", have, newest, err, want)
		}
	}
	check(0)
	exec(t, db, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
	check(999)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	check(999)
}
