package yara

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/mewshq/mews/internal/query"
)

// The JSON payloads, in the order of a conversation.

type helloMessage struct {
	Protocol int      `json:"protocol"`
	Worker   string   `json:"worker"`
	Engine   string   `json:"engine"`
	Plan     string   `json:"plan"`
	Facts    string   `json:"facts"`
	Modules  []string `json:"modules"`
	Walls    []Wall   `json:"walls"`
}

type rulesMessage struct {
	Source string        `json:"source"`
	Limits limitsMessage `json:"limits"`
	Plan   bool          `json:"plan"`
}

type limitsMessage struct {
	FileSeconds int   `json:"file_seconds"`
	MatchCap    int   `json:"match_cap"`
	FileBytes   int64 `json:"file_bytes"`
}

type readyMessage struct {
	Hash     string        `json:"hash"`
	Engine   string        `json:"engine"`
	Plan     string        `json:"plan"`
	Rules    []ruleMessage `json:"rules"`
	Warnings []Problem     `json:"warnings"`
	RSS      int64         `json:"rss_bytes"`
}

type ruleMessage struct {
	Name     string          `json:"name"`
	Tags     []string        `json:"tags"`
	Private  bool            `json:"private"`
	Global   bool            `json:"global"`
	Patterns int             `json:"patterns"`
	Plan     json.RawMessage `json:"plan"`
	Weak     []Weak          `json:"weak"`
	Why      *Problem        `json:"why"`
}

type rejectMessage struct {
	Reason string    `json:"reason"`
	Errors []Problem `json:"errors"`
}

type resultMessage struct {
	ID      int64  `json:"id"`
	Outcome string `json:"outcome"`
	Reason  string `json:"reason"`
	CPU     int64  `json:"cpu_ms"`
	Rules   []struct {
		Name     string `json:"name"`
		Capped   bool   `json:"capped"`
		Patterns []struct {
			ID      string     `json:"id"`
			Count   int64      `json:"count"`
			Capped  bool       `json:"capped"`
			Matches [][2]int64 `json:"matches"`
		} `json:"patterns"`
	} `json:"rules"`
	Capped    []string `json:"capped"`
	Truncated bool     `json:"truncated"`
}

const (
	maxProblems = 1_000
	maxText     = 1_000 // bytes of one message
)

// clean makes a text of the worker fit to show: valid UTF-8, bounded, without
// control or direction marks.
func clean(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028 || r == 0x2029:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

func cleanProblems(in []Problem) []Problem {
	out := make([]Problem, 0, len(in))
	for _, p := range in[:min(len(in), maxProblems)] {
		out = append(out, Problem{
			Code: clean(p.Code), Message: clean(p.Message),
			Line: max(p.Line, 0), Column: max(p.Column, 0),
		})
	}
	return out
}

// ruleset checks a READY against the source that was sent and the HELLO before
// it. Plans are read only when they were asked for.
func (m readyMessage) ruleset(source string, hello helloMessage, planned bool) (*Ruleset, error) {
	hash := sha256.Sum256([]byte(source))
	switch {
	case m.Hash != hex.EncodeToString(hash[:]):
		return nil, protocolErrorf("READY is for another source")
	case m.Engine != hello.Engine || m.Plan != hello.Plan:
		return nil, protocolErrorf("READY and HELLO name different versions")
	case len(m.Rules) > MaxRules:
		return nil, protocolErrorf("READY has %d rules", len(m.Rules))
	}
	rs := &Ruleset{Hash: hash, Engine: m.Engine, PlanVersion: m.Plan, FactsVersion: hello.Facts, Warnings: cleanProblems(m.Warnings)}
	seen := map[string]bool{}
	var public []query.Node
	for _, r := range m.Rules {
		if !identifier(r.Name) || seen[r.Name] || !strings.Contains(source, r.Name) {
			return nil, protocolErrorf("READY names rule %.40q", clean(r.Name))
		}
		seen[r.Name] = true
		rule, err := r.rule(planned)
		if err != nil {
			return nil, err
		}
		rs.Rules = append(rs.Rules, rule)
		if !r.Private {
			public = append(public, rule.Plan)
		}
	}
	rs.Plan = query.Simplify(query.Or{Kids: public})
	return rs, nil
}

func (r ruleMessage) rule(planned bool) (Rule, error) {
	out := Rule{Name: r.Name, Private: r.Private, Global: r.Global, Patterns: max(r.Patterns, 0), Plan: query.All{}}
	for _, tag := range r.Tags {
		if identifier(tag) {
			out.Tags = append(out.Tags, tag)
		}
	}
	for _, w := range r.Weak[:min(len(r.Weak), maxProblems)] {
		out.Weak = append(out.Weak, Weak{Pattern: clean(w.Pattern), Why: clean(w.Why)})
	}
	if r.Why != nil {
		out.Why = &cleanProblems([]Problem{*r.Why})[0]
	}
	if !planned {
		return out, nil
	}
	plan, err := query.Decode(r.Plan)
	if err != nil {
		return Rule{}, protocolErrorf("plan of rule %s: %v", r.Name, err)
	}
	out.Plan = query.Simplify(plan)
	return out, nil
}

// identifier tells whether s is a YARA identifier.
func identifier(s string) bool {
	if s == "" || len(s) > MaxName || isDigit(s[0]) {
		return false
	}
	for i := range len(s) {
		if !isWord(s[i]) {
			return false
		}
	}
	return true
}
