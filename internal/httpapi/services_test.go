package httpapi

import (
	"context"
	"testing"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/facts"
	"github.com/mewshq/mews/internal/hunt"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/yara"
)

// services adds the hunts, with jobs that run. There is no rule scanner: hunts
// answer that they are unavailable, and everything else works.
func (h *harness) services(t testing.TB, deps *Deps, keys *blob.Keyring, engine *search.Engine) {
	t.Helper()
	jobs := job.New(h.db, job.Options{})
	scanner := yara.New(yara.Options{})
	deps.Hunts = hunt.New(hunt.Deps{
		DB: h.db, Jobs: jobs, Samples: deps.Samples, Search: engine, Yara: scanner, Keys: keys, Log: deps.Log,
		Facts:  facts.New(facts.Deps{DB: h.db, Search: engine, Yara: scanner, Keys: keys}),
		Limits: h.limits,
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- jobs.Run(ctx, deps.Hunts.Handlers(), 1) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
}
