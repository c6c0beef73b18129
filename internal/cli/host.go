package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

var hostColumns = []string{"device_id", "hostname", "platform_name", "os_version", "local_ip", "last_seen"}

func newHostCommand(g *globals) *cobra.Command {
	c := group("host", "Look through the hosts that have reported", newHostListCommand(g), newHostShowCommand(g))
	c.Long = `Look through the hosts that have reported, by telemetry or by a quarantined file.

Hosts are selected with --filter, in the Falcon Query Language:

  'hostname:"web*"+platform_name:"Linux"'      + is and, * any text
  'last_seen:<"now-30d"'                       silent for a month
  'local_ip:"10.1.0.0/16",external_ip:!null'   , is or

"mews fql explain --collection hosts '*'" shows which fields there are.`
	return c
}

type hostListOptions struct {
	filter string
	listOptions
}

func newHostListCommand(g *globals) *cobra.Command {
	o := &hostListOptions{}
	c := &cobra.Command{
		Use: "list", Short: "List hosts, by name", Args: cobra.NoArgs,
		Long: `List hosts. --all gets every page; "-o ndjson" writes each as it comes, and --ids writes
the ids alone, one a line, for other commands.`,
		Example: `  mews host list --filter 'last_seen:<"now-30d"' --sort last_seen.asc
  mews host list --all --ids --filter 'platform_name:"Linux"' | mews host show -`,
		RunE: func(c *cobra.Command, _ []string) error { return runHostList(c.Context(), g, o) },
	}
	c.Flags().StringVar(&o.filter, "filter", "", "only hosts that this FQL filter selects")
	o.listOptions.register(c, "last_seen.desc (default: hostname.asc)")
	return rowsOf[mews.Device](c)
}

func runHostList(ctx context.Context, g *globals, o *hostListOptions) error {
	return pointAt(o.filter, g.withClient(func(c *mews.Client) error {
		s := c.Hosts()
		return runList(ctx, g, &o.listOptions, mews.RecordQuery{Filter: o.filter}, listing[string]{
			unit: "hosts", page: s.Query, all: s.All, id: itself,
			view: recordsOf(s.Get, func(env *mews.Envelope[mews.Device]) view { return viewOf(env, hostColumns...) }),
		})
	}))
}

func newHostShowCommand(g *globals) *cobra.Command {
	return rowsOf[mews.Device](&cobra.Command{
		Use: "show ID...", Aliases: []string{"get"}, Short: "Show all that is known about hosts", Args: cobra.MinimumNArgs(1),
		Long:              `Show all that is known about hosts. "-" reads ids from standard input.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runHostShow(c.Context(), g, args) },
	})
}

func runHostShow(ctx context.Context, g *globals, args []string) error {
	ids, err := g.wordArgs(args, "id", hostID)
	if err != nil {
		return err
	}
	get := func(c *mews.Client) (*mews.Envelope[mews.Device], error) { return c.Hosts().Get(ctx, ids...) }
	rows := func(env *mews.Envelope[mews.Device]) view { return viewOf(env, hostColumns...) }
	return showRecords(g, get, rows, showHost)
}

// hostID checks an id before anything is sent.
func hostID(text string) (string, error) {
	id := strings.ToLower(text)
	if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" {
		return "", fmt.Errorf("%q is no id of a host: expected 32 hexadecimal digits (mews host list gives them)", text)
	}
	return id, nil
}

func showHost(w *bufio.Writer, h mews.Device) error {
	fields(w, [][2]string{
		{"id", h.DeviceID},
		{"host", h.Hostname},
		{"platform", words(h.PlatformName, h.ProductTypeDesc)},
		{"system", words(h.OSVersion, ifSet("build %s", h.OSBuild), ifSet("kernel %s", h.KernelVersion))},
		{"sensor", h.AgentVersion},
		{"local ip", h.LocalIP},
		{"external ip", h.ExternalIP},
		{"gateway", h.DefaultGatewayIP},
		{"mac", h.MACAddress},
		{"domain", h.MachineDomain},
		{"site", h.SiteName},
		{"units", strings.Join(h.OU, ", ")},
		{"tags", strings.Join(h.Tags, ", ")},
		{"machine", words(h.SystemManufacturer, h.SystemProductName, ifSet("serial %s", h.SerialNumber))},
		{"firmware", words(h.BIOSManufacturer, h.BIOSVersion)},
		{"cloud", words(h.ServiceProvider, h.InstanceID)},
		{"user", h.LastLoginUser},
		{"started", h.LastReboot},
		{"first seen", h.FirstSeen},
		{"last seen", h.LastSeen},
	})
	return nil
}

// words joins those that are there.
func words(all ...string) string { return strings.Join(strings.Fields(strings.Join(all, " ")), " ") }
