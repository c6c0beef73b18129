package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newQuarantineSearchableCommand(g *globals) *cobra.Command {
	return rowsOf[mews.QuarantineSettings](&cobra.Command{
		Use: "searchable [on|off]", Short: "Show or set whether searches and hunts find quarantined files",
		Long: `Show or set whether searches and hunts also look at quarantined files. The files follow
in the background; "pending" counts those that have not yet.`,
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"on", "off"},
		RunE:      func(c *cobra.Command, args []string) error { return runQuarantineSearchable(c.Context(), g, args) },
	})
}

func runQuarantineSearchable(ctx context.Context, g *globals, args []string) error {
	return g.withClient(func(c *mews.Client) error {
		settings, err := mews.QuarantineSettings{}, error(nil)
		if len(args) == 0 {
			settings, err = c.Quarantine().Settings(ctx)
		} else {
			settings, err = c.Quarantine().SetSearchable(ctx, args[0] == "on")
		}
		if err != nil {
			return err
		}
		return g.write(viewOf(&mews.Envelope[mews.QuarantineSettings]{Resources: []mews.QuarantineSettings{settings}}, "searchable", "pending"))
	})
}
