package cli

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// connectOptions say where the server is and who asks. A flag wins over the
// environment.
type connectOptions struct {
	baseURL, clientID, secret, secretFile, ca string
	timeout                                   time.Duration
}

func (o *connectOptions) register(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&o.baseURL, "base-url", "", "address of the server (FALCON_BASE_URL)")
	f.StringVar(&o.clientID, "client-id", "", "API client (FALCON_CLIENT_ID)")
	f.StringVar(&o.secret, "client-secret", "", "its secret (FALCON_CLIENT_SECRET); other users of this machine can see flags")
	f.StringVar(&o.secretFile, "client-secret-file", "", "file that holds the secret")
	f.StringVar(&o.ca, "ca", "", "CA certificate of the server, PEM file (MEWS_CA)")
	f.DurationVar(&o.timeout, "timeout", time.Minute, "how long to wait for one answer")
	root.MarkFlagsMutuallyExclusive("client-secret", "client-secret-file")
}

// server tells where the server is and which API client asks.
func (o *connectOptions) server(env func(string) string) (base, id string) {
	return cmp.Or(o.baseURL, env("FALCON_BASE_URL")), cmp.Or(o.clientID, env("FALCON_CLIENT_ID"))
}

// client makes the API client. Close it.
func (g *globals) client() (*mews.Client, error) {
	o := &g.connect
	base, id := o.server(g.env)
	secret := cmp.Or(o.secret, g.env("FALCON_CLIENT_SECRET"))
	if o.secretFile != "" {
		b, err := os.ReadFile(o.secretFile)
		if err != nil {
			return nil, fmt.Errorf("read the client secret: %w", err)
		}
		secret = strings.TrimSpace(string(b))
	}
	switch {
	case base == "":
		return nil, usagef("no server: set --base-url or FALCON_BASE_URL (the server prints it on its first run)")
	case id == "" || secret == "":
		return nil, usagef("no credentials: set FALCON_CLIENT_ID and FALCON_CLIENT_SECRET, or --client-id and --client-secret-file")
	}
	opts := []mews.Option{
		mews.WithCredentials(id, secret), mews.WithUserAgent("mews-cli"), mews.WithTimeout(o.timeout), mews.WithRetryNotice(g.tellPause),
	}
	if ca := cmp.Or(o.ca, g.env("MEWS_CA")); ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("read the CA certificate: %w", err)
		}
		opts = append(opts, mews.WithCA(pem))
	}
	return mews.NewClient(base, opts...)
}

// withClient runs a command's work with a client and logs out afterwards.
func (g *globals) withClient(work func(*mews.Client) error) error {
	c, err := g.client()
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // the token ends by itself where it cannot be revoked
	return work(c)
}

// tellPause explains a silence that a person would notice.
func (g *globals) tellPause(_ string, err error, pause time.Duration) {
	if pause >= 2*time.Second {
		g.note("mews: %v; trying again in %s", err, pause.Round(time.Second))
	}
}
