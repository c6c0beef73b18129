package yara

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Compile checks a rule text and derives its plan in a worker of its own.
//
// Errors: *LimitError for a text over a limit or one that killed the worker,
// *CompileError for rules that are wrong, ErrUnavailable when there is no
// worker, *ProtocolError for one that cannot be trusted, or the context's.
func (e *Engine) Compile(ctx context.Context, source string) (*Ruleset, error) {
	if err := Precheck(source); err != nil {
		return nil, err
	}
	if err := take(ctx, e.compiling); err != nil {
		return nil, err
	}
	defer release(e.compiling)
	p, rs, err := e.compiled(ctx, source, true)
	if err != nil {
		return nil, err
	}
	p.close()
	return rs, nil
}

// compiled starts a worker and gives it a source.
func (e *Engine) compiled(ctx context.Context, source string, planned bool) (*process, *Ruleset, error) {
	p, err := e.start(ctx)
	if err != nil {
		return nil, nil, err
	}
	rs, err := e.load(ctx, p, source, planned)
	if err == nil {
		return p, rs, nil
	}
	p.close()
	if ctx.Err() != nil {
		return nil, nil, ctx.Err()
	}
	if death, ok := errors.AsType[*deathError](err); ok {
		return nil, nil, &LimitError{Message: "rule could not be compiled: " + death.reason}
	}
	return nil, nil, err
}

func (e *Engine) load(ctx context.Context, p *process, source string, planned bool) (*Ruleset, error) {
	defer p.watch(ctx, e.o.Compile+grace)()
	err := writeJSON(p.in, frameRules, rulesMessage{
		Source: source, Plan: planned,
		Limits: limitsMessage{
			FileSeconds: max(1, int((e.o.File+time.Second-1)/time.Second)),
			MatchCap:    matchCap,
			FileBytes:   e.o.MaxFile,
		},
	})
	if err != nil {
		return nil, p.explain(err)
	}
	kind, payload, err := p.read()
	if err != nil {
		return nil, err
	}
	switch kind {
	case frameReady:
		m, err := unpack[readyMessage](payload)
		if err != nil {
			return nil, err
		}
		return m.ruleset(source, p.hello, planned)
	case frameReject:
		m, err := unpack[rejectMessage](payload)
		if err != nil {
			return nil, err
		}
		return nil, m.err()
	}
	return nil, protocolErrorf("frame of type %d after RULES", kind)
}

func (m rejectMessage) err() error {
	switch m.Reason {
	case "compile", "module", "include", "limit":
	default:
		return protocolErrorf("REJECT for reason %.20q", clean(m.Reason))
	}
	problems := cleanProblems(m.Errors)
	if len(problems) == 0 {
		problems = []Problem{{Code: m.Reason, Message: fmt.Sprintf("the rules were refused: %s", m.Reason)}}
	}
	return &CompileError{Reason: m.Reason, Problems: problems}
}
