package quarantine

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
)

// ids gives all ids of a query, in its order.
func (w *world) ids(t testing.TB, filter, q, sort string) []string {
	t.Helper()
	p, err := w.Query(ctx, me, mews.RecordQuery{Filter: filter, Q: q, Sort: sort, Limit: maxIDs})
	must(t, err)
	if p.Total != len(p.IDs) {
		t.Fatalf("filter %q, q %q: total %d, %d ids", filter, q, p.Total, len(p.IDs))
	}
	return p.IDs
}

// TestFiltersReachEveryField writes each field and finds it again by it.
func TestFiltersReachEveryField(t *testing.T) {
	w := newWorld(t)
	seventy := 70
	full := mews.QuarantineReport{
		AID: aidOf(1), SHA256: file(1), Hostname: "Web-01", Username: `CORP\Bob`, DateCreated: "2026-02-01T10:00:00Z",
		Paths:     []mews.QuarantinePath{{Path: `C:\Users\Bob\Invoice.pdf.exe`}, {Path: "/mnt/usb/a.exe", Filename: "b.exe"}},
		DetectIDs: mews.List{"ldt:1:2"}, AlertIDs: mews.List{"alert:9"}, Extracted: true, PrimaryModule: true, IsOnRemovableDisk: true,
		SandboxReportID: "sb-1", SandboxReportState: "done", AdversaryID: "1234", Country: "DE",
		Behaviors: []mews.QuarantineBehavior{{
			BehaviorID: "10197", IOCType: "Hash_SHA256", IOCValue: "Evil.example", TreeRootHash: strings.ToUpper(file(7)),
		}},
		MaxSeverity: &seventy, MaxConfidence: &seventy,
		FirstBehavior: "2026-01-30T00:00:00Z", LastBehavior: "2026-01-31T00:00:00Z",
	}
	want := []string{w.report(t, full).ID}
	w.report(t, mews.QuarantineReport{AID: aidOf(2), SHA256: file(2)})
	for _, filter := range []string{
		"id:'" + want[0] + "'", "aid:'" + aidOf(1) + "'", "device.device_id:'" + aidOf(1) + "'", "sha256:'" + file(1) + "'",
		"hostname:'web-01'", "device.hostname:'WEB*'", `username:'corp\\bob'`, `behaviors.username:*'*bob'`,
		"date_created:'2026-02-01'", "date_created:<'2026-02-01T10:00:01Z'",
		`paths.path:*'*invoice*'`, "paths.filename:'INVOICE.PDF.EXE'", "paths.filename:['b.exe']",
		"detect_ids:'ldt:1:2'", "alert_ids:'alert:9'", "extracted:true", "primary_module:true", "is_on_removable_disk:true",
		"sandbox_report_id:'sb-1'", "sandbox_report_state:'done'", "adversary_id:'1234'", "device.country:'de'", "country:'DE'",
		"behaviors.behavior_id:'10197'", "behaviors.ioc_type:'hash_sha256'", "behaviors.ioc_value:'evil.example'",
		"behaviors.tree_root_hash:'" + strings.ToUpper(file(7)) + "'", "max_severity:>=70", "max_confidence:70",
		"first_behavior:'2026-01-30'", "last_behavior:>'2026-01-30'", "hostname:!null", "detect_ids:!null",
	} {
		if got := w.ids(t, filter, "", ""); !slices.Equal(got, want) {
			t.Errorf("filter %s finds %d records, want the one", filter, len(got))
		}
	}
	for _, q := range []string{"web 01", "corp bo", "users bob inv", "a exe", file(1)[:60], "hostname:web"} {
		// file(1) and file(2) share their beginning, so the other one is found as well.
		if got := w.ids(t, "hostname:!null", q, ""); !slices.Equal(got, want) {
			t.Errorf("q %s finds %d records, want the one", q, len(got))
		}
	}
	for filter, n := range map[string]int{
		"status:'quarantined'": 2, "state:'deleted'": 0, "paths.state:'quarantined'": 2, "cid:'" + string(cid) + "'": 2,
		"date_updated:>'2026-01-01'": 2, "hostname:null": 1, "": 2, "*": 2,
	} {
		if got := w.ids(t, filter, "", ""); len(got) != n {
			t.Errorf("filter %q finds %d records, want %d", filter, len(got), n)
		}
	}
	w.act(t, "delete", want[0])
	for _, filter := range []string{"state:'deleted'", "status:['purged']", "paths.state:'deleted'"} {
		if got := w.ids(t, filter, "", ""); !slices.Equal(got, want) {
			t.Errorf("filter %s finds %q", filter, got)
		}
	}
	for q, n := range map[string]int{"purged": 1, "state:quara": 1, "2026 02": 1} {
		if got := w.ids(t, "", q, ""); len(got) != n {
			t.Errorf("q %q finds %d records, want %d", q, len(got), n)
		}
	}
}

func TestSortFieldsOfTheContract(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for i := range 3 {
		r := simple(aidOf(i), file(i))
		r.Hostname, r.Username, r.Paths[0].Path = fmt.Sprint("h", i), fmt.Sprint("u", i), fmt.Sprint("/p", i)
		r.DateCreated = fmt.Sprintf("2026-02-0%dT00:00:00Z", i+1)
		ids = append(ids, w.report(t, r).ID)
	}
	w.act(t, "release", ids[1])
	w.act(t, "delete", ids[2])
	down := slices.Clone(ids)
	slices.Reverse(down)
	for _, field := range []string{"hostname", "username", "date_created", "paths.path", "date_updated"} {
		if got := w.ids(t, "", "", field+".asc"); !slices.Equal(got, ids) {
			t.Errorf("%s up gives %q", field, got)
		}
		if got := w.ids(t, "", "", field+"|desc"); !slices.Equal(got, down) {
			t.Errorf("%s down gives %q", field, got)
		}
	}
	for _, field := range []string{"state", "paths.state"} { // purged, quarantined, released
		if got, want := w.ids(t, "", "", field), []string{ids[2], ids[0], ids[1]}; !slices.Equal(got, want) {
			t.Errorf("%s gives %q, want %q", field, got, want)
		}
	}
	if got := w.ids(t, "", "", ""); !slices.Equal(got, down) {
		t.Errorf("the default order gives %q, want the newest first", got)
	}
}

// TestDryRun: counts of actions are what the updates then change.
func TestDryRun(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for i := range 10 {
		r := simple(aidOf(i%3), file(i))
		r.Hostname = fmt.Sprint("host-", i%3)
		ids = append(ids, w.report(t, r).ID)
	}
	w.act(t, "release", ids[:4]...)
	w.act(t, "delete", ids[3:6]...)
	_, err := w.Report(ctx, actor(other), simple(aidOf(1), file(1)), nil)
	must(t, err)
	counts, err := w.ActionCounts(ctx, me, "", "")
	must(t, err)
	if want := map[string]int64{"release": 4, "unrelease": 3, "delete": 7}; !maps.Equal(counts, want) {
		t.Errorf("counts %v, want %v", counts, want)
	}
	for _, action := range []string{"unrelease", "release", "delete"} {
		counts, err := w.ActionCounts(ctx, me, "hostname:'host-1'", "evil")
		must(t, err)
		u, err := w.UpdateByQuery(ctx, me, mews.QuarantineQueryUpdate{Action: action, Filter: "hostname:'host-1'", Q: "evil"})
		must(t, err)
		if int64(u.Affected) != counts[action] || u.Affected == 0 {
			t.Errorf("%s: counted %d, changed %d", action, counts[action], u.Affected)
		}
	}
}

func TestUpdateByQueryWritesOneRowWithAllIDs(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for i := range 120 {
		ids = append(ids, w.report(t, simple(aidOf(i), file(i))).ID)
	}
	before := len(w.trail(t))
	u, err := w.UpdateByQuery(ctx, me, mews.QuarantineQueryUpdate{Action: "release", Comment: "batch", Filter: "hostname:'web-01'", Q: "evil"})
	must(t, err)
	rows, err := w.db.Audit(ctx, 0, 10_000)
	must(t, err)
	last := rows[len(rows)-1]
	if u.Affected != 120 || len(w.trail(t)) != before+1 || last.ObjectCount != 120 || last.ObjectHash == "" {
		t.Errorf("affected %d, %d audit rows, %d objects", u.Affected, len(w.trail(t))-before, last.ObjectCount)
	}
	e := last.Entry
	if e.Action != "quarantine.release" || e.Comment != "batch" || e.Reason != "filter: hostname:'web-01'; q: evil" || !slices.Equal(e.Objects, ids[:100]) {
		t.Errorf("audit row %+v", e)
	}
	for _, id := range ids {
		if got := w.events(t, id); !slices.Equal(got, []string{"added", "release"}) {
			t.Fatalf("history of %s: %q", id, got)
		}
	}
	u, err = w.UpdateByQuery(ctx, me, mews.QuarantineQueryUpdate{Action: "release", Filter: "*"})
	must(t, err)
	if u.Affected != 0 || len(w.trail(t)) != before+1 {
		t.Error("a repetition counts or is told of")
	}
}

func TestUpdateByQueryAsksForAllOnlyByName(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.MaxUpdate = 3 })
	for i := range 4 {
		w.report(t, simple(aidOf(i), file(i)))
	}
	for want, u := range map[string]mews.QuarantineQueryUpdate{
		`filter "*" stands for all`: {Action: "delete", Filter: "  ", Q: " "},
		"action: expected release":  {Action: "destroy", Filter: "*"},
		"comment: at most":          {Action: "delete", Filter: "*", Comment: strings.Repeat("x", maxComment+1)},
		"more than 3 files":         {Action: "delete", Filter: "*"},
		"no_such_field":             {Action: "delete", Filter: "no_such_field:'x'"},
		"FQL error at":              {Action: "delete", Filter: "state:'x"},
	} {
		_, err := w.UpdateByQuery(ctx, me, u)
		if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if got := w.ids(t, "state:'quarantined'", "", ""); len(got) != 4 {
		t.Errorf("%d records are left in quarantine", len(got))
	}
	u, err := w.UpdateByQuery(ctx, me, mews.QuarantineQueryUpdate{Action: "delete", Filter: mews.Filters("aid:!'" + aidOf(0) + "'")})
	must(t, err)
	if u.Affected != 3 {
		t.Errorf("%d records at the limit", u.Affected)
	}
}

func TestBoundsOfIDs(t *testing.T) {
	w := newWorld(t)
	many := make([]string, maxIDs+1)
	for want, err := range map[string]error{
		"at least one": func() error { _, _, err := w.Get(ctx, me, nil); return err }(),
		"at most 5000": func() error { _, _, err := w.Get(ctx, me, many); return err }(),
		"at most 500 ": func() error { _, _, err := w.Details(ctx, me, many[:maxDetails+1]); return err }(),
		"name at":      func() error { _, err := w.UpdateByIDs(ctx, me, mews.QuarantineUpdate{Action: "delete"}); return err }(),
	} {
		if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	for i := range many {
		many[i] = recordID(aidOf(i), file(i))
	}
	_, unknown, err := w.Get(ctx, me, many[:maxIDs])
	must(t, err)
	if len(unknown) != maxIDs {
		t.Errorf("%d unknown", len(unknown))
	}
}

func TestExplain(t *testing.T) {
	w := newWorld(t)
	e, err := w.Explain("state:'deleted'+hostname:*'web*'")
	must(t, err)
	if len(e.Tree) != 3 || len(e.Fields) < 27 || e.Collection != "quarantine" {
		t.Errorf("explanation %+v", e)
	}
	if _, err := w.Explain("nope:1"); !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "hostname") {
		t.Errorf("an unknown field gives %v", err)
	}
	if e, err := w.Explain(""); err != nil || len(e.Tree) != 1 {
		t.Errorf("no filter gives %q, %v", e.Tree, err)
	}
}

// TestGuide reads the filters of the guide for users: their fields are those of
// quarantined files.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/fql.md")
	must(t, err)
	w := newWorld(t)
	for _, block := range strings.Split(string(guide), "```fql\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		for filter := range strings.Lines(block) {
			if e, err := w.Explain(filter); err != nil || len(e.Tree) == 0 {
				t.Errorf("%s: %q, %v", filter, e.Tree, err)
			}
		}
	}
}

// TestExplainIsStrict: where an unknown field quietly selects nothing, the
// explanation still names it.
func TestExplainIsStrict(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.UnknownField = collection.UnknownEmpty })
	w.report(t, simple(aidOf(1), file(1)))
	for _, filter := range []string{"nosuch:'x'", "!nosuch:'x'", "state:'quarantined',nosuch:'x'"} {
		if got := w.ids(t, filter, "", ""); len(got) != 0 {
			t.Errorf("%s selects %q", filter, got)
		}
		if u, err := w.UpdateByQuery(ctx, me, mews.QuarantineQueryUpdate{Action: "delete", Filter: mews.Filters(filter)}); err != nil || u.Affected != 0 {
			t.Errorf("%s deletes %d records: %v", filter, u.Affected, err)
		}
		if _, err := w.Explain(filter); !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), `unknown field "nosuch"`) {
			t.Errorf("%s is explained: %v", filter, err)
		}
	}
}
