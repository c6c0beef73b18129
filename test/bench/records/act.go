package main

import (
	"context"
	"fmt"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

// mostActs is how many records one call may change.
const mostActs = 100_000

// act releases the oldest records, as many as one call may change, takes that
// back, and deletes them: each by query, in one transaction.
func (r *sizeReport) act(ctx context.Context, s settings, srv *harness.Server, q mews.QuarantineService, t *truth) error {
	n := min(mostActs, r.Records)
	filter := "*"
	if n < r.Records {
		edge := t.records[t.newest[r.Records-n-1]].created // the youngest that stays
		filter = "date_created:<'" + time.UnixMicro(edge).UTC().Format("2006-01-02T15:04:05.000000Z") + "'"
	}
	note("%d records: acts on %d", r.Records, n)
	stop := srv.ProfileInto(ctx, s.profiles, fmt.Sprintf("records-acts-%d", r.Records))
	for _, action := range []string{mews.ActionRelease, mews.ActionUnrelease, mews.ActionDelete} {
		foretold, err := q.ActionCounts(ctx, filter, "")
		if err != nil {
			return err
		}
		before, err := srv.Usage()
		if err != nil {
			return err
		}
		began := time.Now()
		env, err := q.UpdateByQuery(ctx, mews.QuarantineQueryUpdate{Action: action, Filter: mews.Filters(filter), Comment: "bench"})
		if err != nil {
			return fmt.Errorf("%s of %d records: %w", action, n, err)
		}
		took := time.Since(began)
		after, err := srv.Usage()
		if err != nil {
			return err
		}
		r.Add(action, fmt.Sprintf("%s of %d records (or all) by query, one transaction", action, mostActs), "ms", figures.MS(took))
		r.Add(action+"_cpu", "... CPU of the server", "ms", figures.MS(after.CPU-before.CPU))
		if err := r.changed(ctx, q, action, n, env.Meta.Writes.ResourcesAffected, foretold); err != nil {
			return err
		}
	}
	if err := stop(); err != nil {
		return err
	}
	use, err := srv.Usage()
	r.Add("rss_acts", "memory while acting (server, peak RSS)", "MB", float64(use.PeakRSS)/figures.MB)
	return err
}

// changed checks what an act reports, what was foretold of it, and the states
// after it.
func (r *sizeReport) changed(ctx context.Context, q mews.QuarantineService, action string, n, affected int, foretold map[string]int64) error {
	if affected != n || foretold[action] != int64(n) {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%s changed %d records, foretold %d, want %d", action, affected, foretold[action], n))
	}
	results, err := q.Aggregate(ctx, mews.AggregateRequest{Type: mews.AggregateTerms, Field: "state"})
	if err != nil {
		return err
	}
	state := map[string]string{mews.ActionRelease: mews.StateReleased, mews.ActionUnrelease: mews.StateQuarantined, mews.ActionDelete: mews.StatePurged}[action]
	want := map[any]int64{state: int64(n)}
	want[mews.StateQuarantined] += int64(r.Records - n)
	for _, b := range results[0].Buckets {
		if want[b.Label] != b.Count {
			r.Wrong = append(r.Wrong, fmt.Sprintf("after %s %d records are %v, want %d", action, b.Count, b.Label, want[b.Label]))
		}
	}
	return nil
}
