package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/harness"
)

// A huntFigure compares one hunt with scanning everything by the same engine,
// and with the yara command where it is installed.
type huntFigure struct {
	name      string
	matches   int
	scanned   int64 // bytes that reached the engine
	cpu       time.Duration
	engineCPU time.Duration
	yaraCPU   time.Duration // 0: not installed
	refused   string
}

func (m *figures) hunt(ctx context.Context, srv *harness.Server, client *mews.Client, r rule) error {
	f := huntFigure{name: r.name}
	before, err := srv.Usage()
	if err != nil {
		return err
	}
	req := mews.HuntRequest{YARARule: r.source, Options: &mews.SearchOptions{Limit: maxResults}}
	meta, err := client.MalQuery().Hunt(ctx, req)
	if err != nil {
		f.refused = err.Error()
		m.hunts = append(m.hunts, f)
		return nil
	}
	env, err := client.MalQuery().Wait(ctx, meta.ReqID, nil)
	if err != nil {
		return err
	}
	after, err := srv.Usage()
	if err != nil {
		return err
	}
	f.cpu, f.matches = after.CPU-before.CPU, len(env.Resources)
	if env.Meta.Hunt != nil {
		f.scanned = env.Meta.Hunt.BytesScanned
	}
	truth, engineCPU, err := harness.ScanAll(ctx, m.corpus.files, r.source)
	if err != nil {
		return err
	}
	f.engineCPU = engineCPU
	found := map[string]bool{}
	for _, res := range env.Resources {
		found[res.SHA256] = true
	}
	for sha := range truth {
		m.pairs++
		if !found[sha] {
			m.falseNegatives++
			fmt.Fprintf(os.Stderr, "MISSED by hunt %q: %s\n", r.name, sha)
		}
	}
	if f.yaraCPU, err = yaraCommand(ctx, m.corpus, r.source); err != nil {
		return err
	}
	m.hunts = append(m.hunts, f)
	return nil
}

// yaraCommand scans the corpus with Debian's yara where it is installed.
func yaraCommand(ctx context.Context, c corpus, source string) (time.Duration, error) {
	bin, err := exec.LookPath("yara")
	if err != nil {
		return 0, nil
	}
	file := filepath.Join(os.TempDir(), fmt.Sprintf("mews-bench-%d.yar", os.Getpid()))
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		return 0, err
	}
	defer os.Remove(file)
	before := harness.ChildCPU()
	out, err := exec.CommandContext(ctx, bin, "-r", "-p", "1", "-w", file, c.dir).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("yara: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return harness.ChildCPU() - before, nil
}
