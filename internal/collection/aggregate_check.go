package collection

import (
	"database/sql/driver"
	"errors"
	"math"
	"slices"
	"strings"

	"github.com/mewshq/mews/internal/fql"
)

// kind is the type of an aggregation.
type kind int

const (
	kindTerms kind = iota
	kindHistogram
	kindDates
	kindNumbers
	kindCardinality
	kindMax
	kindMin
	kindAvg
	kindSum
	kindPercentiles
)

// kinds are their names, in the same order.
func kinds() []string {
	return []string{"terms", "date_histogram", "date_range", "range", "cardinality", "max", "min", "avg", "sum", "percentiles"}
}

// buckets tells whether it groups records; the others measure them.
func (k kind) buckets() bool { return k <= kindNumbers }

// accepts tells whether values of a type can be grouped or measured so.
func (k kind) accepts(t Type) bool {
	switch k {
	case kindTerms, kindCardinality:
		return t != Text
	case kindHistogram, kindDates:
		return t == Time
	case kindNumbers:
		return t == Integer || t == Number
	}
	return t == Integer || t == Number || t == Time
}

// A node is an aggregation that was checked.
type node struct {
	name  string
	kind  kind
	field *Field // nil: the collection has no such field
	where Where
	subs  []*node

	terms     termOptions
	min, max  int64        // documents of a bucket that is kept
	missing   driver.Value // nil, or the value of records without the field
	calendar  *calendar
	bounds    []int64 // nil, or first and last instant that a histogram covers
	stretches []stretch
	percents  []float64
	named     []namedFilter
	other     string // label of the bucket of what no named filter selects; "": none
}

// termOptions say which terms are shown.
type termOptions struct {
	size, from       int
	byTerm, desc     bool
	sorted           bool // the client asked for this order
	include, exclude *pattern
}

// A stretch is a bucket of numbers or of instants: from is in it, to is not. Open
// ends are infinite, or the greatest and least of all instants.
type stretch struct {
	from, to         float64
	since, until     int64 // microseconds
	fromText, toText string
}

// label names a bucket by its ends.
func (s stretch) label() string { return orStar(s.fromText) + "-" + orStar(s.toText) }

// A namedFilter is a bucket of filters_spec.
type namedFilter struct {
	name  string
	where Where
}

// check compiles an aggregation and all below it. Depth counts from 0; of is how
// messages name it.
func (c *Collection) check(a *Aggregation, depth int, of string) (*node, error) {
	n := &node{name: a.Name}
	if n.name == "" {
		n.name = a.Field
	}
	of = strings.TrimSpace(of + " " + fql.Echo(n.name))
	if depth > maxNested {
		return nil, errorf("%s: sub_aggregates are nested deeper than %d", of, maxNested)
	}
	k := slices.Index(kinds(), strings.ToLower(a.Type))
	if k < 0 {
		return nil, errorf("%s: type must be one of %s", of, strings.Join(kinds(), ", "))
	}
	n.kind = kind(k)
	if err := c.checkNode(n, a); err != nil {
		return nil, within(of, err)
	}
	if len(a.Sub) > maxAggregations {
		return nil, errorf("%s: more than %d sub_aggregates", of, maxAggregations)
	}
	for i := range a.Sub {
		sub, err := c.check(&a.Sub[i], depth+1, of+" >")
		if err != nil {
			return nil, err
		}
		n.subs = append(n.subs, sub)
	}
	return n, nil
}

// within tells in which aggregation a mistake is.
func within(of string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return errorf("%s: %s", of, e.Message)
	}
	return err
}

func (c *Collection) checkNode(n *node, a *Aggregation) error {
	if a.Field == "" {
		return errorf("field is missing")
	}
	n.field = c.field(a.Field)
	if f := n.field; f != nil {
		switch {
		case !f.Aggregate:
			return errorf("cannot aggregate over %s; over one of: %s", f.Name, c.known(func(f *Field) bool { return f.Aggregate }))
		case !n.kind.accepts(f.Type):
			return errorf("%s is of type %s, which %s does not take; it takes: %s", f.Name, f.Type, kinds()[n.kind],
				c.known(func(f *Field) bool { return f.Aggregate && n.kind.accepts(f.Type) }))
		}
	}
	if len(a.Sub) > 0 && !n.kind.buckets() {
		return errorf("%s has no buckets for sub_aggregates", kinds()[n.kind])
	}
	for _, part := range []func(*node, *Aggregation) error{c.checkFilters, c.checkTerms, c.checkCounts, c.checkMissing, c.checkKind} {
		if err := part(n, a); err != nil {
			return err
		}
	}
	return nil
}

func (c *Collection) checkFilters(n *node, a *Aggregation) (err error) {
	if n.where, err = c.parse(a.Filter, a.Q); err != nil {
		return err
	}
	if len(a.Filters) > 0 && !n.kind.buckets() {
		return errorf("filters_spec is for types with buckets, which %s is not", kinds()[n.kind])
	}
	if len(a.Filters) > maxRanges {
		return errorf("filters_spec has more than %d filters", maxRanges)
	}
	for name, filter := range a.Filters {
		w, err := c.parse(filter, "")
		if err != nil {
			return within("filters_spec "+fql.Echo(name), err)
		}
		n.named = append(n.named, namedFilter{name, w})
	}
	slices.SortFunc(n.named, func(a, b namedFilter) int { return strings.Compare(a.name, b.name) })
	if len(n.named) > 0 && (a.OtherBucket || a.OtherBucketKey != "") {
		n.other = a.OtherBucketKey
		if n.other == "" {
			n.other = "_other_"
		}
	}
	return nil
}

func (c *Collection) checkTerms(n *node, a *Aggregation) (err error) {
	t := &n.terms
	t.size, t.from = a.Size, a.From
	if t.size < 0 || t.size > maxBuckets {
		return errorf("size must be 0..%d", maxBuckets)
	}
	if t.from < 0 || t.from > maxBuckets {
		return errorf("from must be 0..%d", maxBuckets)
	}
	if t.size == 0 {
		t.size = defaultSize
	}
	if err := t.parseSort(a.Sort); err != nil {
		return err
	}
	folded := n.field != nil && n.field.Folded != ""
	if t.include, err = newPattern("include", a.Include, folded); err != nil {
		return err
	}
	t.exclude, err = newPattern("exclude", a.Exclude, folded)
	return err
}

// parseSort reads the order of buckets: _count or _term with a direction.
func (t *termOptions) parseSort(text string) error {
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		t.desc = true
		return nil
	}
	t.sorted = true
	key, direction, ok := strings.Cut(text, "|")
	if !ok {
		key, direction, ok = strings.Cut(text, ".")
	}
	if !ok {
		direction = "asc"
	}
	t.byTerm, t.desc = key == "_term", direction == "desc"
	if key != "_term" && key != "_count" || !isDirection(direction) {
		return errorf("sort must be _count|desc, _count|asc, _term|asc or _term|desc, not %s", fql.Echo(text))
	}
	return nil
}

func (c *Collection) checkCounts(n *node, a *Aggregation) error {
	n.max = math.MaxInt64
	if n.kind == kindTerms {
		n.min = 1
	}
	if a.MinDocCount != nil {
		n.min = max(n.min, *a.MinDocCount) // a term that no record has is not known
	}
	if a.MaxDocCount != nil {
		n.max = *a.MaxDocCount
	}
	switch {
	case a.MinDocCount != nil && *a.MinDocCount < 0, n.max < 0:
		return errorf("min_doc_count and max_doc_count must not be negative")
	case a.MinDocCount != nil && *a.MinDocCount > n.max:
		return errorf("min_doc_count is greater than max_doc_count")
	}
	return nil
}

func (c *Collection) checkKind(n *node, a *Aggregation) error {
	switch n.kind {
	case kindHistogram:
		return c.checkHistogram(n, a)
	case kindDates:
		return c.checkDates(n, a.DateRanges)
	case kindNumbers:
		return n.checkNumbers(a.Ranges)
	case kindPercentiles:
		return n.checkPercents(a.Percents)
	}
	return nil
}

func (n *node) checkPercents(percents []float64) error {
	if len(percents) > maxRanges {
		return errorf("percents has more than %d numbers", maxRanges)
	}
	for _, p := range percents {
		if !(p >= 0 && p <= 100) {
			return errorf("percents must be 0..100, not %g", p)
		}
	}
	n.percents = percents
	if len(percents) == 0 {
		n.percents = []float64{1, 5, 25, 50, 75, 95, 99}
	}
	return nil
}
