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
		ran, err := c.MalQuery().Cancel(ctx, id)
		switch {
		case err != nil:
			return err
		case ran:
			fmt.Fprintf(g.Out, "cancelled %s\n", printable(id))
		default:
			fmt.Fprintf(g.Out, "%s had ended already; see it with: mews request %s\n", printable(id), printable(id))
		}
		return nil
	})
}
