package hunt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/yara/yaratest"
)

// Caps hold exactly, and what they cut off is counted.
func TestCaps(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{MaxCandidates: 30, MaxBytes: 2_000})
	w.run()
	for i := range 40 {
		w.put(fmt.Sprintf("%-100s", fmt.Sprintf("a long needle in hay %d", i)), sample.PutOptions{})
	}
	for name, c := range map[string]struct {
		o      mews.SearchOptions
		match  int64
		reason string
	}{
		"server's bytes":         {mews.SearchOptions{}, 20, reasonBytes},
		"own bytes":              {mews.SearchOptions{MaxBytes: "0.5KB"}, 5, reasonBytes},
		"bytes of no file":       {mews.SearchOptions{MaxBytes: "99"}, 0, reasonBytes},
		"own candidates":         {mews.SearchOptions{MaxCandidates: 7}, 7, reasonCandidates},
		"not above the server's": {mews.SearchOptions{MaxCandidates: 1000, MaxBytes: "1GB", MaxSeconds: 1e9}, 20, reasonBytes},
		"limit":                  {mews.SearchOptions{Limit: 3}, 3, reasonLimit},
	} {
		o := c.o
		r := w.hunt(needleRule, &o)
		checkSum(t, r.Meta)
		want := map[string]int64{c.reason: 40 - c.match}
		if h := r.Meta.Hunt; r.Meta.Status != mews.StatusDone || h.Candidates != 40 || h.Match != c.match || !maps.Equal(h.Reasons, want) || !r.Meta.Partial {
			t.Errorf("%s: %+v", name, h)
		}
		looked := c.match
		if c.reason == reasonLimit {
			looked += int64(w.limits.Workers) // the round that reaches it
		}
		if p := r.Meta.Progress; p.Done != 40 || p.Total != 40 || p.Bytes != 100*looked || r.Meta.Hunt.BytesScanned != p.Bytes {
			t.Errorf("%s: progress %+v", name, p)
		}
	}
	for _, o := range []mews.SearchOptions{{MaxCandidates: -1}, {MaxSeconds: -1}, {MaxBytes: "-1"}, {MaxBytes: "0"}, {MaxBytes: "many"}} {
		if _, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: needleRule, Options: &o}); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// The time cap ends a hunt between two files.
func TestTimeCap(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	for i := range 5 {
		w.put(fmt.Sprintf("a long needle in hay %d", i), sample.PutOptions{})
	}
	c, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: needleRule, Options: &mews.SearchOptions{MaxSeconds: 5}})
	w.must(err)
	now := w.now
	w.now = func() time.Time { return now().Add(time.Hour) }
	w.run()
	r := w.wait(c.ID)
	checkSum(t, r.Meta)
	if h := r.Meta.Hunt; h.Skipped != 5 || h.Reasons[reasonTime] != 5 {
		t.Errorf("%+v", h)
	}
}

func TestSlowRulesAreRefused(t *testing.T) {
	slow := `rule slow { strings: $a = /.{2}x/ $b = "needle in hay" condition: $b and for all i in (1..filesize) : (uint8(i) != 7) and $a }`
	w := newWorld(t, yaratest.Worker(t), Limits{})
	e, err := w.Estimate(t.Context(), me, mews.HuntRequest{YARARule: slow})
	if err != nil || len(e.Warnings) == 0 {
		t.Fatalf("estimate %+v, %v", e, err)
	}
	t.Logf("warnings %+v", e.Warnings)
	w.limits.RefuseSlow = true
	for _, ask := range []func() error{
		func() error { _, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: slow}); return err },
		func() error { _, err := w.Estimate(t.Context(), me, mews.HuntRequest{YARARule: slow}); return err },
	} {
		if err := ask(); !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "slow") {
			t.Errorf("refused with %v", err)
		}
	}
	if _, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: needleRule}); err != nil {
		t.Errorf("a rule that is not slow: %v", err)
	}
}

// Whatever happens to a hunt while it runs, its outcomes add up, nothing counts
// twice, and what it reports of files is true.
func TestOutcomesAddUpWhateverHappens(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	worker := yaratest.Worker(t)
	for range 3 {
		outcomesAddUp(t, rng, worker)
	}
}

func outcomesAddUp(t *testing.T, rng *rand.Rand, worker string) {
	w := newWorld(t, worker, Limits{})
	matching := map[string]bool{}
	var stored []string
	size := int64(0)
	for i := range 60 + rng.IntN(60) {
		c := fmt.Sprintf("file number %d of the test", i)
		hit := rng.IntN(2) == 0
		if hit {
			c += " with a needle in hay"
		}
		size += int64(len(c))
		r := w.put(c, sample.PutOptions{})
		matching[r.SHA256] = hit
		stored = append(stored, r.SHA256)
		if rng.IntN(40) == 0 {
			w.must(w.engine.Flush(t.Context()))
		}
	}
	o := &mews.SearchOptions{Limit: 1 + rng.IntN(2*len(stored))}
	if rng.IntN(2) == 0 {
		o.MaxCandidates = 1 + rng.Int64N(int64(2*len(stored)))
	}
	if rng.IntN(2) == 0 {
		o.MaxBytes = mews.Text(fmt.Sprint(1 + rng.Int64N(2*size)))
	}
	c, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: needleRule, Options: o})
	w.must(err)
	var last mews.Progress
	cancelled := false
	deleted := map[string]bool{}
	for range rng.IntN(4) { // stops, deletions and a cancel
		stop := w.run()
		time.Sleep(time.Duration(rng.IntN(40)) * time.Millisecond)
		if rng.IntN(2) == 0 {
			sha := stored[rng.IntN(len(stored))]
			if err := w.samples.Delete(t.Context(), me, sha); err != nil && !deleted[sha] {
				t.Fatal(err)
			}
			deleted[sha] = true
		}
		if rng.IntN(4) == 0 {
			ran, err := w.Cancel(t.Context(), me, c.ID)
			w.must(err)
			cancelled = cancelled || ran
		}
		stop()
		last = w.checkProgress(c.ID, last)
	}
	w.run()
	r := w.wait(c.ID)
	w.checkProgress(c.ID, last)
	h := r.Meta.Hunt
	checkSum(t, r.Meta)
	// The index leaves out files without a match where it can, but none with one.
	least := int64(0)
	for _, sha := range stored {
		if matching[sha] && !deleted[sha] {
			least++
		}
	}
	if h.Candidates > int64(len(stored)) || h.Candidates < least || r.Meta.Progress.Total != h.Candidates {
		t.Errorf("%d candidates of %d files, %d of them matching, have an outcome: %+v", h.Candidates, len(stored), least, h)
	}
	if h.Skipped == 0 && h.Match < least {
		t.Errorf("%d of %d matching files are found: %+v", h.Match, least, h)
	}
	if (r.Meta.Status == mews.StatusFailed) != cancelled || (h.Reasons[reasonCancelled] > 0) && !cancelled {
		t.Errorf("%s, cancelled %v: %+v", r.Meta.Status, cancelled, h)
	}
	sum := int64(0)
	for _, n := range h.Reasons {
		sum += n
	}
	if sum != h.Skipped+h.Error+h.Uncertain {
		t.Errorf("reasons do not add up: %+v", h)
	}
	if h.Match > int64(o.Limit) || o.MaxCandidates > 0 && h.Match+h.NoMatch > o.MaxCandidates || h.BytesScanned > r.Meta.Progress.Bytes {
		t.Errorf("a cap does not hold: %+v of %+v", h, o)
	}
	for sha := range shas(r) {
		if !matching[sha] {
			t.Errorf("%s does not match", sha)
		}
	}
	if int64(len(r.Resources)) > h.Match {
		t.Errorf("%d results of %d matches", len(r.Resources), h.Match)
	}
}

// checkProgress looks that nothing goes backwards, and that what is shown while
// the request runs adds up too.
func (w *world) checkProgress(id string, last mews.Progress) mews.Progress {
	w.t.Helper()
	r, err := w.Follow(w.t.Context(), me, id, 0, false)
	w.must(err)
	p := *r.Meta.Progress
	if p.Done < last.Done || p.Bytes < last.Bytes || p.Found < last.Found || p.Done > p.Total {
		w.t.Errorf("progress went from %+v to %+v", last, p)
	}
	checkSum(w.t, r.Meta)
	if int64(len(r.Resources)) > r.Meta.Hunt.Match {
		w.t.Errorf("%d results of %d matches", len(r.Resources), r.Meta.Hunt.Match)
	}
	return p
}

// A call that waits is answered when the request ends, and tells what was found
// by then.
func TestFollow(t *testing.T) {
	w := newWorld(t, "", Limits{})
	w.put("needle in hay", sample.PutOptions{})
	c, err := w.Exact(t.Context(), me, mews.SearchRequest{Patterns: []mews.Pattern{ascii("needle")}})
	w.must(err)
	r, err := w.Follow(t.Context(), me, c.ID, 0, false)
	if err != nil || r.Meta.Status != mews.StatusInProgress || !r.Meta.Partial || r.Resources == nil || len(r.Resources) != 0 {
		t.Fatalf("queued: %+v, %v", r, err)
	}
	w.waiting.Store(maxWaiting) // more calls than are held are answered at once
	if r, err := w.Follow(t.Context(), me, c.ID, time.Hour, true); err != nil || r.Meta.Status != mews.StatusInProgress {
		t.Errorf("one too many: %+v, %v", r, err)
	}
	w.waiting.Store(0)
	answered := make(chan Request)
	go func() {
		r, err := w.Follow(t.Context(), me, c.ID, time.Hour, true)
		if err != nil {
			t.Error(err)
		}
		answered <- r
	}()
	select {
	case <-answered:
		t.Error("answered before the request ran")
	case <-time.After(50 * time.Millisecond):
	}
	w.run()
	if r := <-answered; r.Meta.Status != mews.StatusDone || len(r.Resources) != 1 {
		t.Errorf("%+v", r)
	}
	if _, err := w.Follow(t.Context(), me, "nonsense", time.Hour, true); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("unknown: %v", err)
	}
}

// What a job saved is shown while it goes on.
func TestPartialResults(t *testing.T) {
	w := newWorld(t, "", Limits{})
	w.put("needle in hay", sample.PutOptions{})
	newest := w.put("needle in more hay", sample.PutOptions{Label: "malware"})
	c, err := w.Exact(t.Context(), me, mews.SearchRequest{Patterns: []mews.Pattern{ascii("needle")}})
	w.must(err)
	half := make(chan error)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- w.table.Run(ctx, map[string]job.Handler{kindExact: func(ctx context.Context, l *job.Lease) error {
			half <- w.firstRound(ctx, l)
			<-ctx.Done()
			return context.Cause(ctx)
		}}, 1)
	}()
	defer func() { cancel(); w.must(<-ended) }()
	w.must(<-half)
	r, err := w.Follow(t.Context(), me, c.ID, 0, false)
	w.must(err)
	if r.Meta.Status != mews.StatusInProgress || !r.Meta.Partial || r.Meta.Stats.MalwareCount != 1 || len(r.Resources) != 1 || r.Resources[0].SHA256 != newest.SHA256 {
		t.Errorf("%+v %+v", r.Meta, r.Resources)
	}
	upstream, err := w.Request(t.Context(), me, c.ID)
	w.must(err)
	if len(upstream.Resources) != 0 || upstream.Meta.Partial {
		t.Errorf("the upstream route tells of results while the request runs: %+v", upstream)
	}
}

// firstRound decides and saves the newest candidate.
func (w *world) firstRound(ctx context.Context, l *job.Lease) error {
	r, err := w.runner(ctx, l)
	if err != nil {
		return err
	}
	list, end, err := r.candidates(ctx)
	if err != nil {
		return err
	}
	defer end()
	for c, err := range list {
		if err != nil {
			return err
		}
		r.round, r.saved = []*search.Candidate{c}, time.Time{}
		return r.flush(ctx)
	}
	return errors.New("no candidate")
}
