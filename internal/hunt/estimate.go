package hunt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
)

// Hunt compiles a rule, looks at what it would cost, and queues the hunt. A rule
// that the index cannot serve is refused with the cost of reading everything,
// unless the request asks for that and the server permits it.
func (s *Service) Hunt(ctx context.Context, who store.Actor, r mews.HuntRequest) (Created, error) {
	p, err := s.prepare(ctx, who, r)
	if err != nil {
		return Created{}, err
	}
	if !slices.ContainsFunc(p.rules.Rules, func(r yara.Rule) bool { return !r.Private }) {
		return Created{}, mews.Errorf(mews.ErrInvalid, "yara_rule holds no rule that could match: at least one must not be private")
	}
	if p.estimate.FullScan {
		if err := s.admitFullScan(p); err != nil {
			return Created{}, err
		}
	}
	out, err := s.start(ctx, who, kindHunt, p.question, p.selection)
	out.Estimate = &p.estimate
	return out, err
}

// A FullScanError is the cause inside the refusal of a hunt that would read the
// whole corpus: what that would cost.
type FullScanError struct{ Estimate mews.HuntEstimate }

func (e *FullScanError) Error() string {
	return fmt.Sprintf("full scan of %d files", e.Estimate.Candidates)
}

// Estimate tells what a hunt would cost, and how well the index serves each of
// its rules. It is free of quota, and takes rules that are all private.
func (s *Service) Estimate(ctx context.Context, who store.Actor, r mews.HuntRequest) (mews.HuntEstimate, error) {
	p, err := s.prepare(ctx, who, r)
	if err != nil {
		return mews.HuntEstimate{}, err
	}
	for _, r := range p.rules.Rules {
		plan := mews.RulePlan{Name: r.Name, Private: r.Private, Quality: string(query.StrengthOf(r.Plan))}
		if r.Why != nil {
			plan.Why = &mews.RuleProblem{Code: r.Why.Code, Line: r.Why.Line, Column: r.Why.Column, Message: r.Why.Message}
		}
		p.estimate.Rules = append(p.estimate.Rules, plan)
	}
	return p.estimate, nil
}

// preparation is a hunt that compiled.
type preparation struct {
	question  question
	selection selection
	estimate  mews.HuntEstimate
	rules     *yara.Ruleset
	asked     bool // for a full scan
}

func (s *Service) prepare(ctx context.Context, who store.Actor, r mews.HuntRequest) (preparation, error) {
	f, err := parseOptions(r.Options)
	if err != nil {
		return preparation{}, err
	}
	if strings.TrimSpace(r.YARARule) == "" {
		return preparation{}, mews.Errorf(mews.ErrInvalid, "yara_rule is required")
	}
	rs, err := s.yara.Compile(ctx, string(who.CID), r.YARARule)
	if err != nil {
		return preparation{}, outward(err)
	}
	if err := s.refuseSlow(rs.Warnings); err != nil {
		return preparation{}, err
	}
	p := preparation{rules: rs, asked: f.fullScan}
	p.question = question{Options: r.Options, Rule: r.YARARule, Rules: plannedOf(rs), Plan: query.Encode(rs.Plan)}
	if p.selection, err = s.choose(ctx, who.CID, p.question.Rules, rs.Plan, f); err != nil {
		return preparation{}, err
	}
	p.question.FullScan = !query.Indexable(rs.Plan)
	p.estimate = estimateOf(rs, p.selection.Estimate)
	return p, nil
}

// refuseSlow makes warnings of slow rules errors where the server wants that.
func (s *Service) refuseSlow(warnings []yara.Problem) error {
	if !s.limits.RefuseSlow {
		return nil
	}
	var slow []string
	for _, w := range warnings {
		switch w.Code {
		case "slow_pattern", "potentially_slow_loop", "too_many_iterations":
			slow = append(slow, fmt.Sprintf("line %d: %s", w.Line, w.Message))
		}
	}
	if len(slow) == 0 {
		return nil
	}
	return mews.Errorf(mews.ErrInvalid, "yara_rule is slow, and this server refuses such rules: %s", some(slow, 10))
}

func estimateOf(rs *yara.Ruleset, est search.Estimate) mews.HuntEstimate {
	out := mews.HuntEstimate{
		Files: int64(est.Files), Candidates: int64(est.Candidates),
		CandidateBytes: est.CandidateBytes, CorpusBytes: est.CorpusBytes,
		CPUSeconds: cpuSeconds(len(rs.Rules), est.Candidates, est.CandidateBytes),
		FullScan:   !query.Indexable(rs.Plan),
	}
	if est.CorpusBytes > 0 {
		out.CorpusShare = float64(est.CandidateBytes) / float64(est.CorpusBytes)
	}
	for _, r := range rs.Rules {
		for _, w := range r.Weak {
			out.Weak = append(out.Weak, mews.WeakPattern{Rule: r.Name, Pattern: w.Pattern, Why: w.Why})
		}
		if len(r.Weak) == 0 && !r.Private && !query.Indexable(r.Plan) {
			out.Weak = append(out.Weak, mews.WeakPattern{Rule: r.Name, Why: "its condition can hold without any string of 4 bytes"})
		}
	}
	for _, w := range rs.Warnings {
		out.Warnings = append(out.Warnings, mews.RuleProblem{Code: w.Code, Line: w.Line, Column: w.Column, Message: w.Message})
	}
	return out
}

// What it costs to read a candidate and to scan it, in CPU seconds: opening the
// blob, its record and result; decoding a byte and passing it to the worker; and
// what each rule adds to both, as measured with a thousand rules.
const (
	perFile     = 80e-6
	perByte     = 1.5e-9
	perFileRule = 0.32e-6
	perByteRule = 3.6e-12
)

// cpuSeconds is what scanning these candidates would cost. It is an upper bound:
// most candidates are refuted by a look at a part of their bytes.
func cpuSeconds(rules, files int, bytes int64) float64 {
	return float64(files)*(perFile+perFileRule*float64(rules)) + float64(bytes)*(perByte+perByteRule*float64(rules))
}

// admitFullScan refuses what would read the whole corpus, and says why.
func (s *Service) admitFullScan(p preparation) error {
	if p.asked && s.limits.AllowFullScan {
		return nil
	}
	var names, weak []string
	for _, r := range p.rules.Rules {
		if !r.Private && !query.Indexable(r.Plan) {
			names = append(names, r.Name)
			for _, w := range r.Weak {
				weak = append(weak, fmt.Sprintf("%s:%s (%s)", r.Name, w.Pattern, w.Why))
			}
		}
	}
	const most = 10
	text := fmt.Sprintf("rule %s has no indexable string; add one of >= 4 bytes to its condition", some(names, most))
	if len(weak) > 0 {
		text += "; these filter nothing: " + some(weak, most)
	}
	text += fmt.Sprintf(". Reading everything would mean %d files, %d bytes and about %.0f CPU seconds",
		p.estimate.Candidates, p.estimate.CandidateBytes, p.estimate.CPUSeconds)
	if s.limits.AllowFullScan {
		text += "; options.allow_full_scan asks for it"
	} else {
		text += "; this server does not permit it"
	}
	return mews.Errorf(mews.ErrInvalid, "%s", text).WithCause(&FullScanError{Estimate: p.estimate})
}

func some(words []string, most int) string {
	if len(words) > most {
		return strings.Join(words[:most], ", ") + fmt.Sprintf(" and %d more", len(words)-most)
	}
	return strings.Join(words, ", ")
}
