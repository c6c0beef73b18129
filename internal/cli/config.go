package cli

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/server"
)

// A settingRow is one setting of the server.
type settingRow struct {
	Key      string `json:"key"`
	Value    any    `json:"value"`
	Default  any    `json:"default"`
	Variable string `json:"variable"`
	Flag     string `json:"flag"`
	Usage    string `json:"usage"`
}

func newConfigCommand(g *globals) *cobra.Command {
	var conf configFlags
	check := &cobra.Command{
		Use: "check", Short: "Tell every mistake of a configuration", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if _, err := conf.load(); err != nil {
				return usageError{err}
			}
			_, err := fmt.Fprintln(g.Out, "the configuration is good")
			return err
		},
	}
	print := rowsOf[settingRow](&cobra.Command{
		Use: "print", Short: "Show every setting as the server would take it, as a YAML file", Args: cobra.NoArgs,
		Long: `Show every setting as the server would take it, as a YAML file that --config reads. With
-o json and its kin, each setting comes with its default, its variable and its flag.
Secrets stand in files of their own; a webhook's address is shown without what may be one.`,
		RunE: func(*cobra.Command, []string) error { return runConfigPrint(g, &conf) },
	})
	c := group("config", "Check and show the server's configuration", check, print)
	conf.register(c.PersistentFlags(), server.Settings())
	return c
}

func runConfigPrint(g *globals, conf *configFlags) error {
	cfg, err := conf.load()
	if err != nil {
		return usageError{err}
	}
	cfg.Webhook.URL = withoutSecrets(cfg.Webhook.URL)
	values, defaults := server.Values(cfg), server.Settings()
	if g.output.forPeople() {
		return g.writeSettings(values)
	}
	env := &mews.Envelope[settingRow]{}
	for i, s := range values {
		env.Resources = append(env.Resources, settingRow{
			Key: s.Key, Value: settingValue(s), Default: settingValue(defaults[i]), Variable: s.Variable(), Flag: "--" + s.Flag(), Usage: s.Usage,
		})
	}
	return g.write(viewOf(env, "key", "value", "default"))
}

// settingValue is a setting as it is written in a file.
func settingValue(s server.Setting) any {
	switch v := s.Default.(type) {
	case time.Duration:
		return v.String()
	case []string:
		return append([]string{}, v...) // a list, also where it is empty
	}
	return s.Default
}

// writeSettings writes a file: a section for each first part of a key.
func (g *globals) writeSettings(settings []server.Setting) error {
	root := &yaml.Node{Kind: yaml.MappingNode}
	sections := map[string]*yaml.Node{"": root}
	for _, s := range settings {
		section, key, ok := strings.Cut(s.Key, ".")
		if !ok {
			section, key = "", s.Key
		}
		if sections[section] == nil {
			sections[section] = &yaml.Node{Kind: yaml.MappingNode}
			root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: section}, sections[section])
		}
		var value yaml.Node
		if err := value.Encode(settingValue(s)); err != nil {
			return err
		}
		sections[section].Content = append(sections[section].Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key, HeadComment: s.Usage}, &value)
	}
	enc := yaml.NewEncoder(g.Out)
	enc.SetIndent(2)
	if err := enc.Encode(root); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return enc.Close()
}

// withoutSecrets shows an address without what people put secrets into.
func withoutSecrets(address string) string {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return address
	}
	if u.User != nil {
		u.User = url.User("redacted")
	}
	if u.RawQuery != "" {
		u.RawQuery = "redacted"
	}
	return u.String()
}
