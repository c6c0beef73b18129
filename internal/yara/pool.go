package yara

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
)

// A ReadError says that a file could not be read to its end. The scan has no
// verdict; the cause is the source's.
type ReadError struct{ Err error }

func (e *ReadError) Error() string { return "read file: " + e.Err.Error() }

// Unwrap gives the source's error.
func (e *ReadError) Unwrap() error { return e.Err }

// A Pool scans files with one rule source in up to n workers. Workers start
// when there is work and are replaced when they are worn.
type Pool struct {
	e      *Engine
	owner  string
	source string
	want   *Ruleset
	rules  map[string]Rule
	slots  chan struct{}
	idle   chan *process // room for all
	nextID atomic.Int64

	mu     sync.Mutex
	closed bool
}

// Pool prepares scans with a source that Compile accepted as want. Its first
// worker is the one that Compile kept for the same owner, if there still is one.
// Every other compiles the source itself, and one that sees other rules or
// another version fails the scan.
func (e *Engine) Pool(ctx context.Context, owner, source string, want *Ruleset, n int) (*Pool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n = max(n, 1)
	p := &Pool{
		e: e, owner: owner, source: source, want: want, rules: map[string]Rule{},
		slots: make(chan struct{}, n), idle: make(chan *process, n),
	}
	for _, r := range want.Rules {
		p.rules[r.Name] = r
	}
	return p, nil
}

// Scan gives the verdict for one file, as ScanAll does for many.
func (p *Pool) Scan(ctx context.Context, size int64, open func() (io.Reader, error)) (Verdict, error) {
	file := File{Size: size, Open: func() (io.ReadCloser, error) {
		r, err := open()
		if err != nil {
			return nil, err
		}
		return io.NopCloser(r), nil
	}}
	results, err := p.ScanAll(ctx, []File{file})
	if err != nil {
		return Verdict{}, err
	}
	return results[0].Verdict, results[0].Err
}

// ScanAll gives the verdicts of files, in their order, from one worker; several
// calls may run side by side. Files are opened one after the other, in their
// order. A worker that dies is replaced and the file it was scanning tried once
// more, alone. An error is one of the whole hunt.
func (p *Pool) ScanAll(ctx context.Context, files []File) ([]Result, error) {
	t := &talk{e: p.e, rules: p.rules, files: files, results: make([]Result, len(files))}
	t.base = p.nextID.Add(int64(len(files))) - int64(len(files))
	for i := range files {
		if files[i].Size > p.e.o.MaxFile {
			t.results[i].Verdict = Verdict{Outcome: Skipped, Reason: "too large"}
		}
	}
	if t.complete() {
		return t.results, nil
	}
	if err := take(ctx, p.slots); err != nil {
		return nil, err
	}
	defer release(p.slots)
	w, err := p.worker(ctx)
	if err != nil {
		return nil, err
	}
	if w, err = p.converse(ctx, t, w); err != nil {
		w.close()
		release(p.e.scanning)
		return nil, err
	}
	p.giveBack(w)
	return t.results, nil
}

func (t *talk) complete() bool {
	return !slices.ContainsFunc(t.results, func(r Result) bool { return !r.settled() })
}

// converse runs a talk to its end with as many workers as that takes, one at a
// time, and gives the last one.
func (p *Pool) converse(ctx context.Context, t *talk, w *process) (*process, error) {
	for {
		if err := t.run(ctx, w, 0, len(t.files)); err != nil {
			if w, err = p.retry(ctx, t, w, err); err != nil {
				return w, err
			}
		}
		if t.complete() {
			return w, nil
		}
		if w.worn() {
			w.close()
			next, err := p.fresh(ctx)
			if err != nil {
				return w, err
			}
			w = next
		}
	}
}

// retry settles the file over which w ended. One that made it crash is tried
// once more, alone.
func (p *Pool) retry(ctx context.Context, t *talk, w *process, end error) (*process, error) {
	w.close()
	if len(t.queue) == 0 {
		return w, end
	}
	i := t.queue[0]
	if crashed(end) && ctx.Err() == nil {
		next, err := p.fresh(ctx)
		if err != nil {
			return w, err
		}
		if w, end = next, t.run(ctx, next, i, i+1); end == nil {
			return w, nil
		}
		w.close()
	}
	v, err := verdictOf(ctx, end)
	t.results[i].Verdict = v
	return w, err
}

// crashed tells that a worker ended by itself or can no longer be trusted.
func crashed(err error) bool {
	if death, ok := errors.AsType[*deathError](err); ok {
		return !death.timeout
	}
	_, ok := errors.AsType[*ProtocolError](err)
	return ok
}

// verdictOf turns a worker's failure into the file's outcome.
func verdictOf(ctx context.Context, err error) (Verdict, error) {
	if ctx.Err() != nil {
		return Verdict{}, ctx.Err()
	}
	if death, ok := errors.AsType[*deathError](err); ok {
		return Verdict{Outcome: Error, Reason: death.reason, Crashed: !death.timeout}, nil
	}
	if _, ok := errors.AsType[*ProtocolError](err); ok {
		return Verdict{Outcome: Error, Reason: "scanner broke the protocol", Crashed: true}, nil
	}
	return Verdict{}, err
}

// worker gives an idle worker, or a new one when the engine has a slot for it.
func (p *Pool) worker(ctx context.Context) (*process, error) {
	select {
	case w := <-p.idle:
		return w, nil
	default:
	}
	p.e.waiting.Add(1)
	defer p.e.waiting.Add(-1)
	select {
	case w := <-p.idle:
		return w, nil
	case p.e.scanning <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if w := p.e.bench.take(p.owner, p.want.Hash); w != nil && p.same(w) {
		return w, nil
	}
	w, err := p.fresh(ctx)
	if err != nil {
		release(p.e.scanning)
	}
	return w, err
}

// fresh starts a worker with this pool's source.
func (p *Pool) fresh(ctx context.Context) (*process, error) {
	w, err := p.e.compiled(ctx, p.source, false)
	if err != nil {
		return nil, err
	}
	if !p.same(w) {
		return nil, fmt.Errorf("scan: the worker changed since the rules were planned")
	}
	return w, nil
}

// same tells that a worker compiled what was planned; one that did not is
// ended.
func (p *Pool) same(w *process) bool {
	rs := w.rules
	same := rs.Hash == p.want.Hash && rs.Engine == p.want.Engine && rs.PlanVersion == p.want.PlanVersion &&
		slices.EqualFunc(rs.Rules, p.want.Rules, func(a, b Rule) bool { return a.Name == b.Name && a.Private == b.Private })
	if !same {
		w.close()
	}
	return same
}

// turn is how many files a worker scans before it makes room for a pool that
// waits for a slot.
const turn = 50

// giveBack keeps a worker for the next file, or ends it.
func (p *Pool) giveBack(w *process) {
	p.mu.Lock()
	tired := w.worn() || p.e.waiting.Load() > 0 && w.files-w.turned >= turn
	keep := !p.closed && !tired
	if keep {
		if w.files-w.turned >= turn {
			w.turned = w.files
		}
		p.idle <- w
	}
	p.mu.Unlock()
	if !keep {
		w.close()
		release(p.e.scanning)
	}
}

// Yield ends the idle workers when another pool waits for a slot. Call it
// between two rows of files.
func (p *Pool) Yield() {
	if p.e.waiting.Load() > 0 {
		p.drain()
	}
}

// Close ends the idle workers; those that scan end with their file. No Scan may
// start after it.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.drain()
}

func (p *Pool) drain() {
	for {
		select {
		case w := <-p.idle:
			w.close()
			release(p.e.scanning)
		default:
			return
		}
	}
}
