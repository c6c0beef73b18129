package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/shipping"
)

// ingestOptions say what is taken in and how.
type ingestOptions struct {
	format, match, checkpoints string
	follow                     bool
	parallel                   int
}

const ingestHelp = `
Formats are told by each line's shape (--format overrides): Falcon Data Replicator,
ECS as Beats and Elastic Agent write it, Sysmon, osquery results. Files may be packed
with gzip or zstd. A line that is wrong is told of and left out; the others count.

Each chunk of lines counts once: checkpoints remember what was handed over, so that the
command can be ended in any way and repeated. Repeat it within 24 hours: that is how long
the server knows a chunk that it took in without our hearing of it. A file keeps its
place when it is renamed, and when it is packed after that.

With --follow the command waits for more until it is interrupted, through outages of
the server, too.`

func newIngestCommand(g *globals) *cobra.Command {
	return group("ingest", "Take in what sensors wrote: which host saw which hash, domain or address",
		newIngestFilesCommand(g), newIngestDirCommand(g))
}

func newIngestFilesCommand(g *globals) *cobra.Command {
	o := &ingestOptions{}
	c := &cobra.Command{
		Use: "files FILE...|-", Short: "Take in log files, each to its end", Args: cobra.MinimumNArgs(1),
		Long: "Take in log files, each to its end; \"-\" is standard input, which has no checkpoints.\n" + ingestHelp,
		Example: `  mews ingest files /var/log/osquery/osqueryd.results.log --follow
  aws s3 cp s3://bucket/data/part-00000.gz - | zcat | mews ingest files - --format fdr`,
		RunE: func(c *cobra.Command, args []string) error {
			for _, path := range args {
				if info, err := os.Stat(path); err == nil && info.IsDir() {
					return usagef("%s is a folder: use mews ingest dir", path)
				}
			}
			return runIngest(c.Context(), g, o, args)
		},
	}
	o.register(c)
	return rowsOf[ingestSummary](c)
}

func newIngestDirCommand(g *globals) *cobra.Command {
	o := &ingestOptions{}
	c := &cobra.Command{
		Use: "dir FOLDER...", Short: "Take in all logs below folders, such as an export of Falcon Data Replicator", Args: cobra.MinimumNArgs(1),
		Long: `Take in all logs below folders, such as an export of Falcon Data Replicator as it lies in
its bucket. Files whose names begin with a dot or an underscore, or end like unfinished
ones (.tmp, .part), are left alone, and symbolic links are not followed.
` + ingestHelp,
		Example: `  aws s3 sync s3://bucket/data fdr && mews ingest dir fdr
  mews ingest dir /var/log/sensor --match '*.json*' --follow`,
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := filepath.Match(o.match, ""); err != nil {
				return usagef("--match %q: %w", o.match, err)
			}
			return runIngest(c.Context(), g, o, args)
		},
	}
	o.register(c)
	c.Flags().StringVar(&o.match, "match", "", `only files with such names ("*.json*")`)
	return rowsOf[ingestSummary](c)
}

func (o *ingestOptions) register(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.format, "format", "", "of all lines: fdr, ecs, sysmon or osquery")
	f.BoolVar(&o.follow, "follow", false, "wait for more lines and files until interrupted")
	f.StringVar(&o.checkpoints, "checkpoints", "", "folder of the checkpoints (default: one for this server and client, below $XDG_STATE_HOME/mews)")
	f.IntVar(&o.parallel, "parallel", 4, "chunks sent at the same time")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"fdr", "ecs", "sysmon", "osquery"}, cobra.ShellCompDirectiveNoFileComp))
}

// Sizes of chunks. Large ones cost the server less; the bounds of a call are far
// above.
const (
	chunkBytes = 16 << 20
	chunkLines = 50_000
	followPoll = time.Second
)

func runIngest(ctx context.Context, g *globals, o *ingestOptions, paths []string) error {
	if o.parallel < 1 || o.parallel > 64 {
		return usagef("--parallel %d: must be 1..64", o.parallel)
	}
	stdin := len(paths) == 1 && paths[0] == "-"
	if stdin && o.follow {
		return usagef("standard input is read to its end; it cannot be followed")
	}
	return g.withClient(func(c *mews.Client) error {
		s, err := newShipper(g, c.Telemetry(), o)
		if err != nil {
			return err
		}
		if stdin {
			err = shipping.Stream(ctx, "standard input", g.In, s.options(ctx, nil))
			return s.end(ctx, err)
		}
		for i, path := range paths {
			paths[i] = absolute(path)
		}
		dir, err := o.folder(g)
		if err != nil {
			return err
		}
		journal, err := shipping.OpenFolder(dir, time.Now)
		if err != nil {
			return err
		}
		run := s.options(ctx, paths)
		run.Journal = journal
		err = shipping.Run(ctx, run)
		return errors.Join(s.end(ctx, err), journal.Close())
	})
}

// folder gives the folder of the checkpoints.
func (o *ingestOptions) folder(g *globals) (string, error) {
	if o.checkpoints != "" {
		return absolute(o.checkpoints), nil
	}
	return g.checkpoints("ingest", "")
}

// checkpoints gives a folder for what a command remembers of what it sent. What
// went to one server, by one client, says nothing about another; of is what else
// tells them apart.
func (g *globals) checkpoints(command, of string) (string, error) {
	state := g.env("XDG_STATE_HOME")
	if home := g.env("HOME"); state == "" && home != "" {
		state = filepath.Join(home, ".local", "state")
	}
	if state == "" {
		return "", usagef("no folder for checkpoints: set --checkpoints or HOME")
	}
	conn, err := g.connection()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s", conn.Address(), conn.ClientID+of))
	return filepath.Join(state, "mews", command+"-"+hex.EncodeToString(sum[:6])), nil
}
