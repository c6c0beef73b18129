package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// A truth is what plain Go says of the generated records. It knows nothing of
// the server's ways to answer.
type truth struct {
	*world
	newest []int32 // record numbers, the last created first
}

func newTruth(w *world) *truth {
	t := &truth{world: w, newest: make([]int32, len(w.records))}
	for i := range t.newest {
		t.newest[i] = int32(i)
	}
	slices.SortFunc(t.newest, func(a, b int32) int { return cmp.Compare(w.records[b].created, w.records[a].created) })
	return t
}

// matching are the numbers of the records that a predicate holds for, the last
// created first; nil selects all.
func (t *truth) matching(keep func(*record) bool) []int32 {
	if keep == nil {
		return t.newest
	}
	var found []int32
	for _, no := range t.newest {
		if keep(&t.records[no]) {
			found = append(found, no)
		}
	}
	return found
}

// texts are the values of a string field: none where it is missing.
func (t *truth) texts(field string) func(*record) []string {
	one := func(of func(*record) string) func(*record) []string {
		return func(r *record) []string {
			if v := of(r); v != "" {
				return []string{v}
			}
			return nil
		}
	}
	switch field {
	case "hostname":
		return one(func(r *record) string { return t.hosts[r.host] })
	case "username":
		return one(t.username)
	case "state":
		return one(func(r *record) string { return r.state })
	case "sha256":
		return one(func(r *record) string { return t.ids[r.no][33:] })
	case "aid":
		return one(func(r *record) string { return t.ids[r.no][:32] })
	case "device.country":
		return one(func(r *record) string {
			if r.country < 0 {
				return ""
			}
			return countries[r.country]
		})
	case "adversary_id":
		return one(func(r *record) string {
			if r.adversary < 0 {
				return ""
			}
			return adversaries[r.adversary]
		})
	case "paths.path":
		return func(r *record) []string {
			return each(r.paths, func(p place) string { return t.path(r, p) })
		}
	case "paths.filename":
		return func(r *record) []string { return each(r.paths, t.filename) }
	case "behaviors.ioc_type":
		return func(r *record) []string {
			return each(r.behaviors, func(b behavior) string { return iocTypes[b.kind] })
		}
	case "behaviors.ioc_value":
		return func(r *record) []string { return each(r.behaviors, t.iocValue) }
	}
	return nil
}

// each maps a short list, without repeated values.
func each[T any](list []T, of func(T) string) []string {
	var out []string
	for _, x := range list {
		if v := of(x); !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// numbers are the values of a numeric field or a date, in milliseconds.
func (t *truth) numbers(field string) func(*record) (float64, bool) {
	grade := func(of func(*record) int8) func(*record) (float64, bool) {
		return func(r *record) (float64, bool) { return float64(of(r)), of(r) >= 0 }
	}
	date := func(of func(*record) int64) func(*record) (float64, bool) {
		return func(r *record) (float64, bool) { return float64(of(r) / 1000), true }
	}
	switch field {
	case "max_severity":
		return grade(func(r *record) int8 { return r.severity })
	case "max_confidence":
		return grade(func(r *record) int8 { return r.confidence })
	case "date_created":
		return date(func(r *record) int64 { return r.created })
	case "first_behavior":
		return date(func(r *record) int64 { return r.first })
	}
	return nil
}

// checkPage compares one page with what must be there. The order is that of
// sort; records that are equal in it may stand in any order.
func (t *truth) checkPage(keep func(*record) bool, sort string, offset int, total int, ids []string, limit int) error {
	found := t.matching(keep)
	if total != len(found) {
		return fmt.Errorf("total %d, want %d", total, len(found))
	}
	order := t.order(sort)
	found = slices.Clone(found)
	slices.SortStableFunc(found, order)
	want := found[min(offset, len(found)):min(offset+limit, len(found))]
	if len(ids) != len(want) {
		return fmt.Errorf("%d ids, want %d", len(ids), len(want))
	}
	seen := map[string]bool{}
	for i, id := range ids {
		no, ok := t.byID[id]
		if !ok || seen[id] || keep != nil && !keep(&t.records[no]) {
			return fmt.Errorf("id %s at %d is wrong or repeated", id, i)
		}
		seen[id] = true
		if order(no, want[i]) != 0 {
			return fmt.Errorf("id %s at %d is in the wrong place", id, i)
		}
	}
	return nil
}

// order compares records by a sort of the API: missing values last, of many
// values the least for asc and the greatest for desc.
func (t *truth) order(sort string) func(a, b int32) int {
	if sort == "" {
		sort = "date_created|desc"
	}
	field, direction, _ := strings.Cut(sort, "|")
	sign := 1
	if direction == "desc" {
		sign = -1
	}
	if of := t.numbers(field); of != nil {
		exact := func(no int32) int64 { return t.records[no].created }
		if field != "date_created" {
			exact = func(no int32) int64 { v, _ := of(&t.records[no]); return int64(v) }
		}
		return func(a, b int32) int { return sign * cmp.Compare(exact(a), exact(b)) }
	}
	keys := make([]string, len(t.records))
	of := t.texts(field)
	for no := range t.records {
		values := of(&t.records[no])
		for i, v := range values {
			values[i] = strings.ToLower(v)
		}
		switch {
		case len(values) == 0:
		case sign > 0:
			keys[no] = slices.Min(values)
		default:
			keys[no] = slices.Max(values)
		}
	}
	return func(a, b int32) int {
		ka, kb := keys[a], keys[b]
		if ka == "" || kb == "" { // missing values are last in both directions
			return -cmp.Compare(min(len(ka), 1), min(len(kb), 1))
		}
		return sign * cmp.Compare(ka, kb)
	}
}

// checkAggregate compares one result with an evaluation over the records.
func (t *truth) checkAggregate(req mews.AggregateRequest, got mews.AggregateResult, docs []int32) error {
	switch req.Type {
	case mews.AggregateTerms:
		return t.checkTerms(req, got, docs)
	case mews.AggregateDateHistogram:
		zone, err := time.LoadLocation(req.TimeZone)
		if err != nil {
			return err
		}
		groups := t.group(docs, req.Field, func(v float64) (float64, bool) { return float64(bucketStart(v, req.Interval, zone)), true })
		return t.checkGroups(req, got, groups, func(b mews.AggregateBucket) float64 { n, _ := b.Label.(float64); return n })
	case mews.AggregateRange, mews.AggregateDateRange:
		return t.checkRanges(req, got, docs)
	case mews.AggregateCardinality:
		distinct := map[string]bool{}
		of := t.texts(req.Field)
		for _, no := range docs {
			for _, v := range of(&t.records[no]) {
				distinct[v] = true
			}
		}
		return close(got, 0, float64(len(distinct)), .02)
	case mews.AggregatePercentiles:
		values := t.values(req.Field, docs)
		slices.Sort(values)
		for i, percent := range []float64{1, 5, 25, 50, 75, 95, 99} {
			low := values[max(0, int((percent-1)/100*float64(len(values)-1)))]
			high := values[min(len(values)-1, int((percent+1)/100*float64(len(values)-1))+1)]
			if len(got.Buckets) != 7 || got.Buckets[i].Value == nil || *got.Buckets[i].Value < low || *got.Buckets[i].Value > high {
				return fmt.Errorf("percentile %g is not within %g and %g: %+v", percent, low, high, got.Buckets)
			}
		}
		return nil
	default:
		return t.checkMetric(req, got, docs)
	}
}

func (t *truth) values(field string, docs []int32) (values []float64) {
	of := t.numbers(field)
	for _, no := range docs {
		if v, ok := of(&t.records[no]); ok {
			values = append(values, v)
		}
	}
	return values
}

func (t *truth) checkMetric(req mews.AggregateRequest, got mews.AggregateResult, docs []int32) error {
	values := t.values(req.Field, docs)
	if len(values) == 0 {
		if len(got.Buckets) == 1 && got.Buckets[0].Value == nil {
			return nil
		}
		return fmt.Errorf("%s of nothing is %+v", req.Type, got.Buckets)
	}
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	want := map[string]float64{
		mews.AggregateMax: slices.Max(values), mews.AggregateMin: slices.Min(values), mews.AggregateSum: sum, mews.AggregateAvg: sum / float64(len(values)),
	}
	if len(got.Buckets) == 1 && got.Buckets[0].Count != int64(len(values)) {
		return fmt.Errorf("%s counts %d, want %d", req.Type, got.Buckets[0].Count, len(values))
	}
	return close(got, 0, want[req.Type], 1e-9)
}

func close(got mews.AggregateResult, i int, want, tolerance float64) error {
	if len(got.Buckets) <= i || got.Buckets[i].Value == nil {
		return fmt.Errorf("no value in %+v, want %g", got.Buckets, want)
	}
	if v := *got.Buckets[i].Value; v < want-tolerance*max(want, -want) || v > want+tolerance*max(want, -want) {
		return fmt.Errorf("value %g, want %g", v, want)
	}
	return nil
}

// group puts documents into groups by a number made of their field.
func (t *truth) group(docs []int32, field string, key func(float64) (float64, bool)) map[float64][]int32 {
	groups := map[float64][]int32{}
	of := t.numbers(field)
	for _, no := range docs {
		if v, ok := of(&t.records[no]); ok {
			if k, ok := key(v); ok {
				groups[k] = append(groups[k], no)
			}
		}
	}
	return groups
}

func bucketStart(ms float64, interval string, zone *time.Location) int64 {
	at := time.UnixMilli(int64(ms)).In(zone)
	y, m, d := at.Date()
	switch interval {
	case "year":
		m, d = 1, 1
	case "month":
		d = 1
	case "week":
		d -= (int(at.Weekday()) + 6) % 7
	case "hour":
		return time.Date(y, m, d, at.Hour(), 0, 0, 0, zone).UnixMilli()
	}
	return time.Date(y, m, d, 0, 0, 0, 0, zone).UnixMilli()
}

// checkGroups compares numbered buckets; empty ones may be there.
func (t *truth) checkGroups(req mews.AggregateRequest, got mews.AggregateResult, groups map[float64][]int32, key func(mews.AggregateBucket) float64) error {
	met := 0
	for _, b := range got.Buckets {
		docs := groups[key(b)]
		if b.Count != int64(len(docs)) {
			return fmt.Errorf("bucket %v counts %d, want %d", b.Label, b.Count, len(docs))
		}
		if len(docs) == 0 {
			continue
		}
		met++
		if err := t.checkSubs(req, b, docs); err != nil {
			return fmt.Errorf("in bucket %v: %w", b.Label, err)
		}
	}
	if met != len(groups) {
		return fmt.Errorf("%d buckets with records, want %d", met, len(groups))
	}
	return nil
}

func (t *truth) checkSubs(req mews.AggregateRequest, b mews.AggregateBucket, docs []int32) error {
	if len(b.SubAggregates) != len(req.SubAggregates) {
		return fmt.Errorf("%d sub-aggregates, want %d", len(b.SubAggregates), len(req.SubAggregates))
	}
	for i, sub := range req.SubAggregates {
		if err := t.checkAggregate(sub, b.SubAggregates[i], docs); err != nil {
			return fmt.Errorf("sub-aggregate %s of %s: %w", sub.Type, sub.Field, err)
		}
	}
	return nil
}

func (t *truth) checkRanges(req mews.AggregateRequest, got mews.AggregateResult, docs []int32) error {
	bounds, err := boundsOf(req)
	if err != nil || len(got.Buckets) != len(bounds) {
		return fmt.Errorf("%d buckets for %d ranges (%w)", len(got.Buckets), len(bounds), err)
	}
	for i, b := range got.Buckets {
		in := t.group(docs, req.Field, func(v float64) (float64, bool) { return 0, v >= bounds[i][0] && v < bounds[i][1] })[0]
		if b.Count != int64(len(in)) {
			return fmt.Errorf("range %d counts %d, want %d", i, b.Count, len(in))
		}
		if err := t.checkSubs(req, b, in); err != nil {
			return err
		}
	}
	return nil
}

func boundsOf(req mews.AggregateRequest) (bounds [][2]float64, err error) {
	for _, r := range req.Ranges {
		bounds = append(bounds, [2]float64{*r.From, *r.To})
	}
	for _, r := range req.DateRanges {
		var pair [2]float64
		for i, text := range []string{r.From, r.To} {
			at, parseErr := time.Parse(time.RFC3339, text)
			if parseErr != nil {
				return nil, parseErr
			}
			pair[i] = float64(at.UnixMilli())
		}
		bounds = append(bounds, pair)
	}
	return bounds, nil
}

// checkTerms compares the most frequent terms. Among equally frequent ones any
// may be named.
func (t *truth) checkTerms(req mews.AggregateRequest, got mews.AggregateResult, docs []int32) error {
	groups := map[string][]int32{}
	if of := t.texts(req.Field); of != nil {
		for _, no := range docs {
			for _, v := range of(&t.records[no]) {
				groups[v] = append(groups[v], no)
			}
		}
	} else {
		for v, in := range t.group(docs, req.Field, func(v float64) (float64, bool) { return v, true }) {
			groups[fmt.Sprint(v)] = in
		}
	}
	if req.Include != "" { // a prefix and ".*"
		for v := range groups {
			if !strings.HasPrefix(v, strings.TrimSuffix(req.Include, ".*")) {
				delete(groups, v)
			}
		}
	}
	var counts []int
	for _, in := range groups {
		counts = append(counts, len(in))
	}
	slices.SortFunc(counts, func(a, b int) int { return b - a })
	size := cmp.Or(req.Size, 10)
	if len(got.Buckets) != min(size, len(counts)) {
		return fmt.Errorf("%d terms, want %d", len(got.Buckets), min(size, len(counts)))
	}
	for i, b := range got.Buckets {
		in := groups[fmt.Sprint(b.Label)]
		if b.Count != int64(len(in)) || b.Count != int64(counts[i]) {
			return fmt.Errorf("term %v counts %d, want %d; at this place %d", b.Label, b.Count, len(in), counts[i])
		}
		if err := t.checkSubs(req, b, in); err != nil {
			return fmt.Errorf("in term %v: %w", b.Label, err)
		}
	}
	return nil
}
