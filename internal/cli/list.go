package cli

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// listOptions say how much of a list is written.
type listOptions struct {
	sort     string
	limit    int
	all, ids bool
}

// register adds the flags; order is an example of --sort, "" where there is none.
func (o *listOptions) register(c *cobra.Command, order string) {
	f := c.Flags()
	if order != "" {
		f.StringVar(&o.sort, "sort", "", "order, for example "+order)
	}
	f.IntVar(&o.limit, "limit", 0, "at most this many (default: 100)")
	f.BoolVar(&o.all, "all", false, "all that are selected, however many")
	f.BoolVar(&o.ids, "ids", false, "write ids only")
	c.MarkFlagsMutuallyExclusive("limit", "all")
}

// A listing is where the entries of a list come from. Entries are records, or
// ids for which view gets the records.
type listing[T any] struct {
	unit string // "records"
	page func(context.Context, mews.RecordQuery) (*mews.Envelope[T], error)
	all  func(context.Context, mews.RecordQuery) iter.Seq2[T, error]
	id   func(T) string
	view func(ctx context.Context, entries []T) (view, error) // of listBatch entries at most
}

// runList writes the entries that q selects.
func runList[T any](ctx context.Context, g *globals, o *listOptions, q mews.RecordQuery, from listing[T]) error {
	if o.limit < 0 {
		return usagef("--limit %d: must not be negative", o.limit)
	}
	q.Sort, q.Limit = o.sort, o.limit
	l := &lister[T]{g: g, listing: from, idsOnly: o.ids}
	if o.all {
		return l.allPages(ctx, q)
	}
	return l.onePage(ctx, q)
}

// A lister gets the records of entries and writes them.
type lister[T any] struct {
	listing[T]
	g       *globals
	idsOnly bool
	kept    view // what is written at the end
	seen    int
}

func (l *lister[T]) onePage(ctx context.Context, q mews.RecordQuery) error {
	env, err := l.page(ctx, q)
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

func (l *lister[T]) allPages(ctx context.Context, q mews.RecordQuery) error {
	bar := &progress{}
	total := int64(0)
	if !l.streams() || !l.g.isTerminal(l.g.Out) { // else the rows are the progress
		bar, total = l.g.newProgress(l.unit), l.total(ctx, q)
	}
	defer bar.end()
	var entries []T
	for entry, err := range l.all(ctx, q) {
		if err != nil {
			return err
		}
		if entries = append(entries, entry); len(entries) < listBatch {
			continue
		}
		if err := l.show(ctx, entries); err != nil {
			return err
		}
		entries = entries[:0]
		bar.set(int64(l.seen), total, "")
	}
	if err := l.show(ctx, entries); err != nil {
		return err
	}
	bar.end()
	return l.end()
}

// streams tells whether rows are written as they come.
func (l *lister[T]) streams() bool { return l.idsOnly || l.g.output.format == "ndjson" }

// total asks how many there are where somebody sees the progress.
func (l *lister[T]) total(ctx context.Context, q mews.RecordQuery) int64 {
	if !l.g.isTerminal(l.g.Err) {
		return 0
	}
	q.Limit = 1
	env, err := l.page(ctx, q)
	if err != nil || env.Meta.Pagination == nil {
		return 0
	}
	return int64(env.Meta.Pagination.Total)
}

// show takes in entries in their order. Lines are written at once, what needs
// all rows is kept.
func (l *lister[T]) show(ctx context.Context, entries []T) error {
	l.seen += len(entries)
	if l.idsOnly {
		for _, e := range entries {
			if _, err := fmt.Fprintln(l.g.Out, printable(l.id(e))); err != nil {
				return fmt.Errorf("write the result: %w", err)
			}
		}
		return nil
	}
	v, err := l.view(ctx, entries)
	if err != nil {
		return err
	}
	if l.g.output.format == "ndjson" {
		return l.g.write(v)
	}
	if l.kept.known == nil {
		l.kept = v
		return nil
	}
	l.kept.meta = mews.Meta{} // no longer the answer to one call
	l.kept.errors = slices.Concat(l.kept.errors, v.errors)
	l.kept.rows = append(l.kept.rows, v.rows...)
	return nil
}

func (l *lister[T]) end() error {
	if l.kept.known != nil {
		if err := l.g.write(l.kept); err != nil {
			return err
		}
	}
	if l.seen == 0 {
		l.g.note("no match")
		return silent(errNoMatch)
	}
	return nil
}

// recordsOf gets the records of ids for a list whose entries are ids.
func recordsOf[T any](get func(context.Context, ...string) (*mews.Envelope[T], error), show func(*mews.Envelope[T]) view) func(context.Context, []string) (view, error) {
	return func(ctx context.Context, ids []string) (view, error) {
		env := &mews.Envelope[T]{}
		if len(ids) > 0 {
			var err error
			if env, err = get(ctx, ids...); err != nil {
				return view{}, err
			}
		}
		return show(env), nil
	}
}

// itself is the id of an entry that is an id.
func itself(id string) string { return id }
