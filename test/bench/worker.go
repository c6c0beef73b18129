package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/mewshq/mews/internal/yara"
	"github.com/mewshq/mews/test/harness"
)

// workerOverhead is the CPU time, on both sides of the pipe, of handing a tiny
// file to a warm worker and reading its verdict: what a candidate costs however
// small it is.
func workerOverhead(ctx context.Context) (time.Duration, error) {
	const files = 20_000
	source := ruleText("overhead", "$s0", `"a string that is in no file"`)
	scan := func(files int) (time.Duration, error) {
		before := harness.SelfCPU() + harness.ChildCPU()
		engine := yara.New(yara.Options{Path: harness.Worker(), Sandbox: yara.SandboxBestEffort, MaxWorkers: 1})
		defer engine.Close()
		rules, err := engine.Compile(ctx, "", source)
		if err != nil {
			return 0, err
		}
		pool, err := engine.Pool(ctx, "", source, rules, 1)
		if err != nil {
			return 0, err
		}
		open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(make([]byte, 64))), nil }
		batch := slices.Repeat([]yara.File{{Size: 64, Open: open}}, min(files, 64))
		for left := files; left > 0; left -= len(batch) {
			results, err := pool.ScanAll(ctx, batch[:min(left, len(batch))])
			if err != nil || results[0].Outcome != yara.NoMatch {
				pool.Close()
				return 0, fmt.Errorf("scan a tiny file: %v %w", results, err)
			}
		}
		pool.Close()
		_ = engine.Close() // waits for the processes, so that their time is counted
		return harness.SelfCPU() + harness.ChildCPU() - before, nil
	}
	start, err := scan(1)
	if err != nil {
		return 0, err
	}
	all, err := scan(files)
	return (all - start) / (files - 1), err
}
