package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews/internal/server"
)

func newDoctorServerCommand(g *globals) *cobra.Command {
	var conf configFlags
	c := &cobra.Command{
		Use: "server", Short: "Look at what the server stands on, on its machine", Args: cobra.NoArgs,
		Long: `Look at what the server stands on, on its machine: configuration, data folder, disk, key,
certificate, worker. Ask as the user who runs it, with the same settings. Nothing is
changed, and a running server is not disturbed.`,
		RunE: func(c *cobra.Command, _ []string) error { return runDoctorServer(c.Context(), g, &conf) },
	}
	conf.register(c.Flags(), server.Settings())
	return rowsOf[finding](c)
}

func runDoctorServer(ctx context.Context, g *globals, conf *configFlags) error {
	d := &doctor{g: g}
	cfg, err := conf.load()
	if err != nil {
		d.fail("configuration", err, "mews config check tells of every mistake")
		return d.end()
	}
	d.tell(finding{Check: "configuration", Result: server.LevelOK})
	for _, f := range server.Examine(ctx, cfg, time.Now()) {
		d.tell(finding{Check: f.What, Result: f.Level, Detail: f.Detail, Advice: f.Advice})
	}
	return d.end()
}
