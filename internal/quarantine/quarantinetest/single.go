package quarantinetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/mewshq/mews"
)

// A Single makes calls one at a time, and knows what was acknowledged and what
// the call under way would leave: what a crash may find.
type Single struct {
	sys   System
	dates atomic.Int64
	ids   []string

	mu         sync.Mutex
	now, after *state
}

// NewSingle begins with a customer who has no records.
func NewSingle(sys System) *Single { return &Single{sys: sys, now: &state{}, after: &state{}} }

// Run reports the records and makes random calls. An error of a call ends it,
// and leaves its outcome open.
func (s *Single) Run(ctx context.Context, rng *rand.Rand, steps int) error {
	for _, in := range firstReports() {
		if err := s.step(ctx, in); err != nil {
			return err
		}
	}
	for range steps {
		if err := s.step(ctx, draw(rng, &s.dates, s.ids)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Single) step(ctx context.Context, in input) error {
	s.begin(in)
	out, err := call(ctx, s.sys, in)
	if err != nil {
		return fmt.Errorf("%+v: %w", in, err)
	}
	s.ids = append(s.ids, out.ids...)
	s.mu.Lock()
	defer s.mu.Unlock()
	next := s.now.clone()
	if want := next.step(Right, in, out.ids); want != out.text {
		return fmt.Errorf("%+v: answered %q, want %q: %w", in, out.text, want, ErrWrong)
	}
	s.now, s.after = next, next
	return nil
}

// ErrWrong marks an answer that is not the model's.
var ErrWrong = fmt.Errorf("wrong answer")

func (s *Single) begin(in input) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = s.now.clone()
	var ids []string // what a host would get; nobody has seen the new ones
	for i, a := range s.after.queue {
		if hostOf(a.record) == in.host && a.state == mews.ActionPending {
			if a.id == "" {
				a.id = fmt.Sprint("place ", i)
			}
			ids = append(ids, a.id)
		}
	}
	s.after.step(Right, in, ids)
}

// A Left is what may be left of the records, by Describe.
type Left struct{ Before, After []string }

// Left tells what a crash may find now: everything as before the call under
// way, or everything as after it. While is called meanwhile: nothing begins or
// ends then.
func (s *Single) Left(while func()) Left {
	s.mu.Lock()
	defer s.mu.Unlock()
	while()
	var out Left
	for r := range records {
		out.Before = append(out.Before, s.now.describe(r))
		out.After = append(out.After, s.after.describe(r))
	}
	return out
}

// IDs are the records' ids, in the order of Left.
func IDs() (ids []string) {
	for r := range records {
		ids = append(ids, recordID(r))
	}
	return ids
}

// Content is what the file of a record holds, by the record's place among IDs.
func Content(record int) string { return content(fileOf(record)) }

// Describe writes what is compared of a record.
func Describe(d mews.QuarantineDetail) string { return described(d) }
