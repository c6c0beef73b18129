package main

import (
	"time"

	"github.com/mewshq/mews/test/figures"
)

// A report is all that a run measured, as -json writes it.
type report struct {
	Seed    uint64          `json:"seed"`
	Started time.Time       `json:"started"`
	Took    float64         `json:"seconds"` // wall
	Machine figures.Rows    `json:"machine"`
	Corpora []*corpusReport `json:"corpora"`
}

// A corpusReport is what one corpus measured.
type corpusReport struct {
	Name         string `json:"name"`
	Files        int    `json:"files"`
	Bytes        int64  `json:"bytes"`
	figures.Rows `json:"rows"`
	Patterns     []patternFigure `json:"patterns"`
	Hunts        []huntFigure    `json:"hunts"`
	Growth       []growthPoint   `json:"growth,omitempty"`
	Wrong        int             `json:"wrong_answers"` // files missed, and files that should not be there
}

// met counts the targets that were met, of all.
func (r *report) met() (met, all int) {
	for _, c := range r.Corpora {
		m, a := c.Met()
		met, all = met+m, all+a
	}
	return met, all
}
