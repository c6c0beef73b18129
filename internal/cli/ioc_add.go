package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

func newIOCAddCommand(g *globals) *cobra.Command {
	o := &indicatorFields{}
	var dry bool
	c := &cobra.Command{
		Use: "add INDICATOR...", Short: "Add indicators", Args: cobra.MinimumNArgs(1),
		Long: `Add indicators: all of them, or none where one is refused. "-" reads them from standard
input, one a line. One that was deleted comes back; one that is there is refused, and
"mews ioc update" changes it.

Sightings that came before count too: an indicator is compared with what hosts report
from now on, and "mews ioc devices" tells at once who has met it already.`,
		Example: `  mews ioc add evil.example 198.51.100.7 --severity high --expires 90d --tag 'case 17'
  mews ioc add sha256:$(sha256sum < dropper.bin | cut -c-64) --description dropper`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runIOCAdd(c.Context(), g, o, dry, args) },
	}
	o.register(c, true)
	c.Flags().BoolVar(&dry, "dry-run", false, "let the server check them, and change nothing")
	c.Flags().StringVar(&o.comment, "comment", "", "why, for the audit trail")
	return rowsOf[mews.Indicator](c)
}

func runIOCAdd(ctx context.Context, g *globals, o *indicatorFields, dry bool, args []string) error {
	some, err := g.observableArgs(args)
	if err != nil {
		return err
	}
	news := make([]mews.IndicatorCreate, len(some))
	for n, one := range some {
		i, err := o.apply(iocfile.Indicator{Type: one.Type, Value: one.Value})
		if err != nil {
			return err
		}
		news[n] = creation(completed(i))
	}
	return g.withClient(func(c *mews.Client) error {
		var added []mews.Indicator
		for batch := range slices.Chunk(news, mews.MaxIndicators) {
			env, err := c.IOCs().Create(ctx, mews.IndicatorCreates{Comment: o.comment, Indicators: batch, DryRun: dry})
			err = inWords(err, nil)
			if err != nil && len(added) > 0 {
				err = fmt.Errorf("after %s: %w", count(len(added), "added indicator", "added indicators"), err)
			}
			if err != nil {
				return err
			}
			added = append(added, env.Resources...)
		}
		if dry {
			g.note("dry run: nothing was changed")
		}
		return g.write(indicatorView(added, nil))
	})
}
