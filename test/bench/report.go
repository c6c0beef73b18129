package main

import (
	"fmt"
	"slices"
	"time"
)

const mb = 1e6

// A report is all that a run measured, as -json writes it.
type report struct {
	Seed    uint64          `json:"seed"`
	Started time.Time       `json:"started"`
	Took    float64         `json:"seconds"` // wall
	Machine []row           `json:"machine"`
	Corpora []*corpusReport `json:"corpora"`
}

// A corpusReport is what one corpus measured.
type corpusReport struct {
	Name     string          `json:"name"`
	Files    int             `json:"files"`
	Bytes    int64           `json:"bytes"`
	Rows     []row           `json:"rows"`
	Patterns []patternFigure `json:"patterns"`
	Hunts    []huntFigure    `json:"hunts"`
	Growth   []growthPoint   `json:"growth,omitempty"`
	Wrong    int             `json:"wrong_answers"` // files missed, and files that should not be there
}

// A row is one figure. Key is stable, so that reports of two versions compare.
type row struct {
	Key    string  `json:"key"`
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit,omitempty"`
	Target string  `json:"target,omitempty"` // ">= 75"
	Met    *bool   `json:"met,omitempty"`
}

func (r *corpusReport) add(key, name, unit string, value float64) {
	r.Rows = append(r.Rows, row{Key: key, Name: name, Unit: unit, Value: value})
}

// atLeast and atMost add a figure that has a target.
func (r *corpusReport) atLeast(key, name, unit string, value, bound float64) {
	r.judge(key, name, unit, value, ">=", bound, value >= bound)
}

func (r *corpusReport) atMost(key, name, unit string, value, bound float64) {
	r.judge(key, name, unit, value, "<=", bound, value <= bound)
}

func (r *corpusReport) judge(key, name, unit string, value float64, sign string, bound float64, met bool) {
	r.Rows = append(r.Rows, row{Key: key, Name: name, Unit: unit, Value: value, Target: fmt.Sprintf("%s %g", sign, bound), Met: &met})
}

// verdict is how a row stands to its target.
func (r row) verdict() string {
	switch {
	case r.Met == nil:
		return ""
	case *r.Met:
		return "met"
	}
	return "MISSED"
}

// text gives a value as many digits as it deserves.
func (r row) text() string {
	switch v := r.Value; {
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

// met counts the targets that were met, of all.
func (r *report) met() (met, all int) {
	for _, c := range r.Corpora {
		for _, row := range c.Rows {
			if row.Met != nil {
				all++
				if *row.Met {
					met++
				}
			}
		}
	}
	return met, all
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(len(x), 1))
}

// quantile gives the value below which a share p of the sorted values lies.
func quantile(x []float64, p float64) float64 {
	if len(x) == 0 {
		return 0
	}
	x = slices.Sorted(slices.Values(x))
	return x[min(len(x)-1, int(float64(len(x))*p))]
}

func share(part, whole int64) float64 { return float64(part) / float64(max(whole, 1)) }
