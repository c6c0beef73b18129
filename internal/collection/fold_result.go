package collection

import (
	"cmp"
	"database/sql/driver"
	"math"
	"slices"
	"strconv"
	"time"
)

// An answer turns what groups have found into results, and counts buckets
// before it makes them.
type answer struct{ buckets int64 }

func (a *answer) take(n int64) error {
	a.buckets += n
	return tooMany(a.buckets)
}

// nowhere is the bucket above in which nothing was found.
const nowhere = math.MaxUint32

// result of a group in one bucket of the group above.
func (a *answer) result(g *group, parent uint32) (Result, error) {
	r := Result{Name: g.name}
	if g.field == nil {
		return r, nil
	}
	if !g.kind.buckets() {
		r.Buckets = g.measured(parent)
		return r, nil
	}
	var err error
	if g.kind == kindTerms {
		err = a.terms(g, parent, &r)
	} else {
		err = a.fixed(g, parent, &r)
	}
	if err != nil {
		return r, err
	}
	return r, a.namedBuckets(g, parent, &r)
}

// bucket makes one with the results below it.
func (a *answer) bucket(g *group, b Bucket, bucket uint32) (Bucket, error) {
	if bucket != nowhere {
		b.Count = int64(g.table.counts[bucket])
	}
	for _, sub := range g.below {
		r, err := a.result(sub, bucket)
		if err != nil {
			return b, err
		}
		b.Sub = append(b.Sub, r)
	}
	return b, nil
}

// found are the buckets in one of the group above, by key.
func (g *group) found(parent uint32) []uint32 {
	if parent == nowhere {
		return nil
	}
	if g.index == nil {
		g.list, g.index = g.table.children()
	}
	if int(parent)+1 >= len(g.index) {
		return nil
	}
	return g.list[g.index[parent]:g.index[parent+1]]
}

// kept tells whether a bucket has as many records as were asked for.
func (g *group) kept(count int64) bool { return count >= g.min && count <= g.max }

// result of the whole.
func (f *folding) result() (Result, error) {
	if err := f.mem.err(); err != nil {
		return Result{}, err
	}
	var a answer
	return a.result(f.root, 0)
}

// shownTerms are the buckets of the terms to show, and how many records are in
// those behind them.
func (g *group) shownTerms(parent uint32) (list []uint32, other int64) {
	count := func(b uint32) int64 { return int64(g.table.counts[b]) }
	t := top[uint32]{from: g.terms.from, size: g.terms.size, compare: g.compareBuckets, count: count}
	for _, b := range g.found(parent) {
		if g.table.key(b) < namedKeys && g.kept(count(b)) {
			t.offer(b)
		}
	}
	return t.shown()
}

// compareBuckets puts the term that comes first in front; terms with equal
// counts are in their own order.
func (g *group) compareBuckets(a, b uint32) int {
	c := 0
	if g.terms.byTerm {
		c = g.compareTerms(g.table.key(a), g.table.key(b))
	} else {
		c = cmp.Compare(g.table.counts[a], g.table.counts[b])
	}
	if g.terms.desc {
		c = -c
	}
	if c == 0 && !g.terms.byTerm {
		c = g.compareTerms(g.table.key(a), g.table.key(b))
	}
	return c
}

// terms makes a bucket of every term that is shown.
func (a *answer) terms(g *group, parent uint32, r *Result) error {
	list, other := g.shownTerms(parent)
	if err := a.take(int64(len(list))); err != nil {
		return err
	}
	r.Other, r.CountError = new(int64), new(int64)
	*r.Other = other
	r.Buckets = make([]Bucket, 0, len(list))
	for _, b := range list {
		label, text := g.term(g.table.key(b))
		bucket, err := a.bucket(g, Bucket{Label: label, KeyAsString: text}, b)
		if err != nil {
			return err
		}
		r.Buckets = append(r.Buckets, bucket)
	}
	return nil
}

// fixed makes buckets whose keys do not come from the records alone.
func (a *answer) fixed(g *group, parent uint32, r *Result) error {
	byKey := map[int64]uint32{} // start of the interval, or number of the range
	for _, b := range g.found(parent) {
		if key := g.table.key(b); key >= namedKeys {
			continue
		} else if g.kind == kindHistogram {
			byKey[int64(g.starts.values[key])] = b
		} else {
			byKey[int64(key)] = b
		}
	}
	keys, err := g.shown(byKey)
	if err != nil {
		return err
	}
	keys = slices.DeleteFunc(keys, func(key int64) bool { return !g.kept(g.countOf(byKey, key)) })
	if g.terms.sorted && g.kind == kindHistogram {
		g.order(keys, byKey)
	}
	keys = keys[min(g.terms.from, len(keys)):]
	if err := a.take(int64(len(keys))); err != nil {
		return err
	}
	r.Buckets = make([]Bucket, 0, len(keys))
	for _, key := range keys {
		b, ok := byKey[key]
		if !ok {
			b = nowhere
		}
		bucket, err := a.bucket(g, g.head(key), b)
		if err != nil {
			return err
		}
		r.Buckets = append(r.Buckets, bucket)
	}
	return nil
}

func (g *group) countOf(byKey map[int64]uint32, key int64) int64 {
	if b, ok := byKey[key]; ok {
		return int64(g.table.counts[b])
	}
	return 0
}

// shown are the keys of all buckets before counts decide: every range, or every
// interval between the first and the last one.
func (g *group) shown(byKey map[int64]uint32) ([]int64, error) {
	var keys []int64
	if g.kind != kindHistogram {
		for i := range g.stretches {
			keys = append(keys, int64(i))
		}
		return keys, nil
	}
	for key := range byKey {
		keys = append(keys, key)
	}
	if g.min > 0 {
		slices.Sort(keys)
		return keys, nil
	}
	for _, at := range g.bounds {
		keys = append(keys, g.calendar.start(at))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	first, last := slices.Min(keys), slices.Max(keys)
	if err := tooMany(g.calendar.count(first, last, maxBuckets)); err != nil {
		return nil, err
	}
	keys = keys[:0]
	for at := first; at <= last; at = g.calendar.next(at) {
		keys = append(keys, at)
	}
	return keys, nil
}

// order sorts intervals as the client asked, the earlier one first when there
// is nothing between them.
func (g *group) order(keys []int64, byKey map[int64]uint32) {
	slices.SortStableFunc(keys, func(x, y int64) int {
		c := 0
		if g.terms.byTerm {
			c = int(min(max(x-y, -1), 1))
		} else {
			c = int(min(max(g.countOf(byKey, x)-g.countOf(byKey, y), -1), 1))
		}
		if g.terms.desc {
			c = -c
		}
		return c
	})
}

// head names the bucket of an interval or a range.
func (g *group) head(key int64) Bucket {
	if g.kind == kindHistogram {
		at := time.Unix(key, 0).In(g.calendar.zone)
		return Bucket{Label: at.UnixMilli(), KeyAsString: at.Format(time.RFC3339)}
	}
	s := g.stretches[key]
	b := Bucket{Label: s.label()}
	from, to := s.from, s.to
	if g.kind == kindDates {
		from, to = float64(s.since)/1000, float64(s.until)/1000
		b.StringFrom, b.StringTo = s.fromText, s.toText
	}
	if s.fromText != "" {
		b.From = &from
	}
	if s.toText != "" {
		b.To = &to
	}
	return b
}

func (a *answer) namedBuckets(g *group, parent uint32, r *Result) error {
	if len(g.named) == 0 {
		return nil
	}
	labels := make([]string, 0, len(g.named)+1)
	for _, n := range g.node.named {
		labels = append(labels, n.name)
	}
	if g.other != "" {
		labels = append(labels, g.other)
	}
	if err := a.take(int64(len(labels))); err != nil {
		return err
	}
	at := map[uint32]uint32{}
	for _, b := range g.found(parent) {
		at[g.table.key(b)] = b
	}
	for i, label := range labels {
		b, ok := at[namedKeys+uint32(i)]
		if !ok {
			b = nowhere
		}
		bucket, err := a.bucket(g, Bucket{Label: label}, b)
		if err != nil {
			return err
		}
		r.Buckets = append(r.Buckets, bucket)
	}
	return nil
}

// term is how a term is shown.
func (g *group) term(key uint32) (label any, text string) {
	switch g.field.Type {
	case Integer:
		return int64(g.values.bits.values[key]), ""
	case Number:
		return math.Float64frombits(g.values.bits.values[key]), ""
	case Boolean:
		yes := g.values.bits.values[key] != 0
		if yes {
			return true, "true"
		}
		return false, "false"
	case Time, IP:
		return g.termText(key), ""
	}
	return g.values.texts.label(key), ""
}

// termText is a term as text, which patterns are compared with.
func (g *group) termText(key uint32) string { return g.field.show(g.columnValue(key)) }

// show is a value of a column as text.
func (f *Field) show(v driver.Value) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return addressText(string(v))
	case float64:
		return number(v)
	case int64:
		switch f.Type {
		case Boolean:
			return strconv.FormatBool(v != 0)
		case Time:
			return time.UnixMicro(v).UTC().Format(rfc3339)
		case Number:
			return number(float64(v))
		}
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// compareTerms puts terms in their order: text by bytes, apart from case where
// the field ignores it, and all else by value.
func (g *group) compareTerms(a, b uint32) int {
	if g.text() {
		return g.values.texts.compare(a, b)
	}
	x, y := g.values.bits.values[a], g.values.bits.values[b]
	if g.field.Type == Number {
		x, y := math.Float64frombits(x), math.Float64frombits(y)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	switch x, y := int64(x), int64(y); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
