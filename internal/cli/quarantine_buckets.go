package cli

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
)

// A bucketRow is one bucket of an aggregation, or its one value.
type bucketRow struct {
	Name   string `json:"name"`
	Bucket string `json:"bucket"`
	Count  int64  `json:"count"`
	Value  string `json:"value,omitempty"`
}

// bucketView writes nested buckets as rows. People see them indented below the
// bucket that holds them; a program gets the way to each.
func bucketView(results []mews.AggregateResult, indent bool) view {
	var rows []bucketRow
	join := func(outer, inner string) string {
		switch {
		case indent:
			return inner
		case outer == "":
			return inner
		}
		return outer + " > " + inner
	}
	var walk func(r mews.AggregateResult, names, buckets string, depth int)
	walk = func(r mews.AggregateResult, names, buckets string, depth int) {
		space := ""
		if indent {
			space = strings.Repeat("  ", depth)
		}
		for _, b := range r.Buckets {
			row := bucketRow{
				Name: space + join(names, r.Name), Bucket: space + join(buckets, bucketLabel(b)), Count: b.Count, Value: bucketValue(b),
			}
			rows = append(rows, row)
			for _, sub := range b.SubAggregates {
				walk(sub, row.Name, row.Bucket, depth+1)
			}
		}
		if n := r.SumOtherDocCount; n != nil && *n > 0 {
			rows = append(rows, bucketRow{Name: space + join(names, r.Name), Bucket: space + join(buckets, "(others)"), Count: *n})
		}
	}
	for _, r := range results {
		walk(r, "", "", 0)
	}
	v := viewOf(&mews.Envelope[bucketRow]{Resources: rows}, "name", "bucket", "count")
	for _, r := range rows {
		if r.Value != "" {
			v.columns = []string{"name", "bucket", "count", "value"}
			break
		}
	}
	return v
}

func bucketLabel(b mews.AggregateBucket) string {
	if b.KeyAsString != "" {
		return b.KeyAsString
	}
	switch label := b.Label.(type) {
	case nil:
		return ""
	case string:
		return label
	case float64:
		return strconv.FormatFloat(label, 'f', -1, 64)
	case json.Number:
		return label.String()
	default:
		return fmt.Sprint(label)
	}
}

func bucketValue(b mews.AggregateBucket) string {
	switch {
	case b.ValueAsString != "":
		return b.ValueAsString
	case b.Value != nil:
		return strconv.FormatFloat(*b.Value, 'f', -1, 64)
	}
	return ""
}
