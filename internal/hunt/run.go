package hunt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/yara"
)

// A batch is decided side by side and saved in one transaction. Its bounds keep
// what a restart repeats, and what runs on past the limit, small.
const (
	batchFiles = 64
	batchBytes = 64 << 20
	batchTime  = time.Second
)

// Reasons of a skipped candidate.
const (
	reasonLimit      = "result limit"
	reasonCandidates = "candidate cap"
	reasonTime       = "time limit"
	reasonDeleted    = "deleted"
	reasonCrashes    = "crash skip list"
)

// progress is what a job saves: where it stands and what it counted so far.
// Every candidate at or above Cursor is decided; 0 means none is yet.
type progress struct {
	Cursor   uint64          `json:"cursor"`
	Total    int64           `json:"total"` // expected candidates
	Bytes    int64           `json:"bytes"` // read to confirm
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
		Done: p.Counts.Candidates, Total: max(p.Total, p.Counts.Candidates),
		Bytes: p.Bytes + p.Counts.BytesScanned, Found: p.Counts.Match,
	}
}

func (p *progress) count(d decision) {
	c := &p.Counts
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
		if c.Reasons == nil {
			c.Reasons = map[string]int64{}
		}
		c.Reasons[d.reason]++
	}
	if d.reason == "timeout" {
		p.Timeouts++
	}
	p.Bytes += d.confirmed
	c.BytesScanned += d.scanned
}

// addsUp tells whether every candidate has exactly one outcome.
func addsUp(c mews.HuntCounts) bool {
	return c.Candidates == c.Match+c.NoMatch+c.Skipped+c.Error+c.Uncertain
}

// A runner works through one request's candidates.
type runner struct {
	s        *Service
	lease    *job.Lease
	job      job.Job
	question question
	filter   filter
	plan     query.Node
	hash     []byte     // of the rule, for hunts
	pool     *yara.Pool // nil for searches
	progress progress
	deadline time.Time

	batch      []*search.Candidate
	batchSize  int64
	batchBegan time.Time
}

// handle runs an exact search or a hunt from where it stands.
func (s *Service) handle(ctx context.Context, l *job.Lease) error {
	r, err := s.runner(ctx, l)
	if err == nil {
		if r.pool != nil {
			defer r.pool.Close()
		}
		err = r.run(ctx)
	}
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if shown, ok := errors.AsType[*mews.Error](outward(err)); ok {
		return shown
	}
	s.log.Error("request failed", "request", l.Job().ID, "kind", l.Job().Kind, "error", err)
	return fmt.Errorf("internal error; the server's log has details under request %s", l.Job().ID)
}

func (s *Service) runner(ctx context.Context, l *job.Lease) (*runner, error) {
	r := &runner{s: s, lease: l, job: l.Job()}
	var err error
	if r.question, err = s.unseal(r.job.CID, r.job.Kind, r.job.Payload); err != nil {
		return nil, err
	}
	if r.plan, err = r.question.tree(); err != nil {
		return nil, err
	}
	if r.filter, err = parseOptions(r.question.Options); err != nil {
		return nil, err
	}
	if r.progress, err = readProgress(r.job.Progress); err != nil {
		return nil, err
	}
	r.progress.Total = r.question.Total
	r.progress.Counts.FullScan = r.question.FullScan
	started := r.job.Started
	if started.IsZero() {
		started = s.now()
	}
	r.deadline = started.Add(s.limits.MaxTime)
	if r.question.Rules == nil {
		return r, nil
	}
	want, err := r.question.Rules.ruleset()
	if err != nil {
		return nil, err
	}
	r.hash = want.Hash[:]
	r.pool, err = s.yara.Pool(ctx, string(r.job.CID), r.question.Rule, want, s.limits.Workers)
	return r, err
}

func (r *runner) run(ctx context.Context) error {
	snap, err := r.s.search.Snapshot(ctx, r.job.CID)
	if err != nil {
		return wrap("search", err)
	}
	defer snap.Close()
	before := r.question.MaxSeq + 1
	if r.progress.Cursor > 0 {
		before = r.progress.Cursor
	}
	r.batchBegan = r.s.now()
	for c, err := range snap.Candidates(ctx, r.plan, search.Select{BeforeSeq: before, Keep: r.filter.keep}) {
		if err != nil {
			return wrap("search", err)
		}
		r.batch = append(r.batch, c)
		r.batchSize += c.File().Size
		if !r.full() {
			continue
		}
		if err := r.flush(ctx); err != nil {
			return err
		}
		if r.pool == nil && r.found() >= r.filter.limit {
			break // a search ends at its limit; a hunt accounts for the rest
		}
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	if c := r.progress.Counts; !addsUp(c) {
		return fmt.Errorf("outcomes do not add up: %+v", c)
	}
	return nil
}

func (r *runner) found() int {
	return int(r.progress.Counts.Match + r.progress.Counts.Uncertain)
}

// full tells that the batch is worth deciding. Once the rest is only counted,
// batches are large.
func (r *runner) full() bool {
	if r.stopped() != "" {
		return len(r.batch) >= 64*batchFiles
	}
	return len(r.batch) >= min(batchFiles, max(r.filter.limit-r.found(), 1)+r.s.limits.Workers) ||
		r.batchSize >= batchBytes || r.s.now().Sub(r.batchBegan) >= batchTime
}

// stopped gives the reason why no further candidate is looked at, or "".
func (r *runner) stopped() string {
	switch {
	case r.found() >= r.filter.limit:
		return reasonLimit
	case r.progress.Counts.Candidates >= r.s.limits.MaxCandidates:
		return reasonCandidates
	case !r.s.now().Before(r.deadline):
		return reasonTime
	}
	return ""
}

// flush decides the batch and saves the outcomes with the cursor.
func (r *runner) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	decided, err := r.decide(ctx)
	if err != nil {
		return err
	}
	next := r.progress
	next.Counts.Reasons = cloneCounts(next.Counts.Reasons)
	next.Cursor = r.batch[len(r.batch)-1].File().Seq
	limit := r.filter.limit
	for i, d := range decided {
		if d.dropped {
			continue
		}
		next.Counts.Candidates++
		hit := d.outcome == yara.Match || d.outcome == yara.Uncertain
		if hit && int(next.Counts.Match+next.Counts.Uncertain) >= limit {
			d = d.skip(reasonLimit)
			decided[i] = d
		}
		next.count(d)
	}
	if err := r.save(ctx, next, decided); err != nil {
		return err
	}
	r.progress = next
	if r.pool != nil {
		r.pool.Yield()
	}
	r.batch, r.batchSize, r.batchBegan = r.batch[:0], 0, r.s.now()
	looked := next.Counts.Candidates - next.Counts.Skipped
	if looked >= 100 && next.Timeouts*100 > looked {
		return mews.Errorf(mews.ErrInvalid, "rule too slow: %d of %d files timed out", next.Timeouts, looked)
	}
	return nil
}

func cloneCounts(in map[string]int64) map[string]int64 {
	out := make(map[string]int64, len(in))
	for k, v := range in {
		out[k] = v
	}
	return out
}
