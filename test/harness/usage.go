package harness

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Usage is what a process has used so far.
type Usage struct {
	CPU     time.Duration // user and system, of the process and its descendants, living or ended
	PeakRSS int64         // bytes, of the process alone, since it began or ResetPeak
	RSS     int64         // bytes now
}

// Usage reads the server's use of the machine from the kernel.
func (s *Server) Usage() (Usage, error) { return ProcessUsage(s.PID()) }

// ResetPeak makes the server's PeakRSS start anew from what it holds now.
func (s *Server) ResetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID()), []byte("5"), 0)
}

// clockTick is the kernel's unit of CPU time in /proc, fixed at 100 Hz for
// user space on Linux.
const clockTick = 10 * time.Millisecond

// ProcessUsage reads the use of any process.
func ProcessUsage(pid int) (Usage, error) {
	var u Usage
	var err error
	if u.CPU, err = familyClock(pid); err != nil {
		return u, err
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		name, rest, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
		switch name {
		case "VmHWM":
			u.PeakRSS = kb << 10
		case "VmRSS":
			u.RSS = kb << 10
		}
	}
	return u, nil
}

// familyClock is the CPU time of a process and all its descendants. Workers are
// forked by a child of the server, so its children have children.
func familyClock(pid int) (time.Duration, error) {
	ended, err := endedChildren(pid)
	if err != nil {
		return 0, err
	}
	cpu, err := processClock(pid)
	if err != nil {
		return 0, err
	}
	for _, child := range children(pid) {
		if used, err := familyClock(child); err == nil { // else it has just ended
			cpu += used
		}
	}
	return cpu + ended, nil
}

// endedChildren is the CPU time of the children that were waited for.
func endedChildren(pid int) (cpu time.Duration, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The command name may hold spaces; the fields after it do not.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	for _, f := range fields[13:15] { // cutime, cstime
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("parse /proc stat: %w", err)
		}
		cpu += time.Duration(n) * clockTick
	}
	return cpu, nil
}

// processClock is the CPU time of a process, all of its threads, to the
// nanosecond: the kernel names that clock by the complement of the process id.
func processClock(pid int) (time.Duration, error) {
	const scheduler = 2
	var at unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &at); err != nil {
		return 0, fmt.Errorf("CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(at.Nano()), nil
}

// children are the processes that a process started and that have not ended.
func children(pid int) (pids []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is well formed
	for _, name := range lists {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // the thread has just ended
		}
		for _, word := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// ChildCPU is the CPU time, user and system, of the processes this one started
// and that have ended.
func ChildCPU() time.Duration { return usage(syscall.RUSAGE_CHILDREN) }

// SelfCPU is the CPU time of this process.
func SelfCPU() time.Duration { return usage(syscall.RUSAGE_SELF) }

func usage(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
