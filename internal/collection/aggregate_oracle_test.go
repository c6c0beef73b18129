package collection_test

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store/storetest"
)

// TestAggregateOracle compares random trees of aggregations over random records
// with an evaluation that is plain, slow and written for this test alone.
func TestAggregateOracle(t *testing.T) {
	storetest.SkipUnderRace(t)
	db, c := openItems(t), itemsIn(t, collection.SQLite)
	rapid.Check(t, func(rt *rapid.T) {
		items := rapid.SliceOfN(rapid.Custom(drawItem), 0, 40).Draw(rt, "items")
		for i, it := range items {
			it.seq = int64(i + 1)
		}
		replace(t, db, items)
		for range 8 {
			// Every way to read the records: some few looked up, all in one go, and the
			// terms of the root first.
			collection.Limit(c, rapid.SampledFrom([]int{0, 3, 1000}).Draw(rt, "few"), rapid.SampledFrom([]int{1, 2, 1000}).Draw(rt, "many"),
				rapid.SampledFrom([]int{1, 3, 1000}).Draw(rt, "most"), 1<<20)
			if rapid.Bool().Draw(rt, "strips") {
				strip(t, db, c)
			}
			a := drawAggregation(rt, 0)
			var docs []*item
			for _, it := range items {
				if it.cid == mine {
					docs = append(docs, it)
				}
			}
			got, err := aggregate(t, db, c, a)
			if err != nil {
				rt.Fatalf("%+v: %v", a, err)
			}
			want := evaluate(a, docs)
			near := cmpopts.EquateApprox(1e-9, 1e-9)
			// Which spelling of a term is shown is tested elsewhere.
			spelling := diff.Comparer(func(x, y any) bool {
				return strings.EqualFold(fmt.Sprint(x), fmt.Sprint(y)) && fmt.Sprintf("%T", x) == fmt.Sprintf("%T", y)
			})
			labels := diff.FilterPath(func(p diff.Path) bool { return p.Last().String() == ".Label" }, spelling)
			dates := diff.FilterPath(func(p diff.Path) bool { return p.Last().String() == ".ValueAsString" }, diff.Comparer(sameDate))
			if d := diff.Diff(want, got[0], near, labels, dates); d != "" {
				rt.Fatalf("%+v\n(-want +got)\n%s", a, d)
			}
		}
	})
}

// sameDate allows for what is lost when averages are rounded.
func sameDate(a, b string) bool {
	x, errX := time.Parse(time.RFC3339Nano, a)
	y, errY := time.Parse(time.RFC3339Nano, b)
	return a == b || errX == nil && errY == nil && x.Sub(y).Abs() <= time.Millisecond
}

func drawItem(rt *rapid.T) *item {
	it := &item{cid: mine}
	if rapid.IntRange(0, 9).Draw(rt, "whose") == 0 {
		it.cid = theirs
	}
	it.state = rapid.SampledFrom([]string{"", "quarantined", "released", "purged"}).Draw(rt, "state")
	it.host = rapid.SampledFrom([]string{"", "web1", "WEB1", "Web1", "db", "Ärger", "ärger", "İx"}).Draw(rt, "host")
	it.hash = rapid.SampledFrom([]string{"", strings.Repeat("ab", 32), strings.Repeat("ac", 32), strings.Repeat("01", 16), "zz"}).Draw(rt, "hash")
	it.severity = maybe(rt, rapid.Int64Range(-3, 12))
	it.score = maybe(rt, rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1.5, -2.25, 1e9, 0.1}))
	it.active = maybe(rt, rapid.Bool())
	it.created = maybe(rt, rapid.Custom(drawTime))
	it.addr = rapid.SampledFrom([]string{"", "10.0.0.1", "10.0.0.2", "2001:db8::1"}).Draw(rt, "addr")
	for range rapid.IntRange(0, 4).Draw(rt, "paths") {
		it.paths = append(it.paths, rapid.SampledFrom([]string{"", "/a", "/A", "/b", `C:\X y`}).Draw(rt, "path"))
		it.sizes = append(it.sizes, rapid.Int64Range(-1, 5).Draw(rt, "size"))
	}
	it.tags = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"x", "y", "z"}), 0, 3, rapid.ID[string]).Draw(rt, "tags")
	return it
}

func maybe[T any](rt *rapid.T, g *rapid.Generator[T]) *T {
	if rapid.IntRange(0, 4).Draw(rt, "missing") == 0 {
		return nil
	}
	return ptr(g.Draw(rt, "value"))
}

// drawTime keeps to a few days around the changes of clocks, so that buckets
// hold several records.
func drawTime(rt *rapid.T) time.Time {
	day := rapid.SampledFrom([]string{
		"2026-03-08T00:00:00Z", "2026-03-29T00:00:00Z", "2026-04-04T00:00:00Z", "2026-10-24T20:00:00Z", "2026-12-31T00:00:00Z",
	}).Draw(rt, "day")
	return at(day).Add(time.Duration(rapid.Int64Range(0, 40*3600*1e6).Draw(rt, "after")) * time.Microsecond)
}

// A choice is a filter with what it means.
type choice struct {
	fql  string
	pass func(*item) bool
}

func choices() []choice {
	return []choice{
		{"", func(*item) bool { return true }},
		{"*", func(*item) bool { return true }},
		{"state:'deleted'", func(it *item) bool { return it.state == "purged" }},
		{"!hostname:'web1'", func(it *item) bool { return strings.ToLower(it.host) != "web1" }},
		{"severity:>3", func(it *item) bool { return it.severity != nil && *it.severity > 3 }},
		{"tags:'x'", func(it *item) bool { return slices.Contains(it.tags, "x") }},
		{"paths.path:!'/a'", func(it *item) bool {
			return !slices.ContainsFunc(it.paths, func(p string) bool { return strings.ToLower(p) == "/a" })
		}},
		{"severity:>3,active:true", func(it *item) bool {
			return it.severity != nil && *it.severity > 3 || it.active != nil && *it.active
		}},
	}
}

func drawChoice(rt *rapid.T) string { return rapid.SampledFrom(choices()).Draw(rt, "filter").fql }

func passes(fql string, it *item) bool {
	for _, c := range choices() {
		if c.fql == fql {
			return c.pass(it)
		}
	}
	panic(fql)
}

func drawAggregation(rt *rapid.T, depth int) collection.Aggregation {
	a := collection.Aggregation{Name: fmt.Sprint("a", depth)}
	texts := []string{"state", "status", "hostname", "hash", "addr", "paths.path", "tags"}
	numbers := []string{"severity", "score", "paths.size"}
	all := append(append([]string{"active", "created"}, texts...), numbers...)
	metrics := append([]string{"created"}, numbers...)
	buckets := []string{"terms", "terms", "terms", "date_histogram", "date_range", "range"}
	kinds := append([]string{"cardinality", "max", "min", "avg", "sum", "percentiles"}, buckets...)
	if depth < 2 {
		kinds = append(kinds, buckets...)
	}
	a.Type = rapid.SampledFrom(kinds).Draw(rt, "type")
	if rapid.IntRange(0, 2).Draw(rt, "filtered") == 0 {
		a.Filter = drawChoice(rt)
	}
	switch a.Type {
	case "terms", "cardinality":
		a.Field = rapid.SampledFrom(all).Draw(rt, "field")
	case "date_histogram", "date_range":
		a.Field = "created"
	case "range":
		a.Field = rapid.SampledFrom(numbers).Draw(rt, "field")
	default:
		a.Field = rapid.SampledFrom(metrics).Draw(rt, "field")
	}
	if rapid.IntRange(0, 30).Draw(rt, "unknown") == 0 {
		a.Field = "nothing"
	}
	drawOptions(rt, &a)
	if slices.Contains(buckets, a.Type) {
		drawBuckets(rt, &a, depth)
	}
	return a
}

func drawOptions(rt *rapid.T, a *collection.Aggregation) {
	if rapid.IntRange(0, 2).Draw(rt, "missing") == 0 {
		literal := map[string][]string{
			"severity": {"4", "999"}, "score": {"1.5", "-7"}, "paths.size": {"3", "77"}, "active": {"true", "False"},
			"created": {"2026-03-08", "2026-03-29T01:00:00.5Z"}, "addr": {"10.0.0.1", "::7"}, "state": {"deleted", "none"}, "status": {"x"},
			"hostname": {"WEB1", "new"}, "hash": {"zz", strings.Repeat("AB", 32)}, "paths.path": {"/A", "q"}, "tags": {"x", "X"},
		}[a.Field]
		if literal != nil {
			a.Missing = ptr(rapid.SampledFrom(literal).Draw(rt, "literal"))
		}
	}
	switch a.Type {
	case "terms":
		a.Size = rapid.IntRange(0, 4).Draw(rt, "size")
		a.From = max(0, rapid.IntRange(-3, 2).Draw(rt, "from"))
		a.Sort = rapid.SampledFrom([]string{"", "_count|desc", "_count|asc", "_term|asc", "_term|desc"}).Draw(rt, "sort")
		patterns := []string{"", "", "", "web1", "WEB.*", "[a-m].*", "/a|/b", "x", `C:\X y`, "1.*", "true", "2026-03.*"}
		a.Include = rapid.SampledFrom(patterns).Draw(rt, "include")
		a.Exclude = rapid.SampledFrom(patterns).Draw(rt, "exclude")
	case "date_histogram":
		a.Interval = rapid.SampledFrom([]string{"hour", "day", "week", "month", "year"}).Draw(rt, "interval")
		a.TimeZone = rapid.SampledFrom([]string{"", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "+05:45", "-1130"}).Draw(rt, "zone")
		a.Sort = rapid.SampledFrom([]string{"", "", "_count|desc", "_term|desc"}).Draw(rt, "sort")
		if a.Interval == "hour" || rapid.Bool().Draw(rt, "sparse") {
			a.MinDocCount = ptr[int64](1)
		}
		if rapid.IntRange(0, 2).Draw(rt, "bounded") == 0 {
			a.Bounds = collection.DateRange{From: "2026-02-27", To: "2026-03-09T23:00:00Z"}
		}
	case "date_range":
		a.DateRanges = rapid.SliceOfN(rapid.SampledFrom([]collection.DateRange{
			{}, {From: "2026-03-29"}, {To: "2026-03-29T01:00:00Z"}, {From: "2026-03-08", To: "2026-12-31T12:00:00.5Z"}, {From: "now", To: "now+30d/d"},
		}), 1, 4).Draw(rt, "ranges")
	case "range":
		a.Ranges = rapid.SliceOfN(rapid.SampledFrom([]collection.NumberRange{
			{}, {From: ptr(1.5)}, {To: ptr(4.0)}, {From: ptr(-3.0), To: ptr(5.0)}, {From: ptr(2.0), To: ptr(2.0)},
		}), 1, 4).Draw(rt, "ranges")
	case "percentiles":
		a.Percents = rapid.SliceOfN(rapid.SampledFrom([]float64{0, 1, 12.5, 50, 99.9, 100}), 0, 4).Draw(rt, "percents")
	}
}

func drawBuckets(rt *rapid.T, a *collection.Aggregation, depth int) {
	if rapid.IntRange(0, 3).Draw(rt, "least") == 0 {
		a.MinDocCount = ptr(rapid.Int64Range(1, 3).Draw(rt, "min"))
	}
	if rapid.IntRange(0, 3).Draw(rt, "most") == 0 {
		a.MaxDocCount = ptr(rapid.Int64Range(3, 6).Draw(rt, "max"))
	}
	if rapid.IntRange(0, 4).Draw(rt, "named") == 0 {
		a.Filters = map[string]string{}
		for i := range rapid.IntRange(1, 3).Draw(rt, "filters") {
			a.Filters[string(rune('c'-i))] = drawChoice(rt)
		}
		a.OtherBucket = rapid.Bool().Draw(rt, "other")
		a.OtherBucketKey = rapid.SampledFrom([]string{"", "rest"}).Draw(rt, "key")
	}
	if depth < 3 {
		for range max(0, rapid.IntRange(-1, 2).Draw(rt, "subs")) {
			a.Sub = append(a.Sub, drawAggregation(rt, depth+1))
		}
	}
}

// A val is a value of a field: what it is compared by, and how it is shown.
type val struct {
	text string  // of text, compared without case where the field ignores it
	num  float64 // of everything else
	show string
}

func values(it *item, field string, missing *string) []val {
	var out []val
	text := func(s string, fold bool) {
		key := s
		if fold {
			key = strings.ToLower(s)
		}
		if s != "" {
			out = append(out, val{text: key, show: s})
		}
	}
	instant := func(v time.Time) {
		v = v.UTC().Truncate(time.Microsecond)
		out = append(out, val{num: float64(v.UnixMicro()), show: v.Format(time.RFC3339Nano)})
	}
	number := func(v float64) { out = append(out, val{num: v + 0, show: strconv.FormatFloat(v+0, 'f', -1, 64)}) }
	truth := func(v bool) {
		n := 0.0
		if v {
			n = 1
		}
		out = append(out, val{num: n, show: strconv.FormatBool(v)})
	}
	ip := func(s string) {
		if s != "" {
			b := netip.MustParseAddr(s).As16()
			out = append(out, val{text: string(b[:]), show: s})
		}
	}
	switch field {
	case "state", "status":
		text(it.state, false)
	case "hostname":
		text(it.host, true)
	case "hash":
		text(it.hash, false)
	case "severity":
		if it.severity != nil {
			number(float64(*it.severity))
		}
	case "score":
		if it.score != nil {
			number(*it.score)
		}
	case "active":
		if it.active != nil {
			truth(*it.active)
		}
	case "created":
		if it.created != nil {
			instant(*it.created)
		}
	case "addr":
		ip(it.addr)
	case "paths.path":
		for _, p := range it.paths {
			text(p, true)
		}
	case "paths.size":
		for _, n := range it.sizes {
			if n >= 0 {
				number(float64(n))
			}
		}
	case "tags":
		for _, tag := range it.tags {
			text(tag, false)
		}
	}
	if len(out) == 0 && missing != nil {
		switch m := *missing; field {
		case "severity", "score", "paths.size":
			n, _ := strconv.ParseFloat(m, 64)
			number(n)
		case "active":
			truth(strings.EqualFold(m, "true"))
		case "created":
			v, err := time.Parse(time.RFC3339Nano, m)
			if err != nil {
				v, _ = time.Parse(time.DateOnly, m)
			}
			instant(v)
		case "addr":
			ip(m)
		case "state", "status":
			if m == "deleted" {
				m = "purged"
			}
			text(m, false)
		case "hash":
			text(strings.ToLower(m), false)
		default:
			text(m, field == "hostname" || field == "paths.path")
		}
	}
	slices.SortFunc(out, func(a, b val) int { return cmp.Or(a.compare(b), cmp.Compare(a.show, b.show)) })
	return slices.CompactFunc(out, func(a, b val) bool { return a.compare(b) == 0 })
}

func (v val) compare(w val) int {
	return cmp.Or(strings.Compare(v.text, w.text), cmp.Compare(v.num, w.num))
}

func evaluate(a collection.Aggregation, docs []*item) collection.Result {
	var in []*item
	for _, it := range docs {
		if passes(a.Filter, it) {
			in = append(in, it)
		}
	}
	r := collection.Result{Name: a.Name}
	if a.Field == "nothing" {
		return r
	}
	switch a.Type {
	case "terms":
		evaluateTerms(a, in, &r)
	case "date_histogram":
		evaluateHistogram(a, in, &r)
	case "date_range", "range":
		evaluateRanges(a, in, &r)
	default:
		r.Buckets = evaluateMetric(a, in)
		return r
	}
	names := make([]string, 0, len(a.Filters))
	for name := range a.Filters {
		names = append(names, name)
	}
	slices.Sort(names)
	left := slices.Clone(in)
	for _, name := range names {
		var some []*item
		for _, it := range in {
			if passes(a.Filters[name], it) {
				some = append(some, it)
			}
		}
		left = slices.DeleteFunc(left, func(it *item) bool { return passes(a.Filters[name], it) })
		r.Buckets = append(r.Buckets, evaluateBelow(a, some, collection.Bucket{Label: name}))
	}
	if len(names) > 0 && (a.OtherBucket || a.OtherBucketKey != "") {
		r.Buckets = append(r.Buckets, evaluateBelow(a, left, collection.Bucket{Label: cmp.Or(a.OtherBucketKey, "_other_")}))
	}
	return r
}

func evaluateBelow(a collection.Aggregation, docs []*item, b collection.Bucket) collection.Bucket {
	b.Count = int64(len(docs))
	for _, sub := range a.Sub {
		b.Sub = append(b.Sub, evaluate(sub, docs))
	}
	return b
}

func kept(a collection.Aggregation, n int) bool {
	return (a.MinDocCount == nil || int64(n) >= *a.MinDocCount) && (a.MaxDocCount == nil || int64(n) <= *a.MaxDocCount)
}

func evaluateTerms(a collection.Aggregation, in []*item, r *collection.Result) {
	type term struct {
		val
		docs []*item
	}
	var terms []*term
	for _, it := range in {
		for _, v := range values(it, a.Field, a.Missing) {
			i := slices.IndexFunc(terms, func(t *term) bool { return t.compare(v) == 0 })
			if i < 0 {
				i = len(terms)
				terms = append(terms, &term{val: v})
			}
			terms[i].docs = append(terms[i].docs, it)
			terms[i].show = min(terms[i].show, v.show)
		}
	}
	fold := a.Field == "hostname" || a.Field == "paths.path"
	matches := func(pattern string, t *term) bool {
		text := t.show
		flags := ""
		if fold {
			text, flags = strings.ToLower(text), "(?i)"
			if text == strings.ToLower(pattern) {
				return true
			}
		}
		re, err := regexp.Compile("^(" + flags + pattern + ")$")
		return text == pattern || err == nil && re.MatchString(text)
	}
	terms = slices.DeleteFunc(terms, func(t *term) bool {
		return a.Include != "" && !matches(a.Include, t) || a.Exclude != "" && matches(a.Exclude, t) || !kept(a, len(t.docs))
	})
	slices.SortFunc(terms, func(x, y *term) int {
		byCount, byTerm := cmp.Compare(len(x.docs), len(y.docs)), x.compare(y.val)
		switch a.Sort {
		case "_count|asc":
			return cmp.Or(byCount, byTerm)
		case "_term|asc":
			return byTerm
		case "_term|desc":
			return -byTerm
		}
		return cmp.Or(-byCount, byTerm)
	})
	r.Buckets, r.Other, r.CountError = []collection.Bucket{}, ptr[int64](0), ptr[int64](0)
	for i, t := range terms {
		switch {
		case i < a.From:
		case i >= a.From+cmp.Or(a.Size, 10):
			*r.Other += int64(len(t.docs))
		default:
			b := collection.Bucket{Label: t.show}
			switch a.Field {
			case "severity", "paths.size":
				b.Label = int64(t.num)
			case "score":
				b.Label = t.num
			case "active":
				b.Label, b.KeyAsString = t.num == 1, t.show
			}
			r.Buckets = append(r.Buckets, evaluateBelow(a, t.docs, b))
		}
	}
}

// startOf goes back from an instant, minute by minute, as long as the dials show
// the same interval.
func startOf(interval string, t time.Time, zone *time.Location) time.Time {
	in := func(t time.Time) [5]int {
		t = t.In(zone)
		y, m, d := t.Date()
		_, offset := t.Zone()
		switch interval {
		case "hour":
			return [5]int{y, int(m), d, t.Hour(), offset}
		case "week":
			for t.Weekday() != time.Monday {
				t = t.AddDate(0, 0, -1)
			}
			y, m, d = t.Date()
		case "month":
			d = 1
		case "year":
			m, d = 1, 1
		}
		return [5]int{y, int(m), d}
	}
	t = t.Truncate(time.Minute)
	want := in(t)
	for interval != "hour" && in(t.Add(-24*time.Hour)) == want {
		t = t.Add(-24 * time.Hour)
	}
	for in(t.Add(-time.Minute)) == want {
		t = t.Add(-time.Minute)
	}
	return t
}

func evaluateHistogram(a collection.Aggregation, in []*item, r *collection.Result) {
	zone := time.UTC
	switch a.TimeZone {
	case "":
	case "+05:45":
		zone = time.FixedZone("", 5*3600+45*60)
	case "-1130":
		zone = time.FixedZone("", -11*3600-30*60)
	default:
		zone, _ = time.LoadLocation(a.TimeZone)
	}
	docs := map[int64][]*item{}
	var first, last time.Time
	reach := func(start time.Time) {
		if first.IsZero() || start.Before(first) {
			first = start
		}
		if last.IsZero() || start.After(last) {
			last = start
		}
	}
	for _, it := range in {
		for _, v := range values(it, a.Field, a.Missing) {
			start := startOf(a.Interval, time.UnixMicro(int64(v.num)), zone)
			docs[start.Unix()] = append(docs[start.Unix()], it)
			reach(start)
		}
	}
	if a.Bounds.From != "" && (a.MinDocCount == nil || *a.MinDocCount == 0) {
		reach(startOf(a.Interval, *at("2026-02-27T00:00:00Z"), zone))
		reach(startOf(a.Interval, *at("2026-03-09T23:00:00Z"), zone))
	}
	var starts []int64
	for t := first; !first.IsZero() && !t.After(last); t = t.Add(30 * time.Minute) {
		starts = append(starts, startOf(a.Interval, t, zone).Unix())
		if a.Interval != "hour" {
			t = t.Add(12 * time.Hour)
		}
	}
	starts = append(starts, last.Unix())
	if first.IsZero() {
		starts = nil
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	starts = slices.DeleteFunc(starts, func(s int64) bool { return !kept(a, len(docs[s])) })
	slices.SortStableFunc(starts, func(x, y int64) int {
		switch a.Sort {
		case "_count|desc":
			return cmp.Compare(len(docs[y]), len(docs[x]))
		case "_term|desc":
			return cmp.Compare(y, x)
		}
		return cmp.Compare(x, y)
	})
	r.Buckets = []collection.Bucket{}
	for _, s := range starts {
		b := collection.Bucket{Label: s * 1000, KeyAsString: time.Unix(s, 0).In(zone).Format(time.RFC3339)}
		r.Buckets = append(r.Buckets, evaluateBelow(a, docs[s], b))
	}
}

func evaluateRanges(a collection.Aggregation, in []*item, r *collection.Result) {
	r.Buckets = []collection.Bucket{}
	one := func(b collection.Bucket, from, to float64) {
		var docs []*item
		for _, it := range in {
			if slices.ContainsFunc(values(it, a.Field, a.Missing), func(v val) bool { return from <= v.num && v.num < to }) {
				docs = append(docs, it)
			}
		}
		if kept(a, len(docs)) {
			r.Buckets = append(r.Buckets, evaluateBelow(a, docs, b))
		}
	}
	for _, n := range a.Ranges {
		b := collection.Bucket{From: n.From, To: n.To}
		from, to, fromText, toText := math.Inf(-1), math.Inf(1), "*", "*"
		if n.From != nil {
			from, fromText = *n.From, strconv.FormatFloat(*n.From, 'f', -1, 64)
		}
		if n.To != nil {
			to, toText = *n.To, strconv.FormatFloat(*n.To, 'f', -1, 64)
		}
		b.Label = fromText + "-" + toText
		one(b, from, to)
	}
	for _, d := range a.DateRanges {
		instants := map[string]string{
			"2026-03-29": "2026-03-29T00:00:00Z", "2026-03-08": "2026-03-08T00:00:00Z", "now": "2026-05-17T12:30:00Z", "now+30d/d": "2026-06-16T00:00:00Z",
		}
		read := func(text string, open float64) (float64, *float64, string, string) {
			if text == "" {
				return open, nil, "", "*"
			}
			text = cmp.Or(instants[text], text)
			v := float64(at(text).UnixMicro())
			return v, ptr(v / 1000), text, text
		}
		var b collection.Bucket
		var from, to float64
		var x, y string
		from, b.From, b.StringFrom, x = read(d.From, math.Inf(-1))
		to, b.To, b.StringTo, y = read(d.To, math.Inf(1))
		b.Label = x + "-" + y
		one(b, from, to)
	}
}

func evaluateMetric(a collection.Aggregation, in []*item) []collection.Bucket {
	var all []float64
	var terms []val
	docs := 0
	for _, it := range in {
		vs := values(it, a.Field, a.Missing)
		if len(vs) > 0 {
			docs++
		}
		for _, v := range vs {
			all = append(all, v.num)
			terms = append(terms, v)
		}
	}
	slices.Sort(all)
	b := collection.Bucket{Count: int64(docs)}
	set := func(b *collection.Bucket, v float64) {
		if a.Field == "created" && a.Type != "cardinality" {
			if a.Type != "sum" {
				b.ValueAsString = time.UnixMicro(int64(math.Round(v))).UTC().Format(time.RFC3339Nano)
			}
			v /= 1000
		}
		b.Value = &v
	}
	total := 0.0
	for _, v := range all {
		total += v
	}
	switch {
	case a.Type == "cardinality":
		slices.SortFunc(terms, val.compare)
		set(&b, float64(len(slices.CompactFunc(terms, func(x, y val) bool { return x.compare(y) == 0 }))))
	case a.Type == "percentiles":
		percents := a.Percents
		if len(percents) == 0 {
			percents = []float64{1, 5, 25, 50, 75, 95, 99}
		}
		var out []collection.Bucket
		for _, p := range percents {
			label := strconv.FormatFloat(p, 'f', 1, 64)
			b := collection.Bucket{Count: int64(docs), Label: label}
			if len(all) > 0 {
				where := float64(len(all)-1) * p / 100
				low, high := int(math.Floor(where)), int(math.Ceil(where))
				set(&b, all[low]+(all[high]-all[low])*(where-math.Floor(where)))
			}
			out = append(out, b)
		}
		return out
	case len(all) == 0:
	case a.Type == "max":
		set(&b, all[len(all)-1])
	case a.Type == "min":
		set(&b, all[0])
	case a.Type == "sum":
		set(&b, total)
	case a.Type == "avg":
		set(&b, total/float64(len(all)))
	}
	return []collection.Bucket{b}
}
