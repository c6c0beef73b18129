package harness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/mewshq/mews/internal/yara"
)

// ScanAll runs the rule engine over every file, without any index: the plain
// truth about a hunt, and its price. matched holds the SHA-256 of each file
// with a match; cpu is the CPU time of the scanning process alone.
func ScanAll(ctx context.Context, files []string, source string) (matched map[string]bool, cpu time.Duration, err error) {
	engine := yara.New(yara.Options{Path: Worker(), Sandbox: yara.SandboxBestEffort, MaxWorkers: 1, File: time.Minute, MaxFile: 256 << 20})
	rules, err := engine.Compile(ctx, "", source)
	if err != nil {
		return nil, 0, fmt.Errorf("compile: %w", err)
	}
	pool, err := engine.Pool(ctx, "", source, rules, 1)
	if err != nil {
		return nil, 0, err
	}
	before := ChildCPU()
	matched = map[string]bool{}
	for _, name := range files {
		sha, hit, err := scanFile(ctx, pool, name)
		if err != nil {
			pool.Close()
			return nil, 0, fmt.Errorf("scan %s: %w", name, err)
		}
		if hit {
			matched[sha] = true
		}
	}
	pool.Close()
	_ = engine.Close() // waits for the processes, so that their time is counted
	return matched, ChildCPU() - before, nil
}

// Worker is the path of mews-yara that tests run.
func Worker() string {
	if path := os.Getenv("MEWS_YARA_WORKER"); path != "" {
		return path
	}
	return filepath.Join(filepath.Dir(Binary()), "mews-yara")
}

func scanFile(ctx context.Context, pool *yara.Pool, name string) (sha string, hit bool, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", false, err
	}
	sum := sha256.New()
	verdict, err := pool.Scan(ctx, info.Size(), func() (io.Reader, error) {
		sum.Reset()
		_, err := f.Seek(0, io.SeekStart)
		return io.TeeReader(f, sum), err
	})
	return hex.EncodeToString(sum.Sum(nil)), verdict.Outcome == yara.Match, err
}
