package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

type quarantineListOptions struct {
	selectOptions
	listOptions
}

func newQuarantineListCommand(g *globals) *cobra.Command {
	o := &quarantineListOptions{}
	c := &cobra.Command{
		Use: "list", Short: "List quarantined files, the newest first", Args: cobra.NoArgs,
		Long: `List quarantined files. --all gets every page; "-o ndjson" writes each as it comes, and
--ids writes the ids alone, one a line, for other commands.`,
		Example: `  mews quarantine list --filter 'state:"quarantined"+hostname:"web*"' --sort date_updated.desc
  mews quarantine list --all --ids --filter 'date_created:<"now-1y"' | mews quarantine delete - --yes`,
		RunE: func(c *cobra.Command, _ []string) error { return runQuarantineList(c.Context(), g, o) },
	}
	o.selectOptions.register(c.Flags())
	o.listOptions.register(c, "hostname.asc or date_updated.desc (default: date_created.desc)")
	return rowsOf[quarantineRow](c)
}

func runQuarantineList(ctx context.Context, g *globals, o *quarantineListOptions) error {
	return pointAt(o.filter, g.withClient(func(c *mews.Client) error {
		s := c.Quarantine()
		return runList(ctx, g, &o.listOptions, mews.RecordQuery{Filter: o.filter, Q: o.q}, listing[string]{
			unit: "records", page: s.Query, all: s.All, id: itself,
			view: recordsOf(s.Get, func(env *mews.Envelope[mews.QuarantinedFile]) view {
				rows := mews.Envelope[quarantineRow]{Meta: env.Meta, Errors: env.Errors, Resources: quarantineRows(env.Resources)}
				return viewOf(&rows, quarantineColumns...)
			}),
		})
	}))
}
