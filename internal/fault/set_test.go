package fault

import (
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

var outage = Effect{Status: 503}

func add(t interface {
	Helper()
	Fatal(...any)
}, s *Set, r Rule,
) Rule {
	t.Helper()
	added, err := s.Add(r)
	if err != nil {
		t.Fatal(err)
	}
	return added[0]
}

// strikes asks n times and tells which requests were struck, from 1.
func strikes(s *Set, q Request, n int) []int {
	var list []int
	for i := 1; i <= n; i++ {
		if _, ok := s.Strike(q); ok {
			list = append(list, i)
		}
	}
	return list
}

func TestTurns(t *testing.T) {
	for name, c := range map[string]struct {
		rule Rule
		want []int // of the first ten
	}{
		"always":      {Rule{}, []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		"twice":       {Rule{Times: 2}, []int{1, 2}},
		"later":       {Rule{After: 8}, []int{9, 10}},
		"later, once": {Rule{After: 3, Times: 1}, []int{4}},
		"each first":  {Rule{Every: 1, Times: 2}, []int{1, 2}},
		"each third":  {Rule{Every: 3}, []int{3, 6, 9}},
		"all of it":   {Rule{After: 2, Every: 3, Times: 2}, []int{5, 8}},
	} {
		s := New(1)
		c.rule.Effect = outage
		add(t, s, c.rule)
		if got := strikes(s, Request{}, 10); !slices.Equal(got, c.want) {
			t.Errorf("%s: struck %v, want %v", name, got, c.want)
		}
		if r := s.List()[0]; r.Seen != 10 || r.Fired != int64(len(c.want)) {
			t.Errorf("%s: counted %d of %d", name, r.Fired, r.Seen)
		}
	}
}

func TestFirstRuleWins(t *testing.T) {
	s := New(1)
	first := add(t, s, Rule{Path: "/a", Times: 1, Effect: Effect{Status: 500}})
	second := add(t, s, Rule{Effect: outage})
	for i, want := range []string{first.ID, second.ID, second.ID} {
		if r, ok := s.Strike(Request{Path: "/a"}); !ok || r.ID != want {
			t.Errorf("request %d: struck by %q, want %q", i, r.ID, want)
		}
	}
	list := s.List()
	if list[0].Seen != 3 || list[1].Seen != 2 {
		t.Errorf("seen %d and %d; a rule behind the one that strikes sees nothing", list[0].Seen, list[1].Seen)
	}
	if got := s.Remove(first.ID, "fault-99"); !slices.Equal(got, []string{first.ID}) {
		t.Errorf("removed %v", got)
	}
	if n := s.Clear(); n != 1 {
		t.Errorf("cleared %d", n)
	}
	if _, ok := s.Strike(Request{Path: "/a"}); ok {
		t.Error("a cleared set strikes")
	}
	if r := add(t, s, Rule{Effect: outage}); r.ID != first.ID {
		t.Errorf("after a clear the first id is %q", r.ID)
	}
}

func TestNoSet(t *testing.T) {
	var none *Set
	if _, ok := none.Strike(Request{}); ok {
		t.Error("a set that is not there strikes")
	}
}

func TestRulesAreBounded(t *testing.T) {
	s := New(1)
	for range maxRules {
		add(t, s, Rule{Effect: outage})
	}
	if _, err := s.Add(Rule{Effect: outage}); err == nil {
		t.Error("one more rule was taken")
	}
}

func TestAddIsAllOrNothing(t *testing.T) {
	s := New(1)
	if _, err := s.Add(Rule{Effect: outage}, Rule{}); err == nil {
		t.Error("a rule without effect was taken")
	}
	if list := s.List(); len(list) != 0 {
		t.Errorf("left behind: %+v", list)
	}
}

// TestChance holds the promise of the package comment: what strikes depends on
// seed, rule and number alone, whatever other rules see in between.
func TestChance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		p := rapid.Float64Range(0.01, 1).Draw(t, "probability")
		alone, among := New(seed), New(seed)
		rule := Rule{Path: "/a", Probability: p, Effect: outage}
		add(t, alone, rule)
		add(t, among, rule)
		add(t, among, Rule{Path: "/b", Probability: p, Effect: outage})
		for i := range 50 {
			for range rapid.IntRange(0, 3).Draw(t, "others") {
				among.Strike(Request{Path: "/b"})
			}
			_, a := alone.Strike(Request{Path: "/a"})
			_, b := among.Strike(Request{Path: "/a"})
			if a != b {
				t.Fatalf("request %d: %v alone, %v among others", i, a, b)
			}
		}
	})
}

// TestFrequency: a probability is one, and seeds and rules differ.
func TestFrequency(t *testing.T) {
	draw := func(seed uint64, rules int) []int {
		s := New(seed)
		for range rules {
			add(t, s, Rule{Path: "/other", Effect: outage})
		}
		add(t, s, Rule{Probability: 0.25, Effect: outage})
		return strikes(s, Request{}, 10_000)
	}
	a, b, c := draw(1, 0), draw(2, 0), draw(1, 1)
	for _, list := range [][]int{a, b, c} {
		if n := len(list); n < 2300 || n > 2700 { // 4.6 standard deviations
			t.Errorf("%d of 10,000 at a quarter", n)
		}
	}
	if slices.Equal(a, b) || slices.Equal(a, c) {
		t.Error("another seed, or another rule, strikes the same requests")
	}
}

func TestTimesHoldUnderLoad(t *testing.T) {
	s := New(1)
	add(t, s, Rule{Times: 100, Effect: outage})
	var mu sync.Mutex
	var wg sync.WaitGroup
	fired := 0
	for range 8 {
		wg.Go(func() {
			n := len(strikes(s, Request{}, 100))
			mu.Lock()
			defer mu.Unlock()
			fired += n
		})
	}
	wg.Wait()
	if fired != 100 {
		t.Errorf("struck %d times, want 100", fired)
	}
}
