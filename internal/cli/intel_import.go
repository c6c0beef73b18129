package cli

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/shipping"
)

type intelImportOptions struct {
	source, format, checkpoints string
	complete, force             bool
}

func newIntelImportCommand(g *globals) *cobra.Command {
	o := &intelImportOptions{}
	c := &cobra.Command{
		Use: "import FILE...|FOLDER|-", Short: "Import feeds: STIX 2.1, MISP, URLhaus, ThreatFox, MalwareBazaar, CSV, lists", Args: cobra.MinimumNArgs(1),
		Long: `Import what a feed says of indicators; "-" is standard input. How a file begins tells what
it is, or --format:

  stix           bundles of STIX 2.1
  misp           an event, several of them, or the folder of a feed with its manifest.json
  urlhaus, threatfox, malwarebazaar   the CSV tables of abuse.ch
  csv            a table whose header names type, indicator, malicious_confidence,
                 malware_families, labels and others, or a list: one value a line
  ndjson         one indicator a line, as "mews intel list -o ndjson" writes it

Of folders all such files are read (.json .ndjson .csv .txt), packed ones too (.gz .zst).

A feed can be imported again and again: what is known as it is stays untouched, what it
says differently changes, and files that did not change are not even sent (--force sends
them). With --complete what the feed said before and does not say any more is deleted,
unless another feed says it; of an event of MISP, and of an object of STIX, that holds
always. A row that is wrong is told of and left out; nothing is deleted then.`,
		Example: `  curl -sO https://urlhaus.abuse.ch/downloads/csv_recent/ && mews intel import csv_recent --source urlhaus
  mews intel import ./misp-feed --source circl
  mews intel import blocklist.txt --source "our list" --complete`,
		RunE: func(c *cobra.Command, args []string) error { return runIntelImport(c.Context(), g, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.source, "source", "", "the name of the feed (default: that of the one file or folder)")
	f.StringVar(&o.format, "format", string(feed.Auto), "of all files: "+strings.Join(feed.Formats(), ", "))
	f.BoolVar(&o.complete, "complete", false, "this is all that the feed says")
	f.BoolVar(&o.force, "force", false, "send files again that did not change")
	f.StringVar(&o.checkpoints, "checkpoints", "", "folder that remembers what was sent (default: one for this server, client and feed, below $XDG_STATE_HOME/mews)")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(feed.Formats(), cobra.ShellCompDirectiveNoFileComp))
	return rowsOf[intelSummary](c)
}

// intelSummary is what an import prints.
type intelSummary struct {
	Files int64 `json:"files"` // that were sent
	Known int64 `json:"known"` // files that have not changed since they were sent
	mews.IntelCounts
}

func runIntelImport(ctx context.Context, g *globals, o *intelImportOptions, paths []string) error {
	if !slices.Contains(feed.Formats(), o.format) {
		return usagef("unknown --format %q; use one of %s", o.format, strings.Join(feed.Formats(), ", "))
	}
	stdin := slices.Contains(paths, "-")
	if stdin && len(paths) > 1 {
		return usagef("standard input is imported alone")
	}
	if o.source == "" {
		if o.source = feedName(paths[0]); len(paths) > 1 || stdin || o.source == "" {
			return usagef("name the feed with --source")
		}
	}
	return g.withClient(func(c *mews.Client) error {
		imp, err := newIntelImporter(g, c.Intel(), o)
		if err != nil {
			return err
		}
		defer imp.bar.end()
		if stdin {
			return imp.end(ctx, imp.stream(ctx, g.In))
		}
		files, err := feedFiles(paths)
		if err != nil {
			return err
		}
		if imp.known, err = o.versions(g); err != nil {
			return err
		}
		err = imp.runFiles(ctx, files)
		return imp.end(ctx, errors.Join(err, imp.known.Close()))
	})
}

// feedName is the name of a file or folder without its endings.
func feedName(path string) string {
	name := filepath.Base(absolute(path))
	for ext := filepath.Ext(name); ext != "" && ext != name && (packed(ext) || feedEnding(ext)); ext = filepath.Ext(name) {
		name = strings.TrimSuffix(name, ext)
	}
	if name == "-" || name == string(filepath.Separator) {
		return ""
	}
	return name
}

// versions opens what the command remembers of the feed's files.
func (o *intelImportOptions) versions(g *globals) (*shipping.Versions, error) {
	dir := absolute(o.checkpoints)
	if o.checkpoints == "" {
		var err error
		if dir, err = g.checkpoints("intel", "\n"+o.source); err != nil {
			return nil, err
		}
	}
	return shipping.OpenVersions(dir)
}

// newRun is a name for the calls of one import.
func newRun() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (imp *intelImporter) end(ctx context.Context, err error) error {
	imp.bar.end()
	s := imp.summary
	imp.g.tellFailures(int64(s.Failed), imp.failures)
	if imp.untaken {
		imp.g.note("nothing was deleted: of what is wrong nobody knows what it says")
	}
	v := viewOf(&mews.Envelope[intelSummary]{Resources: []intelSummary{s}},
		"files", "known", "rows", "added", "updated", "unchanged", "deleted", "skipped", "failed")
	return imp.g.endImport(ctx, v, s.Known+int64(s.Added+s.Updated+s.Unchanged+s.Skipped), int64(s.Failed), err)
}

// rowNumber is the line of a chunk that the server speaks of; 0: none.
func rowNumber(id string) int {
	n := 0
	_, _ = fmt.Sscanf(id, "line %d", &n)
	return n
}
