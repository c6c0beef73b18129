package cli

import (
	"bufio"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

var indicatorColumns = []string{"type", "value", "action", "severity", "platforms", "expiration", "description"}

func newIOCListCommand(g *globals) *cobra.Command {
	o := &listOptions{}
	var filter string
	c := &cobra.Command{
		Use: "list", Short: "List indicators", Args: cobra.NoArgs,
		Long: `List the indicators that --filter selects, in the Falcon Query Language. Deleted ones are
listed only where the filter names the field deleted. --all gets every page; "-o ndjson"
writes each as it comes, and --ids writes type and value alone, one a line, for other
commands. "mews fql explain --collection indicators '*'" shows the fields.`,
		Example: `  mews ioc list --filter 'severity:["high","critical"]+expired:false' --sort modified_on.desc
  mews ioc list --all --ids --filter 'source:"feed"+created_on:<"now-1y"' | mews ioc delete - --yes`,
		RunE: func(c *cobra.Command, _ []string) error { return runIOCList(c.Context(), g, o, filter) },
	}
	c.Flags().StringVar(&filter, "filter", "", "only indicators that this FQL filter selects")
	o.register(c, "value.asc or modified_on.desc")
	return rowsOf[mews.Indicator](c)
}

func runIOCList(ctx context.Context, g *globals, o *listOptions, filter string) error {
	return pointAt(filter, g.withClient(func(c *mews.Client) error {
		return runList(ctx, g, o, mews.RecordQuery{Filter: filter}, listing[mews.Indicator]{
			unit: "indicators", page: c.IOCs().Combined, all: c.IOCs().All, id: itsName,
			view: func(_ context.Context, records []mews.Indicator) (view, error) {
				return indicatorView(records, nil), nil
			},
		})
	}))
}

func indicatorView(records []mews.Indicator, errs []mews.APIError) view {
	return viewOf(&mews.Envelope[mews.Indicator]{Errors: errs, Resources: records}, indicatorColumns...)
}

func newIOCShowCommand(g *globals) *cobra.Command {
	return rowsOf[mews.Indicator](&cobra.Command{
		Use: "show INDICATOR...", Aliases: []string{"get"}, Short: "Show all that is known about indicators", Args: cobra.MinimumNArgs(1),
		Long: `Show all that is known about indicators, and on how many hosts each was seen. "-" reads
them from standard input.`,
		Example:           `  mews ioc show evil.example`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runIOCShow(c.Context(), g, args) },
	})
}

func runIOCShow(ctx context.Context, g *globals, args []string) error {
	some, err := g.observableArgs(args)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		known, unknown, err := knownIndicators(ctx, c.IOCs(), some)
		if err != nil {
			return err
		}
		v := indicatorView(known, unknown)
		if g.output.forPeople() {
			v.rows = nil // they are shown below; write tells the errors
			if err := showEach(g, known, func(w *bufio.Writer, i mews.Indicator) error {
				seen, err := seenOn(ctx, c, i)
				if err == nil {
					showIndicator(w, i, seen)
				}
				return err
			}); err != nil {
				return err
			}
		}
		if err := g.write(v); err != nil {
			return err
		}
		if len(unknown) > 0 {
			return silent(errPartial)
		}
		return nil
	})
}

// seenOn tells on how many hosts an indicator was seen, and nothing to a client
// that may not ask.
func seenOn(ctx context.Context, c *mews.Client, i mews.Indicator) (string, error) {
	env, err := c.Sightings().Count(ctx, mews.Observable{Type: i.Type, Value: i.Value})
	switch {
	case errors.Is(err, mews.ErrForbidden), errors.Is(err, mews.ErrNotFound):
		return "", nil
	case err != nil:
		return "", err
	}
	return count(int(env.Resources[0].DeviceCount), "host", "hosts"), nil
}

func showIndicator(w *bufio.Writer, i mews.Indicator, seen string) {
	where := "every host"
	if !i.AppliedGlobally {
		where = "host groups " + strings.Join(i.HostGroups, ", ")
	}
	state := ""
	switch {
	case i.Deleted:
		state = "deleted"
	case i.Expired:
		state = "expired"
	}
	m := mews.IndicatorMetadata{}
	if i.Metadata != nil {
		m = *i.Metadata
	}
	hits := ""
	if m.AVHits > 0 {
		hits = strconv.FormatInt(m.AVHits, 10)
	}
	fields(w, [][2]string{
		{"indicator", itsName(i)},
		{"id", i.ID},
		{"state", state},
		{"action", i.Action + ifSet(", mobile %s", i.MobileAction)},
		{"severity", i.Severity},
		{"platforms", strings.Join(i.Platforms, ", ")},
		{"applies to", where},
		{"expires", i.Expiration},
		{"tags", strings.Join(i.Tags, ", ")},
		{"source", i.Source},
		{"description", i.Description},
		{"file", m.Filename},
		{"original", m.OriginalFilename},
		{"company", m.CompanyName},
		{"about it", m.FileDescription},
		{"version", m.FileVersion},
		{"product", words(m.ProductName, m.ProductVersion)},
		{"AV hits", hits},
		{"created", i.CreatedOn + ifSet(" by %s", i.CreatedBy)},
		{"modified", i.ModifiedOn + ifSet(" by %s", i.ModifiedBy)},
		{"seen on", seen},
	})
}
