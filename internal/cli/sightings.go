package cli

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newSightingsCommand(g *globals) *cobra.Command {
	var o adminOptions
	c := group("sightings", "Look after what hosts have met, on the server's machine",
		rowsOf[mews.SightingStatus](&cobra.Command{
			Use: "status", Short: "Tell how many runs of sightings there are, how large they are and what waits", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return runSightingsStatus(cmd.Context(), g, &o) },
		}),
		rowsOf[mews.SightingReport](&cobra.Command{
			Use: "check", Short: "Read every byte of all runs of sightings", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return runSightingsCheck(cmd.Context(), g, &o) },
		}))
	o.register(c.PersistentFlags())
	return c
}

func runSightingsStatus(ctx context.Context, g *globals, o *adminOptions) error {
	return g.withAdmin(ctx, o, func(a *adminCaller) error {
		env, err := adminResources[mews.SightingStatus](ctx, a, http.MethodGet, "/admin/sightings", nil)
		if err != nil {
			return err
		}
		return g.write(viewOf(env, "runs", "entries", "bytes", "behind", "damaged_runs", "cache_bytes"))
	})
}

func runSightingsCheck(ctx context.Context, g *globals, o *adminOptions) error {
	return g.withAdmin(ctx, o, func(a *adminCaller) error {
		env, err := adminResources[mews.SightingReport](ctx, a, http.MethodPost, "/admin/sightings/check", nil)
		if err != nil {
			return err
		}
		if err := g.write(viewOf(env, "runs", "entries", "bytes", "problems")); err != nil {
			return err
		}
		for _, r := range env.Resources {
			if n := len(r.Problems); n > 0 {
				return fmt.Errorf("%d runs are damaged or missing; restore their files from a backup", n)
			}
		}
		return nil
	})
}
