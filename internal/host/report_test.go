package host

import (
	"errors"
	"reflect"
	"testing"

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
