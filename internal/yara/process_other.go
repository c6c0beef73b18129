//go:build !linux

package yara

import (
	"errors"
	"os"
	"syscall"
)

func isolated() *syscall.SysProcAttr { return plain() }

// plain keeps the worker out of the terminal's process group. It ends when its
// input does.
func plain() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// widen tells that nothing is known of what a pipe holds.
func widen(*os.File) int { return 0 }

// nursery stands for what makes workers by forking, which is Linux's alone.
type nursery struct{}

func (*nursery) close() {}

func (e *Engine) fork(_, _ *os.File) (program, error) { return nil, errors.ErrUnsupported }
