package quarantine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/store"
)

// TestStateMachine tries every action in every state, twice.
func TestStateMachine(t *testing.T) {
	w := newWorld(t)
	to := map[string]map[string]string{
		mews.StateQuarantined: {
			mews.ActionRelease: mews.StateReleased, mews.ActionUnrelease: mews.StateQuarantined, mews.ActionDelete: mews.StatePurged,
		},
		mews.StateReleased: {
			mews.ActionRelease: mews.StateReleased, mews.ActionUnrelease: mews.StateQuarantined, mews.ActionDelete: mews.StatePurged,
		},
		mews.StatePurged: {
			mews.ActionRelease: mews.StatePurged, mews.ActionUnrelease: mews.StatePurged, mews.ActionDelete: mews.StatePurged,
		},
	}
	way := map[string]string{mews.StateReleased: mews.ActionRelease, mews.StatePurged: mews.ActionDelete}
	n := 0
	for from, row := range to {
		for action, want := range row {
			n++
			id := w.report(t, simple(aidOf(n), file(n))).ID
			if first := way[from]; first != "" {
				w.act(t, first, id)
			}
			before := w.detail(t, id)
			if before.State != from {
				t.Fatalf("%s: state %s, want %s", id, before.State, from)
			}
			affected := w.act(t, strings.ToUpper(action), id)
			after := w.detail(t, id)
			if after.State != want || after.Paths[0].State != want {
				t.Errorf("%s -%s-> %s (paths %s), want %s", from, action, after.State, after.Paths[0].State, want)
			}
			if moves := want != from; moves != (affected == 1) || moves != (after.DateUpdated > before.DateUpdated) {
				t.Errorf("%s -%s-> %s: affected %d, updated %s -> %s", from, action, want, affected, before.DateUpdated, after.DateUpdated)
			}
			trail := len(w.trail(t))
			if again := w.act(t, action, id); again != 0 || len(w.trail(t)) != trail {
				t.Errorf("%s on %s again: affected %d, %d new audit rows", action, want, again, len(w.trail(t))-trail)
			}
		}
	}
}

func TestUpdateByIDsTellsUnknownIDsAndWritesOneRowEach(t *testing.T) {
	w := newWorld(t)
	a, b := w.report(t, simple(aidOf(1), file(1))).ID, w.report(t, simple(aidOf(2), file(1))).ID
	foreign, err := w.Report(ctx, actor(other), simple(aidOf(3), file(3)), nil)
	must(t, err)
	before := len(w.trail(t))
	u, err := w.UpdateByIDs(ctx, me, mews.QuarantineUpdate{
		Action: "release", Comment: "false alarm", IDs: mews.List{"nonsense", a, foreign.ID, strings.ToUpper(b), a, recordID(aidOf(9), file(9))},
	})
	must(t, err)
	if u.Affected != 2 || !slices.Equal(u.Unknown, []string{"nonsense", foreign.ID, recordID(aidOf(9), file(9))}) {
		t.Errorf("affected %d, unknown %q", u.Affected, u.Unknown)
	}
	got := w.trail(t)[before:]
	if want := []string{"quarantine.release " + a, "quarantine.release " + b}; !slices.Equal(got, want) {
		t.Errorf("audit %q, want %q", got, want)
	}
	rows, err := w.db.Audit(ctx, 0, 1000)
	must(t, err)
	last := rows[len(rows)-1].Entry
	if last.Comment != "false alarm" || last.Actor.Client != me.Client || last.Actor.CID != cid {
		t.Errorf("audit row %+v", last)
	}
	found, _, err := w.Get(ctx, actor(other), []string{foreign.ID})
	must(t, err)
	if found[0].State != mews.StateQuarantined {
		t.Error("another customer's record changed")
	}
}

func TestForeignCustomerSeesNothing(t *testing.T) {
	w := newWorld(t)
	id := w.reportBytes(t, simple(aidOf(1), ""), "bytes of the file").ID
	w.act(t, "release", id)
	action := w.detail(t, id).Actions[0].ID
	them := actor(other)
	found, unknown, err := w.Get(ctx, them, []string{id})
	must(t, err)
	if len(found) > 0 || !slices.Equal(unknown, []string{id}) {
		t.Errorf("get: %v, unknown %q", found, unknown)
	}
	details, unknown, err := w.Details(ctx, them, []string{id})
	must(t, err)
	if len(details) > 0 || !slices.Equal(unknown, []string{id}) {
		t.Errorf("details: %v, unknown %q", details, unknown)
	}
	u, err := w.UpdateByIDs(ctx, them, mews.QuarantineUpdate{Action: "delete", IDs: mews.List{id}})
	must(t, err)
	if u.Affected > 0 || len(u.Unknown) != 1 {
		t.Errorf("update: %+v", u)
	}
	queue, err := w.Actions(ctx, them, aidOf(1), 0)
	must(t, err)
	if len(queue) > 0 {
		t.Errorf("actions: %v", queue)
	}
	n, unknown, err := w.Acknowledge(ctx, them, []mews.ActionAck{{ID: action, Outcome: "failed"}})
	must(t, err)
	if n > 0 || !slices.Equal(unknown, []string{action}) {
		t.Errorf("acknowledge: %d, unknown %q", n, unknown)
	}
	if d := w.detail(t, id); d.State != mews.StateReleased || d.Actions[0].State != mews.ActionPending || d.Agent {
		t.Errorf("it changed: %+v", d)
	}
}

func TestPurgeDestroysTheBytes(t *testing.T) {
	w := newWorld(t)
	const content = "what was quarantined"
	r := simple(aidOf(1), "")
	first := w.reportBytes(t, r, content)
	second := r
	second.AID = aidOf(2)
	w.reportBytes(t, second, content)
	if got, err := w.download(first.SHA256); err != nil || got != content {
		t.Fatalf("download: %q, %v", got, err)
	}
	w.act(t, "delete", first.ID)
	if d := w.detail(t, first.ID); d.State != mews.StatePurged || !d.HasBytes {
		t.Errorf("state %s, bytes %t; another record holds them", d.State, d.HasBytes)
	}
	w.act(t, "delete", recordID(aidOf(2), first.SHA256))
	if _, err := w.download(first.SHA256); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("download after the last purge: %v", err)
	}
	if w.detail(t, first.ID).HasBytes {
		t.Error("the bytes are still there")
	}
}

func TestRepeatedReportChangesNothing(t *testing.T) {
	w := newWorld(t)
	r := simple(aidOf(1), "")
	r.DateCreated = "2026-02-01T10:00:00Z"
	const content = "evil"
	first := w.reportBytes(t, r, content)
	trail := len(w.trail(t))
	again := w.reportBytes(t, r, content)
	if first.ID != again.ID || first.DateUpdated != again.DateUpdated || len(w.trail(t)) != trail {
		t.Errorf("the repetition changed %+v to %+v", first, again)
	}
	w.act(t, "delete", first.ID)
	trail = len(w.trail(t))
	late := w.reportBytes(t, r, content)
	if late.State != mews.StatePurged || len(w.trail(t)) != trail {
		t.Errorf("the repetition after the purge gives %+v", late)
	}
	if _, err := w.download(first.SHA256); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("a repeated report brought the bytes back: %v", err)
	}
}

func TestYoungerReportQuarantinesAgain(t *testing.T) {
	for _, away := range []string{"release", "delete"} {
		w := newWorld(t)
		r := simple(aidOf(1), "")
		r.DateCreated = "2026-02-01T10:00:00Z"
		id := w.reportBytes(t, r, "evil").ID
		w.act(t, away, id)
		r.DateCreated = "2027-01-01T00:00:00Z"
		r.Paths = append(r.Paths, mews.QuarantinePath{Path: "/tmp/x"})
		f := w.reportBytes(t, r, "evil")
		if f.State != mews.StateQuarantined || len(f.Paths) != 2 || f.DateCreated != "2026-02-01T10:00:00Z" {
			t.Errorf("after %s and a younger report: %+v", away, f)
		}
		if got := w.events(t, id); !slices.Equal(got, []string{"added", away, "again"}) {
			t.Errorf("history %q", got)
		}
		if d := w.detail(t, id); !d.HasBytes || d.Actions[0].State != mews.ActionWithdrawn {
			t.Errorf("bytes %t, host action %s; want the %s withdrawn", d.HasBytes, d.Actions[0].State, away)
		}
		// The same report once more is a repetition, although it is dated later
		// than everything that happened here.
		w.act(t, away, id)
		if f := w.reportBytes(t, r, "evil"); f.State == mews.StateQuarantined {
			t.Errorf("a repetition of the younger report undid %s", away)
		}
	}
}

func TestHostWithoutIDIsKnownByItsName(t *testing.T) {
	w := newWorld(t)
	r := simple("", file(1))
	a := w.report(t, r)
	r.Hostname = "WEB-01"
	if b := w.report(t, r); a.ID != b.ID {
		t.Errorf("two names of one host: %s and %s", a.ID, b.ID)
	}
	b, err := w.Report(ctx, actor(other), r, nil)
	must(t, err)
	if a.AID == b.AID {
		t.Error("two customers share a derived host id")
	}
	if !host.IsID(a.AID) {
		t.Errorf("aid %q", a.AID)
	}
}

func TestMistakesAreTold(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", maxText+1)
	many := make([]mews.QuarantinePath, maxPaths+1)
	over := 101
	for want, change := range map[string]func(*mews.QuarantineReport){
		"name the host":                          func(r *mews.QuarantineReport) { r.AID, r.Hostname = "", "" },
		"aid: expected 32":                       func(r *mews.QuarantineReport) { r.AID = "../../etc" },
		"sha256: expected 64":                    func(r *mews.QuarantineReport) { r.SHA256 = "abc" },
		"sha256: needed":                         func(r *mews.QuarantineReport) { r.SHA256 = "" },
		"hostname: at most":                      func(r *mews.QuarantineReport) { r.Hostname = long },
		"paths[0].path: at most":                 func(r *mews.QuarantineReport) { r.Paths[0].Path = long },
		"paths: at most 100":                     func(r *mews.QuarantineReport) { r.Paths = many },
		"comment: at most":                       func(r *mews.QuarantineReport) { r.Comment = long },
		"max_severity: expected 0..100":          func(r *mews.QuarantineReport) { r.MaxSeverity = &over },
		"date_created: expected a date":          func(r *mews.QuarantineReport) { r.DateCreated = "yesterday" },
		"first_behavior: expected a date":        func(r *mews.QuarantineReport) { r.FirstBehavior = "0000-01-01T00:00:00Z" },
		"behaviors[0].ioc_value: at most":        func(r *mews.QuarantineReport) { r.Behaviors = []mews.QuarantineBehavior{{IOCValue: long}} },
		"detect_ids: at most 100 of a report":    func(r *mews.QuarantineReport) { r.DetectIDs = make(mews.List, maxLinks+1) },
		"alert_ids[0]: at most 4096 bytes":       func(r *mews.QuarantineReport) { r.AlertIDs = mews.List{long} },
		"release_path_for_removable_media: at m": func(r *mews.QuarantineReport) { r.ReleasePathForRemovableMedia = long },
	} {
		r := simple(aidOf(1), file(1))
		change(&r)
		_, err := w.Report(ctx, me, r, nil)
		if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if rows := w.trail(t); len(rows) > 0 {
		t.Errorf("refused reports left %q", rows)
	}
}

func TestWrongBytesAreRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.Report(ctx, me, simple(aidOf(1), file(1)), strings.NewReader("not that file"))
	if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "sha256 mismatch") {
		t.Errorf("got %v", err)
	}
	if found, _, _ := w.Get(ctx, me, []string{recordID(aidOf(1), file(1))}); len(found) > 0 {
		t.Error("the record is there")
	}
}

func TestReportAfterItsBytes(t *testing.T) {
	w := newWorld(t)
	f, err := w.ReportLate(ctx, me, strings.NewReader("late"), func() (mews.QuarantineReport, error) { return simple(aidOf(1), ""), nil })
	must(t, err)
	if want := shaOf("late"); f.SHA256 != want {
		t.Errorf("sha256 %s, want %s", f.SHA256, want)
	}
	wrong := errors.New("no such part")
	_, err = w.ReportLate(ctx, me, strings.NewReader("later"), func() (mews.QuarantineReport, error) { return mews.QuarantineReport{}, wrong })
	if !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
	if _, err := w.download(shaOf("later")); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("bytes without a report: %v", err)
	}
}

func TestImport(t *testing.T) {
	w := newWorld(t)
	bad := simple(aidOf(2), "")
	out, err := w.Import(ctx, me, []mews.QuarantineReport{simple(aidOf(1), file(1)), bad, simple(aidOf(3), file(3)), simple(aidOf(1), file(1))})
	must(t, err)
	errs := out.Errors
	if out.Changed != 2 || errs[0] != nil || !errors.Is(errs[1], mews.ErrInvalid) || errs[2] != nil || errs[3] != nil {
		t.Errorf("errors %v", errs)
	}
	ids := []string{recordID(aidOf(1), file(1)), recordID(aidOf(3), file(3))}
	found, _, err := w.Get(ctx, me, ids)
	must(t, err)
	if len(found) != 2 {
		t.Errorf("%d records", len(found))
	}
	if got := w.trail(t); !slices.Equal(got, []string{"quarantine.import " + strings.Join(ids, " ")}) {
		t.Errorf("audit %q", got)
	}
	if got := w.events(t, ids[0]); !slices.Equal(got, []string{"added"}) {
		t.Errorf("history %q", got)
	}
}

// TestImportTellsARecordTwice: what an import says of one record stands in its
// history in the order of the lines.
func TestImportTellsARecordTwice(t *testing.T) {
	w := newWorld(t)
	var lines []mews.QuarantineReport
	for i, line := range []struct {
		host          int
		path, comment string
	}{{1, "/a", "x"}, {1, "/b", "y"}, {1, "/c", "y"}, {2, "/a", "z"}, {2, "/b", "y"}, {2, "/b", "y"}} {
		r := simple(aidOf(line.host), file(1))
		r.Paths[0].Path, r.Comment, r.DateCreated = line.path, line.comment, fmt.Sprintf("2026-02-01T00:00:%02dZ", i)
		lines = append(lines, r)
	}
	out, err := w.Import(ctx, me, lines)
	must(t, err)
	if out.Changed != 5 || errors.Join(out.Errors...) != nil {
		t.Errorf("imported %+v", out)
	}
	for n, want := range map[int][]string{1: {"added", "again", "again"}, 2: {"added", "again"}} {
		if got := w.events(t, recordID(aidOf(n), file(1))); !slices.Equal(got, want) {
			t.Errorf("history of host %d: %q, want %q", n, got, want)
		}
	}
}

func TestEvidenceStaysAsItIs(t *testing.T) {
	w := newWorld(t)
	r := simple(aidOf(1), file(1))
	path := "/tmp/../../etc/passwd\n<script>'; DROP TABLE quarantine; --\u202Efdp.exe"
	r.Paths = []mews.QuarantinePath{{Path: path}, {Path: "/a\x00b\xff\xfec/d", Filename: "x\xff"}}
	f := w.report(t, r)
	want := []mews.QuarantinePath{
		{Path: path, Filename: "passwd\n<script>'; DROP TABLE quarantine; --\u202Efdp.exe", State: "quarantined"},
		{Path: "/a\uFFFDb\uFFFD\uFFFDc/d", Filename: "x\uFFFD", State: "quarantined"},
	}
	if got := w.detail(t, f.ID).Paths; !slices.Equal(got, want) {
		t.Errorf("paths %q, want %q", got, want)
	}
}

func TestRecordWithoutPathsHasAFileName(t *testing.T) {
	w := newWorld(t)
	r := simple(aidOf(1), file(1))
	r.Paths = nil
	if f := w.report(t, r); len(f.Paths) != 1 || f.Paths[0].Filename != file(1) {
		t.Errorf("paths %v", f.Paths)
	}
}

// TestSchemaMatchesTables has the database say what the schema's columns are.
func TestSchemaMatchesTables(t *testing.T) {
	w := newWorld(t)
	types := map[collection.Type]string{
		collection.String: "TEXT", collection.Integer: "INTEGER", collection.Boolean: "INTEGER", collection.Time: "INTEGER",
	}
	must(t, w.db.Read(ctx, func(tx *store.Tx) error {
		check := func(table, column, want string) {
			if column == "" {
				return
			}
			var got string
			if err := tx.QueryRow(`SELECT type FROM pragma_table_xinfo(?) WHERE name = ?`, table, column).Scan(&got); err != nil {
				t.Errorf("%s.%s: %v", table, column, err)
			} else if got != want {
				t.Errorf("%s.%s is %s, want %s", table, column, got, want)
			}
		}
		s := schema(Deps{Keys: blobtest.Keys()})
		check(s.Table, s.Key, "INTEGER")
		check(s.Table, s.ID, "TEXT")
		check(s.Words, "record", "INTEGER")
		check(s.Words, "cid", "TEXT")
		check(s.Words, "words", "TEXT")
		check(s.Table, "cid", "TEXT")
		for _, f := range s.Fields {
			where := s.Table
			if f.Child != "" {
				where = f.Child
				check(where, "record", "INTEGER")
				check(where, "cid", "TEXT")
			}
			check(where, f.Column, types[f.Type])
			check(where, f.Folded, "TEXT")
			check(s.Table, f.Low, "TEXT")
			check(s.Table, f.High, "TEXT")
		}
		return nil
	}))
}

// TestSchemaMatchesIndexes: what the schema says is quick to find or to sort has
// an index that begins with the customer.
func TestSchemaMatchesIndexes(t *testing.T) {
	w := newWorld(t)
	must(t, w.db.Read(ctx, func(tx *store.Tx) error {
		check := func(table, column string) {
			var n int
			err := tx.QueryRow(`SELECT count(*) FROM pragma_index_list(?) l
				JOIN pragma_index_info(l.name) a ON a.seqno = 0 AND a.name = 'cid'
				JOIN pragma_index_info(l.name) b ON b.seqno = 1 AND b.name = ?`, table, column).Scan(&n)
			if err != nil || n != 1 {
				t.Errorf("%s.%s has %d indexes, %v", table, column, n, err)
			}
		}
		s := schema(Deps{})
		for _, f := range s.Fields {
			table, column := s.Table, f.Column
			if f.Child != "" {
				table = f.Child
			}
			if f.Folded != "" {
				column = f.Folded
			}
			if f.Indexed {
				check(table, column)
			}
			switch {
			case f.Sortable && f.Low != "":
				check(s.Table, f.Low)
				check(s.Table, f.High)
			case f.Sortable:
				check(s.Table, column)
			}
		}
		return nil
	}))
}

// TestFieldsOfTheContract names every field and alias that filters must know.
func TestFieldsOfTheContract(t *testing.T) {
	w := newWorld(t)
	known := map[string]bool{}
	for _, f := range w.records.Fields() {
		known[f.Name] = true
		for _, a := range f.Aliases {
			known[a] = true
		}
		if f.Doc == "" {
			t.Errorf("%s has no documentation", f.Name)
		}
	}
	for _, name := range strings.Fields(`status adversary_id device.device_id device.country device.hostname behaviors.behavior_id
		behaviors.ioc_type behaviors.ioc_value behaviors.username behaviors.tree_root_hash max_severity max_confidence
		first_behavior last_behavior id aid cid sha256 state hostname username date_created date_updated paths.path
		paths.state paths.filename detect_ids alert_ids`) {
		if !known[name] {
			t.Errorf("filters do not know %s", name)
		}
	}
}
