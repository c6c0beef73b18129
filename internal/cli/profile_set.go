package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/mewshq/mews/internal/profile"
)

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
