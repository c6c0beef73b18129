package yara

import (
	"strings"
	"time"
)

// An Outcome is what became of one file. A file that was not fully evaluated is
// never NoMatch.
type Outcome string

// The five outcomes; docs/format/worker.md and the hunt's counts use the words.
const (
	Match     Outcome = "match"
	NoMatch   Outcome = "no_match"
	Skipped   Outcome = "skipped"
	Error     Outcome = "error"
	Uncertain Outcome = "uncertain"
)

// A Verdict is the answer for one file. Reason is empty for Match and NoMatch.
type Verdict struct {
	Outcome Outcome
	Reason  string
	Rules   []RuleMatch // rules that came out true; for Uncertain they are doubtful
	Capped  []string    // "rule:$pattern" whose hits reached the cap
	CPU     time.Duration
	Crashed bool // the worker died of this file, twice
}

// A RuleMatch is a rule that was true on a file.
type RuleMatch struct {
	Name     string
	Capped   bool
	Patterns []PatternMatch
}

// A PatternMatch lists the first hits of one pattern, ascending.
type PatternMatch struct {
	ID     string // as written, "$" for an anonymous one
	Count  int64
	Capped bool
	Hits   []Span
}

// A Span is a range of the file's bytes.
type Span struct{ Offset, Length int64 }

const (
	maxHits        = 1_000 // per file
	maxPatternHits = 100   // per pattern
	maxCapped      = 100
)

// verdict checks a RESULT against the question: this file, these rules, offsets
// inside the file, and an outcome that fits what it lists.
func (m resultMessage) verdict(id, size int64, rules map[string]Rule) (Verdict, error) {
	if m.ID != id {
		return Verdict{}, protocolErrorf("RESULT for file %d, asked for %d", m.ID, id)
	}
	if len(m.Rules) > len(rules) || len(m.Capped) > maxCapped || m.CPU < 0 {
		return Verdict{}, protocolErrorf("RESULT is over its bounds")
	}
	v := Verdict{Outcome: Outcome(m.Outcome), Reason: clean(m.Reason), CPU: time.Duration(m.CPU) * time.Millisecond}
	for _, c := range m.Capped {
		v.Capped = append(v.Capped, clean(c))
	}
	hits := 0
	seen := map[string]bool{}
	for _, r := range m.Rules {
		if rule, ok := rules[r.Name]; !ok || rule.Private || seen[r.Name] {
			return Verdict{}, protocolErrorf("RESULT names rule %.40q", clean(r.Name))
		}
		seen[r.Name] = true
		match := RuleMatch{Name: r.Name, Capped: r.Capped}
		for _, p := range r.Patterns {
			spans, err := spans(p.Matches, size)
			if err != nil {
				return Verdict{}, err
			}
			if hits += len(spans); hits > maxHits || !patternID(p.ID) || p.Count < 0 {
				return Verdict{}, protocolErrorf("RESULT is over its bounds")
			}
			match.Patterns = append(match.Patterns, PatternMatch{ID: p.ID, Count: p.Count, Capped: p.Capped, Hits: spans})
		}
		v.Rules = append(v.Rules, match)
	}
	if !v.consistent() {
		return Verdict{}, protocolErrorf("RESULT says %.20q of what is something else", clean(m.Outcome))
	}
	return v, nil
}

func spans(in [][2]int64, size int64) ([]Span, error) {
	if len(in) > maxPatternHits {
		return nil, protocolErrorf("RESULT is over its bounds")
	}
	out := make([]Span, 0, len(in))
	for _, m := range in {
		if m[0] < 0 || m[1] < 0 || m[0] > size || m[1] > size-m[0] {
			return nil, protocolErrorf("RESULT has a hit outside the file")
		}
		out = append(out, Span{Offset: m[0], Length: m[1]})
	}
	return out, nil
}

func patternID(s string) bool {
	return strings.HasPrefix(s, "$") && (len(s) == 1 || len(s) <= MaxName && isWords(s[1:]))
}

func isWords(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) {
			return false
		}
	}
	return true
}

// consistent holds the worker to the definition of the outcomes.
func (v Verdict) consistent() bool {
	sure, capped := false, len(v.Capped) > 0
	for _, r := range v.Rules {
		sure = sure || !r.Capped
		capped = capped || r.Capped
	}
	switch v.Outcome {
	case Match:
		return sure
	case NoMatch:
		return len(v.Rules) == 0 && !capped
	case Uncertain:
		return !sure && capped && v.Reason != ""
	case Error:
		return len(v.Rules) == 0 && v.Reason != ""
	}
	return false // the worker never skips
}
