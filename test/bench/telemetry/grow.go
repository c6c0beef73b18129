package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

// serverArgs lift the rate limit, which is not what is measured.
var serverArgs = []string{"--limits-requests-per-minute", "100000000", "--log-level", "warn"}

// grow sends all events, and measures at a hundredth, a tenth and the whole of
// them.
func (r *report) grow(ctx context.Context, s settings) (err error) {
	f, err := newFeed(s, "lines", s.seed, s.fresh, s.events)
	if err != nil {
		return err
	}
	srv, err := harness.Start(ctx, harness.Options{Data: filepath.Join(s.cache, "data"), Args: serverArgs})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Stop()) }()
	done := 0
	var all sent
	for _, upTo := range []int{s.events / 100, s.events / 10, s.events} {
		if upTo == done {
			continue
		}
		part, err := r.step(ctx, s, f, srv, done, upTo)
		if err != nil {
			return fmt.Errorf("%d events: %w", upTo, err)
		}
		all.add(part)
		done = upTo
	}
	last := r.Sizes[len(r.Sizes)-1]
	last.Add("total_cpu", "CPU of the server over all events, merges included", "us/event", all.perEvent())
	if srv, err = r.restart(ctx, s, f, srv, last); err != nil {
		return err
	}
	return nil
}

// step sends the events up to a number of them, and asks.
func (r *report) step(ctx context.Context, s settings, f *feed, srv *harness.Server, from, upTo int) (sent, error) {
	note("%d events: write %d", upTo, upTo-from)
	batches, err := f.write(upTo-from, s.batch)
	if err != nil {
		return sent{}, err
	}
	note("%d events: send", upTo)
	client, err := srv.Client()
	if err != nil {
		return sent{}, err
	}
	defer client.Close()
	part, err := s.profiled(ctx, srv, batches, fmt.Sprintf("telemetry-ingest-%d", upTo))
	if err != nil {
		return part, err
	}
	at := &size{Events: upTo, Observables: batches[len(batches)-1].distinct}
	r.Sizes = append(r.Sizes, at)
	if err := at.ingested(srv, batches, part, upTo == s.events); err != nil {
		return part, err
	}
	for _, b := range batches {
		if err := os.Remove(b.file); err != nil {
			return part, err
		}
	}
	note("%d events: ask", upTo)
	a := &asker{sightings: client.Sightings(), stream: f.stream}
	err = a.ask(ctx, at, srv, f.truth.witnesses(), s.seed)
	r.Wrong = append(r.Wrong, a.wrong...)
	return part, err
}

// ingested adds what taking in the batches measured. Targets are those of the
// whole.
func (r *size) ingested(srv *harness.Server, batches []batch, part sent, last bool) error {
	raw, packed := int64(0), int64(0)
	for _, b := range batches {
		raw, packed = raw+b.raw, packed+b.bytes
	}
	use, err := srv.Usage()
	if err != nil {
		return err
	}
	disk := float64(harness.FolderSize(srv.Data))
	rate := r.Add
	if last {
		rate = func(key, name, unit string, value float64) { r.AtLeast(key, name, unit, value, 50_000) }
	}
	rate("rate", "ingest, until the last call is answered", "events/s", part.perSecond())
	r.Add("rest", "... then, until merges rest", "s", part.rest.Seconds())
	r.Add("cpu", "... CPU of the server, merges included", "us/event", part.perEvent())
	r.Add("line", "... bytes of a line, as the sensor writes it", "", float64(raw)/float64(part.events))
	r.Add("packed", "... and as it is sent, by zstd", "", float64(packed)/float64(part.events))
	r.Add("disk", "on disk, everything", "bytes/event", disk/float64(r.Events))
	r.Add("disk_observable", "on disk, everything", "bytes/observable", disk/float64(max(r.Observables, 1)))
	r.Add("rss", "memory while taking in (server, peak RSS)", "MB", float64(use.PeakRSS)/figures.MB)
	return nil
}

// restart asks a server that has just been started, whose memory holds nothing
// yet.
func (r *report) restart(ctx context.Context, s settings, f *feed, old *harness.Server, at *size) (*harness.Server, error) {
	note("%d events: ask after a new start", at.Events)
	if err := old.Stop(); err != nil {
		return old, err
	}
	srv, err := harness.Start(ctx, harness.Options{Data: old.Data, Args: serverArgs, ClientID: old.ClientID, ClientSecret: old.ClientSecret})
	if err != nil {
		return old, err
	}
	client, err := srv.Client()
	if err != nil {
		return srv, err
	}
	defer client.Close()
	stop := srv.ProfileInto(ctx, s.profiles, "telemetry-questions")
	cold := &size{}
	a := &asker{sightings: client.Sightings(), stream: f.stream}
	err = errors.Join(a.ask(ctx, cold, srv, f.truth.witnesses(), s.seed+1), stop())
	r.Wrong = append(r.Wrong, a.wrong...)
	if err != nil {
		return srv, err
	}
	for _, row := range cold.Rows {
		if row.Key == "count_p50" || row.Key == "count_p95" {
			at.Add("cold_"+row.Key, row.Name+", after a new start", row.Unit, row.Value)
		}
	}
	use, err := srv.Usage()
	at.Add("rss_ask", "memory while asked, after a new start (server, peak RSS)", "MB", float64(use.PeakRSS)/figures.MB)
	return srv, err
}
