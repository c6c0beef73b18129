// Package vfstest breaks file systems under what claims to be durable.
package vfstest

import (
	"math/rand/v2"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/mewshq/mews/internal/vfs"
)

// A Scenario is something durable at work on a file system.
type Scenario struct {
	// Run works until it is done, or until a client is told of a failure.
	Run func(rng *rand.Rand) error
	// Crash cuts the power, with this share of what was not synced kept, and
	// compares what is left with what was acknowledged.
	Crash func(rng *rand.Rand, percent int) error
	Close func() error
}

// FailCalls runs a scenario again and again, each time on a new file system of
// which another call fails: the first, and then every step-th until a run ends
// without reaching it. Whichever it is, no success may be claimed that a power
// cut would take back.
func FailCalls(t testing.TB, seed uint64, step int, kept []int, start func(mem *vfs.Mem) (Scenario, error)) {
	t.Helper()
	injected, refused := 0, 0
	for n := 1; ; n += step {
		reached, err := failCall(t, seed, n, kept, start)
		if !reached {
			break
		}
		injected++
		if err != nil {
			refused++
		}
	}
	t.Logf("%d failed calls, %d of them told to the client, 0 false acknowledgements", injected, refused)
	if refused < injected/4 {
		t.Error("hardly any failure mattered")
	}
}

// failCall is one run, in which call n fails.
func failCall(t testing.TB, seed uint64, n int, kept []int, start func(mem *vfs.Mem) (Scenario, error)) (reached bool, told error) {
	t.Helper()
	mem := vfs.NewMem()
	s, err := start(mem)
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Int64
	mem.Hook(func(vfs.Op, string) error {
		if calls.Add(1) == int64(n) {
			return syscall.EIO
		}
		return nil
	})
	told = s.Run(rand.New(rand.NewPCG(seed, 2)))
	mem.Hook(nil)
	for _, percent := range kept {
		if err := s.Crash(rand.New(rand.NewPCG(seed, uint64(n))), percent); err != nil {
			t.Fatalf("seed=%d, call %d failed, %d%% kept: %v", seed, n, percent, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return calls.Load() >= int64(n), told
}
