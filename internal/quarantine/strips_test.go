package quarantine

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// manyRecords fills the first part of the records, for me and a little for the
// other customer, without the work of as many reports.
func (w *world) manyRecords(t testing.TB) {
	t.Helper()
	const seqs = `WITH RECURSIVE n(seq) AS (SELECT 1 UNION ALL SELECT seq + 1 FROM n WHERE seq < 8200) `
	who := fmt.Sprintf("CASE WHEN seq %% 100 = 0 THEN '%s' ELSE '%s' END", other, cid)
	must(t, w.db.Write(ctx, func(tx *store.Tx) error {
		for _, statement := range []string{
			`INSERT INTO quarantine_change (cid, time, client, event, comment) VALUES ('` + string(cid) + `', 1, '', 'added', '')`,
			seqs + `INSERT INTO quarantine (seq, cid, aid, sha256, state, path_state, change, held, created, updated, reported, hostname,
				hostname_folded, username, username_folded, path_low, path_high, extracted, primary_module, removable, removable_path,
				sandbox_id, sandbox_state, adversary, country, country_folded, max_severity)
				SELECT seq, ` + who + `, printf('%032x', seq % 50), printf('%064x', seq), CASE seq % 3 WHEN 0 THEN 'released' ELSE 'quarantined' END,
				'quarantined', 1, 0, seq * 1000000, 1, 1, 'Host-' || (seq % 50), 'host-' || (seq % 50), '', '', '/p' || (seq % 7), '/p' || (seq % 7),
				0, seq % 2, 0, '', '', '', '', 'US', 'us', seq % 90 FROM n`,
			seqs + `INSERT INTO quarantine_words SELECT seq, ` + who + `, '|a/|b host ' || (seq % 50) || '/|c|d p' || (seq % 7) || '/|e' FROM n`,
			seqs + `INSERT INTO quarantine_path SELECT seq, 0, ` + who + `, '/P' || (seq % 7), '/p' || (seq % 7), 'P' || (seq % 7), 'p' || (seq % 7) FROM n`,
			seqs + `INSERT INTO quarantine_behavior SELECT seq, 0, ` + who + `, 'b' || (seq % 5), 'domain', 'X' || (seq % 9), 'x' || (seq % 9), '' FROM n`,
			seqs + `INSERT INTO quarantine_detect SELECT seq, ` + who + `, 'd' || (seq % 4) FROM n`,
			seqs + `INSERT INTO quarantine_alert SELECT seq, ` + who + `, 'a' || (seq % 6) FROM n`,
		} {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		return nil
	}))
}

// current lists the sheets whose strips say what the rows say.
func (w *world) current(t testing.TB) (names []string) {
	t.Helper()
	must(t, w.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT sheet FROM quarantine_sheet WHERE current = 1 AND cid = ? ORDER BY sheet`, string(cid))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			names = append(names, name)
		}
		return rows.Err()
	}))
	return names
}

func sheetNames() (names []string) {
	for _, s := range sheets() {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}

// withoutStrips is the same collection, which does not know of strips.
func withoutStrips(t testing.TB, w *world) *collection.Collection {
	t.Helper()
	s := schema(Deps{})
	s.Sheets = nil
	c, err := collection.New(s, collection.SQLite, collection.Options{TokenKey: make([]byte, 32), Now: w.clock})
	must(t, err)
	return c
}

// answers are what strips can give.
func answers(t testing.TB, w *world, c *collection.Collection) (out []any) {
	t.Helper()
	must(t, w.db.ReadWide(ctx, func(tx *store.Tx) error {
		for _, filter := range []string{
			"*", "state:'released'", "paths.path:~'p3'", "behaviors.ioc_value:'x1'+max_severity:>40", "alert_ids:!'a1'", "detect_ids:'new'",
			"country:'de'", "paths.state:*'*pending'", "behaviors.behavior_id:['b1','seen']", "date_updated:>'2026-01-01'",
		} {
			page, err := c.Page(tx, collection.Query{Filter: filter, Limit: 5000, CID: cid, Client: "a"})
			if err != nil {
				return err
			}
			results, err := c.Aggregate(tx, cid, outward.Aggregations([]mews.AggregateRequest{
				{Type: "terms", Field: "state", Filter: filter, SubAggregates: []mews.AggregateRequest{{Type: "terms", Field: "paths.filename"}}},
				{Type: "cardinality", Field: "sha256", Filter: filter},
				{Type: "terms", Field: "hostname", Filter: filter, Q: "host 7"},
				{Type: "terms", Field: "behaviors.ioc_type", Filter: filter},
				{Type: "max", Field: "date_updated", Filter: filter},
			}))
			if err != nil {
				return err
			}
			where, err := c.Parse(filter, "")
			if err != nil {
				return err
			}
			released, err := c.Parse("state:'released'", "")
			if err != nil {
				return err
			}
			counts, err := c.Counts(tx, cid, where, released)
			if err != nil {
				return err
			}
			page.After, page.Expires = "", 0
			out = append(out, filter, page, results, counts)
		}
		return nil
	}))
	return out
}

// TestStripsFollowEveryWrite: after each kind of change the strips that it
// concerns are set aside, and answers are those of the rows, before and after new
// ones are made.
func TestStripsFollowEveryWrite(t *testing.T) {
	w := newWorld(t)
	w.manyRecords(t)
	stripper, rows := w.records.Stripper(w.db), withoutStrips(t, w)
	check := func(what string, stale ...string) {
		t.Helper()
		got := slices.DeleteFunc(sheetNames(), func(name string) bool { return slices.Contains(w.current(t), name) })
		if !slices.Equal(got, stale) {
			t.Errorf("%s: strips set aside: %q, want %q", what, got, stale)
		}
		want := answers(t, w, rows)
		if d := cmp.Diff(want, answers(t, w, w.records)); d != "" {
			t.Fatalf("%s, where some strips are set aside (-rows +strips):\n%s", what, d)
		}
		must(t, stripper.Run(ctx))
		if got := w.current(t); !slices.Equal(got, sheetNames()) {
			t.Fatalf("%s: strips of %q, want all", what, got)
		}
		if d := cmp.Diff(want, answers(t, w, w.records)); d != "" {
			t.Fatalf("%s (-rows +strips):\n%s", what, d)
		}
	}
	check("nothing made yet", sheetNames()...)
	// The other customer has too few records for strips.
	must(t, w.db.Read(ctx, func(tx *store.Tx) error {
		var n int
		err := tx.QueryRow(`SELECT count(*) FROM quarantine_sheet WHERE cid <> ? OR part <> 0`, string(cid)).Scan(&n)
		if n > 0 {
			t.Errorf("%d sheets of nobody", n)
		}
		return err
	}))
	id := recordID(aidOf(7), file(7))
	w.act(t, mews.ActionRelease, id)
	check("release", "state")
	w.act(t, mews.ActionUnrelease, id)
	check("unrelease", "state")
	_, err := w.UpdateByQuery(ctx, me, mews.QuarantineQueryUpdate{Action: mews.ActionDelete, Filter: "hostname:'host-3'"})
	must(t, err)
	check("delete", "state")
	_, err = w.Actions(ctx, me, aidOf(7), 0) // an agent shows itself
	must(t, err)
	w.act(t, mews.ActionRelease, id)
	check("release for an agent", "state")
	actions, err := w.Actions(ctx, me, aidOf(7), 0)
	if err != nil || len(actions) == 0 {
		t.Fatalf("%d actions, %v", len(actions), err)
	}
	_, _, err = w.Acknowledge(ctx, me, []mews.ActionAck{{ID: actions[len(actions)-1].ID, Outcome: "acknowledged"}})
	must(t, err)
	check("acknowledgement", "state")
	r := simple(aidOf(8), file(8))
	r.Country, r.DetectIDs, r.AlertIDs = "DE", []string{"new"}, []string{"more"}
	r.Behaviors = []mews.QuarantineBehavior{{BehaviorID: "seen", IOCType: "ipv4", IOCValue: "10.0.0.1"}}
	w.report(t, r)
	check("a report", "alert", "behavior", "detect", "facts", "path", "state", "words")
}

// TestEveryColumnOfASheetIsWatched: whoever writes it, and however.
func TestEveryColumnOfASheetIsWatched(t *testing.T) {
	w := newWorld(t)
	w.manyRecords(t)
	stripper := w.records.Stripper(w.db)
	exec := func(statement string) {
		t.Helper()
		must(t, w.db.Write(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(statement)
			return err
		}))
	}
	for _, s := range sheets() {
		key := "record"
		if s.Table == table {
			key = "seq"
		}
		statements := map[string]string{"DELETE": "DELETE FROM " + s.Table + " WHERE " + key + " = 50"}
		if s.Table == table {
			delete(statements, "DELETE") // other tables refer to it
		}
		for _, column := range append(s.Columns, "cid") {
			statements[column] = "UPDATE " + s.Table + " SET " + column + " = " + column + " WHERE " + key + " = 60"
		}
		for _, what := range slices.Sorted(maps.Keys(statements)) {
			must(t, stripper.Run(ctx))
			exec(statements[what])
			if slices.Contains(w.current(t), s.Name) {
				t.Errorf("%s, %s: its strips stay", s.Table, what)
			}
		}
	}
}

// TestSheetsHoldWhatIsAskedFor: each field but the id, which is made of two.
func TestSheetsHoldWhatIsAskedFor(t *testing.T) {
	kept := map[string]bool{}
	for _, s := range sheets() {
		for _, column := range s.Columns {
			kept[s.Table+"."+column] = true
		}
	}
	for _, f := range append(ownFields(), childFields()...) {
		of := table
		if f.Multi() {
			of = f.Child
		}
		if f.Column != "id" && f.Column != "cid" && !kept[of+"."+f.Column] {
			t.Errorf("%s is in no sheet", f.Name)
		}
	}
}
