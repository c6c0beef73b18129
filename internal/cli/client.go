package cli

import (
	"context"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

var clientColumns = []string{"id", "name", "cid", "scopes", "requests_per_minute", "created", "revoked"}

func newClientCommand(g *globals) *cobra.Command {
	var o adminOptions
	c := group("client", "Manage API clients, on the server's machine",
		newClientCreateCommand(g, &o), newClientListCommand(g, &o), newClientSetCommand(g, &o),
		newClientRotateCommand(g, &o), newClientRevokeCommand(g, &o))
	for _, sub := range c.Commands() {
		rowsOf[mews.AdminClient](sub)
	}
	o.register(c.PersistentFlags())
	return c
}

func newClientCreateCommand(g *globals, o *adminOptions) *cobra.Command {
	var spec mews.AdminClientSpec
	c := &cobra.Command{
		Use: "create", Short: "Make an API client; its secret is shown this once", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(spec.Scopes) == 0 {
				return usagef("name at least one --scope, for example --scope malquery:read,malquery:write")
			}
			return g.showClients(cmd.Context(), o, http.MethodPost, "/admin/clients", spec, true)
		},
	}
	c.Flags().StringVar(&spec.Name, "name", "", "what the client is for")
	c.Flags().StringVar(&spec.CID, "cid", "", "customer id, 32 hexadecimal digits (default: the server's first customer)")
	c.Flags().StringSliceVar(&spec.Scopes, "scope", nil, "scopes it may use; a write scope does not imply its read scope")
	rateFlag(c, &spec.RequestsPerMinute)
	return c
}

// rateFlag takes a client's own rate.
func rateFlag(c *cobra.Command, into *int) {
	c.Flags().IntVar(into, "requests-per-minute", 0, "requests it may send in any minute, below its customer's rate (0: no rate of its own)")
}

func newClientSetCommand(g *globals, o *adminOptions) *cobra.Command {
	var perMinute int
	c := &cobra.Command{
		Use: "set ID", Short: "Change a client; its tokens live on", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("requests-per-minute") {
				return usagef("say what to change: --requests-per-minute")
			}
			change := mews.AdminClientChange{RequestsPerMinute: &perMinute}
			return g.showClients(cmd.Context(), o, http.MethodPatch, "/admin/clients/"+url.PathEscape(args[0]), change, false)
		},
	}
	rateFlag(c, &perMinute)
	return c
}

func newClientListCommand(g *globals, o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List API clients", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.showClients(cmd.Context(), o, http.MethodGet, "/admin/clients", nil, false)
		},
	}
}

func newClientRotateCommand(g *globals, o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use: "rotate ID", Short: "Give a client a second secret; the older of two ends", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showClients(cmd.Context(), o, http.MethodPost, "/admin/clients/"+url.PathEscape(args[0])+"/rotate", nil, true)
		},
	}
}

func newClientRevokeCommand(g *globals, o *adminOptions) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a client and its tokens at once", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return g.showClients(cmd.Context(), o, http.MethodDelete, "/admin/clients/"+url.PathEscape(args[0]), nil, false)
		},
	}
}

// showClients makes one admin call and writes the clients of its reply.
func (g *globals) showClients(ctx context.Context, o *adminOptions, method, path string, body any, secret bool) error {
	return g.withAdmin(ctx, o, func(a *adminCaller) error {
		env, err := adminResources[mews.AdminClient](ctx, a, method, path, body)
		if err != nil {
			return err
		}
		columns := clientColumns
		if secret {
			columns = append([]string{"id", "secret"}, clientColumns[1:]...)
		}
		return g.write(viewOf(env, columns...))
	})
}
