package hunt

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/yara"
)

// Candidates are decided in rounds, side by side within one, and saved every so
// often. The bounds keep what a restart repeats, and what runs on past a limit,
// small: a round that took long makes the next one smaller.
const (
	minRound   = 16   // the first one is such, so that the first results show soon
	maxRound   = 1024 // files
	roundBytes = 64 << 20
	shortRound = 200 * time.Millisecond
	longRound  = time.Second
	saveEvery  = 500 * time.Millisecond
	savePlenty = 4096 // decisions
)

// A runner works through one request's candidates.
type runner struct {
	s        *Service
	lease    *job.Lease
	job      job.Job
	question question
	filter   filter
	bounds   bounds
	plan     query.Node
	hash     []byte     // of the rule, for hunts
	pool     *yara.Pool // nil for searches
	scanning scanGate
	crashes  map[[32]byte]int // files on which this rule has killed the scanner
	progress progress
	deadline time.Time
	full     bool // the next candidate does not fit under the byte cap

	round     []*search.Candidate
	roundSize int64
	roundMost int
	pending   []decision // counted in progress, and not saved yet
	saved     time.Time
	sealed    map[string][]byte // rule names -> how they are stored
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
	r := &runner{s: s, lease: l, job: l.Job(), roundMost: minRound, saved: s.now(), sealed: map[string][]byte{}}
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
	r.bounds = s.limits.bounds(r.filter)
	started := r.job.Started
	if started.IsZero() {
		started = s.now()
	}
	r.deadline = started.Add(r.bounds.time)
	if r.question.Rules == nil {
		return r, nil
	}
	want, err := r.question.Rules.ruleset()
	if err != nil {
		return nil, err
	}
	r.hash = want.Hash[:]
	if r.crashes, err = s.crashes(ctx, r.job.CID, r.hash); err != nil {
		return nil, err
	}
	r.pool, err = s.yara.Pool(ctx, string(r.job.CID), r.question.Rule, want, s.limits.Workers)
	r.scanning = newScanGate(s.limits.Workers)
	return r, err
}

// candidates lists what is left to decide, from the search that the request was
// made with where that is still at hand.
func (r *runner) candidates(ctx context.Context) (list iter.Seq2[*search.Candidate, error], end func(), err error) {
	if kept := r.s.kept.take(r.job.ID); kept != nil && r.progress.Cursor == 0 {
		return func(yield func(*search.Candidate, error) bool) {
			for _, c := range kept {
				if !yield(c, nil) {
					return
				}
			}
		}, func() {}, nil
	}
	plan, err := r.s.fix(ctx, r.job.CID, r.question.Rules, r.plan)
	if err != nil {
		return nil, nil, err
	}
	snap, err := r.s.search.Snapshot(ctx, r.job.CID)
	if err != nil {
		return nil, nil, wrap("search", err)
	}
	before := r.question.MaxSeq + 1
	if r.progress.Cursor > 0 {
		before = r.progress.Cursor
	}
	return snap.Candidates(ctx, plan, search.Select{BeforeSeq: before, Keep: r.filter.keeper()}), snap.Close, nil
}

func (r *runner) run(ctx context.Context) error {
	list, end, err := r.candidates(ctx)
	if err != nil {
		return err
	}
	defer end()
	cut := false
	for c, err := range list {
		if err != nil {
			return wrap("search", err)
		}
		if err := r.add(ctx, c); err != nil {
			return err
		}
		if cut = r.pool == nil && r.progress.found() >= r.filter.limit; cut {
			break // a search ends at its limit; a hunt accounts for the rest
		}
	}
	if err := r.flush(ctx); err != nil {
		return err
	}
	if !cut { // files deleted before a restart are no candidates after it
		r.progress.Total = r.progress.Counts.Candidates + r.progress.Dropped
	}
	if c := r.progress.Counts; !addsUp(c) {
		return fmt.Errorf("outcomes do not add up: %+v", c)
	}
	return r.conclude()
}

// add puts a candidate into the round and decides the round when it is full. No
// candidate that might exceed the byte cap is looked at, nor any after it.
func (r *runner) add(ctx context.Context, c *search.Candidate) error {
	size := c.File().Size
	if r.progress.Bytes+r.roundSize+size > r.bounds.bytes && r.stopped() == "" {
		if err := r.flush(ctx); err != nil {
			return err
		}
		r.full = r.progress.Bytes+size > r.bounds.bytes
	}
	r.round = append(r.round, c)
	r.roundSize += size
	if len(r.round) >= r.roundLimit() || r.roundSize >= roundBytes && r.stopped() == "" {
		return r.flush(ctx)
	}
	return nil
}

// roundLimit is how many candidates the round may have. Once the rest is only
// counted, rounds are large.
func (r *runner) roundLimit() int {
	if r.stopped() != "" {
		return 4 * maxRound
	}
	room := max(r.filter.limit-r.progress.found(), 1) + r.s.limits.Workers
	left := r.bounds.candidates - r.progress.Counts.Candidates
	return int(min(int64(r.roundMost), int64(room), left))
}

// stopped gives the reason why no further candidate is looked at, or "".
func (r *runner) stopped() string {
	switch {
	case r.progress.found() >= r.filter.limit:
		return reasonLimit
	case r.progress.Counts.Candidates >= r.bounds.candidates:
		return reasonCandidates
	case r.full:
		return reasonBytes
	case r.late():
		return reasonTime
	}
	return ""
}

func (r *runner) late() bool { return !r.s.now().Before(r.deadline) }

// flush decides the round, and saves when it is time to.
func (r *runner) flush(ctx context.Context) error {
	if len(r.round) == 0 {
		return nil
	}
	began := r.s.now()
	decided, err := r.decideAndSave(ctx)
	if err != nil {
		return err
	}
	for i := range decided {
		r.progress.take(&decided[i], r.filter.limit)
	}
	r.pending = append(r.pending, decided...)
	r.round, r.roundSize = r.round[:0], 0
	if r.pool != nil {
		r.pool.Yield()
	}
	now := r.s.now()
	r.pace(now.Sub(began))
	looked, slow := r.progress.tooSlow()
	if slow || now.Sub(r.saved) >= saveEvery || len(r.pending) >= savePlenty {
		if err := r.save(ctx); err != nil {
			return err
		}
	}
	if slow {
		return mews.Errorf(mews.ErrInvalid, "rule too slow: %d of %d files timed out", r.progress.Timeouts, looked)
	}
	return nil
}

// decideAndSave decides the round. When that takes long, what was decided before
// it is saved meanwhile, so that it shows.
func (r *runner) decideAndSave(ctx context.Context) (decided []decision, err error) {
	if len(r.pending) == 0 {
		return r.decide(ctx)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		decided, err = r.decide(ctx)
	}()
	due := time.NewTimer(saveEvery - r.s.now().Sub(r.saved))
	defer due.Stop()
	select {
	case <-done:
		return decided, err
	case <-due.C:
	}
	unsaved := r.save(ctx)
	<-done
	return decided, errors.Join(err, unsaved)
}

// pace makes rounds as long as they may be.
func (r *runner) pace(took time.Duration) {
	switch {
	case took < shortRound:
		r.roundMost = min(2*r.roundMost, maxRound)
	case took > longRound:
		r.roundMost = max(r.roundMost/2, minRound)
	}
}
