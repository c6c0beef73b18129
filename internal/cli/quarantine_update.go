package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// An actionVerb is an action on quarantined files.
type actionVerb struct {
	verb
	from []string // states that it changes
}

var (
	verbRelease = actionVerb{
		verb{mews.ActionRelease, "Give %s back to the hosts?", "released", "record", "records"},
		[]string{mews.StateQuarantined},
	}
	verbUnrelease = actionVerb{
		verb{mews.ActionUnrelease, "Put %s back into quarantine?", "put back", "record", "records"},
		[]string{mews.StateReleased},
	}
	verbDelete = actionVerb{
		verb{mews.ActionDelete, "Destroy the files of %s, here and on the hosts, for good?", "purged", "record", "records"},
		[]string{mews.StateQuarantined, mews.StateReleased},
	}
)

func newQuarantineReleaseCommand(g *globals) *cobra.Command {
	return newQuarantineUpdateCommand(g, verbRelease, "Release quarantined files: their hosts get them back")
}

func newQuarantineUnreleaseCommand(g *globals) *cobra.Command {
	return newQuarantineUpdateCommand(g, verbUnrelease, "Take a release back: the files go into quarantine again")
}

func newQuarantineDeleteCommand(g *globals) *cobra.Command {
	return newQuarantineUpdateCommand(g, verbDelete, "Destroy quarantined files for good; their records stay")
}

type quarantineUpdateOptions struct {
	selectOptions
	changeOptions
}

func newQuarantineUpdateCommand(g *globals, verb actionVerb, short string) *cobra.Command {
	o := &quarantineUpdateOptions{}
	c := &cobra.Command{
		Use: verb.action + " [ID...]", Short: short,
		Long: short + `.

Name the records by their ids ("-" reads them from standard input), or select them with
--filter and -q, or say --all. --dry-run tells how many would change and changes nothing;
without --yes the command asks first. A record on which the action was done already does
not change and is no error.`,
		Example: fmt.Sprintf(`  mews quarantine %[1]s --filter 'hostname:"WS-042"' --dry-run
  mews quarantine list --ids --filter 'username:"bob"' | mews quarantine %[1]s - --yes --comment "case 17"`, verb.action),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			return runQuarantineUpdate(c.Context(), g, verb, o, args)
		},
	}
	o.selectOptions.register(c.Flags())
	o.changeOptions.register(c, "records", "why, for the records' history")
	c.MarkFlagsMutuallyExclusive("all", "query")
	return rowsOf[changedRow](c)
}

// check refuses a command line that does not say on what to act.
func (o *quarantineUpdateOptions) check(args []string) error {
	selected := o.filter != "" || o.q != "" || o.all
	switch {
	case len(args) > 0 && selected:
		return usagef("give ids, or select records with --filter, -q or --all, not both")
	case len(args) == 0 && !selected:
		return usagef("on which records? give ids, --filter, -q, or --all")
	}
	if o.q != "" {
		return nil
	}
	return o.checkAll(&o.filter, "record")
}

func runQuarantineUpdate(ctx context.Context, g *globals, verb actionVerb, o *quarantineUpdateOptions, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	if len(args) == 0 {
		return pointAt(o.filter, g.withClient(func(c *mews.Client) error { return g.updateSelected(ctx, c.Quarantine(), verb, o) }))
	}
	ids, err := g.recordArgs(args)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error { return g.updateNamed(ctx, c.Quarantine(), verb, o, ids) })
}

func (g *globals) updateSelected(ctx context.Context, s mews.QuarantineService, verb actionVerb, o *quarantineUpdateOptions) error {
	if o.dry || !o.yes {
		counts, err := s.ActionCounts(ctx, o.filter, o.q)
		if err != nil {
			return err
		}
		n := int(counts[verb.action])
		if done, err := g.agree(verb.verb, &o.changeOptions, n, nil); done || err != nil {
			return err
		}
	}
	env, err := s.UpdateByQuery(ctx, mews.QuarantineQueryUpdate{
		Action: verb.action, Comment: o.comment, Filter: mews.Filters(o.filter), Q: o.q,
	})
	if err != nil {
		return err
	}
	return g.showChanged(verb.verb, env.Meta.Writes.ResourcesAffected, env.Errors)
}

// updateBatch is how many records the server changes by id in one call.
const updateBatch = 5000

func (g *globals) updateNamed(ctx context.Context, s mews.QuarantineService, verb actionVerb, o *quarantineUpdateOptions, ids []string) error {
	if o.dry || !o.yes {
		env, err := s.Get(ctx, ids...)
		if err != nil {
			return err
		}
		n := 0
		for _, r := range env.Resources {
			if slices.Contains(verb.from, r.State) {
				n++
			}
		}
		if done, err := g.agree(verb.verb, &o.changeOptions, n, env.Errors); done || err != nil {
			return err
		}
	}
	changed := 0
	var unknown []mews.APIError
	for batch := range slices.Chunk(ids, updateBatch) {
		env, err := s.Update(ctx, mews.QuarantineUpdate{Action: verb.action, Comment: o.comment, IDs: batch})
		if missing := unknownIDs(batch, err); missing != nil && len(missing) < len(ids) {
			unknown = append(unknown, missing...)
			continue
		}
		if err != nil {
			if changed > 0 {
				return fmt.Errorf("after %s: %w\nthe same command goes on", count(changed, "changed record", "changed records"), err)
			}
			return err
		}
		changed += env.Meta.Writes.ResourcesAffected
		unknown = append(unknown, env.Errors...)
	}
	return g.showChanged(verb.verb, changed, unknown)
}

func newQuarantinePreviewCommand(g *globals) *cobra.Command {
	o := &selectOptions{}
	c := &cobra.Command{
		Use: "preview", Short: "Tell how many records each action would change", Args: cobra.NoArgs,
		Example: `  mews quarantine preview --filter 'hostname:"WS-042"'`,
		RunE:    func(c *cobra.Command, _ []string) error { return runQuarantinePreview(c.Context(), g, o) },
	}
	o.register(c.Flags())
	return rowsOf[changedRow](c)
}

func runQuarantinePreview(ctx context.Context, g *globals, o *selectOptions) error {
	return g.withClient(func(c *mews.Client) error {
		counts, err := c.Quarantine().ActionCounts(ctx, o.filter, o.q)
		if err != nil {
			return pointAt(o.filter, err)
		}
		var rows []changedRow
		for _, verb := range []actionVerb{verbRelease, verbUnrelease, verbDelete} {
			rows = append(rows, changedRow{Action: verb.action, Changed: int(counts[verb.action]), DryRun: true})
		}
		return g.write(viewOf(&mews.Envelope[changedRow]{Resources: rows}, "action", "changed"))
	})
}
