package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newDetectionCommand(g *globals) *cobra.Command {
	return group("detection", "See which hosts have met custom IOCs", newDetectionListCommand(g))
}

type detectionListOptions struct {
	listOptions
	filter string
}

var detectionColumns = []string{"last_seen", "device_id", "hostname", "type", "value", "severity", "count", "process_id"}

func newDetectionListCommand(g *globals) *cobra.Command {
	o := &detectionListOptions{}
	c := &cobra.Command{
		Use: "list", Short: "List detections, the last seen first", Args: cobra.NoArgs,
		Long: `List which hosts have met custom IOCs while these were to be detected or prevented:
one entry for each IOC and host. What hosts had met before an IOC was made is no
detection; the sightings of the IOC tell of it.`,
		Example: `  mews detection list --filter 'severity:["high","critical"]+last_seen:>"now-1d"'
  mews detection list --all -o csv --filter 'value:"login.example.com"'`,
		RunE: func(c *cobra.Command, _ []string) error { return runDetectionList(c.Context(), g, o) },
	}
	c.Flags().StringVar(&o.filter, "filter", "", "only detections that this FQL filter selects")
	o.register(c, "first_seen.asc (default: last_seen.desc)")
	return rowsOf[mews.Detection](c)
}

func runDetectionList(ctx context.Context, g *globals, o *detectionListOptions) error {
	return pointAt(o.filter, g.withClient(func(c *mews.Client) error {
		s := c.Detections()
		return runList(ctx, g, &o.listOptions, mews.RecordQuery{Filter: o.filter}, listing[mews.Detection]{
			unit: "detections", page: s.Query, all: s.All, id: func(d mews.Detection) string { return d.ID },
			view: func(_ context.Context, list []mews.Detection) (view, error) {
				return viewOf(&mews.Envelope[mews.Detection]{Resources: list}, detectionColumns...), nil
			},
		})
	}))
}
