package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

type iocImportOptions struct {
	indicatorFields
	format      string
	update, dry bool
}

func newIOCImportCommand(g *globals) *cobra.Command {
	o := &iocImportOptions{}
	c := &cobra.Command{
		Use: "import FILE|-", Short: "Import indicators from a CSV table, a list or a STIX bundle", Args: cobra.ExactArgs(1),
		Long: `Import indicators from a file; "-" is standard input. It is

  a CSV table  whose header names its columns: type, value, action, severity, platforms,
               expiration, tags, source, description and others; lists have ";" between
               their words
  a list       one value a line; "#" begins a comment
  a bundle     STIX 2.1: indicators whose pattern is one value, or several with OR

What a row leaves open is taken from the flags. A row that cannot be read or that the
server refuses is told of with its place and left out. Indicators that are there stay as
they are; --update changes them to what their row says. Rows that are revoked, or that
ended already, are skipped. Importing a file again changes nothing.`,
		Example: `  mews ioc import feed.csv --source feed --expires 90d --dry-run
  mews ioc import bundle.json --update --severity high`,
		RunE: func(c *cobra.Command, args []string) error { return runIOCImport(c.Context(), g, o, args[0]) },
	}
	o.register(c, true)
	f := c.Flags()
	f.StringVar(&o.format, "format", string(iocfile.Auto), "csv, stix, or auto: by the first character")
	f.BoolVar(&o.update, "update", false, "change indicators that are there already")
	f.BoolVar(&o.dry, "dry-run", false, "tell what would become of each row, and change nothing")
	f.StringVar(&o.comment, "comment", "", "why, for the audit trail")
	return rowsOf[iocSummary](c)
}

var importFormats = []string{string(iocfile.Auto), string(iocfile.CSV), string(iocfile.STIX)}

func runIOCImport(ctx context.Context, g *globals, o *iocImportOptions, file string) error {
	if !slices.Contains(importFormats, o.format) {
		return usagef("unknown --format %q; use one of %s", o.format, strings.Join(importFormats, ", "))
	}
	if _, err := o.expiration(); err != nil {
		return err
	}
	in, size := g.In, int64(0)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("open the indicators: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		in = f
	}
	return g.withClient(func(c *mews.Client) error {
		bar := g.newProgress("")
		defer bar.end()
		read := &counted{r: in}
		imp := &iocImporter{service: c.IOCs(), options: o, name: file, show: func(s iocSummary) {
			bar.set(read.n, size, fmt.Sprintf("%d added, %d updated, %d known, %d failed", s.Added, s.Updated, s.Known, s.Failed))
		}}
		err := imp.run(ctx, read)
		bar.end()
		if o.dry {
			g.note("dry run: nothing was changed")
		}
		s := imp.summary
		g.tellFailures(s.Failed, imp.failures)
		v := viewOf(&mews.Envelope[iocSummary]{Resources: []iocSummary{s}}, "added", "updated", "known", "skipped", "failed")
		return g.endImport(ctx, v, s.Added+s.Updated+s.Known, s.Failed, err)
	})
}

// iocSummary counts the rows of an import by what became of them.
type iocSummary struct {
	Added   int64 `json:"added"`
	Updated int64 `json:"updated"`
	Known   int64 `json:"known"`   // there already, and not changed
	Skipped int64 `json:"skipped"` // revoked, ended, or of a kind that another row stands for
	Failed  int64 `json:"failed"`
}

// counted counts the bytes that are read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
