package yara

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// A program is the operating system's side of a worker.
type program interface {
	// kill ends it at once. It may be called at any time, more than once and
	// from any goroutine.
	kill()
	// wait gives the way it ended, once; false when that is not known.
	wait() (syscall.WaitStatus, bool)
}

// A started program was executed for its one worker.
type started struct{ cmd *exec.Cmd }

func (s started) kill() { _ = s.cmd.Process.Kill() }

func (s started) wait() (syscall.WaitStatus, bool) {
	err := s.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status, ok := exit.Sys().(syscall.WaitStatus)
		return status, ok
	}
	return 0, err == nil
}

// launch makes the two pipes of a worker and hands its ends to run.
func (p *process) launch(run func(stdin, stdout *os.File) (program, error)) error {
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
	if p.program, err = run(stdin, stdout); err != nil {
		return errors.Join(err, in.Close(), out.Close())
	}
	p.plumb(in, out)
	return nil
}
