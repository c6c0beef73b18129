package cli

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/profile"
)

// connectOptions are the flags that say where the server is and who asks.
type connectOptions struct {
	name    string          // of a profile
	given   profile.Profile // what flags say of each part
	timeout time.Duration
}

func (o *connectOptions) register(root *cobra.Command) {
	f := root.PersistentFlags()
	f.StringVar(&o.name, "profile", "", "speak to the server of this profile (MEWS_PROFILE); see mews help profile")
	f.StringVar(&o.given.BaseURL, "base-url", "", "address of the server (FALCON_BASE_URL)")
	f.StringVar(&o.given.Cloud, "cloud", "", "a cloud of the vendor's by its name, in the place of an address (FALCON_CLOUD)")
	f.StringVar(&o.given.ClientID, "client-id", "", "API client (FALCON_CLIENT_ID)")
	f.StringVar(&o.given.ClientSecret, "client-secret", "", "its secret (FALCON_CLIENT_SECRET); other users of this machine can see flags")
	f.StringVar(&o.given.ClientSecretFile, "client-secret-file", "", "file that holds the secret")
	f.StringVar(&o.given.MemberCID, "member-cid", "", "log in on behalf of this customer (FALCON_MEMBER_CID)")
	f.StringVar(&o.given.CA, "ca", "", "CA certificate of the server, PEM file (MEWS_CA)")
	f.StringVar(&o.given.Proxy, "proxy", "", "proxy, http://host:port (default: HTTPS_PROXY and NO_PROXY)")
	f.BoolVar(&o.given.Insecure, "insecure", false, "believe any certificate: whoever is in between can read the secret")
	f.DurationVar(&o.timeout, "timeout", time.Minute, "how long to wait for one answer")
	root.MarkFlagsMutuallyExclusive("client-secret", "client-secret-file")
	root.MarkFlagsMutuallyExclusive("base-url", "cloud")
}

// registerCompletions completes what is known by name.
func (g *globals) registerCompletions(root *cobra.Command) {
	clouds := append([]string{mews.CloudAuto}, mews.Clouds()...)
	_ = root.RegisterFlagCompletionFunc("cloud", cobra.FixedCompletions(clouds, cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("profile", g.completeProfiles)
}

// A connection is where a command goes and as whom.
type connection struct {
	profile.Profile
	from string // who said so, for people
	left string // a profile that is not used, because a flag names another server
}

// connection finds it: a profile that is named, else the environment, else the
// profile in use; flags have the last word about each part.
func (g *globals) connection() (connection, error) {
	c, err := g.connectionSaid()
	if err != nil {
		return c, usageError{err}
	}
	return c.with(g.connect.given), nil
}

func (g *globals) connectionSaid() (connection, error) {
	if name := cmp.Or(g.connect.name, g.env("MEWS_PROFILE")); name != "" {
		file, _, err := g.profiles()
		if err != nil {
			return connection{}, err
		}
		p, ok := file.Get(name)
		if !ok {
			return connection{}, unknownProfile(file, name)
		}
		return connection{Profile: p, from: "profile " + name}, nil
	}
	if p, ok := environment(g.env); ok {
		return connection{Profile: p, from: "the environment"}, nil
	}
	c := connection{Profile: profile.Profile{CA: g.env("MEWS_CA")}, from: "flags"}
	file, _, err := g.profiles()
	if err != nil || file.InUse() == "" {
		return c, err
	}
	p, _ := file.Get(file.InUse())
	return connection{Profile: p, from: "profile " + file.InUse()}, nil
}

// environment reads the variables that other Falcon clients know too; ok tells
// whether they say anything.
func environment(env func(string) string) (p profile.Profile, ok bool) {
	p = profile.Profile{
		BaseURL: env("FALCON_BASE_URL"), ClientID: env("FALCON_CLIENT_ID"), ClientSecret: env("FALCON_CLIENT_SECRET"),
		MemberCID: env("FALCON_MEMBER_CID"),
	}
	if cloud := env("FALCON_CLOUD"); p.BaseURL == "" && cloud != "custom" { // custom: the address says where
		p.Cloud = cloud
	}
	ok = p != profile.Profile{}
	p.CA = env("MEWS_CA")
	return p, ok
}

// with puts what flags say over c. A profile's secret is for the profile's own
// server: where a flag names another one, nothing of the profile is left.
func (c connection) with(flags profile.Profile) connection {
	elsewhere := flags.Address() != "" && flags.Address() != c.Address()
	if strings.HasPrefix(c.from, "profile ") && elsewhere {
		c = connection{from: "flags", left: c.from}
	}
	if flags.Address() != "" {
		c.BaseURL, c.Cloud = flags.BaseURL, flags.Cloud
	}
	if flags.ClientSecret != "" || flags.ClientSecretFile != "" {
		c.ClientSecret, c.ClientSecretFile = flags.ClientSecret, flags.ClientSecretFile
	}
	c.ClientID = cmp.Or(flags.ClientID, c.ClientID)
	c.MemberCID = cmp.Or(flags.MemberCID, c.MemberCID)
	c.CA = cmp.Or(flags.CA, c.CA)
	c.Proxy = cmp.Or(flags.Proxy, c.Proxy)
	c.Insecure = flags.Insecure || c.Insecure
	return c
}

// secret gives the secret, from its file if it is there.
func (c connection) secret(env func(string) string) (string, error) {
	if c.ClientSecretFile == "" {
		return c.ClientSecret, nil
	}
	b, err := os.ReadFile(fromHome(c.ClientSecretFile, env))
	if err != nil {
		return "", fmt.Errorf("read the client secret: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// fromHome spells out ~ in a path that no shell has seen.
func fromHome(path string, env func(string) string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && env("HOME") != "" {
		return filepath.Join(env("HOME"), rest)
	}
	return path
}

// client makes the API client. Close it.
func (g *globals) client() (*mews.Client, error) {
	conn, err := g.connection()
	if err != nil {
		return nil, err
	}
	secret, err := conn.secret(g.env)
	switch {
	case err != nil:
		return nil, err
	case conn.Address() == "":
		return nil, usagef("no server: set --base-url or FALCON_BASE_URL (the server prints it on its first run), or make a profile: mews profile set")
	case (conn.ClientID == "" || secret == "") && conn.left != "":
		return nil, usagef("%s is not used, because a flag names another server than it does; give --client-id and --client-secret-file too", conn.left)
	case conn.ClientID == "" || secret == "":
		return nil, usagef("no credentials: set FALCON_CLIENT_ID and FALCON_CLIENT_SECRET, or --client-id and --client-secret-file")
	}
	opts, err := conn.options(g.env)
	if err != nil {
		return nil, err
	}
	if conn.Insecure {
		g.note("mews: the server's certificate is not checked: whoever is in between can read the secret and every reply")
	}
	opts = append(opts, mews.WithCredentials(conn.ClientID, secret), mews.WithTimeout(g.connect.timeout), mews.WithRetryNotice(g.tellPause))
	return mews.NewClient(conn.BaseURL, opts...)
}

// options are those that tell how the server is reached.
func (c connection) options(env func(string) string) ([]mews.Option, error) {
	opts := []mews.Option{mews.WithUserAgent("mews-cli")}
	if c.Cloud != "" {
		opts = append(opts, mews.WithCloud(c.Cloud))
	}
	if c.Proxy != "" {
		opts = append(opts, mews.WithProxy(c.Proxy))
	}
	if c.Insecure {
		opts = append(opts, mews.WithInsecureTLS())
	}
	if c.MemberCID != "" {
		opts = append(opts, mews.WithMemberCID(c.MemberCID))
	}
	if c.CA != "" {
		pem, err := os.ReadFile(fromHome(c.CA, env))
		if err != nil {
			return nil, fmt.Errorf("read the CA certificate: %w", err)
		}
		opts = append(opts, mews.WithCA(pem))
	}
	return opts, nil
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
