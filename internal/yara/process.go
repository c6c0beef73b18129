package yara

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// A process is one running worker. Its methods are for one goroutine, except
// kill.
type process struct {
	cmd      *exec.Cmd
	in       *os.File // to its standard input
	out      *os.File // from its standard output
	frames   frameReader
	buffered *bufio.Reader // under frames
	said     *tail
	hello    helloMessage
	rules    *Ruleset // that it has compiled
	timedOut bool
	ended    bool
	fate     string

	room   int    // bytes that a write may have in flight without waiting for the worker
	buffer []byte // frames to write
	memory int64  // resident after compiling, as it says
	files  int
	turned int // files when its turn began
	bytes  int64
	cpu    time.Duration
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
	defer p.killWith(ctx)()
	kind, payload, err := p.read(e.greeting)
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
	err := p.plumb(func(stdin, stdout *os.File) error {
		p.cmd.Stdin, p.cmd.Stdout = stdin, stdout
		return p.cmd.Start()
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// plumb makes the two pipes and hands the worker's ends to launch.
func (p *process) plumb(launch func(stdin, stdout *os.File) error) error {
	stdin, in, err := os.Pipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	out, stdout, err := os.Pipe()
	if err != nil {
		return errors.Join(err, in.Close())
	}
	defer stdout.Close()
	p.room = widen(in) / 2
	if err := launch(stdin, stdout); err != nil {
		return errors.Join(err, in.Close(), out.Close())
	}
	p.in, p.out = in, out
	p.buffered = bufio.NewReaderSize(out, 16<<10)
	p.frames.r = p.buffered
	return nil
}

// killWith kills the worker when ctx ends, until stop is called.
func (p *process) killWith(ctx context.Context) (stop func()) {
	cancel := context.AfterFunc(ctx, p.kill)
	return func() { cancel() }
}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// read gives the next frame, which must come within limit. The worker's own
// timers are not relied on. When the worker has ended instead, the error is a
// *deathError that says how.
func (p *process) read(limit time.Duration) (byte, []byte, error) {
	if !p.arrived() { // setting a clock is not free
		_ = p.out.SetReadDeadline(time.Now().Add(limit))
	}
	kind, payload, err := p.frames.next()
	return kind, payload, p.explain(err)
}

// arrived tells that the next frame is here to its last byte.
func (p *process) arrived() bool {
	if p.buffered.Buffered() < headBytes {
		return false
	}
	head, _ := p.buffered.Peek(headBytes)
	return p.buffered.Buffered()-headBytes >= int(binary.LittleEndian.Uint32(head))
}

// write sends frames; the worker must take them within limit.
func (p *process) write(b []byte, limit time.Duration) error {
	_ = p.in.SetWriteDeadline(time.Now().Add(limit))
	_, err := p.in.Write(b)
	return err
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// explain turns a broken pipe into the reason it broke.
func (p *process) explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*ProtocolError](err); ok {
		return err
	}
	if isTimeout(err) {
		p.timedOut = true
		p.kill()
	}
	p.close()
	return &deathError{reason: p.fate, timeout: p.timedOut}
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
	_ = p.out.SetReadDeadline(time.Time{})
	_, _ = io.Copy(io.Discard, p.buffered)
	_ = p.out.Close()
	err := p.cmd.Wait()
	timer.Stop()
	p.fate = p.describe(err)
}

// describe names an end in the words that users see.
func (p *process) describe(err error) string {
	exit, ok := errors.AsType[*exec.ExitError](err)
	switch {
	case p.timedOut:
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
