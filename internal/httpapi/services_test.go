package httpapi

import (
	"context"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/detection"
	"github.com/mewshq/mews/internal/facts"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/hunt"
	"github.com/mewshq/mews/internal/intel"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/quarantine"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/vuln"
	"github.com/mewshq/mews/internal/yara"
)

// services adds everything behind the API, with jobs that run. Unless the
// harness names a rule scanner there is none: hunts answer that they are
// unavailable, and everything else works.
func (h *harness) services(t testing.TB, deps *Deps, keys *blob.Keyring, engine *search.Engine) {
	t.Helper()
	jobs := job.New(h.db, job.Options{})
	scanner := yara.New(h.scanner)
	t.Cleanup(func() { must(t, scanner.Close()) })
	deps.Hunts = hunt.New(hunt.Deps{
		DB: h.db, Jobs: jobs, Samples: deps.Samples, Search: engine, Yara: scanner, Keys: keys, Log: deps.Log,
		Facts:  facts.New(facts.Deps{DB: h.db, Search: engine, Yara: scanner, Keys: keys}),
		Limits: h.limits,
	})
	var err error
	deps.Hosts, err = host.New(host.Deps{DB: h.db, Keys: keys, Log: deps.Log, Now: deps.Now, Window: 10_000})
	must(t, err)
	deps.Quarantine, err = quarantine.New(quarantine.Deps{
		DB: h.db, Samples: deps.Samples, Hosts: deps.Hosts, Keys: keys, Log: deps.Log, Now: deps.Now, Window: 10_000,
	})
	must(t, err)
	deps.IOCs, err = ioc.New(ioc.Deps{DB: h.db, Keys: keys, Log: deps.Log, Now: deps.Now, Window: 10_000})
	must(t, err)
	deps.Detections, err = detection.New(detection.Deps{
		DB: h.db, IOCs: deps.IOCs, Hosts: deps.Hosts, Keys: keys, Log: deps.Log, Now: deps.Now, Window: 10_000,
	})
	must(t, err)
	deps.Vulnerabilities, err = vuln.New(vuln.Deps{DB: h.db, Hosts: deps.Hosts, Keys: keys, Log: deps.Log, Now: deps.Now})
	must(t, err)
	deps.Intel, err = intel.New(intel.Deps{DB: h.db, Keys: keys, Log: deps.Log, Now: deps.Now, Window: 10_000})
	must(t, err)
	deps.Samples.OnAdopt(deps.Quarantine.Adopt)
	deps.Sightings, err = sighting.Open(context.Background(), sighting.Deps{
		DB: h.db, FS: h.files, Hosts: deps.Hosts, IOCs: deps.IOCs, Watch: deps.Detections, Log: deps.Log, Now: deps.Now,
	})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return jobs.Run(ctx, deps.Hunts.Handlers(), 1) })
	group.Go(func() error { return deps.Hosts.Run(ctx) })
	group.Go(func() error { return deps.Quarantine.Run(ctx) })
	group.Go(func() error { return deps.Sightings.Run(ctx) })
	t.Cleanup(func() {
		stop()
		must(t, group.Wait())
		must(t, deps.Sightings.Close())
	})
}
