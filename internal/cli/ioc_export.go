package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

type iocExportOptions struct {
	filter, format string
	sightings      bool
	now            func() time.Time
}

func newIOCExportCommand(g *globals) *cobra.Command {
	o := &iocExportOptions{now: time.Now}
	c := &cobra.Command{
		Use: "export", Short: "Export indicators as a CSV table or a STIX bundle", Args: cobra.NoArgs,
		Long: `Export indicators to standard output, as a CSV table or as a STIX 2.1 bundle. "mews ioc
import" reads both back. --sightings adds to a bundle on which hosts each was met, from
when to when and how often.`,
		Example: `  mews ioc export --filter 'tags:"case 17"' > case17.csv
  mews ioc export --format stix --sightings > bundle.json`,
		RunE: func(c *cobra.Command, _ []string) error { return runIOCExport(c.Context(), g, o) },
	}
	f := c.Flags()
	f.StringVar(&o.filter, "filter", "", "only indicators that this FQL filter selects")
	f.StringVar(&o.format, "format", string(iocfile.CSV), "csv or stix")
	f.BoolVar(&o.sightings, "sightings", false, "add sightings to a STIX bundle")
	return c
}

// An iocWriter is a file that indicators are written to.
type iocWriter interface {
	Write(iocfile.Indicator) error
	Close() error
}

func (o *iocExportOptions) writer(g *globals) (iocWriter, error) {
	switch {
	case o.sightings && o.format != string(iocfile.STIX):
		return nil, usagef("--sightings needs --format stix; a table has no place for them")
	case o.format == string(iocfile.CSV):
		return iocfile.NewCSV(g.textOut()), nil
	case o.format != string(iocfile.STIX):
		return nil, usagef("unknown --format %q; use csv or stix", o.format)
	}
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return nil, fmt.Errorf("make the bundle's id: %w", err)
	}
	return iocfile.NewSTIX(g.textOut(), o.now(), id), nil
}

func runIOCExport(ctx context.Context, g *globals, o *iocExportOptions) error {
	w, err := o.writer(g)
	if err != nil {
		return err
	}
	return pointAt(o.filter, g.withClient(func(c *mews.Client) error {
		n, err := o.export(ctx, g, c, w)
		if err != nil {
			return fmt.Errorf("after %s: %w", count(n, "indicator", "indicators"), err)
		}
		if err := w.Close(); err != nil {
			return fmt.Errorf("write the indicators: %w", err)
		}
		if n == 0 {
			g.note("no match")
			return silent(errNoMatch)
		}
		return nil
	}))
}

// export writes the indicators that the filter selects and counts them.
func (o *iocExportOptions) export(ctx context.Context, g *globals, c *mews.Client, w iocWriter) (n int, err error) {
	bar := &progress{}
	if !g.isTerminal(g.Out) {
		bar = g.newProgress("indicators")
	}
	defer bar.end()
	q := mews.RecordQuery{Filter: o.filter, Sort: "value.asc"} // so that two exports are easy to compare
	for i, err := range c.IOCs().All(ctx, q) {
		if err != nil {
			return n, err
		}
		if err := w.Write(fileIndicator(i)); err != nil {
			return n, fmt.Errorf("write the indicators: %w", err)
		}
		if err := o.exportSightings(ctx, c, w, i); err != nil {
			return n, err
		}
		n++
		bar.set(int64(n), int64(n), "")
	}
	return n, nil
}

// exportSightings writes on which hosts an indicator was met, where that is
// asked for.
func (o *iocExportOptions) exportSightings(ctx context.Context, c *mews.Client, w iocWriter, i mews.Indicator) error {
	bundle, ok := w.(*iocfile.STIXWriter)
	if !ok || !o.sightings {
		return nil
	}
	var list []mews.Sighting
	flush := func() error {
		rows, err := sightingRows(ctx, c, list)
		if err != nil {
			return err
		}
		for _, s := range rows {
			err := bundle.Sighting(fileIndicator(i), iocfile.Sighting{
				DeviceID: s.DeviceID, Hostname: s.Hostname, First: timeOf(s.First), Last: timeOf(s.Last), Count: s.Count,
			})
			if err != nil {
				return fmt.Errorf("write the sightings: %w", err)
			}
		}
		list = list[:0]
		return nil
	}
	q := mews.SightingQuery{Observable: mews.Observable{Type: i.Type, Value: i.Value}}
	for s, err := range c.Sightings().All(ctx, q) {
		if err != nil {
			return err
		}
		if list = append(list, s); len(list) < listBatch {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return flush()
}

// fileIndicator is an indicator as files have it.
func fileIndicator(i mews.Indicator) iocfile.Indicator {
	f := iocfile.Indicator{
		ID: i.ID, Type: i.Type, Value: i.Value, Action: i.Action, MobileAction: i.MobileAction, Severity: i.Severity,
		Platforms: i.Platforms, Tags: i.Tags, HostGroups: i.HostGroups, AppliedGlobally: &i.AppliedGlobally,
		Source: i.Source, Description: i.Description,
		Expiration: timeOf(i.Expiration), Created: timeOf(i.CreatedOn), Modified: timeOf(i.ModifiedOn),
	}
	if i.Metadata != nil {
		f.Filename = i.Metadata.Filename
	}
	return f
}

// timeOf reads a time that the server wrote; zero where there is none.
func timeOf(text string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text)
	return t
}
