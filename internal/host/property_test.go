package host

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
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
		if text != "" && (!has || r.Last > old.At || r.Last == old.At && rank(text) > rank(old.Text)) {
			m.facts[name] = statement{text, r.Last}
		}
	}
}

// rank orders the words of anyReport as statements of one time are.
func rank(word string) int {
	words := []string{"a", "b", "c"}
	slices.SortFunc(words, func(x, y string) int { return cmp.Compare(hash(x), hash(y)) })
	return slices.Index(words, word)
}

func (m *modelled) text(name string) string { return m.facts[name].Text }

// anyReport draws a report of one of a few hosts about a few facts.
func anyReport(t *rapid.T, seconds int) Report {
	word := rapid.SampledFrom([]string{"", "a", "b", "c"})
	r := Report{AID: aid(rapid.IntRange(1, 3).Draw(t, "host")), Hostname: word.Draw(t, "hostname"), Last: at(rapid.IntRange(1, seconds).Draw(t, "last"))}
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

// TestFoldingHasNoOrder: in whatever order reports come, folded whenever and
// even twice, the devices are the same. Each comes from another process, so that
// nothing is left out because it was told before.
func TestFoldingHasNoOrder(t *testing.T) {
	storetest.SkipUnderRace(t)
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.reset(t)
		reports := someReports(t, 6)
		for _, r := range rapid.Permutation(reports).Draw(t, "order") {
			for range rapid.IntRange(1, 2).Draw(t, "times") {
				w.fresh(t)
				w.reportOne(t, r)
			}
		}
		compareWithModel(t, w.Service, model(reports))
	})
}

// TestTellingLessLosesNothing: a process that leaves out what it told before
// says the same in the end.
func TestTellingLessLosesNothing(t *testing.T) {
	storetest.SkipUnderRace(t)
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.reset(t)
		reports := someReports(t, rapid.SampledFrom([]int{6, 9000}).Draw(t, "span"))
		for _, r := range reports {
			w.reportOne(t, r)
		}
		compareWithModel(t, w.Service, model(reports))
	})
}

// TestRestartsHeal: whatever several processes made of reports in the wrong
// order, a report of a host from an hour later puts right what it speaks of.
func TestRestartsHeal(t *testing.T) {
	storetest.SkipUnderRace(t)
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		w.reset(t)
		reports := someReports(t, 9000)
		for host := range model(reports) {
			r := anyReport(t, 100)
			r.AID, r.Hostname, r.Facts = host, "a", &telemetry.Facts{OSVersion: "b", Serial: "c"}
			r.Last += 9000e6 + retell
			reports = append(reports, r)
		}
		for _, r := range reports {
			if rapid.IntRange(0, 3).Draw(t, "restart") == 0 {
				w.fresh(t)
			}
			w.reportOne(t, r)
		}
		compareWithModel(t, w.Service, model(reports))
	})
}

func someReports(t *rapid.T, seconds int) []Report {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Report { return anyReport(t, seconds) }), 0, 12).Draw(t, "reports")
}

// reportOne takes a report in, and now and then folds what waits.
func (w *world) reportOne(t *rapid.T, r Report) {
	t.Helper()
	if err := w.db.Write(ctx, func(tx *store.Tx) error { return w.Report(tx, cid, []Report{r}) }); err != nil {
		t.Fatal(err)
	}
	if rapid.IntRange(0, 3).Draw(t, "fold") == 0 {
		if err := w.CatchUp(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
