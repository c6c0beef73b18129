package server

import (
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
)

// memoryGoal is where the collector starts to work harder. It lies well above
// what the bounded buffers of indexing and searching add up to.
const memoryGoal = 384 << 20

// hardenProcess bounds memory, keeps new files from other users, and forbids
// core dumps: they would be plaintext samples and keys on a disk. GOMEMLIMIT,
// when set, is the operator's word.
func hardenProcess() error {
	syscall.Umask(0o077)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	return nil
}
