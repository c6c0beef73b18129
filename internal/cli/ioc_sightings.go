package cli

import (
	"context"
	"errors"
	"iter"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newIOCCountCommand(g *globals) *cobra.Command {
	return rowsOf[mews.DeviceCount](&cobra.Command{
		Use: "count INDICATOR...", Short: "Count the hosts that have met files, domains or addresses", Args: cobra.MinimumNArgs(1),
		Long: `Count the hosts that have met files, domains or addresses, whether they are kept as
indicators or not. "-" reads them from standard input. Where nobody has, standard error
says what is known about the reason.`,
		Example: `  mews ioc count evil.example 198.51.100.7
  cut -d, -f1 feed.csv | mews ioc count - -o csv`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runIOCCount(c.Context(), g, args) },
	})
}

func runIOCCount(ctx context.Context, g *globals, args []string) error {
	some, err := g.observableArgs(args)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		bar := g.newProgress("indicators")
		defer bar.end()
		all := mews.Envelope[mews.DeviceCount]{}
		for n, o := range some {
			env, err := c.Sightings().Count(ctx, o)
			switch {
			case errors.Is(err, mews.ErrNotFound): // a server may be set to answer so
				all.Errors = append(all.Errors, missing([]string{o.ID()}, "never seen")...)
				continue
			case err != nil:
				return err
			}
			if h := env.Meta.Hint; h != nil && len(some) == 1 {
				g.note("%s", h.Message)
			}
			all.Resources = append(all.Resources, env.Resources...)
			bar.set(int64(n+1), int64(len(some)), "")
		}
		bar.end()
		if err := g.write(viewOf(&all, "type", "value", "device_count")); err != nil {
			return err
		}
		switch {
		case len(all.Resources) == 0:
			return silent(errNoMatch)
		case len(all.Errors) > 0:
			return silent(errPartial)
		}
		return nil
	})
}

func newIOCDevicesCommand(g *globals) *cobra.Command {
	o := &listOptions{}
	c := &cobra.Command{
		Use: "devices INDICATOR", Short: "List the hosts that have met a file, domain or address", Args: cobra.ExactArgs(1),
		Long: `List the hosts that have met a file, domain or address, whether it is kept as an indicator
or not: from when to when, how often and how. --all gets every page, and --ids writes the
ids of hosts alone, one a line, for other commands.`,
		Example: `  mews ioc devices evil.example
  mews ioc devices evil.example --all --ids | mews host show -`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runIOCDevices(c.Context(), g, o, args) },
	}
	o.register(c, "")
	return rowsOf[sightingRow](c)
}

func runIOCDevices(ctx context.Context, g *globals, o *listOptions, args []string) error {
	some, err := g.observableArgs(args)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		s := c.Sightings()
		at := func(q mews.RecordQuery) mews.SightingQuery {
			return mews.SightingQuery{Observable: some[0], Limit: q.Limit, Offset: q.Offset}
		}
		err := runList(ctx, g, o, mews.RecordQuery{}, listing[mews.Sighting]{
			unit: "hosts",
			page: func(ctx context.Context, q mews.RecordQuery) (*mews.Envelope[mews.Sighting], error) {
				return s.List(ctx, at(q))
			},
			all: func(ctx context.Context, q mews.RecordQuery) iter.Seq2[mews.Sighting, error] {
				return s.All(ctx, at(q))
			},
			id: func(s mews.Sighting) string { return s.DeviceID },
			view: func(ctx context.Context, list []mews.Sighting) (view, error) {
				rows, err := sightingRows(ctx, c, list)
				return viewOf(&mews.Envelope[sightingRow]{Resources: rows}, sightingColumns...), err
			},
		})
		return g.explainNoSighting(ctx, c, some[0], "", err)
	})
}

// A sightingRow is a sighting with the name of its host.
type sightingRow struct {
	mews.Sighting
	Hostname string `json:"hostname"`
}

var sightingColumns = []string{"device_id", "hostname", "first_seen", "last_seen", "count", "kinds"}

// sightingRows asks for the names of hosts. A client that may not know them gets
// none.
func sightingRows(ctx context.Context, c *mews.Client, list []mews.Sighting) ([]sightingRow, error) {
	rows := make([]sightingRow, len(list))
	ids := make([]string, len(list))
	for n, s := range list {
		rows[n].Sighting, ids[n] = s, s.DeviceID
	}
	if len(ids) == 0 {
		return rows, nil
	}
	env, err := c.Hosts().Get(ctx, ids...)
	switch {
	case errors.Is(err, mews.ErrForbidden), errors.Is(err, mews.ErrNotFound):
		return rows, nil
	case err != nil:
		return nil, err
	}
	names := make(map[string]string, len(env.Resources))
	for _, h := range env.Resources {
		names[h.DeviceID] = h.Hostname
	}
	for n := range rows {
		rows[n].Hostname = names[rows[n].DeviceID]
	}
	return rows, nil
}

func newIOCProcessesCommand(g *globals) *cobra.Command {
	o := &listOptions{}
	var devices []string
	c := &cobra.Command{
		Use: "processes INDICATOR", Short: "List the processes that have met a file, domain or address", Args: cobra.ExactArgs(1),
		Long: `List the processes that have met a file, domain or address: what ran, or what wrote the
file, asked for the domain or spoke to the address. --device narrows it to some hosts.
--ids writes the ids of processes alone, one a line, for other commands.`,
		Example: `  mews ioc processes evil.example
  mews ioc processes evil.example --device 0123456789abcdef0123456789abcdef --all -o csv`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			return runIOCProcesses(c.Context(), g, o, devices, args)
		},
	}
	o.register(c, "")
	c.Flags().StringSliceVar(&devices, "device", nil, "only on this host, by its id")
	return rowsOf[mews.ProcessDetail](c)
}

func runIOCProcesses(ctx context.Context, g *globals, o *listOptions, devices, args []string) error {
	some, err := g.observableArgs(args)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		s := c.Sightings()
		all := func(ctx context.Context, _ mews.RecordQuery) iter.Seq2[string, error] {
			return processesOf(ctx, s, some[0], devices)
		}
		err := runList(ctx, g, o, mews.RecordQuery{}, listing[string]{
			unit: "processes", page: firstOf(g, all), all: all, id: itself,
			view: recordsOf(s.ProcessDetails, func(env *mews.Envelope[mews.ProcessDetail]) view { return viewOf(env, processColumns...) }),
		})
		device := ""
		if len(devices) == 1 {
			device = devices[0]
		}
		return g.explainNoSighting(ctx, c, some[0], device, err)
	})
}

// processesOf gives the ids of processes on these hosts, or on all that have met
// the observable: host by host, as the API does.
func processesOf(ctx context.Context, s mews.SightingService, o mews.Observable, devices []string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		hosts := func(yield func(string, error) bool) {
			for _, aid := range devices {
				if !yield(aid, nil) {
					return
				}
			}
		}
		if len(devices) == 0 {
			hosts = s.AllDevices(ctx, mews.SightingQuery{Observable: o})
		}
		for aid, err := range hosts {
			if err != nil {
				yield("", err)
				return
			}
			for id, err := range s.AllProcesses(ctx, mews.SightingQuery{Observable: o, DeviceID: aid}) {
				if !yield(id, err) || err != nil {
					return
				}
			}
		}
	}
}

// firstOf makes one page of what is not paged itself.
func firstOf[T any](g *globals, all func(context.Context, mews.RecordQuery) iter.Seq2[T, error]) func(context.Context, mews.RecordQuery) (*mews.Envelope[T], error) {
	return func(ctx context.Context, q mews.RecordQuery) (*mews.Envelope[T], error) {
		const usual = 100
		most := q.Limit
		if most == 0 {
			most = usual
		}
		env := &mews.Envelope[T]{}
		for one, err := range all(ctx, q) {
			if err != nil {
				return nil, err
			}
			if len(env.Resources) == most {
				g.note("the first %d; --all gets all", most)
				break
			}
			env.Resources = append(env.Resources, one)
		}
		return env, nil
	}
}

// explainNoSighting adds to an empty list what the server knows about the reason.
// device is the one that was asked for, "" for all.
func (g *globals) explainNoSighting(ctx context.Context, c *mews.Client, o mews.Observable, device string, err error) error {
	if !errors.Is(err, errNoMatch) {
		return err
	}
	var meta mews.Meta
	if device == "" {
		if env, asked := c.Sightings().Count(ctx, o); asked == nil {
			meta = env.Meta
		}
	} else if env, asked := c.Sightings().Processes(ctx, mews.SightingQuery{Observable: o, DeviceID: device, Limit: 1}); asked == nil {
		meta = env.Meta
	}
	if meta.Hint != nil {
		g.note("%s", meta.Hint.Message)
	}
	return err
}
