package auth

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/mewshq/mews/internal/store"
)

// failureWindow is how long failures of one kind are counted into one audit
// row, so that an attack cannot flood the trail.
const failureWindow = time.Minute

const maxFailures = 10_000 // kinds counted at a time

// A failure is one refused login. Failures with equal key are counted together.
type failure struct {
	actor  store.Actor // Client as it was given
	known  bool        // the client exists
	ip     string
	reason string
}

type failureKey struct{ client, ip, reason string }

func (f *failure) key() failureKey {
	k := failureKey{ip: f.ip, reason: f.reason}
	if f.known { // names that do not exist are a stranger's to choose
		k.client = f.actor.Client
	}
	return k
}

type tally struct {
	first failure
	since time.Time
	more  int // after the first, which was written at once
}

type failures struct {
	mu   sync.Mutex
	open map[failureKey]*tally
	due  time.Time // nothing is over before
}

func newFailures() *failures { return &failures{open: map[failureKey]*tally{}} }

// count tells whether this failure is to be written now: the first of its kind.
func (f *failures) count(one failure, now time.Time) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := one.key()
	if t := f.open[key]; t != nil {
		t.more++
		return false
	}
	if len(f.open) >= maxFailures {
		key = failureKey{reason: "too many kinds of failure"}
		if t := f.open[key]; t != nil {
			t.more++
			return false
		}
		one = failure{reason: key.reason}
	}
	f.open[key] = &tally{first: one, since: now}
	return true
}

// take gives the tallies whose time is over.
func (f *failures) take(now time.Time, all bool) (over []*tally) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !all && now.Before(f.due) && f.due.Sub(now) <= failureWindow {
		return nil
	}
	f.due = now.Add(failureWindow / 6)
	for key, t := range f.open {
		if all || now.Sub(t.since) >= failureWindow || now.Before(t.since) {
			delete(f.open, key)
			if t.more > 0 {
				over = append(over, t)
			}
		}
	}
	return over
}

// refused notes a failed login in the audit trail: the first of a minute at
// once, the others of its kind as one row with their number. The refusal stands
// whether or not the row can be written.
func (s *Service) refused(ctx context.Context, f failure) {
	s.flushFailures(ctx, false)
	if s.failures.count(f, s.o.Now()) {
		s.writeFailure(ctx, &f, f.reason)
	}
}

func (s *Service) flushFailures(ctx context.Context, all bool) {
	ctx = store.WithTrace(ctx, "") // the row is about many calls, and not about this one
	for _, t := range s.failures.take(s.o.Now(), all) {
		s.writeFailure(ctx, &t.first, fmt.Sprintf("%s; %d more since %s", t.first.reason, t.more, t.since.UTC().Format(time.RFC3339)))
	}
}

func (s *Service) writeFailure(ctx context.Context, f *failure, reason string) {
	e := store.AuditEntry{Actor: f.actor, Action: "login", Objects: []string{"ip:" + f.ip}, Outcome: "failure", Reason: reason}
	e.Actor.Client = fmt.Sprintf("%.64s", e.Actor.Client)
	// The trail must not depend on whether the caller waits for the answer.
	err := s.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.Audit(e) })
	if err != nil {
		s.log.Error("cannot write a failed login to the audit trail", "error", err)
	}
}
