package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// A tokenRow is a bearer token for other programs.
type tokenRow struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
}

func newTokenCommand(g *globals) *cobra.Command {
	c := rowsOf[tokenRow](&cobra.Command{
		Use: "token", Short: "Log in and print a bearer token, for other programs", Args: cobra.NoArgs,
		Long: `Log in and print a bearer token. It is good for half an hour and for what the API client
may do; "mews token revoke" ends it earlier.`,
		Example: `  curl --cacert "$MEWS_CA" -H "Authorization: Bearer $(mews token)" "$FALCON_BASE_URL/devices/queries/devices/v1"`,
		RunE:    func(c *cobra.Command, _ []string) error { return runToken(c.Context(), g) },
	})
	c.AddCommand(newTokenRevokeCommand(g))
	return c
}

func runToken(ctx context.Context, g *globals) error {
	c, err := g.client()
	if err != nil {
		return err
	}
	token, err := c.TokenSource().Token(ctx) // and no Close, which would revoke it
	if err != nil {
		return err
	}
	if g.output.forPeople() {
		_, err := fmt.Fprintln(g.textOut(), token) // whole: a token may be long
		return err
	}
	row := tokenRow{AccessToken: token, TokenType: "bearer"}
	return g.write(viewOf(&mews.Envelope[tokenRow]{Resources: []tokenRow{row}}, "access_token", "token_type"))
}

func newTokenRevokeCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "revoke TOKEN|-", Short: "End a token now", Args: cobra.ExactArgs(1),
		Long:              `End a token now. "-" reads it from standard input, where no other user of the machine sees it.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			tokens, err := g.wordArgs(args, "token", func(word string) (string, error) { return word, nil })
			if err != nil {
				return err
			}
			return g.withClient(func(client *mews.Client) error {
				for _, token := range tokens {
					if _, err := client.Command(c.Context(), "oauth2RevokeToken", mews.Params{Values: map[string]any{"token": token}}); err != nil {
						return err
					}
				}
				_, err := fmt.Fprintf(g.Out, "revoked %s\n", count(len(tokens), "token", "tokens"))
				return err
			})
		},
	}
}
