package outward

import (
	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
)

// Aggregations takes requests off the wire.
func Aggregations(reqs []mews.AggregateRequest) []collection.Aggregation {
	out := make([]collection.Aggregation, len(reqs))
	for i, r := range reqs {
		out[i] = aggregation(r)
	}
	return out
}

func aggregation(r mews.AggregateRequest) collection.Aggregation {
	a := collection.Aggregation{
		Name: r.Name, Type: r.Type, Field: r.Field, Filter: r.Filter, Q: r.Q, Size: r.Size, From: r.From, Sort: r.Sort,
		Include: r.Include, Exclude: r.Exclude, MinDocCount: r.MinDocCount, MaxDocCount: r.MaxDocCount,
		Missing: (*string)(r.Missing), Interval: r.Interval, TimeZone: r.TimeZone, Percents: r.Percents,
	}
	for _, d := range r.DateRanges {
		a.DateRanges = append(a.DateRanges, collection.DateRange(d))
	}
	for _, n := range r.Ranges {
		a.Ranges = append(a.Ranges, collection.NumberRange{From: either(n.From, n.FromLower), To: either(n.To, n.ToLower)})
	}
	if b := r.ExtendedBounds; b != nil {
		a.Bounds = collection.DateRange{From: string(b.Min), To: string(b.Max)}
	}
	if f := r.FiltersSpec; f != nil {
		a.Filters, a.OtherBucket, a.OtherBucketKey = f.Filters, f.OtherBucket, f.OtherBucketKey
	}
	for _, sub := range r.SubAggregates {
		// Clients write null for "no further one", which reads as an empty request.
		if sub.Type != "" || sub.Field != "" {
			a.Sub = append(a.Sub, aggregation(sub))
		}
	}
	return a
}

func either(a, b *float64) *float64 {
	if a != nil {
		return a
	}
	return b
}

// Results puts what was computed on the wire.
func Results(results []collection.Result) []mews.AggregateResult {
	out := make([]mews.AggregateResult, len(results))
	for i, r := range results {
		out[i] = mews.AggregateResult{Name: r.Name, SumOtherDocCount: r.Other, DocCountError: r.CountError}
		if r.Buckets != nil {
			out[i].Buckets = make([]mews.AggregateBucket, len(r.Buckets))
		}
		for n, b := range r.Buckets {
			out[i].Buckets[n] = mews.AggregateBucket{
				Label: b.Label, Count: b.Count, KeyAsString: b.KeyAsString, From: b.From, To: b.To,
				StringFrom: b.StringFrom, StringTo: b.StringTo, Value: b.Value, ValueAsString: b.ValueAsString,
			}
			if b.Sub != nil {
				out[i].Buckets[n].SubAggregates = Results(b.Sub)
			}
		}
	}
	return out
}
