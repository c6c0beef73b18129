package fault

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/mewshq/mews"
)

// maxRules is how many rules stand at a time.
const maxRules = 1000

// A Set is the rules of one server. Its methods may be used from many
// goroutines; an empty set costs a request next to nothing.
type Set struct {
	seed  uint64
	count atomic.Int32 // of rules, so that the usual case takes no lock

	mu    sync.Mutex
	rules []*Rule // in the order in which they were added
	last  int     // number in the last id
}

// New makes an empty set. With the same seed, rules added in the same order
// strike the same requests.
func New(seed uint64) *Set { return &Set{seed: seed} }

// Add adds rules behind those that stand, all or none, and gives them back with
// their ids. Their counts start at 0.
func (s *Set) Add(rules ...Rule) ([]Rule, error) {
	for _, r := range rules {
		if err := check(r); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rules)+len(rules) > maxRules {
		return nil, mews.Errorf(mews.ErrConflict, "there are %d rules, and %d can stand at a time; remove some", len(s.rules), maxRules)
	}
	added := slices.Clone(rules)
	for i := range added {
		s.last++
		added[i].ID, added[i].Seen, added[i].Fired = fmt.Sprintf("fault-%d", s.last), 0, 0
		kept := added[i]
		s.rules = append(s.rules, &kept)
	}
	s.count.Store(int32(len(s.rules)))
	return added, nil
}

// List gives the rules with their counts, in the order in which they are asked.
func (s *Set) List() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Rule
	for _, r := range s.rules {
		out = append(out, *r)
	}
	return out
}

// Remove takes rules away and tells which of the ids were there.
func (s *Set) Remove(ids ...string) (removed []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = slices.DeleteFunc(s.rules, func(r *Rule) bool {
		if !slices.Contains(ids, r.ID) {
			return false
		}
		removed = append(removed, r.ID)
		return true
	})
	s.count.Store(int32(len(s.rules)))
	return removed
}

// Clear takes all rules away and tells how many there were. Ids start again, so
// that a test which begins with it sees the same decisions each time.
func (s *Set) Clear() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.rules)
	s.rules, s.last = nil, 0
	s.count.Store(0)
	return n
}

// Strike counts a request and gives the rule that strikes it: the first, in the
// order of adding, whose turn it is. Rules behind that one do not see the
// request.
func (s *Set) Strike(q Request) (Rule, bool) {
	if s == nil || s.count.Load() == 0 {
		return Rule{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.rules {
		if !Covers(*r, q) {
			continue
		}
		r.Seen++
		if s.due(r) {
			r.Fired++
			return *r, true
		}
	}
	return Rule{}, false
}

// due tells whether the request that was counted last is one to strike.
func (s *Set) due(r *Rule) bool {
	n := r.Seen - int64(r.After) // from 1: the n-th request that does not just pass
	switch {
	case n <= 0 || r.Times > 0 && r.Fired >= int64(r.Times):
		return false
	case r.Every > 1:
		return n%int64(r.Every) == 0
	case r.Probability > 0:
		return s.chance(r.ID, n) < r.Probability
	}
	return true
}

// chance is a number from [0, 1) that looks random.
func (s *Set) chance(id string, n int64) float64 {
	b := binary.BigEndian.AppendUint64(nil, s.seed)
	b = binary.BigEndian.AppendUint64(b, uint64(n))
	sum := sha256.Sum256(append(b, id...))
	return float64(binary.BigEndian.Uint64(sum[:8])>>11) / (1 << 53)
}
