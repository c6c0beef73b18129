package cli

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newVulnCommand(g *globals) *cobra.Command {
	c := group("vuln", "Import what vulnerability scanners found on hosts, and look through it",
		newVulnImportCommand(g), newVulnListCommand(g), newVulnShowCommand(g))
	c.Long = `Import what vulnerability scanners found on hosts, and look through it.

Vulnerabilities are selected with --filter, in the Falcon Query Language:

  'cve.severity:["CRITICAL","HIGH"]+status:"open"'    + is and, [a,b] is either
  'cve.is_cisa_kev:true+host_info.tags:"web"'         known to be attacked, on tagged hosts
  'cve.id:"CVE-2024-3094",app.product_name_normalized:"xz*"'   , is or, * any text
  'last_seen_within:"45"+closed_timestamp:>"now-7d"'  closed this week

"mews fql explain --collection vulnerabilities '*'" shows which fields there are.`
	return c
}

// A vulnRow is a vulnerability with what people look for beside it, so that
// tables and CSV hold it.
type vulnRow struct {
	mews.Vulnerability
	CVEID    string  `json:"cve_id"`
	Severity string  `json:"severity"`
	Score    float64 `json:"base_score,omitempty"`
	Package  string  `json:"package"`
	Version  string  `json:"version,omitempty"`
	Fixed    string  `json:"fixed_version,omitempty"`
	Hostname string  `json:"hostname,omitempty"`
}

var vulnColumns = []string{"cve_id", "severity", "status", "hostname", "package", "version", "fixed_version", "id"}

func vulnRowOf(v mews.Vulnerability) vulnRow {
	r := vulnRow{Vulnerability: v, CVEID: v.CVE.ID, Severity: v.CVE.Severity, Score: v.CVE.BaseScore}
	if v.HostInfo != nil {
		r.Hostname = v.HostInfo.Hostname
	}
	for i, app := range v.Apps {
		if i == 0 {
			r.Package, r.Version, r.Fixed = app.Name, app.Version, app.FixedVersion
		} else if app.Version != v.Apps[i-1].Version {
			r.Version += ", " + app.Version
		}
	}
	return r
}

// vulnView shows vulnerabilities in rows.
func vulnView(env *mews.Envelope[mews.Vulnerability]) view {
	rows := &mews.Envelope[vulnRow]{Meta: env.Meta, Errors: env.Errors}
	for _, v := range env.Resources {
		rows.Resources = append(rows.Resources, vulnRowOf(v))
	}
	return viewOf(rows, vulnColumns...)
}

// vulnOpen selects what is there now: what people mean who give no filter.
const vulnOpen = `status:["open","reopen"]`

type vulnListOptions struct {
	filter string
	listOptions
}

func newVulnListCommand(g *globals) *cobra.Command {
	o := &vulnListOptions{}
	c := &cobra.Command{
		Use: "list", Short: "List vulnerabilities, those that are open unless a filter is given", Args: cobra.NoArgs,
		Long: `List vulnerabilities, those that are open unless a filter is given. --all gets every page;
"-o ndjson" writes each as it comes, and --ids writes the ids alone, one a line.`,
		Example: `  mews vuln list --filter 'cve.severity:"CRITICAL"+status:"open"' --sort cve.base_score.desc
  mews vuln list --all -o csv --filter 'updated_timestamp:>"now-1d"'`,
		RunE: func(c *cobra.Command, _ []string) error { return runVulnList(c.Context(), g, o) },
	}
	c.Flags().StringVar(&o.filter, "filter", vulnOpen, "only vulnerabilities that this FQL filter selects")
	o.listOptions.register(c, "cve.base_score.desc (default: created_timestamp.asc)")
	return rowsOf[vulnRow](c)
}

func runVulnList(ctx context.Context, g *globals, o *vulnListOptions) error {
	facets := []string{mews.FacetCVE, mews.FacetHostInfo, mews.FacetRemediation}
	return pointAt(o.filter, g.withClient(func(c *mews.Client) error {
		s := c.Vulnerabilities()
		from := listing[mews.Vulnerability]{
			unit: "vulnerabilities", id: func(v mews.Vulnerability) string { return v.ID },
			page: func(ctx context.Context, q mews.RecordQuery) (*mews.Envelope[mews.Vulnerability], error) {
				return s.Combined(ctx, q, facets...)
			},
			all: func(ctx context.Context, q mews.RecordQuery) iter.Seq2[mews.Vulnerability, error] {
				return s.CombinedAll(ctx, q, facets...)
			},
			view: func(_ context.Context, list []mews.Vulnerability) (view, error) {
				return vulnView(&mews.Envelope[mews.Vulnerability]{Resources: list}), nil
			},
		}
		return runList(ctx, g, &o.listOptions, mews.RecordQuery{Filter: o.filter}, from)
	}))
}

func newVulnShowCommand(g *globals) *cobra.Command {
	return rowsOf[vulnRow](&cobra.Command{
		Use: "show ID...", Short: "Show all that is known about vulnerabilities", Args: cobra.MinimumNArgs(1),
		Long:              `Show all that is known about vulnerabilities. "-" reads ids from standard input.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runVulnShow(c.Context(), g, args) },
	})
}

func runVulnShow(ctx context.Context, g *globals, args []string) error {
	ids, err := g.wordArgs(args, "id", vulnID)
	if err != nil {
		return err
	}
	get := func(c *mews.Client) (*mews.Envelope[mews.Vulnerability], error) {
		return c.Vulnerabilities().Get(ctx, ids...)
	}
	rows := func(env *mews.Envelope[mews.Vulnerability]) view { return vulnView(env) }
	return showRecords(g, get, rows, showVuln)
}

// vulnID checks an id before anything is sent.
func vulnID(text string) (string, error) {
	id := strings.ToLower(text)
	aid, own, _ := strings.Cut(id, "_")
	if len(aid) != 32 || len(own) != 32 || strings.Trim(aid+own, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%q is no id of a vulnerability: expected 32 hexadecimal digits, _ and 32 more (mews vuln list gives them)", text)
	}
	return id, nil
}

func showVuln(w *bufio.Writer, v mews.Vulnerability) error {
	var host mews.VulnerabilityHost
	if v.HostInfo != nil {
		host = *v.HostInfo
	}
	suppressed := ""
	if v.SuppressionInfo.IsSuppressed {
		suppressed = "yes: " + v.SuppressionInfo.Reason
	}
	var kev string
	if c := v.CVE.CISAInfo; c != nil && c.IsKEV {
		kev = "yes" + ifSet(", due %s", c.DueDate)
	}
	var score string
	if v.CVE.BaseScore > 0 {
		score = strconv.FormatFloat(v.CVE.BaseScore, 'f', 1, 64)
	}
	fields(w, [][2]string{
		{"id", v.ID},
		{"cve", words(v.CVE.ID, v.CVE.Name)},
		{"also", ifDiffers(v.VulnerabilityID, v.CVE.ID)},
		{"status", v.Status},
		{"severity", v.CVE.Severity},
		{"score", words(score, v.CVE.Vector)},
		{"attacks", v.CVE.ExPRTRating},
		{"in cisa kev", kev},
		{"suppressed", suppressed},
		{"host", words(host.Hostname, v.AID)},
		{"system", host.OSVersion},
		{"scanned", words(v.Scan.Scanner, v.Scan.Version, "looked at", v.Scan.Scope, v.Scan.Target)},
		{"last scan", v.Scan.LastScan},
		{"created", v.Created},
		{"updated", v.Updated},
		{"closed", v.Closed},
		{"published", v.CVE.PublishedDate},
		{"link", strings.Join(v.CVE.VendorAdvisory, " ")},
	})
	for _, app := range v.Apps {
		fmt.Fprintf(w, "  %s\n", printable(words(app.NameVersion, "("+app.Vendor+")", app.Path, ifSet("fixed in %s", app.FixedVersion))))
	}
	return nil
}

// ifDiffers is a text that says something new.
func ifDiffers(text, from string) string {
	if text == from {
		return ""
	}
	return text
}
