package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

// usualFresh is the share of new things in the telemetry of a usual fleet.
const usualFresh = .02

// indicators measures what active indicators cost at ingest: the same batches go
// to two servers in turn, of which one has the indicators.
func (r *report) indicators(ctx context.Context, s settings) (err error) {
	note("indicators: write 2 x %d events", s.slice)
	f, err := newFeed(s, "slices", s.seed+1, usualFresh, 2*s.slice)
	if err != nil {
		return err
	}
	all, err := f.write(2*s.slice, min(s.batch, max(s.slice/4, 1)))
	if err != nil {
		return err
	}
	plain, err := harness.Start(ctx, harness.Options{Data: filepath.Join(s.cache, "plain"), Args: serverArgs})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plain.Stop()) }()
	watching, err := harness.Start(ctx, harness.Options{Data: filepath.Join(s.cache, "watching"), Args: serverArgs})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watching.Stop()) }()
	hits, err := r.load(ctx, s, watching, f.truth.witnesses())
	if err != nil {
		return err
	}
	without, with, err := compare(ctx, s, plain, watching, all)
	if err != nil {
		return err
	}
	if with.matches != hits {
		r.Wrong = append(r.Wrong, fmt.Sprintf("%d sightings of indicators, want %d", with.matches, hits))
	}
	use, err := watching.Usage()
	if err != nil {
		return err
	}
	disk := float64(harness.FolderSize(plain.Data))
	r.Indicators.Add("usual_rate", fmt.Sprintf("ingest of a usual fleet (%.0f %% of what is met is new)", usualFresh*100), "events/s", without.perSecond())
	r.Indicators.Add("usual_cpu", "... CPU of the server, merges included", "us/event", without.perEvent())
	r.Indicators.Add("usual_disk", "... on disk, everything", "bytes/event", disk/float64(without.events))
	r.Indicators.Add("watched_cpu", fmt.Sprintf("the same with %d active indicators: CPU of the server", s.iocs), "us/event", with.perEvent())
	r.Indicators.AtMost("slowdown", "... more CPU than without", "%", 100*(with.perEvent()/without.perEvent()-1), 10)
	r.Indicators.Add("slowdown_wall", "... more wall time than without", "%", 100*(without.perSecond()/with.perSecond()-1))
	r.Indicators.Add("hits", "... sightings of indicators among them", "", float64(with.matches))
	r.Indicators.Add("watched_rss", "... memory (server, peak RSS)", "MB", float64(use.PeakRSS)/figures.MB)
	return nil
}

// compare sends two halves of the batches to either server, in an order that
// gives both the same place on average. The first batch is not counted: the
// server reads the indicators into memory when it first needs them.
func compare(ctx context.Context, s settings, plain, watching *harness.Server, all []batch) (without, with sent, err error) {
	half := len(all)/2 + 1
	turns := []struct {
		srv     *harness.Server
		batches []batch
		sum     *sent
	}{
		{plain, all[:1], nil},
		{watching, all[:1], nil},
		{plain, all[1:half], &without},
		{watching, all[1:half], &with},
		{watching, all[half:], &with},
		{plain, all[half:], &without},
	}
	for i, turn := range turns {
		note("indicators: send %d of %d", i+1, len(turns))
		part, err := s.profiled(ctx, turn.srv, turn.batches, fmt.Sprintf("telemetry-indicators-%d", i+1))
		if err != nil {
			return without, with, err
		}
		if turn.sum == nil {
			with.matches += part.matches
			continue
		}
		turn.sum.add(part)
	}
	return without, with, nil
}

// profiled sends batches and records where the server's time goes.
func (s settings) profiled(ctx context.Context, srv *harness.Server, batches []batch, name string) (sent, error) {
	client, err := srv.Client()
	if err != nil {
		return sent{}, err
	}
	stop := srv.ProfileInto(ctx, s.profiles, name)
	part, err := send(ctx, srv, client, batches, s.clients)
	return part, errors.Join(err, stop(), client.Close())
}

// Of the indicators so many are met, each in fewer events than that: hits are
// rare, and what is measured is to find that there is none.
const (
	mostHits = 50
	rareHit  = 10
)

// load creates the indicators: some that a few events will meet, which it
// counts, and otherwise such that none will.
func (r *report) load(ctx context.Context, s settings, srv *harness.Server, known []witness) (hits int, err error) {
	note("indicators: create %d", s.iocs)
	client, err := srv.Client()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	var met []mews.Observable
	for _, w := range known {
		if w.events < rareHit && len(met) < min(mostHits, s.iocs) {
			met = append(met, w.observable)
			hits += w.events
		}
	}
	began := time.Now()
	for from := 0; from < s.iocs; from += mews.MaxIndicators {
		var some mews.IndicatorCreates
		for n := from; n < min(from+mews.MaxIndicators, s.iocs); n++ {
			o := unmet(n)
			if n < len(met) {
				o = met[n]
			}
			some.Indicators = append(some.Indicators, indicator(o))
		}
		if _, err := client.IOCs().Create(ctx, some); err != nil {
			return hits, fmt.Errorf("create indicators: %w", err)
		}
	}
	r.Indicators.Add("create", fmt.Sprintf("indicators created, %d a call", mews.MaxIndicators), "1/s", float64(s.iocs)/time.Since(began).Seconds())
	use, err := srv.Usage()
	if err != nil {
		return hits, err
	}
	r.Indicators.Add("create_cpu", "... CPU of the server", "us each", use.CPU.Seconds()*1e6/float64(s.iocs))
	return hits, awaitRest(ctx, srv)
}

func indicator(o mews.Observable) mews.IndicatorCreate {
	everywhere := true
	return mews.IndicatorCreate{
		Type: o.Type, Value: o.Value, Action: mews.IndicatorDetect, Severity: mews.SeverityHigh,
		Platforms: mews.List{mews.PlatformWindows, mews.PlatformLinux}, AppliedGlobally: &everywhere,
	}
}

// unmet makes observable number n that no event meets.
func unmet(n int) mews.Observable {
	switch n % 10 {
	case 0, 1, 2:
		return mews.Observable{Type: mews.TypeDomain, Value: fmt.Sprintf("listed-%d.example.net", n)}
	case 3, 4:
		return mews.Observable{Type: mews.TypeIPv4, Value: fmt.Sprintf("203.%d.%d.%d", n>>16&255, n>>8&255, n&255)}
	}
	return mews.Observable{Type: mews.TypeSHA256, Value: fmt.Sprintf("%064x", uint64(n)*0x9E3779B97F4A7C15)}
}
