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
	program
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

// spawn makes a worker: a fork of the zygote, or a program of its own where
// that does not work.
func (e *Engine) spawn() (*process, error) {
	p := &process{said: &tail{}}
	if err := p.launch(e.fork); err == nil {
		return p, nil
	}
	return isolate(e, e.run)
}

// isolate starts a program in namespaces of its own, or without them where the
// kernel refuses; the worker's own walls do not depend on them.
func isolate[T any](e *Engine, start func(*syscall.SysProcAttr) (T, error)) (T, error) {
	if e.plainStart.Load() {
		return start(plain())
	}
	t, err := start(isolated())
	if err == nil || !refused(err) {
		return t, err
	}
	if t, err = start(plain()); err == nil {
		e.plainStart.Store(true)
		e.log.Warn("yara worker runs without namespaces of its own: the kernel refuses them")
	}
	return t, err
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
	p := &process{said: &tail{}}
	cmd := e.command()
	cmd.SysProcAttr, cmd.Dir, cmd.Stderr, cmd.WaitDelay = attr, "/", p.said, time.Second
	err := p.launch(func(stdin, stdout *os.File) (program, error) {
		cmd.Stdin, cmd.Stdout = stdin, stdout
		return started{cmd}, cmd.Start()
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// plumb connects this process's ends of the pipes.
func (p *process) plumb(in, out *os.File) {
	p.in, p.out = in, out
	p.room = widen(in) / 2
	p.buffered = bufio.NewReaderSize(out, 16<<10)
	p.frames.r = p.buffered
}

// killWith kills the worker when ctx ends, until stop is called.
func (p *process) killWith(ctx context.Context) (stop func()) {
	cancel := context.AfterFunc(ctx, p.kill)
	return func() { cancel() }
}

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
	status, known := p.wait()
	timer.Stop()
	p.fate = p.describe(status, known)
}

// describe names an end in the words that users see.
func (p *process) describe(status syscall.WaitStatus, known bool) string {
	switch {
	case p.timedOut:
		return "timeout"
	case !known || status.Exited() && status.ExitStatus() == 0:
		return "scanner ended early"
	case !status.Signaled():
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
