package host

import (
	"context"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// A modelled host is what the reports of a host must add up to.
type modelled struct {
	first, last int64
	facts       map[string]statement
}

func (m *modelled) add(r Report) {
	if m.facts == nil {
		m.first, m.last, m.facts = r.First, r.Last, map[string]statement{}
	}
	m.first, m.last = min(m.first, r.First), max(m.last, r.Last)
	say := map[string]string{"hostname": r.Hostname}
	if r.Facts != nil {
		say["os_version"], say["serial_number"] = r.Facts.OSVersion, r.Facts.Serial
	}
	for name, text := range say {
		old, has := m.facts[name]
		if text != "" && (!has || r.Last > old.At || r.Last == old.At && text > old.Text) {
			m.facts[name] = statement{text, r.Last}
		}
	}
}

func (m *modelled) text(name string) string { return m.facts[name].Text }

// anyReport draws a report of one of a few hosts about a few facts.
func anyReport(t *rapid.T, last *rapid.Generator[int]) Report {
	word := rapid.SampledFrom([]string{"", "a", "b", "c"})
	r := Report{AID: aid(rapid.IntRange(1, 3).Draw(t, "host")), Hostname: word.Draw(t, "hostname"), Last: at(last.Draw(t, "last"))}
	r.First = r.Last - int64(rapid.IntRange(0, 3).Draw(t, "since"))*1e6
	if rapid.Bool().Draw(t, "facts") {
		r.Facts = &telemetry.Facts{OSVersion: word.Draw(t, "os"), Serial: word.Draw(t, "serial")}
	}
	return r
}

// model is what reports must add up to.
func model(reports []Report) map[string]*modelled {
	hosts := map[string]*modelled{}
	for _, r := range reports {
		if hosts[r.AID] == nil {
			hosts[r.AID] = &modelled{}
		}
		hosts[r.AID].add(r)
	}
	return hosts
}

func compareWithModel(t *rapid.T, s *Service, want map[string]*modelled) {
	t.Helper()
	ids := slices.Sorted(maps.Keys(want))
	if len(ids) == 0 {
		return
	}
	found, unknown, err := s.Get(ctx, me, ids)
	if err != nil || len(unknown) > 0 {
		t.Fatalf("unknown %q (%v)", unknown, err)
	}
	for i, id := range ids {
		w := want[id]
		wire := mews.Device{
			DeviceID: id, Hostname: w.text("hostname"), OSVersion: w.text("os_version"), SerialNumber: w.text("serial_number"),
			FirstSeen: stamp(w.first), LastSeen: stamp(w.last),
		}
		got := mews.Device{
			DeviceID: found[i].DeviceID, Hostname: found[i].Hostname, OSVersion: found[i].OSVersion, SerialNumber: found[i].SerialNumber,
			FirstSeen: found[i].FirstSeen, LastSeen: found[i].LastSeen,
		}
		if !sameDevice(got, wire) {
			t.Errorf("host %s is\n%+v, want\n%+v", id, got, wire)
		}
	}
}

func sameDevice(a, b mews.Device) bool {
	return a.DeviceID == b.DeviceID && a.Hostname == b.Hostname && a.OSVersion == b.OSVersion && a.SerialNumber == b.SerialNumber &&
		a.FirstSeen == b.FirstSeen && a.LastSeen == b.LastSeen
}

// reset empties the tables, which is faster than a new database for each draw.
func (w *world) reset(t *rapid.T) {
	t.Helper()
	err := w.db.Write(ctx, func(tx *store.Tx) error {
		for _, table := range []string{"host_tag", "host_ou", "host_facts", "host", "host_report", "host_number"} {
			if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.fresh(t)
}

// fresh is the service after a restart.
func (w *world) fresh(t *rapid.T) {
	t.Helper()
	s, err := New(Deps{DB: w.db, Keys: blobtest.Keys()})
	if err != nil {
		t.Fatal(err)
	}
	w.Service = s
}

// TestFoldingHasNoOrder: in whatever order and batches reports come, folded
// whenever and even twice, the devices are the same. Each batch comes from
// another process, so that nothing is left out because it was told before.
func TestFoldingHasNoOrder(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.reset(t)
		reports := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Report { return anyReport(t, rapid.IntRange(1, 6)) }), 0, 12).Draw(t, "reports")
		shuffled := rapid.Permutation(reports).Draw(t, "order")
		for len(shuffled) > 0 {
			n := rapid.IntRange(1, len(shuffled)).Draw(t, "batch")
			w.fresh(t)
			times := rapid.IntRange(1, 2).Draw(t, "times")
			for range times {
				if err := w.db.Write(ctx, func(tx *store.Tx) error { return w.Report(tx, cid, shuffled[:n]) }); err != nil {
					t.Fatal(err)
				}
			}
			shuffled = shuffled[n:]
			if rapid.Bool().Draw(t, "fold") {
				if err := w.CatchUp(ctx); err != nil {
					t.Fatal(err)
				}
			}
		}
		compareWithModel(t, w.Service, model(reports))
	})
}

// TestTellingLessLosesNothing: a process that leaves out what it told before
// says the same, as long as reports come in the order of their times.
func TestTellingLessLosesNothing(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.reset(t)
		reports := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Report { return anyReport(t, rapid.IntRange(1, 9000)) }), 0, 12).Draw(t, "reports")
		slices.SortStableFunc(reports, func(a, b Report) int { return int(a.Last - b.Last) })
		w.reportEach(t, reports)
		compareWithModel(t, w.Service, model(reports))
	})
}

// TestLateReportsHeal: whatever came in the wrong order, the next report of a
// host that says everything puts all of it right.
func TestLateReportsHeal(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.reset(t)
		reports := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Report { return anyReport(t, rapid.IntRange(1, 9000)) }), 0, 12).Draw(t, "reports")
		last := rapid.IntRange(9001, 9100)
		for host := range model(reports) {
			r := anyReport(t, last)
			r.AID = host
			r.Hostname = rapid.SampledFrom([]string{"a", "b"}).Draw(t, "last hostname")
			r.Facts = &telemetry.Facts{OSVersion: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "last os"), Serial: "c"}
			reports = append(reports, r)
		}
		w.reportEach(t, reports)
		compareWithModel(t, w.Service, model(reports))
	})
}

func (w *world) reportEach(t *rapid.T, reports []Report) {
	t.Helper()
	for _, r := range reports {
		if err := w.db.Write(context.Background(), func(tx *store.Tx) error { return w.Report(tx, cid, []Report{r}) }); err != nil {
			t.Fatal(err)
		}
		if rapid.IntRange(0, 3).Draw(t, "fold") == 0 {
			if err := w.CatchUp(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
}
