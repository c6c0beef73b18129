// Command bench measures mews against brute force on corpora of benign files,
// through the public API of the real server, and prints one table. CPU time
// and bytes are the figures; wall time is shown only where a user waits.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
)

type settings struct {
	cache string
	bytes int64
	seed  uint64
	sets  []string
}

func main() {
	var s settings
	flag.StringVar(&s.cache, "cache", ".cache/bench", "folder for corpora and data")
	flag.Int64Var(&s.bytes, "bytes", 1<<30, "size of each corpus")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of corpora, queries and rules")
	only := flag.String("only", "", "measure one set: heavy or small")
	flag.Parse()
	s.sets = []string{"heavy", "small"}
	if *only != "" {
		s.sets = []string{*only}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings) error {
	corpora, err := build(ctx, s)
	if err != nil {
		return err
	}
	fmt.Printf("mews bench  seed=%d  MB = 10^6 bytes\n", s.seed)
	missed := 0
	for _, c := range corpora {
		m, err := measure(ctx, s, c)
		if err != nil {
			return fmt.Errorf("corpus %s: %w", c.name, err)
		}
		m.print(os.Stdout)
		missed += m.falseNegatives
	}
	if missed > 0 {
		return fmt.Errorf("%d files were missed: a search must never miss a match", missed)
	}
	return nil
}

// A corpus is a folder of files on disk.
type corpus struct {
	name  string
	dir   string
	files []string
	bytes int64
}

// build makes the corpora that are not there yet.
func build(ctx context.Context, s settings) ([]corpus, error) {
	dir := filepath.Join(s.cache, fmt.Sprintf("corpora-%d-%d", s.bytes, s.seed))
	if _, err := os.Stat(filepath.Join(dir, "complete")); err != nil {
		cmd := exec.CommandContext(ctx, "go", "run", "./test/corpus/build", "-out", dir,
			"-unpacked", filepath.Join(s.cache, "packages"),
			"-bytes", strconv.FormatInt(s.bytes, 10), "-seed", strconv.FormatUint(s.seed, 10))
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("build corpora: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "complete"), nil, 0o600); err != nil {
			return nil, err
		}
	}
	var corpora []corpus
	for _, name := range s.sets {
		c := corpus{name: name, dir: filepath.Join(dir, name)}
		err := filepath.WalkDir(c.dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			c.files = append(c.files, path)
			c.bytes += info.Size()
			return nil
		})
		if err != nil {
			return nil, err
		}
		corpora = append(corpora, c)
	}
	return corpora, nil
}

// source gives each purpose its own stream of random numbers, so that a change
// to one does not shift the others.
func (s settings) source(purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, purpose)) }
