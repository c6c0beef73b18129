package collection

import (
	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/store"
)

// An Aggregation asks for the records of a collection, counted or measured
// instead of listed. Zero values stand for the defaults.
type Aggregation struct {
	Name string // of the result; default: Field
	// Type is terms, date_histogram, date_range, range, cardinality, max, min,
	// avg, sum or percentiles.
	Type  string
	Field string
	// Filter and Q choose the records that are looked at; of a sub-aggregation,
	// those of the bucket.
	Filter, Q string

	Size, From               int    // of terms: most buckets, 0 for the default; buckets skipped before
	Sort                     string // _count or _term, with |asc or |desc
	Include, Exclude         string // a term, or a regular expression over the whole of it
	MinDocCount, MaxDocCount *int64
	Missing                  *string // value of records without the field

	Interval, TimeZone string
	Bounds             DateRange // a date_histogram covers it, To included
	DateRanges         []DateRange
	Ranges             []NumberRange
	Percents           []float64

	// Filters add a bucket each, in the order of their names; OtherBucket one
	// more for the records that match none of them.
	Filters        map[string]string
	OtherBucket    bool
	OtherBucketKey string

	Sub []Aggregation // computed in every bucket
}

// A DateRange is a span of dates as filters write them: From is in it, To is
// not, and an empty one is open.
type DateRange struct{ From, To string }

// A NumberRange is a span of numbers: From is in it, To is not, nil is open.
type NumberRange struct{ From, To *float64 }

// A Result answers one Aggregation. Buckets is nil when the collection does not
// have the field.
type Result struct {
	Name       string
	Buckets    []Bucket
	Other      *int64 // of terms: records in buckets that Size cut off
	CountError *int64 // of terms: how far a count may be off; always 0
}

// A Bucket is a group of records, or a measure of them. Label is a string, an
// int64, a float64 or a bool, and nil where there is only a value.
type Bucket struct {
	Label                any
	Count                int64
	KeyAsString          string
	From, To             *float64
	StringFrom, StringTo string
	Value                *float64
	ValueAsString        string
	Sub                  []Result
}

// Bounds of aggregates.
const (
	maxAggregations = 10 // in a request, and in a list of sub-aggregations
	maxNested       = 3
	maxBuckets      = 10_000 // in the answer to one aggregation, those of sub-aggregations counted
	maxRanges       = 100    // ranges, percents and named filters
	maxExpression   = 1 << 10
	maxMemory       = 64 << 20 // bytes, per aggregation
	defaultSize     = 10
)

// Aggregate answers aggregations over a customer's records, each on its own and
// in order. What a client can get wrong is an *Error.
func (c *Collection) Aggregate(tx *store.Tx, cid store.CID, list []Aggregation) ([]Result, error) {
	if len(list) == 0 {
		return nil, errorf("there is no aggregation")
	}
	if len(list) > maxAggregations {
		return nil, errorf("%d aggregations in one request, limit %d", len(list), maxAggregations)
	}
	nodes := make([]*node, len(list))
	for i := range list {
		var err error
		if nodes[i], err = c.check(&list[i], 0, "aggregation"); err != nil {
			return nil, err
		}
		nodes[i].where = nodes[i].where.hiding() // and so of all below it
	}
	out := make([]Result, len(list))
	for i, n := range nodes {
		var err error
		if out[i], err = c.aggregate(tx, cid, n); err != nil {
			return nil, within("aggregation "+fql.Echo(n.name), err)
		}
	}
	return out, nil
}

// aggregate answers one aggregation.
func (c *Collection) aggregate(tx *store.Tx, cid store.CID, n *node) (Result, error) {
	if n.field == nil {
		return Result{Name: n.name}, nil
	}
	f, err := c.newFolding(n)
	if err != nil {
		return Result{}, err
	}
	f.limit = c.manyTerms(n)
	err = f.run(tx, n.where, cid)
	if err == errManyTerms {
		return c.aggregateChosen(tx, cid, n)
	}
	if err != nil {
		return Result{}, err
	}
	return f.result()
}
