package host

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// few reports three hosts: 1 says everything, 2 something, 3 its name alone.
func few(t testing.TB, change ...func(*Deps)) *world {
	w := newWorld(t, change...)
	w.report(t, cid, seen(1, 10, full()))
	w.report(t, cid, seen(2, 20, telemetry.Facts{Platform: "Linux", OSVersion: "Debian 13", LocalIP: "10.0.1.2", Tags: "two", ProductType: "1"}), seen(3, 30))
	return w
}

func (w *world) query(t testing.TB, q mews.RecordQuery) []string {
	t.Helper()
	page, err := w.Query(ctx, me, q)
	must(t, err)
	return hosts(page.IDs)
}

// hosts writes ids as the numbers that aid made them of.
func hosts(ids []string) []string {
	out := []string{}
	for _, id := range ids {
		out = append(out, strings.TrimLeft(id, "0"))
	}
	return out
}

// TestFields asks by every field for the one host that has something there.
func TestFields(t *testing.T) {
	w := few(t)
	filters := map[string]string{
		"device_id": "device_id:'" + aid(1) + "'", "cid": "cid:'" + string(cid) + "'+hostname:'ws-001'", "hostname": "hostname:'ws-0*1'",
		"status": "status:'NORMAL'+serial_number:!null", "platform_name": "platform_name:'windows'", "os_version": "os_version:*'windows*'",
		"os_build": "os_build:'22631'", "kernel_version": "kernel_version:'10.0.22631.1'", "product_type": "product_type:'3'",
		"product_type_desc": "product_type_desc:'server'", "agent_version": "agent_version:>'7.0'", "local_ip": "local_ip:'10.0.0.0/24'",
		"external_ip": "external_ip:'192.0.2.7'", "mac_address": "mac_address:'00-1B-21-3C-4D-5E'", "machine_domain": "machine_domain:'CORP.example'",
		"site_name": "site_name:'berlin'", "ou": "ou:'web'", "tags": "tags:'one'", "groups": "groups:null+tags:'one'",
		"system_manufacturer": "system_manufacturer:'acme'", "system_product_name": "system_product_name:~'box'", "serial_number": "serial_number:'s-1'",
		"last_login_user": "last_login_user:'ANN'", "last_reboot": "last_reboot:<'2026-03-01T12:00:00Z'", "first_seen": "first_seen:<'2026-03-01T12:00:00Z'",
		"last_seen": "last_seen:<='2026-03-01T12:00:10Z'", "modified_timestamp": "modified_timestamp:>'2026-03-01'+tags:'one'",
	}
	for _, f := range fields() {
		filter, ok := filters[f.Name]
		if !ok {
			t.Errorf("no filter for %s", f.Name)
			continue
		}
		if got := w.query(t, mews.RecordQuery{Filter: filter}); !slices.Equal(got, []string{"1"}) {
			t.Errorf("%s selects %q", filter, got)
		}
		if f.Sortable {
			if got := w.query(t, mews.RecordQuery{Sort: f.Name + "|asc"}); len(got) != 3 {
				t.Errorf("sorted by %s: %q", f.Name, got)
			}
		}
	}
	for filter, want := range map[string][]string{
		"": {"1", "2", "3"}, "*": {"1", "2", "3"}, "ou:null": {"2", "3"}, "groups:'x'": {}, "groups:!'x'": {"1", "2", "3"}, "status:'contained'": {},
		"tags:'two'": {"1", "2"}, "local_ip:!null": {"1", "2"}, "platform_name:['Linux','Windows']": {"1", "2"}, "last_seen:>'now-1d'": {"1", "2", "3"},
	} {
		if got := w.query(t, mews.RecordQuery{Filter: filter}); !slices.Equal(got, want) {
			t.Errorf("%s selects %q, want %q", filter, got, want)
		}
	}
	if got := w.query(t, mews.RecordQuery{Sort: "last_seen.desc"}); !slices.Equal(got, []string{"3", "2", "1"}) {
		t.Errorf("the latest first: %q", got)
	}
}

func TestUnknownField(t *testing.T) {
	w := few(t)
	_, err := w.Query(ctx, me, mews.RecordQuery{Filter: "hostnam:'x'"})
	if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "platform_name") {
		t.Errorf("unknown field: %v", err)
	}
	w = few(t, func(d *Deps) { d.UnknownField = collection.UnknownEmpty })
	if got := w.query(t, mews.RecordQuery{Filter: "hostnam:'x'"}); len(got) > 0 {
		t.Errorf("as upstream: %q", got)
	}
	if e, err := w.Explain("hostname:'x'"); err != nil || e.Collection != "hosts" || len(e.Fields) != len(fields()) {
		t.Errorf("explained as %+v (%v)", e, err)
	}
}

// TestTenants: a customer sees his hosts alone, also where two have the same.
func TestTenants(t *testing.T) {
	w := few(t)
	w.report(t, other, seen(1, 5))
	them := store.Actor{CID: other, Client: "them"}
	page, err := w.Query(ctx, them, mews.RecordQuery{})
	must(t, err)
	found, unknown, err := w.Get(ctx, them, []string{aid(1), aid(2)})
	must(t, err)
	if !slices.Equal(hosts(page.IDs), []string{"1"}) || len(found) != 1 || found[0].OSVersion != "" || !slices.Equal(hosts(unknown), []string{"2"}) {
		t.Errorf("another customer sees %q, %+v and not %q", page.IDs, found, unknown)
	}
	for c, want := range map[store.CID]int{cid: 3, other: 1, "nobody": 0} {
		if n, err := w.Count(ctx, c); n != want || err != nil {
			t.Errorf("%s has %d hosts, want %d (%v)", c, n, want, err)
		}
	}
}

func TestGet(t *testing.T) {
	w := few(t)
	found, unknown, err := w.Get(ctx, me, []string{aid(3), "nonsense", strings.ToUpper(aid(0xAB)), aid(1), aid(3)})
	must(t, err)
	if len(found) != 2 || found[0].DeviceID != aid(3) || found[1].DeviceID != aid(1) || !slices.Equal(unknown, []string{"nonsense", aid(0xAB)}) {
		t.Errorf("found %+v, unknown %q", found, unknown)
	}
	for _, ids := range [][]string{nil, make([]string, maxLimit+1)} {
		if _, _, err := w.Get(ctx, me, ids); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%d ids: %v", len(ids), err)
		}
	}
}

func TestWindow(t *testing.T) {
	w := few(t, func(d *Deps) { d.Window = 200 })
	for _, q := range []mews.RecordQuery{{Offset: 101}, {Offset: 199, Limit: 2}, {Limit: 201}} {
		_, err := w.Query(ctx, me, q)
		if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "scroll") {
			t.Errorf("%+v: %v", q, err)
		}
	}
	page, err := w.Query(ctx, me, mews.RecordQuery{Offset: 100})
	if err != nil || page.Next != 100 || page.Total != 3 || len(page.IDs) > 0 {
		t.Errorf("past the end: %+v (%v)", page, err)
	}
}

// TestScroll: tokens go to the end, serve one client and query, and end with
// their time.
func TestScroll(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Window = 100 })
	var reports []Report
	for n := range 250 {
		reports = append(reports, seen(n+1, n))
	}
	w.report(t, cid, reports...)
	q := mews.RecordQuery{Limit: 100, Sort: "hostname|desc", Filter: "hostname:'ws-*'"}
	var got []string
	var second string
	for pages := 1; ; pages++ {
		page, err := w.Scroll(ctx, me, q)
		must(t, err)
		got = append(got, page.IDs...)
		if page.Total != 250 || (page.After == "") != (pages == 3) || page.After != "" && page.Expires != w.now.Add(2*time.Minute).Unix() {
			t.Errorf("page %d: total %d, after %q, until %d", pages, page.Total, page.After, page.Expires)
		}
		if page.After == "" {
			break
		}
		if pages == 1 {
			second = page.After
			w.report(t, cid, seen(999, 1000)) // a late comer does not change the total
		}
		q.After = page.After
	}
	if len(got) != 250 || got[0] != aid(250) || got[249] != aid(1) {
		t.Errorf("%d ids from %s to %s", len(got), got[0], got[len(got)-1])
	}
	q.After = second
	refused := func(what string, who store.Actor, change func(*mews.RecordQuery)) {
		t.Helper()
		q := q
		change(&q)
		if _, err := w.Scroll(ctx, who, q); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("another filter", me, func(q *mews.RecordQuery) { q.Filter = "" })
	refused("another client", store.Actor{CID: cid, Client: "you"}, func(*mews.RecordQuery) {})
	refused("nonsense", me, func(q *mews.RecordQuery) { q.After = "x" })
	refused("too large", me, func(q *mews.RecordQuery) { q.After, q.Limit = "", maxScroll+1 })
	w.now = w.now.Add(scrollLife)
	refused("too late", me, func(*mews.RecordQuery) {})
}
