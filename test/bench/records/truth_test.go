package main

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/mewshq/mews"
)

func smallTruth(n int) *truth {
	w := newWorld(7)
	w.grow(n)
	return newTruth(w)
}

// TestSameSeedSameRecords: growth is measured on parts of the same records.
func TestSameSeedSameRecords(t *testing.T) {
	at, growing := newWorld(7), newWorld(7)
	at.grow(2000)
	growing.grow(500)
	part := slices.Clone(growing.records)
	for i := range part {
		if !reflect.DeepEqual(part[i], at.records[i]) {
			t.Fatalf("record %d is %+v alone and %+v in more", i, part[i], at.records[i])
		}
	}
	growing.grow(500)
	if !reflect.DeepEqual(part, growing.records) {
		t.Error("growing to the same size changed records")
	}
}

func TestRecordsAreApart(t *testing.T) {
	w := smallTruth(5000)
	if len(w.byID) != len(w.records) {
		t.Errorf("%d ids of %d records", len(w.byID), len(w.records))
	}
	dates := map[int64]bool{}
	hosts := map[int32]int{}
	for _, r := range w.records {
		dates[r.created] = true
		hosts[r.host]++
		if at := time.UnixMicro(r.created); at.After(until) || at.Before(until.AddDate(0, 0, -days-7)) || r.first > r.last || r.last > r.created {
			t.Fatalf("dates of %+v", r)
		}
	}
	if len(dates) != len(w.records) {
		t.Errorf("%d instants of %d records", len(dates), len(w.records))
	}
	if hosts[0] < 20*len(w.records)/len(hosts) {
		t.Errorf("the first of %d hosts has %d of %d records: not skewed", len(hosts), hosts[0], len(w.records))
	}
}

// TestWrongPagesAreSeen damages a right answer in each way that matters.
func TestWrongPagesAreSeen(t *testing.T) {
	w := smallTruth(1000)
	us := w.is("device.country", "US")
	found := w.matching(us)
	right := func() (ids []string) {
		for _, no := range found[:100] {
			ids = append(ids, w.ids[no])
		}
		return ids
	}
	if err := w.checkPage(us, "", 0, len(found), right(), 100); err != nil {
		t.Fatal(err)
	}
	other := w.ids[w.matching(not(us))[0]]
	for name, damage := range map[string]func(total *int, ids *[]string){
		"total":     func(total *int, _ *[]string) { *total++ },
		"missing":   func(_ *int, ids *[]string) { *ids = (*ids)[1:] },
		"swapped":   func(_ *int, ids *[]string) { (*ids)[3], (*ids)[4] = (*ids)[4], (*ids)[3] },
		"repeated":  func(_ *int, ids *[]string) { (*ids)[3] = (*ids)[4] },
		"foreign":   func(_ *int, ids *[]string) { (*ids)[3] = other },
		"next page": func(_ *int, ids *[]string) { *ids = append((*ids)[1:], w.ids[found[100]]) },
	} {
		total, ids := len(found), right()
		damage(&total, &ids)
		if w.checkPage(us, "", 0, total, ids, 100) == nil {
			t.Errorf("%s: not seen", name)
		}
	}
}

func TestOrderPutsMissingLast(t *testing.T) {
	w := smallTruth(1000)
	for _, sort := range []string{"username|asc", "username|desc"} {
		all := slices.Clone(w.newest)
		slices.SortFunc(all, w.order(sort))
		first, last := w.username(&w.records[all[0]]), w.username(&w.records[all[len(all)-1]])
		if first == "" || last != "" {
			t.Errorf("%s goes from %q to %q", sort, first, last)
		}
	}
}

// TestWrongAggregatesAreSeen does the same for buckets.
func TestWrongAggregatesAreSeen(t *testing.T) {
	w := smallTruth(1000)
	count := map[string]int64{}
	for _, r := range w.records {
		count[iocTypes[r.behaviors[0].kind]]++
		if len(r.behaviors) > 1 && r.behaviors[1].kind != r.behaviors[0].kind {
			count[iocTypes[r.behaviors[1].kind]]++
		}
	}
	terms := func(change int64) (result mews.AggregateResult) {
		labels := slices.SortedFunc(slices.Values(iocTypes), func(a, b string) int { return int(count[b] - count[a]) })
		for _, label := range labels {
			result.Buckets = append(result.Buckets, mews.AggregateBucket{Label: label, Count: count[label] + change})
		}
		return result
	}
	req := mews.AggregateRequest{Type: mews.AggregateTerms, Field: "behaviors.ioc_type"}
	if err := w.checkAggregate(req, terms(0), w.newest); err != nil {
		t.Errorf("right terms: %v", err)
	}
	if w.checkAggregate(req, terms(1), w.newest) == nil {
		t.Error("wrong terms are not seen")
	}
	least := float64(100)
	for _, r := range w.records {
		if r.severity >= 0 {
			least = min(least, float64(r.severity))
		}
	}
	known := int64(len(w.values("max_severity", w.newest)))
	req = mews.AggregateRequest{Type: mews.AggregateMin, Field: "max_severity"}
	for value, want := range map[float64]bool{least: true, least + 1: false} {
		err := w.checkAggregate(req, mews.AggregateResult{Buckets: []mews.AggregateBucket{{Value: &value, Count: known}}}, w.newest)
		if (err == nil) != want {
			t.Errorf("min %g: %v", value, err)
		}
	}
}

func TestBucketStart(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	at := float64(time.Date(2026, 3, 29, 22, 30, 0, 0, time.UTC).UnixMilli()) // Monday there, in summer time since a day
	for interval, want := range map[string]string{
		"hour": "2026-03-30T00:00:00+02:00", "day": "2026-03-30T00:00:00+02:00", "week": "2026-03-30T00:00:00+02:00",
		"month": "2026-03-01T00:00:00+01:00", "year": "2026-01-01T00:00:00+01:00",
	} {
		if got := time.UnixMilli(bucketStart(at, interval, berlin)).In(berlin).Format(time.RFC3339); got != want {
			t.Errorf("%s begins at %s, want %s", interval, got, want)
		}
	}
}

// TestMixAsksForFewAndMany: a mix of filters that all match nothing, or all
// match everything, would measure nothing.
func TestMixAsksForFewAndMany(t *testing.T) {
	w := smallTruth(10_000)
	few, many := map[string]int{}, map[string]int{}
	for _, f := range filters(w) {
		switch n := len(w.matching(f.keep)); {
		case n <= 500:
			few[f.class]++
		case n >= 3000:
			many[f.class]++
		}
	}
	for _, f := range filters(w) {
		if few[f.class] == 0 || many[f.class] == 0 {
			t.Errorf("%s: %d filters match few records, %d match many", f.class, few[f.class], many[f.class])
		}
	}
	if n := len(questions(w)); n < 200 {
		t.Errorf("only %d questions", n)
	}
}
