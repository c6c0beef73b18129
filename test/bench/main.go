// Command bench measures mews against brute force on corpora of benign files,
// through the public API of the real server, and holds every figure against its
// target. CPU time and bytes are the figures; wall time is shown only where a
// user waits.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/mewshq/mews/test/figures"
)

type settings struct {
	cache    string
	bytes    int64
	seed     uint64
	sets     []string
	growth   bool
	files    *figures.Files
	profiles string
}

func main() {
	s := settings{files: figures.FlagFiles("make bench")}
	flag.StringVar(&s.cache, "cache", ".cache/bench", "folder for corpora and data")
	flag.Int64Var(&s.bytes, "bytes", 1<<30, "size of each corpus")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of corpora, queries and rules")
	flag.BoolVar(&s.growth, "growth", true, "measure the growth curve too: a sixteenth, a quarter and all of the bytes")
	flag.StringVar(&s.profiles, "profile", "", "write CPU profiles of ingest, search and hunt to this folder, as text")
	only := flag.String("only", "", "measure one set: heavy or small")
	child := flag.String("step", "", "used by the bench itself: run one step alone")
	dir := flag.String("dir", "", "used by the bench itself: the step's folder")
	flag.Parse()
	s.sets = []string{"heavy", "small"}
	if *only != "" {
		s.sets = []string{*only}
	}
	figures.Main("bench", func(ctx context.Context) error {
		if *child != "" {
			return step(*child, *dir)
		}
		return run(ctx, s)
	})
}

func run(ctx context.Context, s settings) error {
	began := time.Now()
	cache, err := filepath.Abs(s.cache)
	if err != nil {
		return err
	}
	s.cache = cache
	corpora, err := build(ctx, s)
	if err != nil {
		return err
	}
	rep := &report{Seed: s.seed, Started: began.UTC().Truncate(time.Second)}
	if rep.Machine, err = measureMachine(corpora[0]); err != nil {
		return fmt.Errorf("machine: %w", err)
	}
	overhead, err := workerOverhead(ctx)
	if err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	met := overhead <= 50*time.Microsecond
	rep.Machine = append(rep.Machine, figures.Row{
		Key: "worker", Name: "a tiny file to the YARA worker and back", Unit: "us of CPU",
		Value: float64(overhead) / float64(time.Microsecond), Target: "<= 50", Met: &met,
	})
	wrong := 0
	for _, c := range corpora {
		r, err := measure(ctx, s, c)
		if err != nil {
			return fmt.Errorf("corpus %s: %w", c.name, err)
		}
		rep.Corpora = append(rep.Corpora, r)
		wrong += r.Wrong
	}
	rep.Took = time.Since(began).Seconds()
	if err := figures.Write(rep, *s.files); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d wrong answers: a search must never miss a match", wrong)
	}
	return nil
}

// note tells on standard error what is being done.
func (s settings) note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}

// Each purpose has its own stream of random numbers, so that a change to one
// does not shift the others.
const (
	purposeLiterals = iota + 1
	purposePatterns
	purposeRules
	purposeGrowth
	purposeGrowthProbes
)

func (s settings) source(purpose uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, purpose)) }
