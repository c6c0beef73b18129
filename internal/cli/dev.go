package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newDevCommand(g *globals) *cobra.Command {
	c := group("dev", "Test against a server: faults, requests, reset, snapshots",
		newDevFaultsCommand(g), newDevRequestsCommand(g), newDevResetCommand(g), newDevSnapshotCommand(g))
	c.Long = `Make a server of your own a tenant to test against. It must run in dev mode
("mews serve --dev"), and the API client needs the scope admin:dev, which the first
client of such a server has.

  mews dev reset                                  the data of the first start again
  mews dev faults add --operation get_quotas --status 429 --times 2
  mews dev requests --operation 'Query*'          what was really sent

Only data folders that were begun in dev mode can be reset.`
	return c
}

// withDev runs a command's work against a server in dev mode. Elsewhere there are
// no such routes.
func (g *globals) withDev(work func(mews.DevService) error) error {
	return g.withClient(func(c *mews.Client) error {
		err := work(c.Dev())
		if e, ok := errors.AsType[*mews.Error](err); ok && e.Kind == mews.ErrNotFound && e.ID == "" {
			return fmt.Errorf("%w; is the server in dev mode (mews serve --dev)?", err)
		}
		return err
	})
}

func newDevResetCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "reset", Short: "Go back to the data of the first start", Args: cobra.NoArgs,
		Long: `Go back to the data of the first start: none, or what --seed made. Fault rules and the
request log go, too. API clients and their tokens stay as they are, and so do
snapshots. Requests that come meanwhile wait.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			return g.withDev(func(d mews.DevService) error {
				if err := d.Reset(c.Context()); err != nil {
					return err
				}
				fmt.Fprintln(g.Out, "the data is as after the first start")
				return nil
			})
		},
	}
}

var devRequestColumns = []string{"sequence", "time", "operation", "method", "path", "query", "status", "fault", "request_bytes", "response_bytes", "took"}

type devRequestOptions struct {
	query mews.DevRequestQuery
	clear bool
}

func newDevRequestsCommand(g *globals) *cobra.Command {
	o := &devRequestOptions{}
	c := &cobra.Command{
		Use: "requests", Short: "Show the last requests that clients have sent", Args: cobra.NoArgs,
		Long: `Show the last requests that clients have sent, the oldest first, with what became of
them. Bodies are not kept, only their size and SHA-256, and what may be a secret is
struck out. Requests of "mews dev" itself are not among them. In patterns * is any text.`,
		Example: `  mews dev requests --operation 'QueryDevices*' --status 429
  mews dev requests --after 120 -o ndjson --fields sequence,operation,query`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, _ []string) error { return runDevRequests(c.Context(), g, o) },
	}
	f := c.Flags()
	registerDevPatterns(c, &o.query.Client, &o.query.Operation, &o.query.Method, &o.query.Path)
	f.IntVar(&o.query.Status, "status", 0, "only those answered with this status")
	f.Int64Var(&o.query.After, "after", 0, "only those behind this sequence")
	f.IntVar(&o.query.Limit, "limit", 0, "the last so many (default: 100)")
	f.BoolVar(&o.clear, "clear", false, "empty the log afterwards")
	return rowsOf[mews.DevRequest](c)
}

// registerDevPatterns adds the flags that say which requests are meant.
func registerDevPatterns(c *cobra.Command, client, operation, method, path *string) {
	f := c.Flags()
	f.StringVar(client, "for-client", "", "requests of this API client")
	f.StringVar(operation, "operation", "", "requests of this operation, by any of its names; Query* is a pattern")
	f.StringVar(method, "method", "", "requests of this HTTP method")
	f.StringVar(path, "path", "", "requests to this path; /devices/* is a pattern")
}

func runDevRequests(ctx context.Context, g *globals, o *devRequestOptions) error {
	return g.withDev(func(d mews.DevService) error {
		list, err := d.Requests(ctx, o.query)
		if err != nil {
			return err
		}
		if err := g.write(viewOf(&mews.Envelope[mews.DevRequest]{Resources: list}, devRequestColumns...)); err != nil {
			return err
		}
		if o.clear {
			_, err = d.ClearRequests(ctx)
		}
		return err
	})
}

var snapshotColumns = []string{"name", "created", "files", "bytes"}

func newDevSnapshotCommand(g *globals) *cobra.Command {
	show := func(c *cobra.Command) *cobra.Command { return rowsOf[mews.Snapshot](c) }
	return group("snapshot", "Keep copies of the server's data, and go back to them",
		show(&cobra.Command{
			Use: "save NAME", Short: "Copy the data under a name", Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
			RunE: func(c *cobra.Command, args []string) error {
				return g.showSnapshots(func(d mews.DevService) ([]mews.Snapshot, error) {
					s, err := d.SaveSnapshot(c.Context(), args[0])
					return []mews.Snapshot{s}, err
				})
			},
		}),
		&cobra.Command{
			Use: "restore NAME", Short: "Put a copy in the data's place", Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
			Long: `Put a copy in the data's place. API clients and their tokens stay as they are, and so
do fault rules and the request log. Requests that come meanwhile wait.`,
			RunE: func(c *cobra.Command, args []string) error {
				return g.withDev(func(d mews.DevService) error {
					if err := d.RestoreSnapshot(c.Context(), args[0]); err != nil {
						return err
					}
					fmt.Fprintf(g.Out, "the data is that of %s\n", printable(args[0]))
					return nil
				})
			},
		},
		show(&cobra.Command{
			Use: "list", Short: "List the copies", Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
			RunE: func(c *cobra.Command, _ []string) error {
				return g.showSnapshots(func(d mews.DevService) ([]mews.Snapshot, error) { return d.Snapshots(c.Context()) })
			},
		}),
		&cobra.Command{
			Use: "delete NAME...", Aliases: []string{"rm"}, Short: "Delete copies", Args: cobra.MinimumNArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
			RunE: func(c *cobra.Command, args []string) error {
				return g.withDev(func(d mews.DevService) error {
					return g.tellRemoved(d.DeleteSnapshots(c.Context(), args...))
				})
			},
		})
}

func (g *globals) showSnapshots(get func(mews.DevService) ([]mews.Snapshot, error)) error {
	return g.withDev(func(d mews.DevService) error {
		list, err := get(d)
		if err != nil {
			return err
		}
		return g.write(viewOf(&mews.Envelope[mews.Snapshot]{Resources: list}, snapshotColumns...))
	})
}

// tellRemoved names what is gone, and tells what was not there.
func (g *globals) tellRemoved(env *mews.Envelope[string], err error) error {
	if err != nil {
		return err
	}
	for _, id := range env.Resources {
		fmt.Fprintf(g.Out, "removed %s\n", printable(id))
	}
	for _, e := range env.Errors {
		g.note("mews: %s%s", e.Message, ifSet(" (%s)", e.ID))
	}
	if len(env.Errors) > 0 {
		return silent(errPartial)
	}
	return nil
}
