// Command telemetry measures how telemetry is taken in and how sightings are
// answered: a generated fleet's events go through the public API of the real
// server, which is then asked who met what. Answers are compared with what the
// generator knows.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mewshq/mews/test/figures"
)

type settings struct {
	cache    string
	events   int
	hosts    int
	fresh    float64
	batch    int
	clients  int
	samples  int
	iocs     int
	slice    int
	seed     uint64
	profiles string
	keep     bool
}

func main() {
	var s settings
	files := figures.FlagFiles("make bench-telemetry")
	flag.StringVar(&s.cache, "cache", ".cache/bench", "folder for data")
	flag.IntVar(&s.events, "events", 10_000_000, "events at the end")
	flag.IntVar(&s.hosts, "hosts", 10_000, "hosts of the fleet")
	flag.Float64Var(&s.fresh, "fresh", .5, "share of what is met that nobody has met before; .5 gives about as many observables as events")
	flag.IntVar(&s.batch, "batch", 50_000, "lines of one call")
	flag.IntVar(&s.clients, "clients", 2, "calls at the same time")
	flag.IntVar(&s.samples, "samples", 3000, "observables that are asked for")
	flag.IntVar(&s.iocs, "iocs", 1_000_000, "active indicators while their cost is measured; 0: it is not")
	flag.IntVar(&s.slice, "slice", 500_000, "events of one of the four measurements of that cost")
	flag.Uint64Var(&s.seed, "seed", 1, "seed of the events")
	flag.StringVar(&s.profiles, "profile", "", "write CPU profiles of ingest and questions to this folder, as text")
	flag.BoolVar(&s.keep, "keep", false, "leave the data folders")
	flag.Parse()
	figures.Main("bench telemetry", func(ctx context.Context) error { return run(ctx, s, *files) })
}

func run(ctx context.Context, s settings, files figures.Files) (err error) {
	began := time.Now()
	if s.cache, err = filepath.Abs(s.cache); err != nil {
		return err
	}
	s.cache = filepath.Join(s.cache, fmt.Sprintf("telemetry-%d", s.seed))
	if err := errors.Join(os.RemoveAll(s.cache), os.MkdirAll(s.cache, 0o755)); err != nil {
		return err
	}
	if !s.keep {
		defer func() { err = errors.Join(err, os.RemoveAll(s.cache)) }()
	}
	note("needs up to %.1f GB below %s", s.room(), s.cache)
	rep := &report{Seed: s.seed, Started: began.UTC().Truncate(time.Second), Events: s.events, Hosts: s.hosts, Batch: s.batch, Clients: s.clients}
	if err := rep.grow(ctx, s); err != nil {
		return err
	}
	if s.iocs > 0 {
		if err := rep.indicators(ctx, s); err != nil {
			return err
		}
	}
	rep.Took = time.Since(began).Seconds()
	if err := figures.Write(rep, files); err != nil {
		return err
	}
	if len(rep.Wrong) > 0 {
		return errors.New("wrong answers")
	}
	return nil
}

// room is how much disk a run takes, in GB, by what runs have taken: packed
// lines and twice the tables, while they are merged.
func (s settings) room() float64 {
	return float64(s.events+2*s.slice)*800/1e9 + float64(s.iocs)*1500/1e9 + .1
}

// note tells on standard error what is being done.
func note(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  "+format+"\n", append([]any{time.Now().Format("15:04:05")}, args...)...)
}
