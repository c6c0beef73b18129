package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newCancelCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "cancel ID", Short: "Stop a request; what it found so far stays readable", Args: cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runCancel(c.Context(), g, args[0]) },
	}
}

func runCancel(ctx context.Context, g *globals, id string) error {
	return g.withClient(func(c *mews.Client) error {
		if err := c.MalQuery().Cancel(ctx, id); err != nil {
			return err
		}
		fmt.Fprintf(g.Out, "cancelled %s\n", printable(id))
		return nil
	})
}
