//go:build !linux

package yara

import (
	"os"
	"syscall"
)

func isolated() *syscall.SysProcAttr { return plain() }

// plain keeps the worker out of the terminal's process group. It ends when its
// input does.
func plain() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// widen tells that nothing is known of what a pipe holds.
func widen(*os.File) int { return 0 }
