package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

var processColumns = []string{"process_id", "start_timestamp", "stop_timestamp", "file_name", "command_line"}

func newProcessCommand(g *globals) *cobra.Command {
	return group("process", "Look at processes that hosts reported", newProcessShowCommand(g))
}

func newProcessShowCommand(g *globals) *cobra.Command {
	return rowsOf[mews.ProcessDetail](&cobra.Command{
		Use: "show ID...", Aliases: []string{"get"}, Short: "Show when and how processes ran", Args: cobra.MinimumNArgs(1),
		Long: `Show when and how processes ran. An id is pid:<id of the host>:<number>, with or without
"pid:", as "mews ioc processes" writes it; "-" reads ids from standard input.`,
		Example:           `  mews ioc processes evil.example --ids | mews process show -`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runProcessShow(c.Context(), g, args) },
	})
}

func runProcessShow(ctx context.Context, g *globals, args []string) error {
	ids, err := g.wordArgs(args, "id", func(id string) (string, error) {
		aid, number, ok := strings.Cut(strings.TrimPrefix(id, "pid:"), ":")
		if !ok || len(aid) != 32 || number == "" || strings.Trim(number, "0123456789") != "" {
			return "", fmt.Errorf("%q is no id of a process: expected pid:<32 characters>:<number>", id)
		}
		return id, nil
	})
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		env, err := c.Sightings().ProcessDetails(ctx, ids...)
		if err != nil {
			return err
		}
		if err := g.write(viewOf(env, processColumns...)); err != nil {
			return err
		}
		if len(env.Errors) > 0 {
			return silent(errPartial)
		}
		return nil
	})
}
