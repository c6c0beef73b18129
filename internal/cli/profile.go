package cli

import (
	"bufio"
	"cmp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/profile"
)

func newProfileCommand(g *globals) *cobra.Command {
	c := group("profile", "Keep the servers that you speak to, under names",
		newProfileListCommand(g), newProfileShowCommand(g), newProfileSetCommand(g), newProfileUseCommand(g), newProfileRemoveCommand(g))
	c.Long = `Keep the servers that you speak to, under names.

A command goes to the profile of --profile or MEWS_PROFILE; else where FALCON_BASE_URL
and its kin say; else to the profile in use. Flags such as --ca have the last word about
each part, but where --base-url names another server than the profile, nothing of the
profile is used: its secret is for its own server.

Profiles stand in one file, which you may also write yourself:

  ~/.config/mews/config.yaml    ($XDG_CONFIG_HOME/mews/config.yaml, or MEWS_PROFILES)

  use: lab
  profiles:
    lab:
      base_url: https://127.0.0.1:8443
      client_id: 0123456789abcdef0123456789abcdef
      client_secret_file: ~/.config/mews/lab.secret
      ca: ~/mews-data/tls/ca.pem

A profile takes base_url or cloud, client_id, client_secret or client_secret_file,
member_cid, ca, proxy and insecure. With a secret in it, the file must be readable by you
alone.`
	return c
}

// profiles reads the user's file and tells where it is.
func (g *globals) profiles() (*profile.File, string, error) {
	path, err := profile.DefaultPath(g.env)
	if err != nil {
		return &profile.File{}, "", nil // a machine without homes has no profiles
	}
	f, err := profile.Load(path)
	return f, path, err
}

// changeProfiles edits the user's file.
func (g *globals) changeProfiles(change func(*profile.File) error) error {
	path, err := profile.DefaultPath(g.env)
	if err != nil {
		return usageError{err}
	}
	return profile.Update(path, change)
}

func unknownProfile(f *profile.File, name string) error {
	if len(f.Names()) == 0 {
		return mews.Errorf(mews.ErrNotFound, "there is no profile %q, nor any other; make one: mews profile set %s", name, name)
	}
	return mews.Errorf(mews.ErrNotFound, "there is no profile %q; known are %s", name, strings.Join(f.Names(), ", "))
}

// A profileRow is a profile without its secret.
type profileRow struct {
	Name      string `json:"name"`
	InUse     bool   `json:"in_use"`
	Address   string `json:"address"` // base URL, or cloud
	ClientID  string `json:"client_id"`
	Secret    string `json:"secret"` // where it is: "stored", a file, or nowhere
	MemberCID string `json:"member_cid,omitempty"`
	CA        string `json:"ca,omitempty"`
	Proxy     string `json:"proxy,omitempty"`
	Insecure  bool   `json:"insecure,omitempty"`
}

func rowOfProfile(name string, inUse bool, p profile.Profile) profileRow {
	secret := p.ClientSecretFile
	if p.ClientSecret != "" {
		secret = "stored"
	}
	return profileRow{
		Name: name, InUse: inUse, Address: p.Address(), ClientID: p.ClientID, Secret: secret,
		MemberCID: p.MemberCID, CA: p.CA, Proxy: p.Proxy, Insecure: p.Insecure,
	}
}

func newProfileListCommand(g *globals) *cobra.Command {
	return rowsOf[profileRow](&cobra.Command{
		Use: "list", Short: "List the profiles", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			file, path, err := g.profiles()
			if err != nil {
				return err
			}
			env := &mews.Envelope[profileRow]{}
			for _, name := range file.Names() {
				p, _ := file.Get(name)
				env.Resources = append(env.Resources, rowOfProfile(name, name == file.InUse(), p))
			}
			if len(env.Resources) == 0 {
				g.note("no profiles in %s; make one: mews profile set", path)
			}
			return g.write(viewOf(env, "name", "in_use", "address", "client_id", "secret"))
		},
	})
}

func newProfileShowCommand(g *globals) *cobra.Command {
	return rowsOf[profileRow](&cobra.Command{
		Use: "show [NAME]", Short: "Show a profile, or where commands go now; never the secret", Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: g.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			row, err := g.profileShown(args)
			if err != nil {
				return err
			}
			v := viewOf(&mews.Envelope[profileRow]{Resources: []profileRow{row}})
			if g.output.forPeople() {
				v.rows = nil
				return showEach(g, []profileRow{row}, showProfile)
			}
			return g.write(v)
		},
	})
}

func (g *globals) profileShown(args []string) (profileRow, error) {
	if len(args) == 0 {
		c, err := g.connection()
		return rowOfProfile(c.from, true, c.Profile), err
	}
	file, _, err := g.profiles()
	if err != nil {
		return profileRow{}, err
	}
	p, ok := file.Get(args[0])
	if !ok {
		return profileRow{}, unknownProfile(file, args[0])
	}
	return rowOfProfile(args[0], args[0] == file.InUse(), p), nil
}

func showProfile(w *bufio.Writer, r profileRow) error {
	yes := func(is bool) string {
		if is {
			return "yes"
		}
		return ""
	}
	fields(w, [][2]string{
		{"name", r.Name},
		{"in use", yes(r.InUse)},
		{"address", r.Address},
		{"client id", r.ClientID},
		{"secret", cmp.Or(r.Secret, "none")},
		{"member cid", r.MemberCID},
		{"ca", r.CA},
		{"proxy", r.Proxy},
		{"insecure", yes(r.Insecure)},
	})
	return nil
}

// completeProfiles completes the name of a profile.
func (g *globals) completeProfiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	file, _, err := g.profiles()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return file.Names(), cobra.ShellCompDirectiveNoFileComp
}
