package collection_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

// TestDatabaseSplitsWordsAlike asks SQLite about every character.
func TestDatabaseSplitsWordsAlike(t *testing.T) {
	db := open(t)
	err := db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 0x1FFFF)
			SELECT i, char(i) GLOB ? FROM n WHERE i NOT BETWEEN 0xD800 AND 0xDFFF`, collection.SeparatorClass())
		if err != nil {
			return err
		}
		defer rows.Close()
		n := 0
		for rows.Next() {
			var r rune
			var separates bool
			if err := rows.Scan(&r, &separates); err != nil {
				return err
			}
			if separates != collection.Separates(r) {
				t.Errorf("%U: SQLite says %v", r, separates)
			}
			n++
		}
		if n < 100_000 {
			t.Errorf("only %d characters", n)
		}
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTokens(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "",
		" \t.-":                              "",
		`C:\Users\Bob Ärmel\x_y.EXE`:         "c users bob ärmel x y exe",
		"a\u202egpj.exe":                     "a gpj exe",
		"„quoted“ – text…":                   "quoted text",
		"文件.exe １２":                          "文件 exe １２",
		"e\u0301le\u0300ve":                  "e\u0301le\u0300ve",
		"2026-05-17T00:00:00Z":               "2026 05 17t00 00 00z",
		"🦅hawk":                              "hawk",
		strings.Repeat("x", 300) + "\uFEFFy": strings.Repeat("x", 300) + " y",
	} {
		if got := strings.Join(collection.Tokens(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestWords: a phrase neither leaves its value nor its field, and no text can
// pass for what separates them.
func TestWords(t *testing.T) {
	c := things(t, collection.SQLite)
	got := c.Words(map[string][]string{
		"hostname": {"WEB-01|b evil/"}, "paths.path": {"/tmp/a b", "", "c|d"}, "state": {"released"}, "no field": {"x"},
	})
	if want := "|a web 01 b evil/|b|c tmp a b// c d/|d"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPhrases says which phrases find a record.
func TestPhrases(t *testing.T) {
	db, c := open(t), things(t, collection.SQLite)
	p := plain{seq: 1, id: "a", values: map[string][]any{
		"state": {"quarantined"}, "hostname": {"WS-Fra-001.corp"}, "code": {nil}, "note": {"hidden"}, "sha256": {"ab01"},
		"severity": {nil}, "score": {nil}, "active": {nil}, "created": {instant("2026-05-17T08:09:10Z")}, "seen": {nil}, "ip": {nil},
		"paths.path": {`C:\Users\Bob\evil.exe`, "/tmp/x"}, "paths.name": {nil, nil}, "paths.size": {nil, nil},
	}}
	if err := db.Write(ctx, func(tx *store.Tx) error { return p.put(tx, c, mine) }); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[string]bool{
		"": true, "ws": true, "w": true, "ws fra": true, "WS/FRA/00": true, "fra 001 c": true, "ws 001": false, "s": false, "corp users": false,
		"bob e": true, "exe tmp": false, "ab0": true, "b01": false, "quar": true, "released": false, "hidden": false, "tmp x": true,
		"2026": true, "20": true, "2026-05": true, "2026-0": true, "2026-05-17 08:09:1": true, "2026-05-17T08:09:10Z": true, "2026-05-18": false,
		"05-17": false, "2026-13": false, "2026-00": false, "2026-5": false, "20260517": false, "2026-05-17T25": false, "99999": false,
		"hostname:ws": true, "hostname:bob": false, "device.hostname:ws": true, "paths.path:bob": true, "paths.path:ws": false,
		"state:qua": true, "status:qua": true, "state:ws": false, "created:2026": true, "hostname:2026": false, "sha256:ab": true,
		"note:hidden": false, "c:users": true, "c:\\users\\bob": true,
	} {
		w, err := c.Parse("", q)
		if err != nil {
			t.Errorf("%q: %v", q, err)
			continue
		}
		got, err := page(t, db, c, collection.Query{Q: q, CID: mine})
		if err != nil || slices.Contains(got.IDs, "a") != want || w.Empty() != (q == "") {
			t.Errorf("%q finds it: %v, want %v (%v)", q, got.IDs, want, err)
		}
	}
}
