package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/mewshq/mews/test/harness"
)

// profile records a phase, if profiles are wanted, until the function it gives
// back is called: that one writes the functions which took the most time.
func (s settings) profile(ctx context.Context, srv *harness.Server, name string) (stop func() error) {
	if s.profiles == "" {
		return func() error { return nil }
	}
	end := srv.Profile(ctx)
	return func() error {
		raw, err := end()
		if err != nil {
			return err
		}
		file := filepath.Join(s.cache, name+".pprof")
		if err := errors.Join(os.WriteFile(file, raw, 0o600), os.MkdirAll(s.profiles, 0o755)); err != nil {
			return err
		}
		defer os.Remove(file)
		text, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=60", file).Output()
		if err != nil {
			return fmt.Errorf("read profile %s: %w", name, err)
		}
		return os.WriteFile(filepath.Join(s.profiles, name+".txt"), text, 0o644)
	}
}
