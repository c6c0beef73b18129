package yara

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolated gives a worker namespaces of its own: no network, no other process,
// no shared memory in sight, and no privilege that counts outside.
func isolated() *syscall.SysProcAttr {
	attr := plain()
	attr.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC | syscall.CLONE_NEWPID
	return attr
}

// plain makes the worker die with this process and keeps it out of the
// terminal's process group.
func plain() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// pipeBytes is what a pipe to a worker should hold: enough for many small files.
const pipeBytes = 1 << 20

// widen lets a pipe hold more, where the kernel agrees, and tells how much.
func widen(pipe *os.File) int {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return 0
	}
	size := 0
	_ = conn.Control(func(fd uintptr) {
		// A refusal leaves the pipe as it is.
		_, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeBytes)
		size, _ = unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0)
	})
	return max(size, 0)
}
