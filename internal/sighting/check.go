package sighting

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/mewshq/mews/internal/sstable"
)

// A Report is what Check has read and what of it is bad.
type Report struct {
	Runs    int       `json:"runs"`
	Entries int64     `json:"entries"`
	Bytes   int64     `json:"bytes"`
	Damaged []Damaged `json:"damaged"`
}

// A Damaged run cannot be read, or is not the one that the catalog names.
type Damaged struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// Check reads all runs of all customers from end to end.
func (s *Service) Check(ctx context.Context) (Report, error) {
	s.mu.Lock()
	var views []*view
	for cid, shelf := range s.shelves {
		views = append(views, s.hold(cid, shelf))
	}
	s.mu.Unlock()
	out := Report{Damaged: []Damaged{}}
	var err error
	for _, v := range views {
		if err == nil {
			err = v.check(ctx, &out)
		}
		v.release()
	}
	slices.SortFunc(out.Damaged, func(a, b Damaged) int { return cmp.Compare(a.File, b.File) })
	return out, err
}

// check reads the runs of one customer.
func (v *view) check(ctx context.Context, out *Report) error {
	for _, r := range v.runs {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("check sightings: %w", err)
		}
		out.Runs++
		out.Entries += r.entries
		out.Bytes += r.bytes
		if err := v.s.checkRun(r); err != nil {
			out.Damaged = append(out.Damaged, Damaged{runName(r.id), err.Error()})
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
