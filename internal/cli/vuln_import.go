package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

type vulnImportOptions struct {
	mews.VulnerabilityReport
	byName bool
}

var reportFormats = []string{mews.ReportAuto, mews.ReportTrivy, mews.ReportGrype, mews.ReportCycloneDX, mews.ReportSARIF}

func newVulnImportCommand(g *globals) *cobra.Command {
	o := &vulnImportOptions{}
	c := &cobra.Command{
		Use: "import FILE...|-", Short: "Import reports of Trivy, Grype, CycloneDX or SARIF", Args: cobra.MinimumNArgs(1),
		Long: `Import reports of vulnerability scanners, each about one host; "-" is standard input. They
are JSON of Trivy or Grype, CycloneDX with vulnerabilities, or SARIF; files may be packed
(.gz, .zst).

A report is complete for its scope: what one scanner found in one thing (a path, an image)
on one host. What the next report of the same scope does not name any more is closed, and
what comes back is reopened. So scan the same thing with the same options each time; where
its name changes, such as an image with its tag, give it one with --scope. The same report
again changes nothing, and an older one than the last is left out.

Entries that cannot be read are told of with their place; such a report closes nothing.`,
		Example: `  trivy rootfs / -f json | mews vuln import - --hostname "$(hostname)"
  grype dir:/ -o json --file web01.json && mews vuln import web01.json --host-from-name
  mews vuln import image.json --hostname node7 --scope shop`,
		RunE: func(c *cobra.Command, args []string) error { return runVulnImport(c.Context(), g, o, args) },
	}
	f := c.Flags()
	f.StringVar(&o.AID, "aid", "", "the host, by its id")
	f.StringVar(&o.Hostname, "hostname", "", "the host, by its name; a new one is made of a name that no host has")
	f.BoolVar(&o.byName, "host-from-name", false, "each file is named after its host: web01.json, web01.trivy.json.gz")
	f.StringVar(&o.Scope, "scope", "", "what the report is complete for (default: what it names as scanned)")
	f.StringVar(&o.Format, "format", mews.ReportAuto, "of the reports: "+strings.Join(reportFormats, ", "))
	c.MarkFlagsOneRequired("aid", "hostname", "host-from-name")
	c.MarkFlagsMutuallyExclusive("aid", "host-from-name")
	c.MarkFlagsMutuallyExclusive("hostname", "host-from-name")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(reportFormats, cobra.ShellCompDirectiveNoFileComp))
	return rowsOf[vulnImported](c)
}

// A vulnImported is what became of one file.
type vulnImported struct {
	File string `json:"file"`
	mews.VulnerabilityScan
}

var vulnImportColumns = []string{"file", "hostname", "scanner", "scope", "findings", "opened", "reopened", "changed", "closed"}

func runVulnImport(ctx context.Context, g *globals, o *vulnImportOptions, files []string) error {
	if !slices.Contains(reportFormats, o.Format) {
		return usagef("unknown --format %q; use one of %s", o.Format, strings.Join(reportFormats, ", "))
	}
	if o.byName && slices.Contains(files, "-") {
		return usagef("standard input has no name; give --hostname")
	}
	return g.withClient(func(c *mews.Client) error {
		bar := g.newProgress("reports")
		defer bar.end()
		done := &mews.Envelope[vulnImported]{}
		var failures []failure
		var failed int64
		var end error
		for n, file := range files {
			env, err := importReport(ctx, c, g.In, file, *o)
			if err != nil && (ctx.Err() != nil || !failsAlone(err)) {
				end = fmt.Errorf("%s: %w", file, err)
				break
			}
			if err != nil {
				failed++
				failures = append(failures, failure{file, err})
				continue
			}
			done.Resources = append(done.Resources, vulnImported{file, env.Resources[0]})
			failed += int64(env.Resources[0].Failed)
			for _, e := range env.Errors {
				failures = append(failures, failure{file + ": " + e.ID, errors.New(e.Message)})
			}
			if env.Resources[0].Outdated {
				g.note("%s: a later report of the same scope was taken in before; this one is left out", file)
			}
			bar.set(int64(n+1), int64(len(files)), "")
		}
		bar.end()
		g.tellFailures(failed, failures)
		return g.endImport(ctx, viewOf(done, vulnImportColumns...), int64(len(done.Resources)), failed, end)
	})
}

// importReport sends one file. It is streamed, packed as it is.
func importReport(ctx context.Context, c *mews.Client, stdin io.Reader, file string, o vulnImportOptions) (*mews.Envelope[mews.VulnerabilityScan], error) {
	about := o.VulnerabilityReport
	if o.byName {
		about.Hostname = hostOfFile(file)
	}
	if file == "-" {
		return c.Vulnerabilities().Import(ctx, stdin, about)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	about.Encoding = map[string]string{".gz": "gzip", ".zst": "zstd"}[filepath.Ext(file)]
	return c.Vulnerabilities().Import(ctx, f, about)
}

// hostOfFile is the file's name without the endings of reports: a host's name may
// hold dots.
func hostOfFile(file string) string {
	name := filepath.Base(file)
	for {
		switch ext := filepath.Ext(name); ext {
		case ".gz", ".zst", ".json", ".sarif", ".trivy", ".grype", ".cdx", ".cyclonedx":
			name = strings.TrimSuffix(name, ext)
		default:
			return name
		}
	}
}
