package yara

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Compile checks a rule text and derives its plan in a worker of its own. That
// worker waits a few seconds for a Pool of the same owner and text; an empty
// owner keeps none.
//
// Errors: *LimitError for a text over a limit or one that killed the worker,
// *CompileError for rules that are wrong, ErrUnavailable when there is no
// worker, *ProtocolError for one that cannot be trusted, or the context's.
func (e *Engine) Compile(ctx context.Context, owner, source string) (*Ruleset, error) {
	if err := Precheck(source); err != nil {
		return nil, err
	}
	if err := take(ctx, e.compiling); err != nil {
		return nil, err
	}
	defer release(e.compiling)
	p, err := e.compiled(ctx, source, true)
	if err != nil {
		return nil, err
	}
	rs := p.rules
	e.bench.put(owner, p)
	return rs, nil
}

// compiled starts a worker and gives it a source.
func (e *Engine) compiled(ctx context.Context, source string, planned bool) (*process, error) {
	p, err := e.start(ctx)
	if err != nil {
		return nil, err
	}
	if err = e.load(ctx, p, source, planned); err == nil {
		return p, nil
	}
	p.close()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if death, ok := errors.AsType[*deathError](err); ok {
		return nil, &LimitError{Message: "rule could not be compiled: " + death.reason}
	}
	return nil, err
}

// load gives a worker its source and keeps what it says of it.
func (e *Engine) load(ctx context.Context, p *process, source string, planned bool) error {
	defer p.killWith(ctx)()
	payload, err := json.Marshal(rulesMessage{
		Source: source, Plan: planned,
		Limits: e.limits(),
	})
	if err != nil {
		return err
	}
	limit := e.o.Compile + grace
	if err := p.write(append(appendHead(nil, frameRules, len(payload)), payload...), limit); err != nil {
		return p.explain(err)
	}
	kind, payload, err := p.read(limit)
	if err != nil {
		return err
	}
	switch kind {
	case frameReady:
		m, err := unpack[readyMessage](payload)
		if err != nil {
			return err
		}
		p.memory = m.RSS
		p.rules, err = m.ruleset(source, p.hello, planned)
		return err
	case frameReject:
		m, err := unpack[rejectMessage](payload)
		if err != nil {
			return err
		}
		return m.err()
	}
	return protocolErrorf("frame of type %d after RULES", kind)
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

func (e *Engine) limits() limitsMessage {
	return limitsMessage{
		FileSeconds: max(1, int((e.o.File+time.Second-1)/time.Second)),
		MatchCap:    matchCap,
		FileBytes:   e.o.MaxFile,
	}
}
