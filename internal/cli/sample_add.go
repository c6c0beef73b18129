package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

type addOptions struct {
	label, family, firstSeen string
	tags                     []string
	manifest                 string
	parallel                 int
}

func newSampleAddCommand(g *globals) *cobra.Command {
	o := &addOptions{}
	c := &cobra.Command{
		Use: "add PATH...", Short: "Add files, or folders with all that is in them",
		Long: `Add files, or folders with all that is in them. Files are hashed here first and the
server is asked which it knows, so repeating the command resumes an import and adds
nothing twice. Symbolic links, empty and special files are skipped. Samples that are
known already keep their labels ("mews sample label" changes them).

--manifest describes the files: CSV with a header line, or NDJSON, with the columns
path and/or sha256, label, family, first_seen, tags (CSV: with ";" between them).
Paths are relative to the manifest. Its values go before those of the flags. With a
manifest, PATH may be absent: then the files that it names are added.`,
		Example: `  mews sample add /srv/corpus --label malware
  mews sample add --manifest corpus/index.csv`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 && o.manifest == "" {
				return errors.New("give a PATH or --manifest")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return runSampleAdd(c.Context(), g, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.label, "label", "", "clean, malware, pua or unknown")
	f.StringVar(&o.family, "family", "", "malware family")
	f.StringSliceVar(&o.tags, "tag", nil, "a tag")
	f.StringVar(&o.firstSeen, "first-seen", "", "day first seen (YYYY/MM/DD); default: today")
	f.StringVar(&o.manifest, "manifest", "", "file that describes the files, CSV or NDJSON")
	f.IntVar(&o.parallel, "parallel", 16, "uploads at the same time")
	return rowsOf[importSummary](c)
}

// importSummary is what an import prints. Bytes counts what was uploaded.
type importSummary struct {
	Added   int64 `json:"added"`
	Known   int64 `json:"known"`
	Skipped int64 `json:"skipped"`
	Failed  int64 `json:"failed"`
	Bytes   int64 `json:"bytes"`
}

func runSampleAdd(ctx context.Context, g *globals, o *addOptions, paths []string) error {
	if o.parallel < 1 || o.parallel > 64 {
		return usagef("--parallel %d: must be 1..64", o.parallel)
	}
	m, err := o.readManifest()
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		imp := &importer{
			samples: c.Samples(), manifest: m, options: o, hashers: runtime.GOMAXPROCS(0), skipPath: absolute(o.manifest),
			now: time.Now,
		}
		bar := g.newProgress("")
		stopShow := imp.show(bar)
		err := imp.run(ctx, paths)
		stopShow()
		bar.end()
		return g.reportImport(ctx, imp.summary(), imp.failures, err)
	})
}

func (o *addOptions) readManifest() (*manifest, error) {
	if o.manifest == "" {
		return &manifest{}, nil
	}
	f, err := os.Open(o.manifest)
	if err != nil {
		return nil, fmt.Errorf("open the manifest: %w", err)
	}
	defer f.Close()
	m, err := readManifest(f, filepath.Dir(absolute(o.manifest)))
	if err != nil {
		return nil, usagef("manifest %s: %w", o.manifest, err)
	}
	return m, nil
}

// upload gives a file's description: the manifest's row, and the flags for what
// it leaves open.
func (o *addOptions) upload(f localFile, row *manifestRow) mews.UploadOptions {
	if row == nil {
		row = &manifestRow{}
	}
	u := mews.UploadOptions{
		FileName: filepath.Base(f.path), SHA256: f.sha256,
		Label: cmp.Or(row.Label, o.label), Family: cmp.Or(row.Family, o.family), FirstSeen: cmp.Or(row.FirstSeen, o.firstSeen),
		Tags: o.tags,
	}
	if len(row.Tags) > 0 {
		u.Tags = row.Tags
	}
	return u
}

// errNothingAdded: no file of an import could be stored.
var errNothingAdded = errors.New("nothing was added")

// reportImport lists what failed and prints the summary.
func (g *globals) reportImport(ctx context.Context, s importSummary, failures []failure, err error) error {
	g.tellFailures(s.Failed, failures)
	v := viewOf(&mews.Envelope[importSummary]{Resources: []importSummary{s}}, "added", "known", "skipped", "failed", "bytes")
	return g.endImport(ctx, v, s.Added+s.Known, s.Failed, err)
}

// endImport writes an import's summary and makes an error of how it ended.
func (g *globals) endImport(ctx context.Context, summary view, taken, failed int64, err error) error {
	werr := g.write(summary)
	switch {
	case err != nil && ctx.Err() != nil:
		g.note("interrupted; run the same command again to go on")
		return silent(errInterrupted)
	case errors.Is(err, mews.ErrInvalid):
		return err
	case err != nil:
		return fmt.Errorf("%w\nthe import stopped early; run the same command again to go on", err)
	case werr != nil:
		return werr
	case failed > 0 && taken == 0:
		return silent(errNothingAdded)
	case failed > 0:
		return silent(errPartial)
	}
	return nil
}

func (g *globals) tellFailures(failed int64, failures []failure) {
	for _, f := range failures {
		g.note("mews: %s: %v", f.path, f.err)
	}
	if more := failed - int64(len(failures)); more > 0 {
		g.note("mews: and %d more", more)
	}
}

// absolute makes a path comparable; "" stays "".
func absolute(path string) string {
	if path == "" {
		return ""
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return filepath.Clean(path)
	}
	return abs
}
