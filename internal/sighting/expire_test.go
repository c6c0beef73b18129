package sighting

import (
	"slices"
	"testing"
	"time"
)

const day = 24 * 3600 // seconds

func keepTenDays(d *Deps) { d.Retention, d.Limits.FanIn = 10*24*time.Hour, 2 }

// What was last met too long ago is in no answer, to the second; what goes on
// being met stays.
func TestExpiredIsNotShown(t *testing.T) {
	w := newWorld(t, keepTenDays)
	w.ingest(t, started(1, 1, 7, 0), started(2, 1, 7, 0), asked(2, 1, "n.example.com", 0))
	w.clock.Store(5 * day)
	w.ingest(t, started(2, 2, 7, 5*day))
	look := func(devices, first, second int, detail bool) {
		t.Helper()
		if n := w.count(t, file(7)); n != devices || len(w.devices(t, me, file(7))) != devices {
			t.Errorf("%d devices, want %d", n, devices)
		}
		list, _, err := w.Sightings(ctx, me, of(file(7)))
		must(t, err)
		if len(list) != devices {
			t.Errorf("%d sightings, want %d", len(list), devices)
		}
		if a, b := len(w.processesOf(t, 1, file(7))), len(w.processesOf(t, 2, file(7))); a != first || b != second {
			t.Errorf("%d and %d processes, want %d and %d", a, b, first, second)
		}
		found, _, err := w.ProcessDetails(ctx, me, []string{pid(1, 1)})
		must(t, err)
		if detail != (len(found) == 1) {
			t.Errorf("details are %+v", found)
		}
	}
	for _, merged := range []bool{false, true} {
		w.clock.Store(10 * day)
		if merged {
			must(t, w.mergeAll(ctx, 0, largeMerge))
		}
		look(2, 1, 2, true)
		w.clock.Store(10*day + 1)
		look(1, 0, 1, false)
		w.clock.Store(15*day + 1)
		look(0, 0, 0, false)
		w.clock.Store(0)
	}
}

// Runs of which much has expired are rewritten, those of which all has are
// dropped, and others rest.
func TestExpire(t *testing.T) {
	w := newWorld(t, keepTenDays)
	for i := range 8 {
		w.clock.Store(int64(i * day))
		w.ingest(t, started(1, i+1, i, 0), started(1, 100+i, 50, i*day))
	}
	must(t, w.mergeAll(ctx, 0, largeMerge))
	w.ingest(t, started(2, 1, 60, 0))
	entries := func() (all []int64) {
		v := w.view(me.CID)
		defer v.release()
		for _, r := range v.runs {
			all = append(all, r.entries)
		}
		slices.Sort(all)
		return all
	}
	// Eight files once: A, B, C each; file 50 eight times: A once, B and C.
	steps := []struct {
		at   int
		want []int64
	}{
		{10 * day, []int64{3, 8*3 + 1 + 8*2}},
		{10*day + 1, []int64{8*3 + 1 + 8*2}}, // one run has expired; of the other a little
		{12*day + 1, []int64{1 + 5*2}},       // of a span of seven days two and more
		{13*day + 1, []int64{1 + 5*2}},       // of what is left a quarter has not passed
		{13*day + 20*3600, []int64{1 + 5*2}},
		{15*day + 1, []int64{1 + 2*2}}, // now it has
		{17*day + 1, nil},              // nothing is left
		{17*day + 1, nil},              // and nothing to do
	}
	for _, step := range steps {
		w.clock.Store(int64(step.at))
		must(t, w.expire(ctx))
		if got := entries(); !slices.Equal(got, step.want) {
			t.Errorf("after %d s runs hold %v entries, want %v", step.at, got, step.want)
		}
		w.wantFiles(t, len(step.want))
	}
	w.ingest(t, started(1, 1, 7, 17*day))
	if n := w.count(t, file(7)); n != 1 {
		t.Error("what comes later is not seen")
	}
}

// Merges leave expired entries out, and an empty run is none.
func TestMergesDropWhatExpired(t *testing.T) {
	w := newWorld(t, keepTenDays)
	w.ingest(t, started(1, 1, 7, 0))
	w.clock.Store(2 * day)
	w.ingest(t, started(1, 2, 8, 2*day))
	w.clock.Store(11 * day)
	must(t, w.mergeAll(ctx, 0, largeMerge))
	v := w.view(me.CID)
	if len(v.runs) != 1 || v.runs[0].entries != 3 {
		t.Errorf("%d runs, of %d entries", len(v.runs), v.runs[0].entries)
	}
	v.release()
	w.ingest(t, started(1, 3, 8, 0)) // too late
	w.clock.Store(20 * day)
	must(t, w.mergeAll(ctx, 0, largeMerge))
	if n := w.runs(me); n != 0 {
		t.Errorf("%d runs are left", n)
	}
	w.wantFiles(t, 0)
}

// Without a bound nothing expires.
func TestForEver(t *testing.T) {
	w := newWorld(t)
	w.ingest(t, started(1, 1, 7, -20*365*day))
	w.clock.Store(100 * 365 * day)
	must(t, w.expire(ctx))
	if n := w.count(t, file(7)); n != 1 {
		t.Errorf("%d devices", n)
	}
}

// Many forgotten calls go a few at a time.
func TestForgetCalls(t *testing.T) {
	w := newWorld(t)
	for i := range 30 {
		w.ingest(t, started(1, i, 7, i))
	}
	w.clock.Store(day)
	must(t, w.forgetCalls(ctx, 7))
	w.clock.Store(0)
	if c := w.ingest(t, started(1, 3, 7, 3)); c.Repeated {
		t.Error("a call was not forgotten")
	}
}
