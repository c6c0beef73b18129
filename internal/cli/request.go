package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

type requestOptions struct{ wait, outcomes bool }

func newRequestCommand(g *globals) *cobra.Command {
	o := &requestOptions{}
	c := &cobra.Command{
		Use: "request ID", Aliases: []string{"status", "results"}, Short: "Show a search, hunt or archive request and what it found", Args: cobra.ExactArgs(1),
		Long: `Show a request and what it has found so far. While it runs, standard error says how
far it is. --outcomes lists,
file by file, what a hunt decided and why it left files undecided.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runRequest(c.Context(), g, o, args[0]) },
	}
	c.Flags().BoolVar(&o.wait, "wait", false, "wait until it is done")
	c.Flags().BoolVar(&o.outcomes, "outcomes", false, "list the outcome of each file instead")
	return rowsOf[mews.RequestResult](rowsOf[mews.RequestOutcome](c))
}

func runRequest(ctx context.Context, g *globals, o *requestOptions, id string) error {
	if o.outcomes {
		return g.withClient(func(c *mews.Client) error { return g.outcomes(ctx, c, o, id) })
	}
	if err := checkFields[mews.RequestResult](g); err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		if o.wait {
			return g.waitOther(ctx, c, id)
		}
		env, err := c.MalQuery().Partial(ctx, id)
		if err != nil {
			return err
		}
		switch env.Meta.Status {
		case mews.StatusDone, mews.StatusFailed:
			return g.showRequest(c.MalQuery().Wait(ctx, id, nil)) // ended: answers at once, a failure as an error
		}
		if p := env.Meta.Progress; p != nil {
			g.note("%s: %d of %d candidates, %s read, %s so far", env.Meta.Status, p.Done, p.Total, byteCount(p.Bytes),
				count(int(p.Found), "match", "matches"))
		} else {
			g.note("%s", env.Meta.Status)
		}
		return g.write(resultView(env))
	})
}

func (g *globals) outcomes(ctx context.Context, c *mews.Client, o *requestOptions, id string) error {
	if err := checkFields[mews.RequestOutcome](g); err != nil {
		return err
	}
	if o.wait {
		if _, err := g.wait(ctx, c, id); err != nil {
			return err
		}
	}
	env, err := c.MalQuery().Outcomes(ctx, id)
	if err != nil {
		return err
	}
	return g.write(viewOf(env, "sha256", "outcome", "reason", "rules"))
}
