// Command write puts a generated stream of telemetry into a file, to try a
// server with: go run ./test/telemetry/write -events 100000 > events.ndjson
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/mewshq/mews/internal/demo/fleet"
)

func main() {
	o := fleet.Options{}
	events := flag.Int("events", 100_000, "lines to write")
	last := flag.Duration("last", 24*time.Hour, "the time that the events are spread over, up to now")
	flag.Uint64Var(&o.Seed, "seed", 1, "seed of the stream")
	flag.IntVar(&o.Hosts, "hosts", 100, "hosts of the fleet")
	flag.BoolVar(&o.ECS, "ecs", false, "lines of ECS instead of Falcon Data Replicator")
	flag.Float64Var(&o.Fresh, "fresh", .02, "share of what is met that nobody has met before")
	flag.Parse()
	o.Start, o.Step = time.Now().Add(-*last), *last/time.Duration(max(*events, 1))
	if err := write(o, *events); err != nil {
		fmt.Fprintln(os.Stderr, "write telemetry:", err)
		os.Exit(1)
	}
}

func write(o fleet.Options, events int) error {
	s, out := fleet.New(o), bufio.NewWriter(os.Stdout)
	for range events {
		if _, err := out.Write(append(s.Next().Line, '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}
