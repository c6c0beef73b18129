package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/demo"
	"github.com/mewshq/mews/internal/detection"
	"github.com/mewshq/mews/internal/facts"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/httpapi"
	"github.com/mewshq/mews/internal/hunt"
	"github.com/mewshq/mews/internal/intel"
	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/quarantine"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vfs"
	"github.com/mewshq/mews/internal/vuln"
	"github.com/mewshq/mews/internal/yara"
)

// What a supervisor treats apart.
var (
	// ErrInUse: another process owns the data folder.
	ErrInUse = errors.New("the data folder has a server already")
	// ErrDisk: a write that was to be durable was refused; a restart recovers.
	ErrDisk = errors.New("the disk refused a durable write")
)

// A node is everything that stands on one data folder.
type node struct {
	cfg     Config
	log     *slog.Logger
	closers []func() error // in order of opening

	folder     *folder
	files      vfs.FS
	db         *store.DB
	blobs      *blob.Store
	index      *search.Engine
	samples    *sample.Service
	hosts      *host.Service
	quarantine *quarantine.Service
	iocs       *ioc.Service
	detections *detection.Service
	intel      *intel.Service
	webhook    *webhook // nil: nobody is told
	sightings  *sighting.Service
	vulns      *vuln.Service
	jobs       *job.Table
	hunts      *hunt.Service
	facts      *facts.Service
	auth       *auth.Service
	registry   *prometheus.Registry
	dev        *httpapi.Dev // nil: no dev mode

	first *firstClient // made by this run
	cid   store.CID    // of the first client
}

// openNode wires the rooms bottom up on a data folder, which stays the caller's.
// A restore that was planned is carried out first. What was opened before a
// failure is closed again.
func openNode(ctx context.Context, cfg Config, log *slog.Logger, f *folder) (n *node, err error) {
	n = &node{cfg: cfg, log: log, folder: f, files: f.files, registry: prometheus.NewRegistry()}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
			n = nil
		}
	}()
	carried, restoring, err := f.copies.Resume()
	if err != nil {
		return n, err
	}
	fresh := f.fresh()
	filled, err := n.mayFill(fresh)
	if err != nil {
		return n, err
	}
	key, err := openKey(cfg.KeyFile, fresh)
	if err != nil {
		return n, err
	}
	keys := blob.NewKeyring(key)
	if err := n.openStorage(ctx, keys); err != nil {
		return n, err
	}
	if err := n.openServices(keys); err != nil {
		return n, err
	}
	if err := n.openSightings(ctx); err != nil {
		return n, err
	}
	if err := n.samples.Recover(ctx); err != nil {
		return n, fmt.Errorf("recover samples: %w", err)
	}
	if restoring {
		if err := n.auth.TakeOver(ctx, carried); err != nil {
			return n, err
		}
	}
	if err := n.welcomeFirstClient(ctx); err != nil {
		return n, err
	}
	if cfg.Seed != "" && !filled {
		if err := n.fill(ctx); err != nil {
			return n, err
		}
	}
	if restoring {
		return n, f.copies.Done()
	}
	return n, nil
}

func (n *node) openStorage(ctx context.Context, keys *blob.Keyring) error {
	auditKey := keys.Secret("audit")
	db, err := store.Open(ctx, store.Options{
		Path: filepath.Join(n.cfg.Data, databaseName), AuditKey: auditKey[:], Log: n.log,
	})
	if err != nil {
		return err
	}
	n.db = db
	n.closers = append(n.closers, db.Close)
	fsys := n.files
	if n.blobs, err = blob.Open(fsys, keys, blob.Options{Log: n.log, Compression: blob.Compression(n.cfg.Blobs.Compression)}); err != nil {
		return err
	}
	half := int64(n.cfg.Index.MemoryMB) << 19 // of the index memory: filters that wait, and the open segment
	n.index, err = search.Open(ctx, search.Deps{
		DB: db, Blobs: n.blobs, FS: fsys, Keys: keys, Log: n.log,
		Limits: search.Limits{DocBytes: half, SegmentBytes: half},
	})
	if err != nil {
		return err
	}
	n.closers = append(n.closers, n.index.Close)
	return nil
}

func (n *node) openServices(keys *blob.Keyring) (err error) {
	n.samples = sample.New(sample.Deps{DB: n.db, Blobs: n.blobs, Index: n.index, Log: n.log})
	if n.hosts, err = host.New(host.Deps{
		DB: n.db, Keys: keys, Log: n.log, Window: n.cfg.Paging.Window, UnknownField: collection.UnknownField(n.cfg.Compat.UnknownField),
	}); err != nil {
		return err
	}
	if n.quarantine, err = quarantine.New(quarantine.Deps{
		DB: n.db, Samples: n.samples, Hosts: n.hosts, Keys: keys, Log: n.log, Window: n.cfg.Paging.Window,
		UnknownField: collection.UnknownField(n.cfg.Compat.UnknownField),
		Searchable:   n.cfg.Quarantine.Searchable, MaxUpdate: n.cfg.Quarantine.MaxUpdate,
	}); err != nil {
		return err
	}
	if n.iocs, err = ioc.New(ioc.Deps{
		DB: n.db, Keys: keys, Log: n.log, Window: n.cfg.Paging.Window,
		UnknownField: collection.UnknownField(n.cfg.Compat.UnknownField),
	}); err != nil {
		return err
	}
	if err := n.openDetections(keys); err != nil {
		return err
	}
	if n.vulns, err = vuln.New(vuln.Deps{
		DB: n.db, Hosts: n.hosts, Keys: keys, Log: n.log, UnknownField: collection.UnknownField(n.cfg.Compat.UnknownField),
		ExpireAfter: n.cfg.Vulnerabilities.ExpireAfter, Retention: n.cfg.Vulnerabilities.Retention,
	}); err != nil {
		return err
	}
	if n.intel, err = intel.New(intel.Deps{
		DB: n.db, Keys: keys, Log: n.log, Window: n.cfg.Paging.Window,
		UnknownField: collection.UnknownField(n.cfg.Compat.UnknownField),
	}); err != nil {
		return err
	}
	// Before samples recover: a blob that a record held brings the record back.
	n.samples.OnAdopt(n.quarantine.Adopt)
	n.jobs = job.New(n.db, job.Options{Log: n.log})
	engine := yara.New(yara.Options{
		Path: n.cfg.YaraWorker, Sandbox: n.cfg.Hunt.Sandbox, MaxWorkers: n.cfg.Hunt.Workers, Log: n.log,
	})
	n.closers = append(n.closers, engine.Close)
	n.facts = facts.New(facts.Deps{DB: n.db, Search: n.index, Yara: engine, Keys: keys, Log: n.log})
	n.hunts = hunt.New(hunt.Deps{
		DB: n.db, Jobs: n.jobs, Samples: n.samples, Search: n.index, Yara: engine, Facts: n.facts, Keys: keys, Log: n.log,
		Limits: hunt.Limits{
			AllowFullScan: n.cfg.Hunt.AllowFullScan, RefuseSlow: n.cfg.Hunt.RefuseSlow, Workers: n.cfg.Hunt.Workers,
			MaxCandidates: int64(n.cfg.Hunt.MaxCandidates), MaxBytes: int64(n.cfg.Hunt.MaxGB) << 30, MaxTime: n.cfg.Hunt.MaxTime,
			HuntQuota: n.cfg.Quota.Hunts, DownloadQuota: n.cfg.Quota.Downloads,
		},
	})
	pepper := keys.Secret("pepper")
	limits := n.cfg.Limits
	n.auth, err = auth.New(n.db, auth.Options{
		Pepper: pepper[:], Log: n.log, Dev: n.cfg.Dev.Enabled, Limits: auth.Limits{
			RequestsPerMinute: limits.RequestsPerMinute, TokensPerClient: limits.TokensPerMinute, TokensPerIP: limits.AddressTokens,
			BadTokensPerIP: limits.BadTokens, FailedSecrets: limits.FailedSecrets,
		},
	})
	return err
}

// openDetections opens what is told of indicators that hosts meet, and who is
// told of it.
func (n *node) openDetections(keys *blob.Keyring) (err error) {
	n.detections, err = detection.New(detection.Deps{
		DB: n.db, IOCs: n.iocs, Hosts: n.hosts, Keys: keys, Log: n.log, Window: n.cfg.Paging.Window,
		UnknownField: collection.UnknownField(n.cfg.Compat.UnknownField),
		Tell:         n.cfg.Webhook.URL != "", Repeat: n.cfg.Webhook.Repeat,
	})
	if err != nil {
		return err
	}
	if n.webhook, err = newWebhook(n.cfg.Webhook, n.detections, n.log); n.webhook != nil {
		n.registry.MustRegister(n.webhook.calls)
	}
	return err
}

// welcomeFirstClient makes the API client of a first run. A run that is cut off
// before it shows the secret leaves a client whose secret nobody knows;
// `mews client rotate` gives it one.
func (n *node) welcomeFirstClient(ctx context.Context) error {
	clients, err := n.auth.ListClients(ctx)
	if err != nil {
		return err
	}
	if len(clients) > 0 {
		n.cid = clients[0].CID
		return nil
	}
	spec, err := n.firstSpec()
	if err != nil {
		return err
	}
	n.cid = spec.CID
	actor := store.Actor{CID: n.cid, Client: "first-run", Scope: "admin", Operation: "first-run"}
	client, secret, err := n.auth.CreateClient(ctx, actor, spec)
	if err != nil {
		return fmt.Errorf("make the first API client: %w", err)
	}
	n.first = &firstClient{ID: client.ID, Secret: secret}
	return nil
}

// firstSpec is the first client: of a new customer, or of the one that made-up
// data belongs to.
func (n *node) firstSpec() (spec auth.ClientSpec, err error) {
	spec = auth.ClientSpec{Name: "first client", Scopes: n.auth.Scopes()}
	if n.cfg.Seed != "" {
		spec.CID = demo.CID(uint64(n.cfg.SeedValue))
		spec.ID, spec.Secret, err = n.seedClient()
		return spec, err
	}
	spec.CID, err = n.auth.NewCID()
	return spec, err
}

// jobWorkers is how many searches and hunts of all customers run at a time.
const jobWorkers = 4

// background runs the indexer, the merger, the describer, the folding of hosts'
// reports, the quarantine's unfinished work, what indicators' ends ask for, the
// webhook and the jobs until ctx ends, or until database or blobs can no longer be
// trusted: only a restart tells what the disk holds.
func (n *node) background(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.index.Run(ctx) })
	group.Go(func() error { return n.facts.Run(ctx) })
	group.Go(func() error { return n.auth.Run(ctx) })
	group.Go(func() error { return n.hosts.Run(ctx) })
	group.Go(func() error { return n.quarantine.Run(ctx) })
	group.Go(func() error { return n.quarantine.KeepStrips(ctx) })
	group.Go(func() error { return n.iocs.Run(ctx) })
	group.Go(func() error { return n.vulns.Run(ctx) })
	if n.webhook != nil {
		group.Go(func() error { return n.webhook.Run(ctx) })
	}
	group.Go(func() error { return n.sightings.Run(ctx) })
	group.Go(func() error { return n.jobs.Run(ctx, n.hunts.Handlers(), jobWorkers) })
	group.Go(func() error {
		select {
		case <-n.db.Failed():
			return n.db.Err()
		case <-n.blobs.Failed():
			return blob.ErrFailed
		case <-ctx.Done():
			return nil
		}
	})
	return group.Wait()
}

// openSightings opens what telemetry adds up to.
func (n *node) openSightings(ctx context.Context) (err error) {
	n.sightings, err = sighting.Open(ctx, sighting.Deps{
		DB: n.db, FS: n.files, Hosts: n.hosts, IOCs: n.iocs, Watch: n.detections, Log: n.log, Retention: n.cfg.Telemetry.Retention,
		Limits: sighting.Limits{Memory: int64(n.cfg.Telemetry.MemoryMB) << 20},
	})
	if err == nil {
		n.closers = append(n.closers, n.sightings.Close)
	}
	return err
}

// Close closes what was opened, last first.
func (n *node) Close() error {
	var errs []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		errs = append(errs, n.closers[i]())
	}
	n.closers = nil
	return errors.Join(errs...)
}

// apiHandler is what the public listener serves.
func (n *node) apiHandler() (http.Handler, error) {
	proxies, err := prefixes(n.cfg.TrustedProxies)
	if err != nil {
		return nil, err
	}
	n.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newCollector(n.index.Status, indexGauges()), newCollector(n.sightings.Status, sightingGauges()))
	api, err := httpapi.New(httpapi.Deps{
		Auth: n.auth, Samples: n.samples, Hunts: n.hunts, Quarantine: n.quarantine, Hosts: n.hosts, IOCs: n.iocs, Sightings: n.sightings, Detections: n.detections,
		Vulnerabilities: n.vulns, Intel: n.intel,
		Log: n.log, Metrics: n.registry,
		RefuseUnknown: n.cfg.Compat.UnknownIOC == UnknownIOCNotFound,
		Now:           time.Now, Rand: rand.Reader, Region: n.cfg.Region, TrustedProxies: proxies, MaxInFlight: n.cfg.Limits.InFlight, Dev: n.dev,
	})
	if err != nil {
		return nil, err
	}
	ready := httpapi.Readyz(func(context.Context) string {
		if n.db.Err() != nil {
			return "the database refuses writes"
		}
		return ""
	})
	return n.withProbes(api, httpapi.Healthz(), ready, httpapi.Metrics(n.registry)), nil
}

// prefixes reads addresses and prefixes alike.
func prefixes(words []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, w := range words {
		p, err := netip.ParsePrefix(w)
		if err != nil {
			addr, addrErr := netip.ParseAddr(w)
			if addrErr != nil {
				return nil, fmt.Errorf("trusted_proxies: %q is neither an address nor a prefix", w)
			}
			p = netip.PrefixFrom(addr, addr.BitLen())
		}
		list = append(list, p)
	}
	return list, nil
}
