package ioc

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// TestAuditNamesEveryObject: each change leaves rows in the trail that name what it
// changed, and a call that fails leaves none.
func TestAuditNamesEveryObject(t *testing.T) {
	w := newWorld(t)
	var many []mews.IndicatorCreate
	for i := range auditObjects + 1 {
		many = append(many, simple("sha256", hash(i)))
	}
	made, err := w.Create(ctx, me, mews.IndicatorCreates{Comment: "a feed", Indicators: many})
	must(t, err)
	_, err = w.Create(ctx, me, mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{simple("domain", "a.example"), simple("sha256", hash(3))}})
	if !errors.Is(err, mews.ErrInvalid) {
		t.Fatalf("a duplicate: %v", err)
	}
	one := made[0]
	_, err = w.Update(ctx, me, mews.IndicatorUpdates{Comment: "why", Indicators: []mews.IndicatorUpdate{{ID: one.ID, IndicatorChange: mews.IndicatorChange{Severity: ptr("low")}}}})
	must(t, err)
	_, err = w.UpdateLegacy(ctx, me, []string{"sha256:" + hash(1)}, mews.LegacyIOCUpdate{Policy: "none"})
	must(t, err)
	_, err = w.Update(ctx, me, mews.IndicatorUpdates{BulkUpdate: &mews.IndicatorBulkUpdate{Filter: "action:'no_action'", IndicatorChange: mews.IndicatorChange{Source: ptr("s")}}})
	must(t, err)
	_, err = w.Delete(ctx, me, Deletion{IDs: []string{one.ID}, Comment: "gone"})
	must(t, err)
	_, err = w.Delete(ctx, me, Deletion{Filter: "source:'s'"})
	must(t, err)
	_, err = w.Delete(ctx, me, Deletion{Filter: "source:'nothing'"})
	must(t, err)

	var names []string
	for i := range auditObjects {
		names = append(names, "sha256:"+hash(i))
	}
	want := []string{
		"ioc.create " + strings.Join(names, " "), "ioc.create sha256:" + hash(auditObjects),
		"ioc.update sha256:" + hash(0), "ioc.update sha256:" + hash(1), "ioc.update sha256:" + hash(1),
		"ioc.delete sha256:" + hash(0), "ioc.delete sha256:" + hash(1),
	}
	if got := w.trail(t); !slices.Equal(got, want) {
		t.Errorf("the trail is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	rows, err := w.db.Audit(ctx, 0, 100)
	must(t, err)
	for i, want := range []string{"/a feed", "/a feed", "/why", "/", "filter: action:'no_action'/", "/gone", "filter: source:'s'/"} {
		if e := rows[i].Entry; e.Reason+"/"+e.Comment != want || e.Actor.Client != me.Client || e.Outcome != "success" {
			t.Errorf("row %d: %+v, want %s", i, e, want)
		}
	}
}

// TestRefusedCallsLeaveNothing: what fails at the last of many elements changes
// none of them, and wakes nobody who follows the revisions.
func TestRefusedCallsLeaveNothing(t *testing.T) {
	w := newWorld(t)
	made := w.create(t, simple("domain", "a.example"), simple("domain", "b.example"))
	rev := w.revision(t)
	change := func(id string, ch mews.IndicatorChange) mews.IndicatorUpdate {
		return mews.IndicatorUpdate{ID: id, IndicatorChange: ch}
	}
	for name, updates := range map[string][]mews.IndicatorUpdate{
		"an unknown id":  {change(made[0].ID, mews.IndicatorChange{Action: "allow"}), change(hash(9), mews.IndicatorChange{Action: "allow"})},
		"a wrong word":   {change(made[0].ID, mews.IndicatorChange{Action: "allow"}), change(made[1].ID, mews.IndicatorChange{Action: "forbid"})},
		"a wrong change": {change(made[0].ID, mews.IndicatorChange{Action: "allow"}), change(made[0].ID, mews.IndicatorChange{Severity: ptr(""), Action: "detect"})},
	} {
		_, err := w.Update(ctx, me, mews.IndicatorUpdates{Indicators: updates})
		e, ok := errors.AsType[*mews.Error](err)
		if !ok || len(e.Each) != 1 || e.Each[0].ID != updates[1].ID || !strings.Contains(e.Message, "nothing was changed") {
			t.Errorf("%s: %v %+v", name, err, e)
		}
	}
	// By filter the second of two fails: it has no severity.
	_, err := w.CreateLegacy(ctx, me, []mews.LegacyIOCCreate{{Type: "domain", Value: "c.example", Policy: "none"}})
	must(t, err)
	rev++
	_, err = w.Update(ctx, me, mews.IndicatorUpdates{BulkUpdate: &mews.IndicatorBulkUpdate{Filter: "*", IndicatorChange: mews.IndicatorChange{Action: "prevent"}}})
	if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "domain:c.example") {
		t.Errorf("by filter: %v", err)
	}
	_, err = w.UpdateLegacy(ctx, me, []string{"domain:a.example", "domain:nosuch.example"}, mews.LegacyIOCUpdate{Policy: "none"})
	if !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("an unknown name: %v", err)
	}
	if got := w.search(t, "action:'detect'"); got != "a.example b.example" || w.revision(t) != rev {
		t.Errorf("now %s, revision %d after %d", got, w.revision(t), rev)
	}
}

func (w *world) revision(t testing.TB) (rev int64) {
	t.Helper()
	must(t, w.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT rev FROM ioc_customer WHERE cid = ?`, string(cid)).Scan(&rev)
	}))
	return rev
}

// TestExpiry: what has ended stays, reads no_action in both families and in every
// filter, and an end that is moved makes it what it was.
func TestExpiry(t *testing.T) {
	w := newWorld(t)
	soon := simple("domain", "soon.example")
	soon.Expiration = epoch.Add(time.Hour).Format(time.RFC3339)
	id := w.create(t, soon, simple("domain", "never.example"))[0].ID
	_, err := w.CreateLegacy(ctx, me, []mews.LegacyIOCCreate{{Type: "ipv4", Value: "192.0.2.1", Policy: "detect", ExpirationDays: ptr(int32(1))}})
	must(t, err)
	shown := func() string {
		t.Helper()
		one := w.get(t, id)
		old, _, err := w.GetLegacy(ctx, me, []string{"domain:soon.example"})
		must(t, err)
		return fmt.Sprintf("%s %v %s", one.Action, one.Expired, old[0].Policy)
	}
	if got := shown(); got != "detect false detect" || w.search(t, "expired:true") != "" {
		t.Errorf("before: %s", got)
	}
	w.clock.pass(2 * time.Hour)
	if got := shown(); got != "no_action true none" {
		t.Errorf("after: %s", got)
	}
	for filter, want := range map[string]string{
		"expired:true": "soon.example", "expired:false": "192.0.2.1 never.example", "action:'no_action'": "soon.example",
		"action:'detect'": "192.0.2.1 never.example", "expiration:<'now'": "soon.example", "expiration:>'now'": "192.0.2.1", "": "192.0.2.1 never.example soon.example",
	} {
		if got := w.search(t, filter); got != want {
			t.Errorf("%s: %s, want %s", filter, got, want)
		}
	}
	results, err := w.Aggregate(ctx, me, Query{}, []mews.AggregateRequest{{Type: "terms", Field: "action", Sort: "_term|asc"}})
	must(t, err)
	if b := results[0].Buckets; len(b) != 2 || b[0].Count != 2 || b[1].Count != 1 {
		t.Errorf("actions: %+v", b)
	}
	w.clock.pass(30 * 24 * time.Hour)
	must(t, w.expireAll(ctx))
	never := ""
	_, err = w.Update(ctx, me, mews.IndicatorUpdates{Indicators: []mews.IndicatorUpdate{{ID: id, IndicatorChange: mews.IndicatorChange{Expiration: &never}}}})
	must(t, err)
	if got := shown(); got != "detect false detect" || w.search(t, "expired:true") != "192.0.2.1" {
		t.Errorf("moved: %s, expired are %s", got, w.search(t, "expired:true"))
	}
}

// TestExpiryOfMany marks more than one step's worth in one read.
func TestExpiryOfMany(t *testing.T) {
	storetest.SkipUnderRace(t)
	w := newWorld(t)
	var list []mews.LegacyIOCCreate
	for i := range maxBatch {
		list = append(list, mews.LegacyIOCCreate{Type: "ipv4", Value: fmt.Sprintf("10.0.%d.%d", i/256, i%256), Policy: "detect", ExpirationDays: ptr(int32(1))})
	}
	_, err := w.CreateLegacy(ctx, me, list)
	must(t, err)
	w.clock.pass(48 * time.Hour)
	page, err := w.Search(ctx, me, Query{RecordQuery: mews.RecordQuery{Filter: "expired:true", Limit: 1}})
	must(t, err)
	if page.Total != maxBatch {
		t.Errorf("%d of %d are marked", page.Total, maxBatch)
	}
}

// TestBatches: what one call made shares a batch id that nothing else has.
func TestBatches(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for _, n := range []int{2, 1} {
		var list []mews.LegacyIOCCreate
		for i := range n {
			list = append(list, mews.LegacyIOCCreate{Type: "domain", Value: fmt.Sprintf("%d-%d.example", n, i), Policy: "none"})
		}
		made, err := w.CreateLegacy(ctx, me, list)
		must(t, err)
		for _, one := range made {
			if one.BatchID != made[0].BatchID || len(one.BatchID) != 32 {
				t.Errorf("%+v", one)
			}
		}
		if seen[made[0].BatchID] {
			t.Errorf("%s twice", made[0].BatchID)
		}
		seen[made[0].BatchID] = true
		found, _, err := w.Combined(ctx, me, Query{RecordQuery: mews.RecordQuery{Filter: "batch_id:'" + made[0].BatchID + "'"}})
		must(t, err)
		if len(found) != n {
			t.Errorf("%d of the batch found", len(found))
		}
	}
}

// TestFieldsOfTheContract names every field and alias that filters must know, and
// every one that sorts must.
func TestFieldsOfTheContract(t *testing.T) {
	w := newWorld(t)
	known, sortable := map[string]bool{}, map[string]bool{}
	for _, f := range w.modern.Fields() {
		for _, name := range append(f.Aliases, f.Name) {
			known[name], sortable[name] = true, f.Sortable
		}
		if f.Doc == "" {
			t.Errorf("%s has no documentation", f.Name)
		}
	}
	for _, name := range strings.Fields(`type value action mobile_action severity platforms tags expiration expired applied_globally host_groups
		created_on created_by modified_on modified_by source id description deleted severity_number`) {
		if !known[name] {
			t.Errorf("filters do not know %s", name)
		}
	}
	for _, name := range strings.Fields(`action applied_globally metadata.av_hits metadata.company_name.raw created_by created_on expiration expired
		metadata.filename.raw modified_by modified_on metadata.original_filename.raw metadata.product_name.raw metadata.product_version
		severity_number source type value`) {
		if !sortable[name] {
			t.Errorf("sorts do not know %s", name)
		}
	}
}

// TestSeveritiesAreOrdered: sorted by number, not by word.
func TestSeveritiesAreOrdered(t *testing.T) {
	w := newWorld(t)
	for i, s := range []string{"high", "informational", "critical", "low", "medium"} {
		in := simple("domain", fmt.Sprintf("%d.example", i))
		in.Severity = s
		w.create(t, in)
	}
	found, _, err := w.Combined(ctx, me, Query{RecordQuery: mews.RecordQuery{Sort: "severity_number|asc"}})
	must(t, err)
	var got []string
	for _, one := range found {
		got = append(got, one.Severity)
	}
	if !slices.Equal(got, severities()) {
		t.Errorf("%q", got)
	}
}

// TestMetadataIsKept: what a client knows of the file is found and sorted by.
func TestMetadataIsKept(t *testing.T) {
	w := newWorld(t)
	in := simple("sha256", hash(1))
	in.Metadata = &mews.IndicatorMetadata{
		Filename: "Tool.exe", OriginalFilename: "orig.exe", CompanyName: "Company", FileDescription: "A tool", FileVersion: "1.2",
		ProductName: "Product", ProductVersion: "3.4", AVHits: 7, Signed: true,
	}
	made := w.create(t, in, simple("sha256", hash(2)))
	if got := w.get(t, made[0].ID).Metadata; got == nil || *got != *in.Metadata {
		t.Errorf("%+v", got)
	}
	if got := w.get(t, made[1].ID).Metadata; got != nil {
		t.Errorf("metadata out of nothing: %+v", got)
	}
	for _, filter := range []string{"metadata.filename:'Tool.exe'", "metadata.filename.raw:*'tool*'", "metadata.av_hits:>5", "metadata.signed:true", "metadata.company_name:!null"} {
		if got := w.search(t, filter); got != hash(1) {
			t.Errorf("%s: %s", filter, got)
		}
	}
	found, _, err := w.Combined(ctx, me, Query{RecordQuery: mews.RecordQuery{Sort: "metadata.av_hits|desc"}})
	must(t, err)
	if found[0].Value != hash(1) || found[1].Value != hash(2) {
		t.Errorf("sorted: %s before %s", found[0].Value, found[1].Value)
	}
}
