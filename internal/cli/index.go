package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newIndexCommand(g *globals) *cobra.Command {
	var o adminOptions
	c := group("index", "Look after the search index, on the server's machine",
		newIndexStatusCommand(g, &o), newIndexCheckCommand(g, &o), newIndexRebuildCommand(g, &o))
	o.register(c.PersistentFlags())
	return c
}

func newIndexStatusCommand(g *globals, o *adminOptions) *cobra.Command {
	return rowsOf[mews.IndexStatus](&cobra.Command{
		Use: "status", Short: "Tell how many files are indexed, how large the index is and what waits", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withAdmin(cmd.Context(), o, func(a *adminCaller) error {
				env, err := adminResources[mews.IndexStatus](cmd.Context(), a, http.MethodGet, "/admin/index", nil)
				if err != nil {
					return err
				}
				return g.write(viewOf(env, "files", "segments", "index_bytes", "corpus_bytes", "index_share", "tail_files", "damaged_regions"))
			})
		},
	})
}

func newIndexCheckCommand(g *globals, o *adminOptions) *cobra.Command {
	return rowsOf[mews.IndexReport](&cobra.Command{
		Use: "check", Short: "Read every byte of the index; damage is queued for repair", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runIndexCheck(cmd.Context(), g, o) },
	})
}

func runIndexCheck(ctx context.Context, g *globals, o *adminOptions) error {
	return g.withAdmin(ctx, o, func(a *adminCaller) error {
		env, err := adminResources[mews.IndexReport](ctx, a, http.MethodPost, "/admin/index/check", nil)
		if err != nil {
			return err
		}
		if err := g.write(viewOf(env, "segments", "files", "bytes", "problems")); err != nil {
			return err
		}
		for _, r := range env.Resources {
			if n := len(r.Problems); n > 0 {
				return fmt.Errorf("%d problems in the index; searches stay right, and the server repairs them from the samples", n)
			}
		}
		return nil
	})
}

func newIndexRebuildCommand(g *globals, o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use: "rebuild", Short: "Make the index again from the samples", Args: cobra.NoArgs,
		Long: `Make the index again from the samples. Searches stay right meanwhile. An interrupted
rebuild goes on when the command is given again.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runIndexRebuild(cmd.Context(), g, o) },
	}
}

func runIndexRebuild(ctx context.Context, g *globals, o *adminOptions) error {
	return g.withAdmin(ctx, o, func(a *adminCaller) error {
		reply, err := a.call(ctx, http.MethodPost, "/admin/index/rebuild", nil)
		if err != nil {
			return err
		}
		defer reply.Close()
		last, err := g.followEvents(reply)
		if err != nil {
			return err
		}
		g.note("rebuilt %d files", last.Total)
		return nil
	})
}

// followEvents shows the progress of a long admin call and gives its last line.
func (g *globals) followEvents(r io.Reader) (mews.AdminEvent, error) {
	var e mews.AdminEvent
	lines := json.NewDecoder(r)
	for !e.Final {
		if err := lines.Decode(&e); err != nil {
			return e, fmt.Errorf("the server ended in the middle of the work: %w", err)
		}
		if g.isTerminal(g.Err) && !e.Final {
			fmt.Fprintf(g.Err, "\r%d of %d files", e.Done, e.Total)
		}
	}
	if g.isTerminal(g.Err) {
		fmt.Fprintln(g.Err)
	}
	if e.Error != "" {
		return e, errors.New(e.Error)
	}
	return e, nil
}
