package collection_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

func refused(t *testing.T, err error, part string) {
	t.Helper()
	e, ok := errors.AsType[*collection.Error](err)
	if !ok {
		t.Fatalf("got %v, want a mistake with %q", err, part)
	}
	if !strings.Contains(e.Message, part) {
		t.Errorf("%q does not say %q", e.Message, part)
	}
}

func repeated[T any](v T, n int) []T {
	out := make([]T, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func nested(depth int) collection.Aggregation {
	a := collection.Aggregation{Type: "terms", Field: "state"}
	if depth > 0 {
		a.Sub = []collection.Aggregation{nested(depth - 1)}
	}
	return a
}

func named(n int) map[string]string {
	out := map[string]string{}
	for i := range n {
		out[fmt.Sprint(i)] = ""
	}
	return out
}

// TestAggregateLimits: each bound is reached, and told when it is passed by one.
func TestAggregateLimits(t *testing.T) {
	db, c := openItems(t), itemsIn(t, collection.SQLite)
	replace(t, db, someItems())
	terms := collection.Aggregation{Type: "terms", Field: "state"}
	with := func(change func(*collection.Aggregation)) []collection.Aggregation {
		a := terms
		change(&a)
		return []collection.Aggregation{a}
	}
	histogram := func(interval, from, to string) []collection.Aggregation {
		return []collection.Aggregation{{
			Type: "date_histogram", Field: "created", Interval: interval, Bounds: collection.DateRange{From: from, To: to}, Filter: "state:'none'",
		}}
	}
	for _, tt := range []struct {
		name      string
		at, above []collection.Aggregation
		part      string
	}{
		{"aggregations", repeated(terms, 10), repeated(terms, 11), "limit 10"},
		{
			"sub_aggregates", with(func(a *collection.Aggregation) { a.Sub = repeated(terms, 10) }),
			with(func(a *collection.Aggregation) { a.Sub = repeated(terms, 11) }), "more than 10 sub_aggregates",
		},
		{"depth", []collection.Aggregation{nested(3)}, []collection.Aggregation{nested(4)}, "deeper than 3"},
		{
			"size", with(func(a *collection.Aggregation) { a.Size = 10_000 }),
			with(func(a *collection.Aggregation) { a.Size = 10_001 }), "size must be 0..10000",
		},
		{
			"from", with(func(a *collection.Aggregation) { a.From = 10_000 }),
			with(func(a *collection.Aggregation) { a.From = 10_001 }), "from must be 0..10000",
		},
		{
			"include", with(func(a *collection.Aggregation) { a.Include = strings.Repeat("a", 1024) }),
			with(func(a *collection.Aggregation) { a.Include = strings.Repeat("a", 1025) }), "include is longer than 1024 bytes",
		},
		{
			"named filters", with(func(a *collection.Aggregation) { a.Filters = named(100) }),
			with(func(a *collection.Aggregation) { a.Filters = named(101) }), "more than 100 filters",
		},
		{
			"ranges",
			[]collection.Aggregation{{Type: "range", Field: "severity", Ranges: make([]collection.NumberRange, 100)}},
			[]collection.Aggregation{{Type: "range", Field: "severity", Ranges: make([]collection.NumberRange, 101)}},
			"has 101 ranges, limit 100",
		},
		{
			"date_ranges",
			[]collection.Aggregation{{Type: "date_range", Field: "created", DateRanges: make([]collection.DateRange, 100)}},
			[]collection.Aggregation{{Type: "date_range", Field: "created", DateRanges: make([]collection.DateRange, 101)}},
			"has 101 ranges, limit 100",
		},
		{
			"percents",
			[]collection.Aggregation{{Type: "percentiles", Field: "severity", Percents: make([]float64, 100)}},
			[]collection.Aggregation{{Type: "percentiles", Field: "severity", Percents: make([]float64, 101)}},
			"more than 100 numbers",
		},
		{
			"buckets", histogram("minute", "2026-01-01", "2026-01-07T22:39:00Z"),
			histogram("minute", "2026-01-01", "2026-01-07T22:40:00Z"), "would create 10001 buckets, limit 10000",
		},
		{
			"a century", histogram("year", "1900-01-01", "1999-12-31"),
			histogram("minute", "1900-01-01", "1999-12-31T23:59:00Z"), "would create 52594560 buckets, limit 10000",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := aggregate(t, db, c, tt.at...); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			_, err := aggregate(t, db, c, tt.above...)
			refused(t, err, tt.part)
		})
	}
}

// TestAggregateBuckets: buckets that records make are counted before they are
// made, those of all levels together.
func TestAggregateBuckets(t *testing.T) {
	db, c := openItems(t), itemsIn(t, collection.SQLite)
	replace(t, db, []*item{
		{seq: 1, cid: mine, created: at("1900-01-01T00:00:00Z"), state: "purged"},
		{seq: 2, cid: mine, created: at("1999-12-31T23:59:00Z"), state: "released"},
	})
	minutes := collection.Aggregation{Type: "date_histogram", Field: "created", Interval: "minute"}
	_, err := aggregate(t, db, c, minutes)
	refused(t, err, "would create 52594560 buckets, limit 10000")
	minutes.MinDocCount = ptr[int64](1)
	if got, err := aggregate(t, db, c, minutes); err != nil || len(got[0].Buckets) != 2 {
		t.Errorf("%v, %v", got, err)
	}
	// 100 years with 100 ranges each are 10,100 buckets.
	years := collection.Aggregation{
		Type: "date_histogram", Field: "created", Interval: "year",
		Sub: []collection.Aggregation{{Type: "range", Field: "severity", Ranges: make([]collection.NumberRange, 99)}},
	}
	if _, err := aggregate(t, db, c, years); err != nil {
		t.Error(err)
	}
	years.Sub[0].Ranges = make([]collection.NumberRange, 100)
	_, err = aggregate(t, db, c, years)
	refused(t, err, "limit 10000")
	// A value that stands for missing ones counts like any other.
	replace(t, db, []*item{{seq: 1, cid: mine, created: at("1900-01-01T00:00:00Z")}, {seq: 2, cid: mine}})
	_, err = aggregate(t, db, c, collection.Aggregation{Type: "date_histogram", Field: "created", Interval: "minute", Missing: ptr("1999-12-31T23:59:00Z")})
	refused(t, err, "would create 52594560 buckets")
}

func TestAggregateMemory(t *testing.T) {
	db, c := openItems(t), itemsIn(t, collection.SQLite)
	var items []*item
	for i := range 3000 {
		items = append(items, &item{seq: int64(i + 1), cid: mine, state: "purged", tags: []string{fmt.Sprintf("tag number %d", i)}})
	}
	replace(t, db, items)
	a := collection.Aggregation{Type: "terms", Field: "state", Sub: []collection.Aggregation{{Type: "terms", Field: "tags"}}}
	collection.Limit(c, 1000, 1000, 1000, 1<<20)
	if _, err := aggregate(t, db, c, a); err != nil {
		t.Error(err)
	}
	collection.Limit(c, 1000, 1000, 1000, 64<<10)
	_, err := aggregate(t, db, c, a)
	refused(t, err, "MiB of memory")
}

func TestAggregateMistakes(t *testing.T) {
	db, c := openItems(t), itemsIn(t, collection.SQLite)
	for _, tt := range []struct {
		a    collection.Aggregation
		part string
	}{
		{collection.Aggregation{}, "type must be one of terms, date_histogram"},
		{collection.Aggregation{Type: "top_hits", Field: "state"}, "type must be one of"},
		{collection.Aggregation{Type: "terms"}, "field is missing"},
		{collection.Aggregation{Type: "terms", Field: "id"}, "cannot aggregate over id; over one of: active,"},
		{collection.Aggregation{Type: "sum", Field: "hostname"}, "hostname is of type string, which sum does not take; it takes: created,"},
		{collection.Aggregation{Type: "range", Field: "created"}, "which range does not take"},
		{collection.Aggregation{Type: "max", Field: "active"}, "which max does not take"},
		{collection.Aggregation{Type: "terms", Field: "state", Size: -1}, "size must be"},
		{collection.Aggregation{Type: "terms", Field: "state", From: -1}, "from must be"},
		{collection.Aggregation{Type: "terms", Field: "state", Sort: "state|asc"}, "sort must be _count|desc"},
		{collection.Aggregation{Type: "terms", Field: "state", Sort: "_count|down"}, "sort must be"},
		{collection.Aggregation{Type: "terms", Field: "state", MinDocCount: ptr[int64](-1)}, "must not be negative"},
		{collection.Aggregation{Type: "terms", Field: "state", MinDocCount: ptr[int64](3), MaxDocCount: ptr[int64](2)}, "greater than max_doc_count"},
		{collection.Aggregation{Type: "terms", Field: "state", Include: `(\pL{30}){30}`}, "include is an expression of more than"},
		{collection.Aggregation{Type: "date_histogram", Field: "created"}, "interval must be one of minute, hour"},
		{collection.Aggregation{Type: "date_histogram", Field: "created", Interval: "day", TimeZone: "../../etc/passwd"}, "time_zone"},
		{collection.Aggregation{Type: "date_histogram", Field: "created", Interval: "day", Bounds: collection.DateRange{From: "soon"}}, "extended_bounds: min"},
		{collection.Aggregation{Type: "date_histogram", Field: "created", Interval: "day", Bounds: collection.DateRange{From: "now", To: "now-1d"}}, "min is later than max"},
		{collection.Aggregation{Type: "date_histogram", Field: "created", Interval: "day", Bounds: collection.DateRange{From: "9223372036854775807"}}, "outside the years"},
		{collection.Aggregation{Type: "date_range", Field: "created"}, "date_ranges is missing"},
		{collection.Aggregation{Type: "date_range", Field: "created", DateRanges: []collection.DateRange{{From: "x"}}}, "date_ranges 1: from"},
		{collection.Aggregation{Type: "date_range", Field: "created", DateRanges: []collection.DateRange{{}, {From: "now", To: "now-1s"}}}, "date_ranges 2: from is later"},
		{collection.Aggregation{Type: "range", Field: "severity"}, "ranges is missing"},
		{collection.Aggregation{Type: "range", Field: "severity", Ranges: []collection.NumberRange{{From: ptr(2.0), To: ptr(1.0)}}}, "ranges 1: From is greater"},
		{collection.Aggregation{Type: "percentiles", Field: "severity", Percents: []float64{50, 100.1}}, "percents must be 0..100"},
		{collection.Aggregation{Type: "max", Field: "severity", Missing: ptr("many")}, "missing: severity is of type integer: write a whole number"},
		{collection.Aggregation{Type: "terms", Field: "active", Missing: ptr("maybe")}, "write true or false"},
		{collection.Aggregation{Type: "terms", Field: "addr", Missing: ptr("10.0.0")}, "write an address"},
		{collection.Aggregation{Type: "max", Field: "severity", Sub: []collection.Aggregation{{Type: "terms", Field: "state"}}}, "max has no buckets"},
		{collection.Aggregation{Type: "max", Field: "severity", Filters: map[string]string{"a": ""}}, "filters_spec is for types with buckets"},
		{collection.Aggregation{Type: "terms", Field: "state", Filters: map[string]string{"a": "b"}}, `filters_spec "a": FQL error`},
		{collection.Aggregation{Type: "terms", Field: "state", Filter: "nothing:1"}, "FQL error at 1"},
		{collection.Aggregation{Name: "top", Type: "terms", Field: "state", Sub: []collection.Aggregation{{Name: "low", Type: "x"}}}, `aggregation "top" > "low": type must`},
	} {
		_, err := aggregate(t, db, c, tt.a)
		refused(t, err, tt.part)
	}
	_, err := aggregate(t, db, c)
	refused(t, err, "there is no aggregation")
}

// A customer never meets another's records, by whatever way they are read.
func TestAggregateOwnRecordsOnly(t *testing.T) {
	db, c := openItems(t), itemsIn(t, collection.SQLite)
	replace(t, db, someItems())
	for _, most := range []int{1, 1000} {
		collection.Limit(c, most, most, most, 1<<20)
		for _, field := range []string{"hostname", "paths.path", "paths.size", "tags", "created"} {
			for _, filter := range []string{"", "!state:'none'"} {
				got, err := aggregate(t, db, c, collection.Aggregation{Type: "terms", Field: field, Filter: filter, Size: 100})
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range got[0].Buckets {
					if b.Label == "theirs" || b.Label == int64(9) {
						t.Errorf("%s, most %d: %v", field, most, b)
					}
				}
			}
		}
	}
}

// Aggregates of a collection in PostgreSQL's dialect read what these statements
// say.
func TestAggregateStatements(t *testing.T) {
	a := collection.Aggregation{
		Type: "terms", Field: "state", Filter: "severity:>3",
		Sub: []collection.Aggregation{
			{Type: "date_histogram", Field: "created", Interval: "day", Filter: "hostname:'web1'"},
			{Type: "terms", Field: "paths.path", Sub: []collection.Aggregation{{Type: "max", Field: "paths.size"}}},
			{Type: "cardinality", Field: "tags"},
		},
	}
	for d, want := range map[collection.Dialect][]string{
		collection.Postgres: {
			`SELECT item.seq, item.state, item.created, CASE WHEN item.host_folded = $1 THEN 1 ELSE 0 END FROM item WHERE (item.cid = $2 AND item.seq > $3 AND item.seq <= $4) AND item.severity > $5`,
			`SELECT item_path.record, item_path.path, item_path.size FROM item_path WHERE item_path.cid = $1 AND item_path.record > $2 AND item_path.record <= $3`,
			`SELECT item_tag.record, item_tag.tag FROM item_tag WHERE item_tag.cid = $1 AND item_tag.record IN ($2, $3)`,
			`SELECT item_path.path_folded, item_path.record FROM item_path WHERE item_path.cid = $1 ORDER BY item_path.path_folded COLLATE "C", item_path.record`,
			`SELECT item_path.path_folded, item_path.record FROM item_path WHERE ((item_path.cid = $1 AND item_path.path_folded COLLATE "C" >= $2) AND item_path.path_folded COLLATE "C" < $3) ORDER BY item_path.path_folded COLLATE "C", item_path.record`,
			`SELECT item_path.path_folded FROM item_path WHERE (item_path.cid = $1 AND item_path.record > $2 AND item_path.record <= $3 AND item_path.path_folded IS NOT NULL) ORDER BY item_path.record LIMIT 1`,
		},
		collection.SQLite: {
			`SELECT item.seq, item.state, item.created, CASE WHEN item.host_folded = ? THEN 1 ELSE 0 END FROM item NOT INDEXED WHERE (item.cid = ? AND item.seq > ? AND item.seq <= ?) AND item.severity > ?`,
			`SELECT item_path.record, item_path.path, item_path.size FROM item_path WHERE +item_path.cid = ? AND item_path.record > ? AND item_path.record <= ?`,
			`SELECT item_tag.record, item_tag.tag FROM item_tag WHERE +item_tag.cid = ? AND item_tag.record IN (?, ?)`,
			`SELECT item_path.path_folded, item_path.record FROM item_path WHERE item_path.cid = ? ORDER BY item_path.path_folded, item_path.record`,
			`SELECT item_path.path_folded, item_path.record FROM item_path WHERE ((item_path.cid = ? AND item_path.path_folded >= ?) AND item_path.path_folded < ?) ORDER BY item_path.path_folded, item_path.record`,
			`SELECT item_path.path_folded FROM item_path WHERE (+item_path.cid = ? AND item_path.record > ? AND item_path.record <= ? AND item_path.path_folded IS NOT NULL) ORDER BY item_path.record LIMIT 1`,
		},
	} {
		got, err := collection.Statements(itemsIn(t, d), a, "paths.path", store.CID(mine))
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if i >= len(got) || got[i] != want[i] {
				t.Errorf("dialect %d, statement %d:\n%s\nwant\n%s", d, i, got[min(i, len(got)-1)], want[i])
			}
		}
	}
}
