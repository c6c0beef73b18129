package collection

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// measured are the buckets of a metric in one bucket of the group above.
func (g *group) measured(parent uint32) []Bucket {
	count := int64(0)
	if parent != nowhere {
		count = g.measures.count(parent)
	}
	if g.kind == kindPercentiles {
		return g.percentiles(parent, count)
	}
	b := Bucket{Count: count}
	switch {
	case count > 0:
		g.setValue(&b, g.measures.value(parent))
	case g.kind == kindCardinality:
		b.Value = new(float64)
	}
	return []Bucket{b}
}

func (g *group) percentiles(parent uint32, count int64) []Bucket {
	var values []float64
	if count > 0 {
		values = g.measures.spreads[parent].percentiles(g.mem, g.percents)
	}
	out := make([]Bucket, len(g.percents))
	for i, p := range g.percents {
		out[i] = Bucket{Label: percent(p), Count: count}
		if count > 0 {
			g.setValue(&out[i], values[i])
		}
	}
	return out
}

// setValue writes a measure; one of times is in milliseconds, and a date as
// well.
func (g *group) setValue(b *Bucket, v float64) {
	if g.field.Type == Time && g.kind != kindCardinality {
		if g.kind != kindSum && math.Abs(v) < math.MaxInt64 {
			b.ValueAsString = time.UnixMicro(int64(math.Round(v))).UTC().Format(rfc3339)
		}
		v /= 1000
	}
	b.Value = &v
}

// percent always has a decimal, as in "50.0".
func percent(p float64) string {
	text := strconv.FormatFloat(p, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}
