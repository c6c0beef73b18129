package hunt

import (
	"encoding/json"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/yara"
)

// progress is what a job saves: where it stands and what it counted so far.
// Every candidate at or above Cursor is decided; 0 means none is yet.
type progress struct {
	Cursor   uint64          `json:"cursor"`
	Total    int64           `json:"total"` // expected candidates
	Bytes    int64           `json:"bytes"` // of files, looked at or scanned; no byte of a file counts twice
	Dropped  int64           `json:"dropped,omitempty"`
	Timeouts int64           `json:"timeouts"`
	Counts   mews.HuntCounts `json:"counts"`
}

func readProgress(b []byte) (progress, error) {
	var p progress
	if len(b) == 0 {
		return p, nil
	}
	return p, wrap("stored progress", json.Unmarshal(b, &p))
}

func (p *progress) wire() *mews.Progress {
	return &mews.Progress{
		Done: p.Counts.Candidates, Total: max(p.Total-p.Dropped, p.Counts.Candidates),
		Bytes: p.Bytes, Found: p.Counts.Match,
	}
}

// found is how much of the result limit is used.
func (p *progress) found() int { return int(p.Counts.Match + p.Counts.Uncertain) }

// tooSlow tells that more than one of a hundred files ran out of time.
func (p *progress) tooSlow() (looked int64, yes bool) {
	looked = p.Counts.Candidates - p.Counts.Skipped
	return looked, looked >= 100 && p.Timeouts*100 > looked
}

// take counts a decision. A result beyond the limit becomes a skipped candidate.
func (p *progress) take(d *decision, limit int) {
	p.Cursor = d.seq
	if d.dropped {
		p.Dropped++
		return
	}
	hit := d.outcome == yara.Match || d.outcome == yara.Uncertain
	if hit && p.found() >= limit {
		*d = d.skip(reasonLimit)
	}
	p.count(*d)
}

func (p *progress) count(d decision) {
	c := &p.Counts
	c.Candidates++
	switch d.outcome {
	case yara.Match:
		c.Match++
	case yara.NoMatch:
		c.NoMatch++
	case yara.Skipped:
		c.Skipped++
	case yara.Uncertain:
		c.Uncertain++
	default:
		c.Error++
	}
	if d.reason != "" {
		p.give(d.reason, 1)
	}
	if d.reason == "timeout" {
		p.Timeouts++
	}
	p.Bytes += d.read
	c.BytesScanned += d.scanned
}

func (p *progress) give(reason string, n int64) {
	if p.Counts.Reasons == nil {
		p.Counts.Reasons = map[string]int64{}
	}
	p.Counts.Reasons[reason] += n
}

// skipRest gives every candidate that a job ended without deciding its outcome.
func (p *progress) skipRest(reason string) {
	if rest := p.Total - p.Dropped - p.Counts.Candidates; rest > 0 {
		p.Counts.Candidates += rest
		p.Counts.Skipped += rest
		p.give(reason, rest)
	}
}

// addsUp tells whether every candidate has exactly one outcome.
func addsUp(c mews.HuntCounts) bool {
	return c.Candidates == c.Match+c.NoMatch+c.Skipped+c.Error+c.Uncertain
}
