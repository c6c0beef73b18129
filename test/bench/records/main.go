// Command records measures how collections of records answer as they grow:
// filters, pages, aggregates and acts over generated quarantine records, asked
// through the public API of the real server. Every answer is compared with an
// evaluation over the records in memory.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mewshq/mews/test/figures"
)

type settings struct {
	cache    string
	records  int
	growth   bool
	seed     uint64
	repeats  int
	profiles string
	only     string
	keep     bool
	with     string
}

func main() {
	var s settings
	files := figures.FlagFiles("make bench-records")
	flag.StringVar(&s.cache, "cache", ".cache/bench", "folder for data")
	flag.IntVar(&s.records, "records", 1_000_000, "records at the end")
	flag.BoolVar(&s.growth, "growth", true, "measure a hundredth and a tenth of the records too")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of the records")
	flag.IntVar(&s.repeats, "repeats", 5, "how often each query is measured")
	flag.StringVar(&s.profiles, "profile", "", "write CPU profiles of import, queries and acts to this folder, as text")
	flag.StringVar(&s.only, "only", "", "ask only queries whose class or name holds this text; then nothing is changed")
	flag.BoolVar(&s.keep, "keep", false, "leave the data folders, and use those that were left; nothing is changed")
	flag.StringVar(&s.with, "with", "", "show the sizes that an earlier run wrote to this file with -json before those of this one")
	flag.Parse()
	figures.Main("bench records", func(ctx context.Context) error { return run(ctx, s, *files) })
}

func run(ctx context.Context, s settings, files figures.Files) (err error) {
	began := time.Now()
	if s.cache, err = filepath.Abs(s.cache); err != nil {
		return err
	}
	sizes := []int{s.records}
	if s.growth {
		sizes = []int{s.records / 100, s.records / 10, s.records}
	}
	rep := &report{Seed: s.seed, Started: began.UTC().Truncate(time.Second), Repeats: s.repeats}
	if rep.Sizes, err = earlier(s.with); err != nil {
		return err
	}
	w := newWorld(s.seed)
	for _, n := range sizes {
		w.grow(n)
		r, err := measure(ctx, s, newTruth(w))
		if err != nil {
			return fmt.Errorf("%d records: %w", n, err)
		}
		rep.Sizes = append(rep.Sizes, r)
	}
	rep.Took = time.Since(began).Seconds()
	if err := figures.Write(rep, files); err != nil {
		return err
	}
	if i := slices.IndexFunc(rep.Sizes, func(r *sizeReport) bool { return len(r.Wrong) > 0 }); i >= 0 {
		return errors.New("wrong answers")
	}
	return nil
}

// earlier gives the sizes that another run measured.
func earlier(file string) ([]*sizeReport, error) {
	if file == "" {
		return nil, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r report
	err = json.Unmarshal(text, &r)
	return r.Sizes, err
}

// note tells on standard error what is being done.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}
