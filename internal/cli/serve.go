package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mewshq/mews/internal/server"
)

func newServeCommand(g *globals) *cobra.Command {
	var conf configFlags
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server. The first run makes the data folder, a key file beside it, a local
certificate authority, and one API client whose secret is printed once.

A flag wins over the environment (MEWS_ and the flag's name in capitals), which wins
over the YAML file, which wins over the default.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := conf.load()
			if err != nil {
				return usageError{err}
			}
			return serverExit(server.Run(cmd.Context(), cfg, g.Out, g.Err))
		},
	}
	conf.register(c.Flags(), server.Settings())
	return c
}

// serverExit gives the two failures that a supervisor treats apart their own
// codes, as sysexits.h names them.
func serverExit(err error) error {
	switch {
	case errors.Is(err, server.ErrInUse):
		return codedError{err, exitInUse}
	case errors.Is(err, server.ErrDisk):
		return codedError{err, exitDisk}
	}
	return err
}

// configFlags are the server's settings as flags.
type configFlags struct {
	file  string
	flags *pflag.FlagSet
	names map[string]string // flag -> key
}

func (c *configFlags) register(flags *pflag.FlagSet, settings []server.Setting) {
	c.flags, c.names = flags, map[string]string{}
	flags.StringVar(&c.file, "config", os.Getenv("MEWS_CONFIG"), "YAML file of settings")
	for _, s := range settings {
		c.names[s.Flag()] = s.Key
		switch value := s.Default.(type) {
		case string:
			flags.String(s.Flag(), value, s.Usage)
		case bool:
			flags.Bool(s.Flag(), value, s.Usage)
		case int:
			flags.Int(s.Flag(), value, s.Usage)
		case time.Duration:
			flags.Duration(s.Flag(), value, s.Usage)
		case []string:
			flags.StringSlice(s.Flag(), value, s.Usage)
		default:
			panic(fmt.Sprintf("setting %s has a type without a flag: %T", s.Key, s.Default))
		}
	}
}

// load merges what was set on the command line with the other layers.
func (c *configFlags) load() (server.Config, error) {
	set := map[string]any{}
	// Not Visit: the flags may be parsed by the set of a command below.
	c.flags.VisitAll(func(f *pflag.Flag) {
		key, ok := c.names[f.Name]
		if !ok || !f.Changed {
			return
		}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			set[key] = list.GetSlice()
			return
		}
		set[key] = f.Value.String()
	})
	return server.Load(c.file, os.Environ(), set)
}
