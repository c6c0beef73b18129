package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newAgentCommand(g *globals) *cobra.Command {
	return group("agent", "What a script on a host needs: fetch what to do with quarantined files, and tell how it went",
		newAgentActionsCommand(g), newAgentAckCommand(g))
}

// An actionRow is a host action with the first of its paths as a field of its own.
type actionRow struct {
	mews.HostAction
	Path string `json:"path"`
}

func newAgentActionsCommand(g *globals) *cobra.Command {
	var aid string
	var limit int
	c := &cobra.Command{
		Use: "actions", Short: "Fetch what a host is asked to do, in order", Args: cobra.NoArgs,
		Long: `Fetch what a host is asked to do with the files that it holds, in order. An action comes
again until it is acknowledged ("mews agent ack"), so a host that died half-way gets it
again. The id of the host stands in its records: "aid".`,
		RunE: func(c *cobra.Command, _ []string) error { return runAgentActions(c.Context(), g, aid, limit) },
	}
	c.Flags().StringVar(&aid, "aid", "", "id of the host, 32 hexadecimal digits")
	c.Flags().IntVar(&limit, "limit", 0, "at most this many (0: the server's default)")
	_ = c.MarkFlagRequired("aid")
	return rowsOf[actionRow](c)
}

func runAgentActions(ctx context.Context, g *globals, aid string, limit int) error {
	if limit < 0 {
		return usagef("--limit %d: must not be negative", limit)
	}
	return g.withClient(func(c *mews.Client) error {
		actions, err := c.Agent().Actions(ctx, aid, limit)
		if err != nil {
			return err
		}
		rows := make([]actionRow, len(actions))
		for i, a := range actions {
			rows[i] = actionRow{HostAction: a, Path: firstPath(a.Paths)}
		}
		return g.write(viewOf(&mews.Envelope[actionRow]{Resources: rows}, "id", "action", "sha256", "date_created", "path"))
	})
}

func newAgentAckCommand(g *globals) *cobra.Command {
	var a mews.ActionAck
	c := &cobra.Command{
		Use: "ack ID...", Short: "Tell how host actions went", Args: cobra.MinimumNArgs(1),
		Long: `Tell how host actions went. The first answer about an action counts; saying it again
changes nothing.`,
		Example: `  mews agent ack 0123456789abcdef
  mews agent ack 0123456789abcdef --outcome failed --reason "the disk is full" --reason-code 28`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runAgentAck(c.Context(), g, a, args) },
	}
	c.Flags().StringVar(&a.Outcome, "outcome", mews.ActionAcknowledged, mews.ActionAcknowledged+" or "+mews.ActionFailed)
	c.Flags().StringVar(&a.Reason, "reason", "", "why it failed")
	c.Flags().Int32Var(&a.ReasonCode, "reason-code", 0, "why it failed, as a number")
	_ = c.RegisterFlagCompletionFunc("outcome", cobra.FixedCompletions([]string{mews.ActionAcknowledged, mews.ActionFailed}, cobra.ShellCompDirectiveNoFileComp))
	return rowsOf[changedRow](c)
}

func runAgentAck(ctx context.Context, g *globals, a mews.ActionAck, ids []string) error {
	acks := make([]mews.ActionAck, len(ids))
	for i, id := range ids {
		acks[i] = a
		acks[i].ID = id
	}
	return g.withClient(func(c *mews.Client) error {
		env, err := c.Agent().Acknowledge(ctx, acks...)
		if err != nil {
			return err
		}
		return g.showChanged(verb{action: "ack", done: "answered", one: "action", many: "actions"}, env.Meta.Writes.ResourcesAffected, env.Errors)
	})
}
