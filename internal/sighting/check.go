package sighting

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sstable"
)

// Status adds up the runs of all customers.
func (s *Service) Status(context.Context) (mews.SightingStatus, error) {
	out := mews.SightingStatus{Cached: s.cache.Bytes()}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, shelf := range s.shelves {
		out.Runs += len(shelf)
		out.Behind += s.backlog(shelf)
		for _, r := range shelf {
			out.Entries += r.entries
			out.Bytes += r.bytes
			if r.damaged {
				out.Damaged++
			}
		}
	}
	return out, nil
}

// Check reads all runs of all customers from end to end.
func (s *Service) Check(ctx context.Context) (mews.SightingReport, error) {
	s.mu.Lock()
	var views []*view
	for cid, shelf := range s.shelves {
		views = append(views, s.hold(cid, shelf))
	}
	s.mu.Unlock()
	out := mews.SightingReport{Problems: []mews.SightingProblem{}}
	var err error
	for _, v := range views {
		if err == nil {
			err = v.check(ctx, &out)
		}
		v.release()
	}
	slices.SortFunc(out.Problems, func(a, b mews.SightingProblem) int { return cmp.Compare(a.File, b.File) })
	return out, err
}

// check reads the runs of one customer.
func (v *view) check(ctx context.Context, out *mews.SightingReport) error {
	for _, r := range v.runs {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("check sightings: %w", err)
		}
		out.Runs++
		out.Entries += r.entries
		out.Bytes += r.bytes
		if err := v.s.checkRun(r); err != nil {
			out.Problems = append(out.Problems, mews.SightingProblem{CID: string(v.cid), File: runName(r.id), Problem: err.Error()})
		}
	}
	return nil
}

func (s *Service) checkRun(r *run) error {
	table, err := r.bypass(s.fs)
	if err != nil {
		return err
	}
	if n := table.Entries(); int64(n) != r.entries {
		return fmt.Errorf("the file has %d entries, the catalog says %d", n, r.entries)
	}
	return sstable.Check(table)
}
