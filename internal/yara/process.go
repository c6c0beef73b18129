package yara

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
)

// A process is one running worker. Its methods are for one goroutine, except
// kill.
type process struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Reader
	said     *tail
	hello    helloMessage
	timedOut atomic.Bool
	ended    bool
	fate     string

	frame []byte // room for one DATA frame
	files int
	bytes int64
	cpu   time.Duration
}

// A deathError says that a worker ended while it owed an answer.
type deathError struct {
	reason  string
	timeout bool
}

func (e *deathError) Error() string { return e.reason }

// start runs a worker and reads its greeting. Whatever goes wrong here means
// that no worker can be had.
func (e *Engine) start(ctx context.Context) (*process, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := e.spawn()
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound) || e.o.Path == "" {
			e.log.Error("yara worker not found", "path", e.o.Path)
			return nil, fmt.Errorf("%w: the program mews-yara is not installed", ErrUnavailable)
		}
		e.log.Error("yara worker does not start", "error", err)
		return nil, fmt.Errorf("%w: the program mews-yara does not start", ErrUnavailable)
	}
	stop := p.watch(ctx, e.greeting)
	kind, payload, err := p.read()
	stop()
	if err == nil && kind != frameHello {
		err = protocolErrorf("first frame has type %d", kind)
	}
	if err == nil {
		p.hello, err = unpack[helloMessage](payload)
	}
	if err == nil {
		err = e.admit(p.hello)
	}
	if err == nil {
		return p, nil
	}
	p.close()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, ErrUnavailable):
		return nil, err
	}
	return nil, fmt.Errorf("%w: it does not greet: %w %s", ErrUnavailable, err, p.said.text())
}

// spawn starts the program in namespaces of its own, or without them where the
// kernel refuses; the worker's own walls do not depend on them.
func (e *Engine) spawn() (*process, error) {
	if !e.plainStart.Load() {
		p, err := e.run(isolated())
		if err == nil || !refused(err) {
			return p, err
		}
		if p, err = e.run(plain()); err == nil {
			e.plainStart.Store(true)
			e.log.Warn("yara worker runs without namespaces of its own: the kernel refuses them")
		}
		return p, err
	}
	return e.run(plain())
}

func refused(err error) bool {
	for _, no := range []error{syscall.EPERM, syscall.EINVAL, syscall.ENOSPC, syscall.ENOSYS, syscall.EACCES, syscall.EUSERS} {
		if errors.Is(err, no) {
			return true
		}
	}
	return false
}

func (e *Engine) run(attr *syscall.SysProcAttr) (*process, error) {
	p := &process{cmd: e.command(), said: &tail{}}
	p.cmd.SysProcAttr = attr
	p.cmd.Dir = "/"
	p.cmd.Stderr = p.said
	p.cmd.WaitDelay = time.Second
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewReaderSize(out, 64<<10)
	return p, nil
}

// watch kills the worker after d or when ctx ends, until stop is called. The
// worker's own timers are not relied on.
func (p *process) watch(ctx context.Context, d time.Duration) (stop func()) {
	timer := time.AfterFunc(d, func() {
		p.timedOut.Store(true)
		p.kill()
	})
	cancelled := context.AfterFunc(ctx, p.kill)
	return func() {
		timer.Stop()
		cancelled()
	}
}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// read gives the next frame. When the worker has ended instead, the error is a
// *deathError that says how.
func (p *process) read() (byte, []byte, error) {
	kind, payload, err := readFrame(p.out)
	return kind, payload, p.explain(err)
}

// explain turns a broken pipe into the reason it broke.
func (p *process) explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*ProtocolError](err); ok {
		return err
	}
	p.close()
	return &deathError{reason: p.fate, timeout: p.timedOut.Load()}
}

// close ends the worker, whatever it is doing, and reaps it.
func (p *process) close() {
	if p.ended {
		return
	}
	p.ended = true
	_ = p.in.Close()
	// A worker that is well exits at the end of its input; one that is not has
	// had its time.
	timer := time.AfterFunc(100*time.Millisecond, p.kill)
	_, _ = io.Copy(io.Discard, p.out)
	err := p.cmd.Wait()
	timer.Stop()
	p.fate = p.describe(err)
}

// describe names an end in the words that users see.
func (p *process) describe(err error) string {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case p.timedOut.Load():
		return "timeout"
	case !ok:
		return "scanner ended early"
	}
	status, _ := exit.Sys().(syscall.WaitStatus)
	if !status.Signaled() {
		return "scanner crashed"
	}
	switch status.Signal() {
	case syscall.SIGABRT:
		return "memory or stack limit"
	case syscall.SIGXCPU:
		return "CPU limit"
	case syscall.SIGKILL:
		return "killed"
	}
	return "scanner crashed"
}

// worn tells that a worker has done enough to be replaced by a fresh one.
func (p *process) worn() bool {
	return p.ended || p.files >= 1_000 || p.bytes >= 1<<30 || p.cpu >= 60*time.Second
}

// tail keeps the first bytes that a worker writes to its standard error.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), 256-len(t.b))]...)
	return len(p), nil
}

func (t *tail) text() string { return clean(string(t.b)) }
