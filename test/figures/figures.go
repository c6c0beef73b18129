// Package figures is what measurements have in common: figures held against
// their targets, their text and Markdown forms, and the places in documents
// where they are kept.
package figures

import (
	"fmt"
	"slices"
	"time"
)

// MB is the megabyte of all figures.
const MB = 1e6

// A Row is one figure. Key is stable, so that reports of two versions compare.
type Row struct {
	Key    string  `json:"key"`
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit,omitempty"`
	Target string  `json:"target,omitempty"` // ">= 75"
	Met    *bool   `json:"met,omitempty"`
}

// Rows are figures in the order in which they are shown.
type Rows []Row

// Add takes a figure that has no target.
func (r *Rows) Add(key, name, unit string, value float64) {
	*r = append(*r, Row{Key: key, Name: name, Unit: unit, Value: value})
}

// AtLeast takes a figure that must not be below its bound.
func (r *Rows) AtLeast(key, name, unit string, value, bound float64) {
	r.judge(key, name, unit, value, ">=", bound, value >= bound)
}

// AtMost takes a figure that must not be above its bound.
func (r *Rows) AtMost(key, name, unit string, value, bound float64) {
	r.judge(key, name, unit, value, "<=", bound, value <= bound)
}

func (r *Rows) judge(key, name, unit string, value float64, sign string, bound float64, met bool) {
	*r = append(*r, Row{Key: key, Name: name, Unit: unit, Value: value, Target: fmt.Sprintf("%s %g", sign, bound), Met: &met})
}

// Met counts the targets that were met, of all.
func (r Rows) Met() (met, all int) {
	for _, row := range r {
		if row.Met != nil {
			all++
			if *row.Met {
				met++
			}
		}
	}
	return met, all
}

// verdict is how a row stands to its target.
func (r Row) verdict() string {
	switch {
	case r.Met == nil:
		return ""
	case *r.Met:
		return "met"
	}
	return "MISSED"
}

// Text gives the value as many digits as it deserves.
func (r Row) Text() string { return Number(r.Value) }

// Bold is the value in Markdown; one that missed its target stands out.
func (r Row) Bold() string {
	if r.Met != nil && !*r.Met {
		return "**" + r.Text() + "**"
	}
	return r.Text()
}

// Number gives a value as many digits as it deserves.
func Number(v float64) string {
	switch {
	case v == float64(int64(v)) && v < 1e15:
		return fmt.Sprintf("%d", int64(v))
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 1 || v <= -1:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2g", v)
	}
}

// MS is a time in milliseconds.
func MS(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Mean is the arithmetic mean; that of nothing is 0.
func Mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(len(x), 1))
}

// Quantile gives the value below which a share p of the values lies.
func Quantile(x []float64, p float64) float64 {
	if len(x) == 0 {
		return 0
	}
	x = slices.Sorted(slices.Values(x))
	return x[min(len(x)-1, int(float64(len(x))*p))]
}

// Share is a part of a whole, which may be nothing.
func Share(part, whole int64) float64 { return float64(part) / float64(max(whole, 1)) }
