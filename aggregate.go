package mews

// Types of an aggregation.
const (
	AggregateTerms         = "terms"
	AggregateDateHistogram = "date_histogram"
	AggregateDateRange     = "date_range"
	AggregateRange         = "range"
	AggregateCardinality   = "cardinality"
	AggregateMax           = "max"
	AggregateMin           = "min"
	AggregateAvg           = "avg"
	AggregateSum           = "sum"
	AggregatePercentiles   = "percentiles"
)

// An AggregateRequest asks for one aggregation over a collection. Type and
// Field are required.
type AggregateRequest struct {
	Name           string             `json:"name,omitempty"` // of the result; default: Field
	Type           string             `json:"type"`
	Field          string             `json:"field"`
	Filter         string             `json:"filter,omitempty"`
	Q              string             `json:"q,omitempty"`
	Size           int                `json:"size,omitempty"` // most buckets of terms; 0 stands for 10
	From           int                `json:"from,omitempty"`
	Sort           string             `json:"sort,omitempty"` // _count|desc, _count|asc, _term|asc, _term|desc
	Include        string             `json:"include,omitempty"`
	Exclude        string             `json:"exclude,omitempty"`
	MinDocCount    *int64             `json:"min_doc_count,omitempty"`
	MaxDocCount    *int64             `json:"max_doc_count,omitempty"`
	Missing        *Text              `json:"missing,omitempty"`
	Interval       string             `json:"interval,omitempty"` // year, month, week, day, hour or minute
	TimeZone       string             `json:"time_zone,omitempty"`
	DateRanges     []DateRange        `json:"date_ranges,omitempty"`
	Ranges         []NumberRange      `json:"ranges,omitempty"`
	Percents       []float64          `json:"percents,omitempty"`
	ExtendedBounds *ExtendedBounds    `json:"extended_bounds,omitempty"`
	FiltersSpec    *FiltersSpec       `json:"filters_spec,omitempty"`
	SubAggregates  []AggregateRequest `json:"sub_aggregates,omitempty"`
}

// A DateRange bounds a date_range bucket: From is in it, To is not; an empty
// one is open. ISO 8601 or relative ("now-7d").
type DateRange struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// A NumberRange bounds a range bucket: From is in it, To is not.
type NumberRange struct {
	From *float64 `json:"From,omitempty"`
	To   *float64 `json:"To,omitempty"`
	// The same keys in lower case, which some clients send.
	FromLower *float64 `json:"from,omitempty"`
	ToLower   *float64 `json:"to,omitempty"`
}

// ExtendedBounds make a date_histogram cover at least this span.
type ExtendedBounds struct {
	Min Text `json:"min,omitempty"`
	Max Text `json:"max,omitempty"`
}

// A FiltersSpec adds one bucket per named FQL filter.
type FiltersSpec struct {
	Filters        map[string]string `json:"filters,omitempty"`
	OtherBucket    bool              `json:"other_bucket,omitempty"`
	OtherBucketKey string            `json:"other_bucket_key,omitempty"`
}

// An AggregateResult answers one AggregateRequest. Buckets is nil (null) when
// the collection has no such field.
type AggregateResult struct {
	Name             string            `json:"name"`
	Buckets          []AggregateBucket `json:"buckets"`
	SumOtherDocCount *int64            `json:"sum_other_doc_count,omitempty"`
	DocCountError    *int64            `json:"doc_count_error_upper_bound,omitempty"`
}

// An AggregateBucket is one bucket, or the one value of a metric. Label is a
// string, a number or a bool.
type AggregateBucket struct {
	Label         any               `json:"label,omitempty"`
	Count         int64             `json:"count"`
	KeyAsString   string            `json:"key_as_string,omitempty"`
	From          *float64          `json:"from,omitempty"`
	To            *float64          `json:"to,omitempty"`
	StringFrom    string            `json:"string_from,omitempty"`
	StringTo      string            `json:"string_to,omitempty"`
	Value         *float64          `json:"value,omitempty"`
	ValueAsString string            `json:"value_as_string,omitempty"`
	SubAggregates []AggregateResult `json:"sub_aggregates,omitempty"`
}

// A FilterExplanation is what the server makes of an FQL filter (own route
// /mews/queries/fql-explain/v1).
type FilterExplanation struct {
	Collection string        `json:"collection"`
	Filter     string        `json:"filter"`
	Tree       []string      `json:"tree"` // one line a node, indented by two spaces a level
	Fields     []FilterField `json:"fields"`
}

// A FilterField is a field that filters of a collection may name.
type FilterField struct {
	Name      string `json:"name"`
	Aliases   List   `json:"aliases,omitempty"`
	Type      string `json:"type"`
	Values    List   `json:"values,omitempty"` // when there are only so many
	Multi     bool   `json:"multi,omitempty"`
	Sortable  bool   `json:"sortable,omitempty"`
	Aggregate bool   `json:"aggregate,omitempty"`
	InQ       bool   `json:"in_q,omitempty"`
	Doc       string `json:"doc,omitempty"`
}
