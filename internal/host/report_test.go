package host

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// full says something of every fact.
func full() telemetry.Facts {
	return telemetry.Facts{
		Platform: "windows", OSVersion: "Windows 11", OSBuild: "22631", KernelVersion: "10.0.22631.1", ProductType: "3",
		AgentVersion: "7.10.1", LocalIP: "10.0.0.7", ExternalIP: "::ffff:192.0.2.7", MAC: "00:1B:21:3C:4D:5E", GatewayIP: "10.0.0.1",
		Domain: "corp.example", Site: "Berlin", OU: "Servers; Web", Tags: "one,two", Manufacturer: "ACME", ProductName: "Box 1",
		Serial: "S-1", BIOSManufacturer: "BIOS Inc", BIOSVersion: "1.2", ChassisType: "3", ServiceProvider: "AWS_EC2", InstanceID: "i-1",
		LastUser: "ann", BootTime: at(-60), FirstSeen: at(-3600),
	}
}

func TestDevice(t *testing.T) {
	w := newWorld(t)
	w.report(t, cid, seen(1, 5, full()))
	got, unknown, err := w.Get(ctx, me, []string{aid(1)})
	must(t, err)
	want := []mews.Device{{
		DeviceID: aid(1), CID: string(cid), Hostname: "WS-001", Status: "normal", PlatformName: "Windows", PlatformID: "0",
		OSVersion: "Windows 11", OSBuild: "22631", KernelVersion: "10.0.22631.1", ProductType: "3", ProductTypeDesc: "Server",
		AgentVersion: "7.10.1", LocalIP: "10.0.0.7", ExternalIP: "192.0.2.7", MACAddress: "00-1b-21-3c-4d-5e", DefaultGatewayIP: "10.0.0.1",
		MachineDomain: "corp.example", SiteName: "Berlin", OU: []string{"Servers", "Web"}, Tags: []string{"one", "two"}, Groups: []string{},
		SystemManufacturer: "ACME", SystemProductName: "Box 1", SerialNumber: "S-1", BIOSManufacturer: "BIOS Inc", BIOSVersion: "1.2",
		ChassisType: "3", ServiceProvider: "AWS_EC2", InstanceID: "i-1", LastLoginUser: "ann", LastReboot: "2026-03-01T11:59:00Z",
		FirstSeen: "2026-03-01T11:00:00Z", LastSeen: "2026-03-01T12:00:05Z", ModifiedTimestamp: "2026-03-01T12:00:00Z",
	}}
	if !reflect.DeepEqual(got, want) || len(unknown) > 0 {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	v := reflect.ValueOf(got[0])
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("a report with every fact leaves %s empty", v.Type().Field(i).Name)
		}
	}
}

// TestRollback: what was not committed is neither there nor taken for told.
func TestRollback(t *testing.T) {
	w := newWorld(t)
	stop := errors.New("stop")
	err := w.db.Write(ctx, func(tx *store.Tx) error {
		return errors.Join(w.Report(tx, cid, []Report{seen(1, 5, full())}), stop)
	})
	if !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if n, err := w.Count(ctx, cid); n != 0 || err != nil {
		t.Fatalf("%d devices (%v)", n, err)
	}
	w.report(t, cid, seen(1, 5, full()))
	got, _, err := w.Get(ctx, me, []string{aid(1)})
	must(t, err)
	if got[0].OSVersion != "Windows 11" {
		t.Errorf("the facts were not told again: %+v", got[0])
	}
}

// TestTellsLittle: what is known costs nothing, and a thousand hosts one row.
func TestTellsLittle(t *testing.T) {
	w := newWorld(t)
	var reports []Report
	for n := range 2500 {
		reports = append(reports, seen(n, 100, full()))
	}
	w.report(t, cid, reports...)
	first := w.waiting(t)
	if len(first) != 3 {
		t.Errorf("2500 hosts wait in %d rows", len(first))
	}
	w.report(t, cid, reports...)
	if again := w.waiting(t); len(again) != 3 {
		t.Errorf("the same reports wait again, in %d rows", len(again)-3)
	}
	for i := range reports {
		reports[i].Last += 60e6
	}
	w.report(t, cid, reports...)
	later := w.waiting(t)[3:]
	if size := len(strings.Join(later, "")); size > 100*len(reports) {
		t.Errorf("2500 reports without news take %d bytes", size)
	}
	changed := full()
	changed.OSVersion = "Windows 12"
	w.report(t, cid, seen(7, 170, changed))
	if rows := w.waiting(t); len(rows) != 7 || strings.Contains(rows[6], "serial_number") || !strings.Contains(rows[6], "Windows 12") {
		t.Errorf("a change of one fact is told as %s", rows[len(rows)-1])
	}
	if n, err := w.Count(ctx, cid); n != 2500 || err != nil || len(w.waiting(t)) != 0 {
		t.Errorf("%d hosts, %d rows wait (%v)", n, len(w.waiting(t)), err)
	}
}

// waiting gives the rows of reports that are not folded.
func (w *world) waiting(t testing.TB) (rows []string) {
	t.Helper()
	must(t, w.db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(func(r *sql.Rows) error {
			var text string
			err := r.Scan(&text)
			rows = append(rows, text)
			return err
		}, `SELECT reports FROM host_report ORDER BY seq`)
	}))
	return rows
}

// TestRun folds without anybody asking, and once for many reports.
func TestRun(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Pause = time.Millisecond })
	stop, done := w.run(t)
	for n := range 20 {
		w.report(t, cid, seen(n, n))
	}
	for len(w.waiting(t)) > 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	must(t, <-done)
	if n := w.rows(t, "host"); n != 20 {
		t.Errorf("%d hosts", n)
	}
}

func (w *world) run(t testing.TB) (stop func(), done chan error) {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	t.Cleanup(stop)
	done = make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	return stop, done
}

func TestMalformed(t *testing.T) {
	w := newWorld(t)
	for _, r := range []Report{{AID: "x", Last: 1}, {AID: aid(1), First: 2, Last: 1}} {
		err := w.db.Write(ctx, func(tx *store.Tx) error { return w.Report(tx, cid, []Report{r}) })
		if err == nil {
			t.Errorf("%+v is taken", r)
		}
	}
}

// TestFactsAreMadeUniform: hosts write what they like.
func TestFactsAreMadeUniform(t *testing.T) {
	long := strings.Repeat("ä", maxFact)
	for _, tc := range []struct {
		normal   func(string) string
		in, want string
	}{
		{evidence, "a\x00b\xffc", "a\uFFFDb\uFFFDc"},
		{evidence, long, long[:maxFact]},
		{evidence, "x" + long, "x" + long[:maxFact-2]},
		{platform, "WINDOWS", "Windows"},
		{platform, "mac", "Mac"},
		{platform, "FreeBSD", "FreeBSD"},
		{address, "::FFFF:10.0.0.1", "10.0.0.1"},
		{address, "fe80::1%eth0", "fe80::1"},
		{address, "none", ""},
		{hardware, "001B.213C.4D5E", "00-1b-21-3c-4d-5e"},
		{hardware, "00:00:00:00:fe:80:00:00:00:00:00:00:02:00:5e:10:00:00:00:01", ""},
		{hardware, "x", ""},
	} {
		if got := tc.normal(tc.in); got != tc.want {
			t.Errorf("%q became %q, want %q", tc.in, got, tc.want)
		}
	}
}

// TestListsFollow: what a host no longer has no filter finds.
func TestListsFollow(t *testing.T) {
	w := newWorld(t)
	w.report(t, cid, seen(1, 1, telemetry.Facts{Tags: "red,blue", OU: "A;B"}))
	must(t, w.CatchUp(ctx))
	w.report(t, cid, seen(1, 2, telemetry.Facts{Tags: "blue, green", OU: "B"}))
	for filter, want := range map[string]int{"tags:'red'": 0, "tags:'BLUE'": 1, "tags:'green'": 1, "ou:'a'": 0, "ou:'b'": 1} {
		if got := w.query(t, mews.RecordQuery{Filter: filter}); len(got) != want {
			t.Errorf("%s selects %d", filter, len(got))
		}
	}
}
