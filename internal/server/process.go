package server

import (
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
)

// memoryGoal is where the collector starts to work harder. It lies above what the
// bounded buffers of indexing and searching add up to. Below it the heap may grow
// by heapGrowth percent between collections, which cost next to nothing here: most
// memory is in buffers without pointers.
const (
	memoryGoal = 224 << 20
	heapGrowth = 80
)

// hardenProcess bounds memory, keeps new files from other users, and forbids
// core dumps: they would be plaintext samples and keys on a disk. GOMEMLIMIT and
// GOGC, when set, are the operator's word.
func hardenProcess() error {
	syscall.Umask(0o077)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	return nil
}
