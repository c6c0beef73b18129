package detection

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

func TestSightingsOfActiveIOCsBecomeDetections(t *testing.T) {
	w := newWorld(t)
	id := w.indicator(t, cid, domain(1), mews.IndicatorDetect)
	w.indicator(t, cid, domain(2), mews.IndicatorAllow)
	w.indicator(t, other, domain(3), mews.IndicatorPrevent)
	must(t, w.db.Write(ctx, func(tx *store.Tx) error {
		return w.hosts.Report(tx, cid, []host.Report{{AID: aid(7), Hostname: "WS-7", First: at(0), Last: at(0)}})
	}))
	first := seen(domain(1), 7, 100, 41)
	first.Count = 5
	if n := w.record(t, cid, first, seen(domain(1), 8, 50, 0), seen(domain(2), 7, 0, 1), seen(domain(3), 7, 0, 1), seen(domain(4), 7, 0, 1)); n != 6 {
		t.Errorf("%d matches, want 6", n)
	}
	w.now = w.now.Add(time.Hour)
	again := seen(domain(1), 7, 30, 40) // earlier, and told later
	again.Kinds = telemetry.Net
	if n := w.record(t, cid, again); n != 1 {
		t.Errorf("%d matches, want 1", n)
	}
	want := []mews.Detection{
		{
			ID: aid(7) + "_" + id, IndicatorID: id, Type: "domain", Value: "d1.example", Action: "detect", Severity: "high",
			DeviceID: aid(7), Hostname: "WS-7", ProcessID: "pid:" + aid(7) + ":41", Kinds: []string{"net", "dns"}, Count: 6,
			FirstSeen: "2026-03-01T12:00:30Z", LastSeen: "2026-03-01T12:01:40Z", Created: "2026-03-01T12:00:00Z", Modified: "2026-03-01T13:00:00Z",
		},
		{
			ID: aid(8) + "_" + id, IndicatorID: id, Type: "domain", Value: "d1.example", Action: "detect", Severity: "high",
			DeviceID: aid(8), Kinds: []string{"dns"}, Count: 1,
			FirstSeen: "2026-03-01T12:00:50Z", LastSeen: "2026-03-01T12:00:50Z", Created: "2026-03-01T12:00:00Z", Modified: "2026-03-01T12:00:00Z",
		},
	}
	if diff := cmp.Diff(want, w.query(t, cid, mews.RecordQuery{})); diff != "" {
		t.Error(diff)
	}
	if list := w.query(t, other, mews.RecordQuery{}); len(list) != 0 {
		t.Errorf("another customer sees %v", list)
	}
}

// What is deleted or has expired is not detected any more; what was detected
// stays, and shows the indicator as it was.
func TestInactiveIOCsAreNotDetected(t *testing.T) {
	w := newWorld(t)
	id := w.indicator(t, cid, domain(1), mews.IndicatorDetect)
	w.record(t, cid, seen(domain(1), 7, 0, 1))
	_, err := w.iocs.Delete(ctx, actor(cid), deletion(id))
	must(t, err)
	if n := w.record(t, cid, seen(domain(1), 7, 10, 1), seen(domain(1), 9, 10, 1)); n != 0 {
		t.Errorf("%d matches of a deleted IOC", n)
	}
	if list := w.query(t, cid, mews.RecordQuery{}); len(list) != 1 || list[0].Count != 1 || list[0].Action != "detect" {
		t.Errorf("detections are %v", list)
	}
}

func TestQuery(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Window = 1000 })
	ids := map[string]bool{}
	for n := range 5 {
		w.indicator(t, cid, domain(n), mews.IndicatorDetect)
		for host := range 4 {
			w.record(t, cid, seen(domain(n), host, 10*n+host, 9))
		}
	}
	for _, tc := range []struct {
		filter string
		want   int
	}{
		{"", 20},
		{"value:'D3.example'", 4},
		{"type:'domain'+device_id:'" + strings.ToUpper(aid(2)) + "'", 5},
		{"aid:'" + aid(2) + "'+value:['d1.example','d2.example']", 2},
		{"last_seen:>='2026-03-01T12:00:40Z'", 4},
		{"severity:'critical'", 0},
		{"count:>1", 0},
	} {
		if got := w.query(t, cid, mews.RecordQuery{Filter: tc.filter}); len(got) != tc.want {
			t.Errorf("%s selects %d, want %d", tc.filter, len(got), tc.want)
		}
	}
	q := mews.RecordQuery{Limit: 3, Sort: "first_seen.asc"}
	var order []string
	for {
		list, page, err := w.Query(ctx, actor(cid), q)
		must(t, err)
		for _, d := range list {
			ids[d.ID] = true
			order = append(order, d.FirstSeen)
		}
		if page.After == "" {
			break
		}
		q.After = page.After
	}
	if len(ids) != 20 || !slices.IsSorted(order) {
		t.Errorf("pages give %d detections, in the order %v", len(ids), order)
	}
	for _, bad := range []mews.RecordQuery{{Filter: "nothing:'x'"}, {Sort: "value.asc"}, {Limit: 5001}, {Offset: 999, Limit: 2}, {After: "x"}} {
		if _, _, err := w.Query(ctx, actor(cid), bad); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if e, err := w.Explain("value:'x'"); err != nil || e.Collection != "detections" || len(e.Fields) != len(fields()) {
		t.Errorf("explain: %+v, %v", e, err)
	}
}

func deletion(id string) ioc.Deletion { return ioc.Deletion{IDs: []string{id}} }
