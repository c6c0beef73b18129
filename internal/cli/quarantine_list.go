package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

type quarantineListOptions struct {
	selectOptions
	sort     string
	limit    int
	all, ids bool
}

func newQuarantineListCommand(g *globals) *cobra.Command {
	o := &quarantineListOptions{}
	c := &cobra.Command{
		Use: "list", Short: "List quarantined files, the newest first", Args: cobra.NoArgs,
		Long: `List quarantined files. --all gets every page; "-o ndjson" writes each as it comes, and
--ids writes the ids alone, one a line, for other commands.`,
		Example: `  mews quarantine list --filter 'state:"quarantined"+hostname:"web*"' --sort date_updated.desc
  mews quarantine list --all --ids --filter 'date_created:<"now-1y"' | mews quarantine delete - --yes`,
		RunE: func(c *cobra.Command, _ []string) error { return runQuarantineList(c.Context(), g, o) },
	}
	f := c.Flags()
	o.register(f)
	f.StringVar(&o.sort, "sort", "", "order, for example hostname.asc or date_updated.desc (default: date_created.desc)")
	f.IntVar(&o.limit, "limit", 0, "at most this many (default: 100)")
	f.BoolVar(&o.all, "all", false, "all that are selected, however many")
	f.BoolVar(&o.ids, "ids", false, "write ids only")
	c.MarkFlagsMutuallyExclusive("limit", "all")
	return c
}

func runQuarantineList(ctx context.Context, g *globals, o *quarantineListOptions) error {
	if err := checkFields[quarantineRow](g); err != nil {
		return err
	}
	if o.limit < 0 {
		return usagef("--limit %d: must not be negative", o.limit)
	}
	q := mews.RecordQuery{Filter: o.filter, Q: o.q, Sort: o.sort, Limit: o.limit}
	return pointAt(o.filter, g.withClient(func(c *mews.Client) error {
		l := &lister{g: g, service: c.Quarantine(), idsOnly: o.ids}
		if o.all {
			return l.all(ctx, q)
		}
		return l.page(ctx, q)
	}))
}

// A lister gets records for their ids and writes them.
type lister struct {
	g       *globals
	service mews.QuarantineService
	idsOnly bool
	view    view // what is written at the end
	seen    int
}

func (l *lister) page(ctx context.Context, q mews.RecordQuery) error {
	env, err := l.service.Query(ctx, q)
	if err != nil {
		return err
	}
	if err := l.show(ctx, env.Resources); err != nil {
		return err
	}
	if err := l.end(); err != nil {
		return err
	}
	if p := env.Meta.Pagination; p != nil && p.Total > len(env.Resources) {
		l.g.note("%d of %d; --all gets all", len(env.Resources), p.Total)
	}
	return nil
}

// listBatch is how many records --all gets at a time.
const listBatch = 1000

func (l *lister) all(ctx context.Context, q mews.RecordQuery) error {
	bar := &progress{}
	total := int64(0)
	if !l.streams() || !l.g.isTerminal(l.g.Out) { // else the rows are the progress
		bar, total = l.g.newProgress("records"), l.total(ctx, q)
	}
	defer bar.end()
	var ids []string
	for id, err := range l.service.All(ctx, q) {
		if err != nil {
			return err
		}
		if ids = append(ids, id); len(ids) < listBatch {
			continue
		}
		if err := l.show(ctx, ids); err != nil {
			return err
		}
		ids = ids[:0]
		bar.set(int64(l.seen), total, "")
	}
	if err := l.show(ctx, ids); err != nil {
		return err
	}
	bar.end()
	return l.end()
}

// streams tells whether rows are written as they come.
func (l *lister) streams() bool { return l.idsOnly || l.g.output.format == "ndjson" }

// total asks how many there are where somebody sees the progress.
func (l *lister) total(ctx context.Context, q mews.RecordQuery) int64 {
	if !l.g.isTerminal(l.g.Err) {
		return 0
	}
	q.Limit = 1
	env, err := l.service.Query(ctx, q)
	if err != nil || env.Meta.Pagination == nil {
		return 0
	}
	return int64(env.Meta.Pagination.Total)
}

// show takes in ids in their order. Lines are written at once, what needs all
// rows is kept.
func (l *lister) show(ctx context.Context, ids []string) error {
	l.seen += len(ids)
	if l.idsOnly {
		for _, id := range ids {
			if _, err := fmt.Fprintln(l.g.Out, printable(id)); err != nil {
				return fmt.Errorf("write the result: %w", err)
			}
		}
		return nil
	}
	env := &mews.Envelope[mews.QuarantinedFile]{}
	if len(ids) > 0 {
		var err error
		if env, err = l.service.Get(ctx, ids...); err != nil {
			return err
		}
	}
	v := viewOf(&mews.Envelope[quarantineRow]{Meta: env.Meta, Errors: env.Errors, Resources: quarantineRows(env.Resources)}, quarantineColumns...)
	if l.g.output.format == "ndjson" {
		return l.g.write(v)
	}
	if l.view.known == nil {
		l.view = v
		return nil
	}
	l.view.meta = mews.Meta{} // no longer the answer to one call
	l.view.errors = slices.Concat(l.view.errors, v.errors)
	l.view.rows = append(l.view.rows, v.rows...)
	return nil
}

func (l *lister) end() error {
	if l.view.known != nil {
		if err := l.g.write(l.view); err != nil {
			return err
		}
	}
	if l.seen == 0 {
		l.g.note("no match")
		return silent(errNoMatch)
	}
	return nil
}
