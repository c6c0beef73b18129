package cli

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

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

func newProfileUseCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "use NAME", Short: "Choose the profile that commands go to where nothing else is said", Args: cobra.ExactArgs(1),
		ValidArgsFunction: g.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := g.changeProfiles(func(f *profile.File) error {
				if _, ok := f.Get(args[0]); !ok {
					return unknownProfile(f, args[0])
				}
				return f.Use(args[0])
			}); err != nil {
				return err
			}
			fmt.Fprintf(g.Out, "commands go to %s now\n", args[0])
			if _, ok := environment(g.env); ok {
				g.note("but FALCON_ variables are set in this shell; they come first")
			}
			return nil
		},
	}
}

func newProfileRemoveCommand(g *globals) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "remove NAME", Aliases: []string{"rm", "delete"}, Short: "Forget a profile, and the secret that is stored in it", Args: cobra.ExactArgs(1),
		ValidArgsFunction: g.completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			file, _, err := g.profiles()
			if err != nil {
				return err
			}
			if _, ok := file.Get(args[0]); !ok {
				return unknownProfile(file, args[0])
			}
			if !yes {
				if err := g.confirm(fmt.Sprintf("Forget the profile %s?", args[0])); err != nil {
					return err
				}
			}
			if err := g.changeProfiles(func(f *profile.File) error { return f.Remove(args[0]) }); err != nil {
				return err
			}
			fmt.Fprintf(g.Out, "removed %s\n", args[0])
			return nil
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func newProfileSetCommand(g *globals) *cobra.Command {
	var fromEnv bool
	c := &cobra.Command{
		Use: "set NAME", Short: "Make a profile, or change parts of one", Args: cobra.ExactArgs(1),
		Long: `Make a profile, or change the parts of one that flags name; an empty value removes a
part. The first profile is in use.

The secret is asked for on a terminal, or read from standard input with --client-secret -;
it is then stored in the file of profiles. --client-secret-file only notes where it is.`,
		Example: `  mews profile set lab --base-url https://127.0.0.1:8443 --client-id 0123456789abcdef0123456789abcdef --ca ~/mews-data/tls/ca.pem
  mews profile set lab --from-env`,
		ValidArgsFunction: g.completeProfiles,
		RunE: func(c *cobra.Command, args []string) error {
			return runProfileSet(g, c.Flags(), args[0], fromEnv)
		},
	}
	c.Flags().BoolVar(&fromEnv, "from-env", false, "take over what FALCON_BASE_URL, FALCON_CLIENT_ID and their kin say")
	return c
}

func runProfileSet(g *globals, flags *pflag.FlagSet, name string, fromEnv bool) error {
	file, _, err := g.profiles()
	if err != nil {
		return err
	}
	if err := profile.CheckName(name); err != nil {
		return usageError{err}
	}
	p, known := file.Get(name)
	if fromEnv {
		env, ok := environment(g.env)
		if !ok {
			return usagef("--from-env: FALCON_BASE_URL, FALCON_CLIENT_ID and FALCON_CLIENT_SECRET are not set")
		}
		p = env
	}
	p = changedParts(p, g.connect.given, flags.Changed)
	if p.ClientSecret == "-" || !known && p.ClientID != "" && p.ClientSecret == "" && p.ClientSecretFile == "" && g.isTerminal(g.In) {
		if p.ClientSecret, err = g.readSecret(); err != nil {
			return err
		}
	}
	if p.Address() == "" {
		return usagef("a profile needs an address: --base-url, or --cloud")
	}
	if err := g.changeProfiles(func(f *profile.File) error { return f.Set(name, p) }); err != nil {
		return err
	}
	fmt.Fprintf(g.Out, "profile %s is set\n", name)
	g.note("to try it: mews doctor --profile %s", name)
	return nil
}

// changedParts gives the profile with the parts that flags name. Address and
// secret have two forms each, of which one is kept.
func changedParts(p, flags profile.Profile, changed func(flag string) bool) profile.Profile {
	set := func(flag string, to *string, value string, other *string) {
		if !changed(flag) {
			return
		}
		*to = value
		if value != "" && other != nil {
			*other = ""
		}
	}
	set("base-url", &p.BaseURL, flags.BaseURL, &p.Cloud)
	set("cloud", &p.Cloud, flags.Cloud, &p.BaseURL)
	set("client-id", &p.ClientID, flags.ClientID, nil)
	set("client-secret", &p.ClientSecret, flags.ClientSecret, &p.ClientSecretFile)
	set("client-secret-file", &p.ClientSecretFile, absoluteUnlessEmpty(flags.ClientSecretFile), &p.ClientSecret)
	set("member-cid", &p.MemberCID, flags.MemberCID, nil)
	set("ca", &p.CA, absoluteUnlessEmpty(flags.CA), nil)
	set("proxy", &p.Proxy, flags.Proxy, nil)
	if changed("insecure") {
		p.Insecure = flags.Insecure
	}
	return p
}

// absoluteUnlessEmpty makes a path mean the same in every folder.
func absoluteUnlessEmpty(path string) string {
	if path == "" {
		return ""
	}
	return absolute(path)
}

// readSecret asks for a secret without showing it, or reads standard input.
func (g *globals) readSecret() (string, error) {
	var text string
	if f, ok := g.In.(*os.File); ok && g.isTerminal(g.In) {
		fmt.Fprint(g.Err, "client secret: ")
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(g.Err)
		if err != nil {
			return "", fmt.Errorf("read the client secret: %w", err)
		}
		text = string(b)
	} else {
		line, err := bufio.NewReader(io.LimitReader(g.In, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the client secret: %w", err)
		}
		text = line
	}
	if text = strings.TrimSpace(text); text == "" {
		return "", usagef("no secret was given")
	}
	return text, nil
}

// completeProfiles completes the name of a profile.
func (g *globals) completeProfiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	file, _, err := g.profiles()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return file.Names(), cobra.ShellCompDirectiveNoFileComp
}
