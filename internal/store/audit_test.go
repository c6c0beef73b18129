package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

func audit(t testing.TB, db *store.DB, entries ...store.AuditEntry) {
	t.Helper()
	for _, e := range entries {
		if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Audit(e) }); err != nil {
			t.Fatal(err)
		}
	}
}

func rows(t testing.TB, db *store.DB) []store.AuditRow {
	t.Helper()
	out, err := db.Audit(ctx, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAuditRowsComeBackAsWritten(t *testing.T) {
	storetest.SkipUnderRace(t)
	both(t, func(t *testing.T, db *store.DB) {
		rapid.Check(t, func(rt *rapid.T) {
			text := rapid.String()
			in := store.AuditEntry{
				Actor: store.Actor{
					CID: store.CID(text.Draw(rt, "cid")), Client: text.Draw(rt, "client"), Scope: text.Draw(rt, "scope"),
					Operation: text.Draw(rt, "operation"), TraceID: text.Draw(rt, "trace"),
				},
				Action: text.Draw(rt, "action"), Objects: rapid.SliceOfN(text, 0, 5).Draw(rt, "objects"),
				Outcome: text.Draw(rt, "outcome"), Reason: text.Draw(rt, "reason"), Comment: text.Draw(rt, "comment"),
			}
			audit(t, db, in)
			all := rows(t, db)
			got := all[len(all)-1]
			want := in
			for _, s := range []*string{
				(*string)(&want.Actor.CID), &want.Actor.Client, &want.Actor.Scope, &want.Actor.Operation, &want.Actor.TraceID,
				&want.Action, &want.Outcome, &want.Reason, &want.Comment,
			} {
				*s = strings.ReplaceAll(*s, "\x00", "\uFFFD")
			}
			want.Objects = make([]string, len(in.Objects))
			for i, o := range in.Objects {
				want.Objects[i] = strings.ReplaceAll(o, "\x00", "\uFFFD")
			}
			if !reflect.DeepEqual(got.Entry, want) || got.ObjectCount != len(in.Objects) || got.ObjectHash != "" {
				rt.Fatalf("wrote %+v, read %+v", want, got.Entry)
			}
		})
		if _, err := db.VerifyAudit(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAuditBounds(t *testing.T) {
	db := storetest.New(t)
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprint("object", i))
	}
	bad := "bad \xff\xfe utf-8"
	audit(t, db,
		store.AuditEntry{Action: "a", Objects: many, Comment: strings.Repeat("ä", 100_000), Reason: bad},
		store.AuditEntry{Action: "a", Objects: append(many[:999:999], "another")})
	all := rows(t, db)
	r := all[0]
	if len(r.Entry.Objects) != 100 || r.ObjectCount != 1000 || len(r.ObjectHash) != 64 {
		t.Errorf("%d of %d objects, digest %q", len(r.Entry.Objects), r.ObjectCount, r.ObjectHash)
	}
	if r.ObjectHash == all[1].ObjectHash {
		t.Error("the digest does not cover the objects that are not listed")
	}
	if n := len(r.Entry.Comment); n > 4100 || !utf8.ValidString(r.Entry.Comment) || !strings.HasSuffix(r.Entry.Comment, "ä…") {
		t.Errorf("comment of %d bytes ends in %q", n, r.Entry.Comment[n-8:])
	}
	if r.Entry.Reason != "bad \uFFFD utf-8" {
		t.Errorf("%q", r.Entry.Reason)
	}
	if n, err := db.VerifyAudit(ctx); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// columns of the trail with a value that differs from every one written.
var forged = map[string]any{
	"time": 1, "cid": "forged", "client": "forged", "scope": "forged", "operation": "forged", "trace_id": "forged",
	"action": "forged", "objects": `["forged"]`, "object_count": 77, "object_hash": "forged", "outcome": "forged",
	"reason": "forged", "comment": "forged", "prev": []byte(strings.Repeat("p", 32)), "hash": []byte(strings.Repeat("h", 32)),
}

// TestEveryForgeryIsDetected changes the trail behind the store's back in every
// way: rows changed, deleted, added, swapped, doubled, the tail cut, the head
// moved or restored.
func TestEveryForgeryIsDetected(t *testing.T) {
	storetest.SkipUnderRace(t)
	db := open(t, vfs.NewMem())
	defer db.Close()
	const n = 12
	var heads []store.Head
	for i := range n {
		audit(t, db, store.AuditEntry{
			Actor: store.Actor{CID: "c", Client: fmt.Sprint("client", i%2)}, Action: "delete", Objects: []string{fmt.Sprint(i)}, Outcome: "success",
		})
		h, err := db.AuditHead(ctx)
		if err != nil {
			t.Fatal(err)
		}
		heads = append(heads, h)
	}
	exec(t, db, `CREATE TABLE saved AS SELECT * FROM audit`)
	exec(t, db, `CREATE TABLE saved_head AS SELECT * FROM audit_head`)
	names := make([]string, 0, len(forged))
	for name := range forged {
		names = append(names, name)
	}
	seq := rapid.IntRange(1, n)
	rapid.Check(t, func(rt *rapid.T) {
		var what []string
		change := func(query string, args ...any) {
			what = append(what, fmt.Sprint(query, args))
			if err := write(db, query, args...); err != nil {
				rt.Fatal(err)
			}
		}
		switch rapid.IntRange(0, 7).Draw(rt, "kind") {
		case 0:
			name := rapid.SampledFrom(names).Draw(rt, "column")
			change(`UPDATE audit SET `+name+` = ? WHERE seq = ?`, forged[name], seq.Draw(rt, "row"))
		case 1: // one row, with or without closing the gap
			at := seq.Draw(rt, "row")
			change(`DELETE FROM audit WHERE seq = ?`, at)
			if rapid.Bool().Draw(rt, "renumber") {
				change(`UPDATE audit SET seq = seq - 1 WHERE seq > ?`, at)
			}
		case 2: // swap two rows
			a, b := seq.Draw(rt, "a"), seq.Draw(rt, "b")
			if a == b {
				rt.Skip("same row")
			}
			change(`UPDATE audit SET seq = CASE seq WHEN ? THEN -1 ELSE -2 END WHERE seq IN (?, ?)`, a, a, b)
			change(`UPDATE audit SET seq = CASE seq WHEN -1 THEN ? ELSE ? END WHERE seq < 0`, b, a)
		case 3: // cut the tail, moving the head along or not
			at := seq.Draw(rt, "row")
			change(`DELETE FROM audit WHERE seq >= ?`, at)
			if at > 1 && rapid.Bool().Draw(rt, "head") {
				change(`UPDATE audit_head SET seq = ?, hash = (SELECT hash FROM audit WHERE seq = ?)`, at-1, at-1)
			}
		case 4: // append a copy of a row
			change(`INSERT INTO audit SELECT ?, time, cid, client, scope, operation, trace_id, action, objects, object_count,
				object_hash, outcome, reason, comment, prev, hash FROM saved WHERE seq = ?`, n+1, seq.Draw(rt, "row"))
		case 5:
			change(`DELETE FROM audit_head`)
		case 6:
			change(`UPDATE audit_head SET seq = seq + ?`, rapid.SampledFrom([]int{-1, 1}).Draw(rt, "by"))
		case 7: // everything
			change(`DELETE FROM audit`)
		}
		if _, err := db.VerifyAudit(ctx); err == nil {
			rt.Fatalf("not detected: %s", what)
		}
		for _, undo := range []string{
			`DELETE FROM audit`, `INSERT INTO audit SELECT * FROM saved`, `DELETE FROM audit_head`, `INSERT INTO audit_head SELECT * FROM saved_head`,
		} {
			if err := write(db, undo); err != nil {
				rt.Fatal(err)
			}
		}
		if got, err := db.VerifyAudit(ctx, heads...); got != n || err != nil {
			rt.Fatalf("restored: %d rows, %v", got, err)
		}
	})
}

// TestExportedHeads: who restores an older state of the whole database is found
// out by a head that was kept elsewhere.
func TestExportedHeads(t *testing.T) {
	mem := vfs.NewMem()
	db := open(t, mem)
	audit(t, db, store.AuditEntry{Action: "1"}, store.AuditEntry{Action: "2"})
	old, err := db.AuditHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	older := mem.CrashClone(newRand(t), 100)
	audit(t, db, store.AuditEntry{Action: "3"})
	last, err := db.AuditHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := db.VerifyAudit(ctx, old, last, store.Head{}); n != 3 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	restored := open(t, older)
	defer restored.Close()
	if _, err := restored.VerifyAudit(ctx, old); err != nil {
		t.Errorf("against the old head: %v", err)
	}
	if _, err := restored.VerifyAudit(ctx, last); !errors.Is(err, store.ErrAudit) {
		t.Errorf("against the last head: %v", err)
	}
	audit(t, restored, store.AuditEntry{Action: "another 3"})
	if _, err := restored.VerifyAudit(ctx, last); !errors.Is(err, store.ErrAudit) {
		t.Errorf("a different third row: %v", err)
	}
	text := last.String()
	if back, err := store.ParseHead(text); back != last || err != nil {
		t.Errorf("%s: %v, %v", text, back, err)
	}
	for _, bad := range []string{"", ":", "1", "x:" + text[2:], "-1:" + text[2:], text + "00", text[:len(text)-2], "1:zz"} {
		if _, err := store.ParseHead(bad); err == nil {
			t.Errorf("parsed %q", bad)
		}
	}
}

func TestAnotherAuditKeyIsRefused(t *testing.T) {
	mem := vfs.NewMem()
	db := open(t, mem)
	audit(t, db, store.AuditEntry{Action: "a"})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o := storetest.Options(mem)
	o.AuditKey = []byte("another key of thirty-two bytes!")
	if _, err := store.Open(ctx, o); !errors.Is(err, store.ErrAudit) {
		t.Errorf("opened with another key: %v", err)
	}
	// The refusal changes nothing.
	db = open(t, mem)
	if _, err := db.VerifyAudit(ctx); err != nil {
		t.Error(err)
	}
	_ = db.Close()
}

func FuzzParseHead(f *testing.F) {
	f.Add("0:" + strings.Repeat("00", 32))
	f.Add("9223372036854775807:" + strings.Repeat("fF", 32))
	f.Add("1:2:3")
	f.Fuzz(func(t *testing.T, s string) {
		h, err := store.ParseHead(s)
		if err != nil {
			return
		}
		if back, err := store.ParseHead(h.String()); back != h || err != nil {
			t.Errorf("%q became %v, %v", s, back, err)
		}
	})
}
