package sighting

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/sstable"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// A stream makes events of many hosts: popular files and names, and rare ones.
type stream struct {
	rng   *rand.Rand
	files *rand.Zipf
	hosts int
	next  int // process
}

func newStream(hosts, observables int) *stream {
	rng := rand.New(rand.NewPCG(1, 2))
	return &stream{rng: rng, files: rand.NewZipf(rng, 1.2, 4, uint64(observables-1)), hosts: hosts}
}

func (s *stream) batch(lines int) (all []string) {
	for len(all) < lines {
		host, at := s.rng.IntN(s.hosts), s.next/100
		s.next++
		file := int(s.files.Uint64())
		all = append(all, started(host, s.next, file, at))
		for range 2 {
			all = append(all, asked(host, s.next, fmt.Sprintf("host-%d.example.com", s.files.Uint64()), at))
		}
		all = append(all, ended(host, s.next, at))
	}
	return all[:lines]
}

// cpu is the time that all threads of the process have used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	must(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIngest takes events in and merges on the way, as a server does.
func BenchmarkIngest(b *testing.B) {
	for _, lines := range []int{50, 1_000, 20_000} {
		b.Run(fmt.Sprintf("%d lines a call", lines), func(b *testing.B) {
			w := newWorld(b)
			s := newStream(10_000, 10_000_000)
			events, merging := 0, time.Duration(0)
			b.ResetTimer()
			var spent time.Duration
			for events < b.N {
				b.StopTimer()
				all := s.batch(lines)
				b.StartTimer()
				before := cpu(b)
				w.ingest(b, all...)
				taken := cpu(b)
				must(b, w.mergeAll(ctx, 0, w.limits.MaxRun))
				merging += cpu(b) - taken
				spent += taken - before
				events += lines
			}
			v := w.view(me.CID)
			defer v.release()
			var bytes int64
			for _, r := range v.runs {
				bytes += r.bytes
			}
			b.ReportMetric(float64(spent.Nanoseconds())/float64(events), "take-ns/event")
			b.ReportMetric(float64(merging.Nanoseconds())/float64(events), "merge-ns/event")
			b.ReportMetric(float64(bytes)/float64(events), "B/event")
			b.ReportMetric(float64(len(v.runs)), "runs")
		})
	}
}

// BenchmarkParts tells where the time of a call goes.
func BenchmarkParts(b *testing.B) {
	const lines = 20_000
	w := newWorld(b)
	all := newStream(10_000, 10_000_000).batch(lines)
	parse := func(b *testing.B, take func(*telemetry.Event)) {
		parser, err := telemetry.NewParser(telemetry.FDR, w.now)
		must(b, err)
		for _, line := range all {
			events, err := parser.Parse([]byte(line))
			must(b, err)
			for i := range events {
				take(&events[i])
			}
		}
	}
	id := (&reading{s: w.Service, cid: me.CID}).hostID
	rollUp := func(b *testing.B) *rollup {
		r := newRollup()
		parse(b, func(ev *telemetry.Event) { r.add(ev, id) })
		return r
	}
	per := func(b *testing.B) { b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*lines), "ns/event") }
	b.Run("parse", func(b *testing.B) {
		for range b.N {
			parse(b, func(*telemetry.Event) {})
		}
		per(b)
	})
	b.Run("parse, roll up", func(b *testing.B) {
		for range b.N {
			rollUp(b)
		}
		per(b)
	})
	b.Run("sort", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			r := rollUp(b)
			numbers, err := w.hosts.Numbers(ctx, me.CID, r.aids())
			must(b, err)
			b.StartTimer()
			r.sort(numbers)
		}
		per(b)
	})
	b.Run("write", func(b *testing.B) {
		r := rollUp(b)
		numbers, err := w.hosts.Numbers(ctx, me.CID, r.aids())
		must(b, err)
		batch := r.sort(numbers)
		b.ResetTimer()
		for range b.N {
			made, err := w.writeRun(ctx, me.CID, 1, batch.write)
			must(b, err)
			b.ReportMetric(float64(made.bytes)/lines, "B/event")
			w.abandon(made)
		}
		per(b)
	})
}

var observablesFlag = flag.Int("observables", 100_000, "different observables of BenchmarkCount; each is met thrice")

// fill writes and merges runs as calls do, without lines.
func (w *world) fill(b *testing.B, observables, hosts int) {
	const perRun = 300_000
	rng := rand.New(rand.NewPCG(3, 4))
	popular := rand.NewZipf(rng, 1.1, 8, uint64(observables-1))
	for from := 0; from < observables; from += perRun / 3 {
		r := newRollup()
		for i := range perRun {
			file := from + i%(perRun/3) // each is met by somebody
			if i%3 > 0 {
				file = int(popular.Uint64())
			}
			o, err := observable.Parse("sha256", sha(file))
			must(b, err)
			ev := telemetry.Event{
				Time: epoch.UnixMicro() + int64(from), Host: telemetry.Host{AID: aid(rng.IntN(hosts))},
				Process: telemetry.Process{ID: rng.Uint64()}, Seen: []telemetry.Sighting{{Observable: o, Kind: telemetry.Exec}},
			}
			r.add(&ev, func(h telemetry.Host) (string, bool) { return h.AID, true })
		}
		numbers, err := w.hosts.Numbers(ctx, me.CID, r.aids())
		must(b, err)
		batch := r.sort(numbers)
		made, err := w.writeRun(ctx, me.CID, sstable.S2, batch.write)
		must(b, err)
		must(b, w.db.Write(ctx, func(tx *store.Tx) error {
			tx.OnCommit(func() { w.swap(me.CID, made, nil) })
			return insertRun(tx, made.runRow)
		}))
		must(b, w.mergeAll(ctx, 0, w.limits.MaxRun))
	}
}

// BenchmarkCount asks on how many hosts popular and rare files are.
func BenchmarkCount(b *testing.B) {
	w := newWorld(b)
	w.fill(b, *observablesFlag, 10_000)
	for _, q := range []struct {
		name string
		draw func() int
	}{
		{"most popular", func() int { return 0 }},
		{"popular", func() int { return rand.IntN(100) }},
		{"any", func() int { return rand.IntN(*observablesFlag) }},
		{"unknown", func() int { return *observablesFlag + rand.IntN(1<<30) }},
	} {
		b.Run(q.name, func(b *testing.B) {
			before, devices := cpu(b), 0
			for range b.N {
				devices += w.count(b, file(q.draw()))
			}
			b.ReportMetric(float64((cpu(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(devices)/float64(b.N), "devices")
		})
	}
}
