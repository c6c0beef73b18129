package sighting

import (
	"slices"
	"testing"

	"github.com/mewshq/mews"
)

// What hosts report is found again, from each side.
func TestWhoSawWhat(t *testing.T) {
	w := newWorld(t)
	counts := w.ingest(
		t,
		started(1, 100, 7, 0), asked(1, 100, "updates.example.com", 5), ended(1, 100, 9),
		started(2, 200, 7, 3), "", started(2, 201, 7, 4), asked(2, 0, "updates.example.com", 8),
	)
	want := mews.IngestCounts{Lines: 6, Events: 6, Sightings: 5, Hosts: 2}
	if counts != want {
		t.Errorf("counts are %+v, want %+v", counts, want)
	}
	if n := w.count(t, file(7)); n != 2 {
		t.Errorf("%d devices, want 2", n)
	}
	if got := w.devices(t, me, domain("UPDATES.example.com.")); !slices.Equal(got, []string{aid(1), aid(2)}) {
		t.Errorf("devices are %q", got)
	}
	if got := w.processesOf(t, 2, file(7)); !slices.Equal(got, []string{pid(2, 200), pid(2, 201)}) {
		t.Errorf("processes are %q", got)
	}
	found, unknown, err := w.ProcessDetails(ctx, me, []string{pid(1, 100), aid(1) + ":100", pid(1, 999), "nonsense", pid(3, 1)})
	must(t, err)
	detail := mews.ProcessDetail{
		DeviceID: aid(1), ProcessID: aid(1) + ":100", ProcessIDLocal: "100",
		CommandLine: "tool-7.exe --run", FileName: `\Device\HarddiskVolume2\tool-7.exe`,
		StartTimestamp: "2026-03-01T12:00:00Z", StartTimestampRaw: "134168400002500000",
		StopTimestamp: "2026-03-01T12:00:09Z", StopTimestampRaw: "134168400090000000",
	}
	if len(found) != 1 || found[0] != detail {
		t.Errorf("details are %+v", found)
	}
	if !slices.Equal(unknown, []string{pid(1, 999), "nonsense", pid(3, 1)}) {
		t.Errorf("unknown are %q", unknown)
	}
	list, p, err := w.Sightings(ctx, me, of(file(7)))
	must(t, err)
	second := mews.Sighting{
		Observable: file(7), DeviceID: aid(2),
		First: "2026-03-01T12:00:03Z", Last: "2026-03-01T12:00:04Z", Count: 2, Kinds: []string{"exec"},
	}
	if len(list) != 2 || p.Total != 2 || !slices.Equal(list[1].Kinds, second.Kinds) || list[1].First != second.First || list[1].Count != 2 {
		t.Errorf("sightings are %+v", list)
	}
	if got := w.devices(t, stranger, file(7)); len(got) != 0 {
		t.Errorf("another customer sees %q", got)
	}
}
