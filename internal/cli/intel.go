package cli

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
)

func newIntelCommand(g *globals) *cobra.Command {
	c := group("intel", "Import feeds of intelligence indicators, and look through them",
		newIntelImportCommand(g), newIntelListCommand(g), newIntelShowCommand(g))
	c.Long = `Import feeds of intelligence indicators, and look through them.

Indicators are selected with --filter, in the Falcon Query Language:

  'type:"domain"+malicious_confidence:"high"'         + is and
  'malware_families:"Cobalt Strike",actors:"*bear*"'  , is or, * any text
  'last_updated:>"now-1d"+source:"urlhaus"'           what a feed brought today
  '_marker:>"17000000000000..."'                      what came behind a marker

"mews fql explain --collection intel '*'" shows which fields there are.`
	return c
}

type intelListOptions struct {
	listOptions
	mews.IntelQuery
}

var intelColumns = []string{"type", "indicator", "malicious_confidence", "malware_families", "actors", "kill_chains", "threat_types"}

func newIntelListCommand(g *globals) *cobra.Command {
	o := &intelListOptions{}
	c := &cobra.Command{
		Use: "list", Short: "List intelligence indicators, in the order of their changes", Args: cobra.NoArgs,
		Long: `List intelligence indicators, in the order of their changes: the field _marker of the
last one is where to go on another time. --all gets every page; "-o ndjson" writes each as
it comes, in a form that "mews intel import" reads, and --ids writes the ids alone.`,
		Example: `  mews intel list --q 'cobalt strike' --sort published_date.desc
  mews intel list --all -o ndjson --filter 'source:"misp"+last_updated:>"now-7d"'`,
		RunE: func(c *cobra.Command, _ []string) error { return runIntelList(c.Context(), g, o) },
	}
	f := c.Flags()
	f.StringVar(&o.Filter, "filter", "", "only indicators that this FQL filter selects")
	f.StringVar(&o.Q, "q", "", "only indicators in which this text stands anywhere")
	f.BoolVar(&o.IncludeDeleted, "deleted", false, "also those that no feed says any more")
	o.register(c, "published_date.desc (default: _marker.asc)")
	return rowsOf[mews.IntelIndicator](c)
}

func runIntelList(ctx context.Context, g *globals, o *intelListOptions) error {
	q := func(q mews.RecordQuery) mews.IntelQuery {
		return mews.IntelQuery{RecordQuery: q, IncludeDeleted: o.IncludeDeleted}
	}
	return pointAt(o.Filter, g.withClient(func(c *mews.Client) error {
		s := c.Intel()
		return runList(ctx, g, &o.listOptions, mews.RecordQuery{Filter: o.Filter, Q: o.Q}, listing[mews.IntelIndicator]{
			unit: "indicators", id: func(i mews.IntelIndicator) string { return i.ID },
			page: func(ctx context.Context, r mews.RecordQuery) (*mews.Envelope[mews.IntelIndicator], error) {
				return s.Query(ctx, q(r))
			},
			all: func(ctx context.Context, r mews.RecordQuery) iter.Seq2[mews.IntelIndicator, error] {
				return s.All(ctx, q(r))
			},
			view: func(_ context.Context, list []mews.IntelIndicator) (view, error) {
				return viewOf(&mews.Envelope[mews.IntelIndicator]{Resources: list}, intelColumns...), nil
			},
		})
	}))
}

func newIntelShowCommand(g *globals) *cobra.Command {
	return rowsOf[mews.IntelIndicator](&cobra.Command{
		Use: "show INDICATOR...", Short: "Show all that feeds say of indicators", Args: cobra.MinimumNArgs(1),
		Long: `Show all that feeds say of indicators: by their ids (domain_evil.example), or by their
values where these tell the type. "-" reads them from standard input.`,
		Example:           `  mews intel show evil.example hash_md5_0123456789abcdef0123456789abcdef`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runIntelShow(c.Context(), g, args) },
	})
}

func runIntelShow(ctx context.Context, g *globals, args []string) error {
	ids, err := g.wordArgs(args, "indicator", intelID)
	if err != nil {
		return err
	}
	get := func(c *mews.Client) (*mews.Envelope[mews.IntelIndicator], error) { return c.Intel().Get(ctx, ids...) }
	rows := func(env *mews.Envelope[mews.IntelIndicator]) view { return viewOf(env, intelColumns...) }
	return showRecords(g, get, rows, showIntel)
}

// intelID is the id of a word: one itself, or a value that tells its type.
func intelID(word string) (string, error) {
	for _, typ := range feed.Types() {
		value, ok := strings.CutPrefix(word, typ+"_")
		if i := (mews.IntelIndicator{Type: typ, Indicator: value}); ok && feed.Normalize(&i) == nil && i.Type == typ {
			return feed.ID(i.Type, i.Indicator), nil
		}
	}
	i := mews.IntelIndicator{Indicator: word}
	if err := feed.Normalize(&i); err != nil {
		return "", fmt.Errorf("%w; or write its id, <type>_<indicator>", err)
	}
	return feed.ID(i.Type, i.Indicator), nil
}

func showIntel(w *bufio.Writer, i mews.IntelIndicator) error {
	state := ""
	if i.Deleted {
		state = "deleted: no feed says it any more"
	}
	fields(w, [][2]string{
		{"id", i.ID},
		{"state", state},
		{"confidence", i.MaliciousConfidence},
		{"malware", strings.Join(i.MalwareFamilies, ", ")},
		{"actors", strings.Join(i.Actors, ", ")},
		{"kill chain", strings.Join(i.KillChains, ", ")},
		{"threat", strings.Join(i.ThreatTypes, ", ")},
		{"targets", strings.Join(i.Targets, ", ")},
		{"cve", strings.Join(i.Vulnerabilities, ", ")},
		{"kind", strings.Join(slices.Concat(i.DomainTypes, i.IPAddressTypes), ", ")},
		{"reports", strings.Join(i.Reports, "; ")},
		{"labels", strings.Join(labelNames(i.Labels), ", ")},
		{"published", unixTime(i.PublishedDate)},
		{"updated", unixTime(i.LastUpdated)},
		{"marker", i.Marker},
	})
	for n, r := range i.Relations {
		name := ""
		if n == 0 {
			name = "related"
		}
		fields(w, [][2]string{{name, r.ID}})
	}
	return nil
}

func labelNames(labels []mews.IntelLabel) []string {
	var out []string
	for _, l := range labels {
		out = append(out, l.Name)
	}
	return out
}

func unixTime(seconds int64) string {
	if seconds == 0 {
		return ""
	}
	return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
}
