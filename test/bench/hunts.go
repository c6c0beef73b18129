package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

// A huntFigure compares one hunt with scanning everything: by the same engine,
// and by Debian's yara where it is installed (else 0).
type huntFigure struct {
	Name    string  `json:"name"`
	Rule    string  `json:"rule"`
	Matches int     `json:"matches"`
	Bytes   int64   `json:"bytes"`        // decompressed
	Engine  int64   `json:"engine_bytes"` // of them scanned
	MS      float64 `json:"ms"`           // the first run's wall time
	CPU     float64 `json:"cpu_ms"`       // server and workers, mean of several runs
	Scan    float64 `json:"engine_all_cpu_ms"`
	Yara    float64 `json:"yara_all_cpu_ms"`
}

// A hunt runs several times, because the kernel tells the CPU time of ended
// workers in steps of 10 ms.
const (
	huntRuns = 10
	huntCPU  = 2 * time.Second // in all; enough to tell
)

func (t *tester) hunts(ctx context.Context, rules []*rule) (all []huntFigure, err error) {
	for _, r := range rules {
		f, err := t.oneHunt(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("hunt %q: %w", r.name, err)
		}
		all = append(all, f)
	}
	return all, nil
}

func (t *tester) oneHunt(ctx context.Context, r *rule) (huntFigure, error) {
	f := huntFigure{Name: r.name, Rule: r.source}
	var spent time.Duration
	runs := 0
	for ; runs < huntRuns && spent < huntCPU; runs++ {
		var a answer
		err := spend(t.srv, &spent, func() (err error) {
			// A comment of its own makes each run another text: nothing is remembered.
			a, err = t.hunt(ctx, fmt.Sprintf("%s// run %d\n", r.source, runs))
			return err
		})
		if err != nil {
			return f, err
		}
		if runs == 0 {
			f.Matches, f.Bytes, f.Engine, f.MS = len(a.sha256), a.bytes, a.engine, a.ms
			if err := t.huntTruth(ctx, &f, a); err != nil {
				return f, err
			}
		}
	}
	f.CPU = figures.MS(spent) / float64(runs)
	return f, nil
}

// huntTruth scans everything by both engines and compares the answers.
func (t *tester) huntTruth(ctx context.Context, f *huntFigure, a answer) error {
	truth, cpu, err := harness.ScanAll(ctx, t.corpus.files, f.Rule)
	if err != nil {
		return err
	}
	f.Scan = figures.MS(cpu)
	var want []string
	for sha := range truth {
		want = append(want, sha)
	}
	t.compare(fmt.Sprintf("hunt %q", f.Name), a, want, false)
	seen, cpu, err := yaraCommand(ctx, t.corpus, f.Rule)
	if err != nil || cpu == 0 {
		return err
	}
	f.Yara = figures.MS(cpu)
	t.compare(fmt.Sprintf("hunt %q against yara", f.Name), a, seen, false)
	return nil
}

// yaraCommand scans the corpus with Debian's yara where it is installed, and
// gives the hashes of the files it names.
func yaraCommand(ctx context.Context, c *corpus, source string) (sha []string, cpu time.Duration, err error) {
	bin, err := exec.LookPath("yara")
	if err != nil {
		return nil, 0, nil
	}
	file := filepath.Join(os.TempDir(), fmt.Sprintf("mews-bench-%d.yar", os.Getpid()))
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		return nil, 0, err
	}
	defer os.Remove(file)
	before := harness.ChildCPU()
	var complaints strings.Builder
	cmd := exec.CommandContext(ctx, bin, "-r", "-p", "1", "-w", file, c.dir)
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, 0, fmt.Errorf("yara: %w: %s", err, strings.TrimSpace(complaints.String()))
	}
	cpu = harness.ChildCPU() - before
	for line := range strings.Lines(string(out)) {
		_, name, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ") // rule, then file
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, 0, err
		}
		sum := sha256.Sum256(data)
		sha = append(sha, hex.EncodeToString(sum[:]))
	}
	return sha, cpu, nil
}
