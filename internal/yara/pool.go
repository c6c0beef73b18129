package yara

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"
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
	source string
	want   *Ruleset
	rules  map[string]Rule
	slots  chan struct{}
	idle   chan *process // room for all
	nextID atomic.Int64

	mu     sync.Mutex
	closed bool
}

// Pool prepares scans with a source that Compile accepted as want. Every worker
// compiles the source itself, and one that sees other rules or another version
// fails the scan.
func (e *Engine) Pool(ctx context.Context, source string, want *Ruleset, n int) (*Pool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	n = max(n, 1)
	p := &Pool{e: e, source: source, want: want, rules: map[string]Rule{}, slots: make(chan struct{}, n), idle: make(chan *process, n)}
	for _, r := range want.Rules {
		p.rules[r.Name] = r
	}
	return p, nil
}

// Scan gives the verdict for one file. open is called for each attempt and its
// reader must give exactly size bytes; what it says at the end counts, so a
// reader may verify there. A worker that dies is replaced and the file tried
// once more, alone. An error means that there is no verdict: *ReadError for
// this file, any other for the whole hunt.
func (p *Pool) Scan(ctx context.Context, size int64, open func() (io.Reader, error)) (Verdict, error) {
	if size > p.e.o.MaxFile {
		return Verdict{Outcome: Skipped, Reason: "too large"}, nil
	}
	if err := take(ctx, p.slots); err != nil {
		return Verdict{}, err
	}
	defer release(p.slots)
	w, err := p.worker(ctx)
	if err != nil {
		return Verdict{}, err
	}
	v, err := p.scan(ctx, w, size, open)
	if !crashed(err) || ctx.Err() != nil {
		p.giveBack(w)
		return verdictOf(v, err, ctx)
	}
	w.close() // its slot goes to the one that replaces it
	w, err = p.fresh(ctx)
	if err != nil {
		release(p.e.scanning)
		return Verdict{}, err
	}
	v, err = p.scan(ctx, w, size, open)
	w.close()
	release(p.e.scanning)
	return verdictOf(v, err, ctx)
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
func verdictOf(v Verdict, err error, ctx context.Context) (Verdict, error) {
	if err == nil {
		return v, nil
	}
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
	w, err := p.fresh(ctx)
	if err != nil {
		release(p.e.scanning)
	}
	return w, err
}

// fresh starts a worker with this pool's source.
func (p *Pool) fresh(ctx context.Context) (*process, error) {
	w, rs, err := p.e.compiled(ctx, p.source, false)
	if err != nil {
		return nil, err
	}
	same := rs.Hash == p.want.Hash && rs.Engine == p.want.Engine && rs.PlanVersion == p.want.PlanVersion &&
		slices.EqualFunc(rs.Rules, p.want.Rules, func(a, b Rule) bool { return a.Name == b.Name && a.Private == b.Private })
	if !same {
		w.close()
		return nil, fmt.Errorf("scan: the worker changed since the rules were planned")
	}
	return w, nil
}

// turn is how many files a worker scans before it makes room for a pool that
// waits for a slot.
const turn = 50

// giveBack keeps a worker for the next file, or ends it.
func (p *Pool) giveBack(w *process) {
	p.mu.Lock()
	keep := !p.closed && !w.worn() && (p.e.waiting.Load() == 0 || w.files%turn != 0)
	if keep {
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

func (p *Pool) scan(ctx context.Context, w *process, size int64, open func() (io.Reader, error)) (Verdict, error) {
	r, err := open()
	if err != nil {
		return Verdict{}, &ReadError{Err: err}
	}
	v, err := p.e.ask(ctx, w, p.nextID.Add(1), size, r, p.rules)
	if err != nil {
		w.close() // mid-conversation: of no further use
		return Verdict{}, err
	}
	w.files++
	w.bytes += size
	w.cpu += v.CPU
	return v, nil
}

// ask sends one file and reads its result. The worker's time runs only while
// it is the one we wait for.
func (e *Engine) ask(ctx context.Context, w *process, id, size int64, r io.Reader, rules map[string]Rule) (Verdict, error) {
	stop := w.watch(ctx, e.o.File+grace)
	err := writeJSON(w.in, frameFile, fileMessage{ID: id, Size: size})
	stop()
	if err != nil {
		return Verdict{}, w.explain(err)
	}
	if err := e.send(ctx, w, size, r); err != nil {
		return Verdict{}, err
	}
	begin := time.Now()
	stop = w.watch(ctx, e.o.File+grace)
	kind, payload, err := w.read()
	stop()
	if err != nil {
		return Verdict{}, err
	}
	if kind != frameResult {
		return Verdict{}, protocolErrorf("frame of type %d instead of RESULT", kind)
	}
	m, err := unpack[resultMessage](payload)
	if err != nil {
		return Verdict{}, err
	}
	v, err := m.verdict(id, size, rules)
	v.CPU = min(v.CPU, 2*time.Since(begin)+grace) // what it claims, within reason
	return v, err
}

// send streams the file in DATA frames and then reads on to the source's end.
func (e *Engine) send(ctx context.Context, w *process, size int64, r io.Reader) error {
	if need := int(5 + min(size, maxData)); len(w.frame) < need {
		w.frame = make([]byte, need)
	}
	frame := w.frame
	frame[4] = frameData
	for left := size; left > 0; {
		n := min(left, maxData)
		if _, err := io.ReadFull(r, frame[5:5+n]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return &ReadError{Err: err}
		}
		if left -= n; left == 0 {
			if err := atEnd(r); err != nil {
				return &ReadError{Err: err}
			}
		}
		binary.LittleEndian.PutUint32(frame, uint32(n))
		stop := w.watch(ctx, e.o.File+grace)
		_, err := w.in.Write(frame[:5+n])
		stop()
		if err != nil {
			return w.explain(err)
		}
	}
	if size == 0 {
		if err := atEnd(r); err != nil {
			return &ReadError{Err: err}
		}
	}
	return nil
}

// atEnd reads one byte more than the file has: a source that verifies does so
// before it says io.EOF.
func atEnd(r io.Reader) error {
	var one [1]byte
	switch n, err := io.ReadFull(r, one[:]); {
	case n > 0:
		return fmt.Errorf("longer than its record")
	case err != io.EOF:
		return err
	}
	return nil
}
