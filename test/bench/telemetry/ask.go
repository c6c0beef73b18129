package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/demo/fleet"
	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

// A size is what one number of events measured.
type size struct {
	Events       int    `json:"events"`
	Observables  uint64 `json:"observables"`
	figures.Rows `json:"rows"`
}

// latencies are the times of questions of one kind, in milliseconds.
type latencies []float64

func (l latencies) add(r *size, key, name string, bound float64) {
	if len(l) == 0 {
		return
	}
	r.Add(key+"_p50", name+", p50", "ms", figures.Quantile(l, .5))
	if bound > 0 {
		r.AtMost(key+"_p95", name+", p95", "ms", figures.Quantile(l, .95), bound)
	} else {
		r.Add(key+"_p95", name+", p95", "ms", figures.Quantile(l, .95))
	}
}

// An asker asks questions and compares the answers with the truth.
type asker struct {
	sightings mews.SightingService
	stream    *fleet.Stream
	wrong     []string
}

func (a *asker) fail(o mews.Observable, format string, args ...any) {
	if len(a.wrong) < 20 {
		a.wrong = append(a.wrong, o.ID()+": "+fmt.Sprintf(format, args...))
	}
}

// ask puts every question once, one after the other.
func (a *asker) ask(ctx context.Context, r *size, srv *harness.Server, known []witness, seed uint64) error {
	all := slices.Concat(known, strangers(len(known)/10+1))
	rng := rand.New(rand.NewPCG(seed, 9))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	before, err := srv.Usage()
	if err != nil {
		return err
	}
	counts, lists, processes := latencies{}, latencies{}, latencies{}
	for i := range all {
		took, err := a.count(ctx, &all[i])
		if err != nil {
			return err
		}
		counts = append(counts, took)
	}
	after, err := srv.Usage()
	if err != nil {
		return err
	}
	for i := range all[:min(len(all), 300)] {
		devices, process, err := a.list(ctx, &all[i])
		if err != nil {
			return err
		}
		lists, processes = append(lists, devices...), append(processes, process...)
	}
	counts.add(r, "count", "devices-count", 10)
	r.Add("count_cpu", "devices-count, CPU of the server", "us", (after.CPU-before.CPU).Seconds()*1e6/float64(len(all)))
	lists.add(r, "devices", "devices, a page of 100", 0)
	processes.add(r, "processes", "processes on one host", 0)
	return nil
}

// count asks on how many hosts an observable was met.
func (a *asker) count(ctx context.Context, w *witness) (ms float64, err error) {
	began := time.Now()
	env, err := a.sightings.Count(ctx, w.observable)
	took := figures.MS(time.Since(began))
	if err != nil {
		return 0, fmt.Errorf("count of %s: %w", w.observable.ID(), err)
	}
	if got, want := int(env.Resources[0].DeviceCount), w.count(); got != want {
		a.fail(w.observable, "on %d hosts, want %d", got, want)
	}
	return took, nil
}

// mostCompared is up to how many hosts a list is compared with the truth.
const mostCompared = 2000

// list asks on which hosts an observable was met, and in which processes on one.
func (a *asker) list(ctx context.Context, w *witness) (devices, processes latencies, err error) {
	began := time.Now()
	env, err := a.sightings.Devices(ctx, mews.SightingQuery{Observable: w.observable, Limit: 100})
	if err != nil {
		return nil, nil, fmt.Errorf("devices of %s: %w", w.observable.ID(), err)
	}
	devices = latencies{figures.MS(time.Since(began))}
	if w.count() == 0 || w.count() > mostCompared {
		return devices, nil, nil
	}
	got := []string{}
	for id, err := range a.sightings.AllDevices(ctx, mews.SightingQuery{Observable: w.observable}) {
		if err != nil {
			return nil, nil, err
		}
		got = append(got, id)
	}
	slices.Sort(got)
	if want := w.ids(a.stream); !slices.Equal(got, want) {
		a.fail(w.observable, "its %d hosts are not the %d they should be", len(got), len(want))
		return devices, nil, nil
	}
	began = time.Now()
	ids, err := a.sightings.Processes(ctx, mews.SightingQuery{Observable: w.observable, DeviceID: env.Resources[0]})
	if err != nil {
		return nil, nil, fmt.Errorf("processes of %s: %w", w.observable.ID(), err)
	}
	if len(ids.Resources) == 0 {
		a.fail(w.observable, "no process on %s", env.Resources[0])
	}
	return devices, latencies{figures.MS(time.Since(began))}, nil
}
