package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/server"
)

// A formatRow is the format of a data folder.
type formatRow struct {
	Format int64  `json:"format"`
	Newest int64  `json:"newest"` // that this program knows
	State  string `json:"state"`
}

func newMigrateCommand(g *globals) *cobra.Command {
	var o adminOptions
	status := &cobra.Command{
		Use: "status", Short: "Tell the format of the data folder, and whether a server would change it", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runMigrateStatus(c.Context(), g, &o) },
	}
	up := &cobra.Command{
		Use: "up", Short: "Bring the data folder to the newest format now, not with the next start", Args: cobra.NoArgs,
		Long: `Bring the data folder to the newest format now. A server does so when it starts; before an
upgrade it may be done by hand. Copy the folder first: older programs cannot read the
newer format.`,
		RunE: func(c *cobra.Command, _ []string) error { return runMigrateUp(c.Context(), g, &o) },
	}
	c := group("migrate", "Look after the format of the data folder, on the server's machine", rowsOf[formatRow](status), rowsOf[formatRow](up))
	o.register(c.PersistentFlags())
	return c
}

func runMigrateStatus(ctx context.Context, g *globals, o *adminOptions) error {
	cfg, err := o.conf.load()
	if err != nil {
		return usageError{err}
	}
	have, newest, err := server.Format(ctx, cfg)
	if err != nil {
		return err
	}
	row := formatRow{Format: have, Newest: newest, State: "up to date"}
	switch {
	case have < newest:
		row.State = "older: the next start brings it up to date"
	case have > newest:
		row.State = "newer: this program cannot read it"
	}
	return g.write(viewOf(&mews.Envelope[formatRow]{Resources: []formatRow{row}}, "format", "newest", "state"))
}

func runMigrateUp(ctx context.Context, g *globals, o *adminOptions) error {
	// To open the folder is to migrate it; a server that runs has done so.
	if err := g.withAdmin(ctx, o, func(*adminCaller) error { return nil }); err != nil {
		return err
	}
	return runMigrateStatus(ctx, g, o)
}
