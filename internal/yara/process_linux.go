package yara

import "syscall"

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
