package cli

import (
	"errors"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newAuditCommand(g *globals) *cobra.Command {
	var o adminOptions
	c := group("audit", "Look after the audit trail, on the server's machine", &cobra.Command{
		Use: "verify", Short: "Check the hash chain of every audit row", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return g.withAdmin(cmd.Context(), &o, func(a *adminCaller) error {
				env, err := adminResources[mews.AuditReport](cmd.Context(), a, http.MethodPost, "/admin/audit/verify", nil)
				if err != nil {
					return err
				}
				if err := g.write(viewOf(env, "rows", "ok", "error")); err != nil {
					return err
				}
				if len(env.Resources) == 0 || !env.Resources[0].OK {
					return errors.New("the audit trail is not what was written")
				}
				return nil
			})
		},
	})
	o.register(c.PersistentFlags())
	return c
}
