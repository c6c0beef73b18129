package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
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
	engine := yara.New(yara.Options{Path: harness.Worker(), Sandbox: yara.SandboxBestEffort, MaxWorkers: 1})
	rules, err := engine.Compile(ctx, source)
	if err != nil {
		return 0, err
	}
	scan := func(files int) (time.Duration, error) {
		before := harness.SelfCPU() + harness.ChildCPU()
		pool, err := engine.Pool(ctx, source, rules, 1)
		if err != nil {
			return 0, err
		}
		content := make([]byte, 64)
		for range files {
			v, err := pool.Scan(ctx, int64(len(content)), func() (io.Reader, error) { return bytes.NewReader(content), nil })
			if err != nil || v.Outcome != yara.NoMatch {
				pool.Close()
				return 0, fmt.Errorf("scan a tiny file: %v %w", v, err)
			}
		}
		pool.Close() // waits for the process, so that its time is counted
		return harness.SelfCPU() + harness.ChildCPU() - before, nil
	}
	start, err := scan(1)
	if err != nil {
		return 0, err
	}
	all, err := scan(files)
	return (all - start) / (files - 1), err
}
