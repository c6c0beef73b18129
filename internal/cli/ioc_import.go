package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

type iocImportOptions struct {
	indicatorFields
	format      string
	update, dry bool
}

func newIOCImportCommand(g *globals) *cobra.Command {
	o := &iocImportOptions{}
	c := &cobra.Command{
		Use: "import FILE|-", Short: "Import indicators from a CSV table, a list or a STIX bundle", Args: cobra.ExactArgs(1),
		Long: `Import indicators from a file; "-" is standard input. It is

  a CSV table  whose header names its columns: type, value, action, severity, platforms,
               expiration, tags, source, description and others; lists have ";" between
               their words
  a list       one value a line; "#" begins a comment
  a bundle     STIX 2.1: indicators whose pattern is one value, or several with OR

What a row leaves open is taken from the flags. A row that cannot be read or that the
server refuses is told of with its place and left out. Indicators that are there stay as
they are; --update changes them to what their row says. Rows that are revoked, or that
ended already, are skipped. Importing a file again changes nothing.`,
		Example: `  mews ioc import feed.csv --source feed --expires 90d --dry-run
  mews ioc import bundle.json --update --severity high`,
		RunE: func(c *cobra.Command, args []string) error { return runIOCImport(c.Context(), g, o, args[0]) },
	}
	o.register(c, true)
	f := c.Flags()
	f.StringVar(&o.format, "format", string(iocfile.Auto), "csv, stix, or auto: by the first character")
	f.BoolVar(&o.update, "update", false, "change indicators that are there already")
	f.BoolVar(&o.dry, "dry-run", false, "tell what would become of each row, and change nothing")
	f.StringVar(&o.comment, "comment", "", "why, for the audit trail")
	return c
}

var importFormats = []string{string(iocfile.Auto), string(iocfile.CSV), string(iocfile.STIX)}

func runIOCImport(ctx context.Context, g *globals, o *iocImportOptions, file string) error {
	if err := checkFields[iocSummary](g); err != nil {
		return err
	}
	if !slices.Contains(importFormats, o.format) {
		return usagef("unknown --format %q; use one of %s", o.format, strings.Join(importFormats, ", "))
	}
	if _, err := o.expiration(); err != nil {
		return err
	}
	in, size := g.In, int64(0)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("open the indicators: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		in = f
	}
	return g.withClient(func(c *mews.Client) error {
		bar := g.newProgress("")
		defer bar.end()
		read := &counted{r: in}
		imp := &iocImporter{service: c.IOCs(), options: o, name: file, show: func(s iocSummary) {
			bar.set(read.n, size, fmt.Sprintf("%d added, %d updated, %d known, %d failed", s.Added, s.Updated, s.Known, s.Failed))
		}}
		err := imp.run(ctx, read)
		bar.end()
		if o.dry {
			g.note("dry run: nothing was changed")
		}
		s := imp.summary
		g.tellFailures(s.Failed, imp.failures)
		v := viewOf(&mews.Envelope[iocSummary]{Resources: []iocSummary{s}}, "added", "updated", "known", "skipped", "failed")
		return g.endImport(ctx, v, s.Added+s.Updated+s.Known, s.Failed, err)
	})
}

// iocSummary counts the rows of an import by what became of them.
type iocSummary struct {
	Added   int64 `json:"added"`
	Updated int64 `json:"updated"`
	Known   int64 `json:"known"`   // there already, and not changed
	Skipped int64 `json:"skipped"` // revoked, ended, or of a kind that another row stands for
	Failed  int64 `json:"failed"`
}

// counted counts the bytes that are read.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// An iocImporter sends rows in batches: it asks which are there, creates the
// others and changes those that differ.
type iocImporter struct {
	service mews.IOCService
	options *iocImportOptions
	name    string
	show    func(iocSummary)

	summary  iocSummary
	failures []failure

	batch []iocRow
	held  map[mews.Observable]bool // of the batch
	size  int                      // of the batch as a request, in bytes
}

// importSize bounds the size of a batch; the server takes 4 MiB.
const importSize = 3 << 20

// An iocRow is a row on its way: what it and the flags say, and the whole
// indicator that it makes.
type iocRow struct {
	at          string
	says, whole iocfile.Indicator
}

// run reads to the end, or to an error that makes going on useless.
func (imp *iocImporter) run(ctx context.Context, in io.Reader) error {
	imp.held = map[mews.Observable]bool{}
	for row, err := range iocfile.Read(in, iocfile.Format(imp.options.format)) {
		if err != nil { // what was read before counts
			return errors.Join(imp.flush(ctx), imp.unreadable(err))
		}
		if err := imp.take(ctx, row); err != nil {
			return err
		}
	}
	return imp.flush(ctx)
}

// unreadable tells a file that is wrong from one that cannot be read.
func (imp *iocImporter) unreadable(err error) error {
	if isLocal(err) {
		return fmt.Errorf("%s: %w", imp.name, err)
	}
	before := ""
	if imp.summary != (iocSummary{}) {
		before = "; what stands before that was taken in"
	}
	return mews.Errorf(mews.ErrInvalid, "%s: %v%s", imp.name, err, before).WithCause(err)
}

func (imp *iocImporter) take(ctx context.Context, row iocfile.Row) error {
	switch {
	case row.Problem != "":
		imp.fail(row.At, errors.New(row.Problem))
		return nil
	case row.Skip != "" || ended(row.Indicator, imp.options.now()):
		imp.summary.Skipped++
		return nil
	}
	says, err := imp.options.apply(row.Indicator)
	if err != nil {
		return err
	}
	whole := completed(says)
	o := observableOf(whole)
	if imp.held[o] && !imp.options.update {
		imp.summary.Known++ // the row before it makes the indicator
		return nil
	}
	request, err := json.Marshal(creation(whole))
	if err != nil {
		return err
	}
	if imp.held[o] || len(imp.batch) == mews.MaxIndicators || imp.size+len(request) > importSize {
		if err := imp.flush(ctx); err != nil {
			return err
		}
	}
	imp.held[o] = true
	imp.size += len(request)
	imp.batch = append(imp.batch, iocRow{at: row.At, says: says, whole: whole})
	return nil
}

// ended tells whether an indicator would be refused for its end alone.
func ended(i iocfile.Indicator, now time.Time) bool {
	return !i.Expiration.IsZero() && !i.Expiration.After(now)
}

func (imp *iocImporter) fail(at string, err error) {
	imp.summary.Failed++
	if len(imp.failures) < maxFailures {
		imp.failures = append(imp.failures, failure{imp.name + ": " + at, err})
	}
}

// flush carries out the batch.
func (imp *iocImporter) flush(ctx context.Context) error {
	if len(imp.batch) == 0 {
		return nil
	}
	some := make([]mews.Observable, len(imp.batch))
	for n, row := range imp.batch {
		some[n] = observableOf(row.whole)
	}
	known, err := findIndicators(ctx, imp.service, some)
	if err != nil {
		return fmt.Errorf("%s: from %s on: %w", imp.name, imp.batch[0].at, err)
	}
	var news, changes []iocRow
	for _, row := range imp.batch {
		record, there := known[observableOf(row.whole)]
		switch {
		case !there:
			news = append(news, row)
		case imp.options.update && differs(record, row.says):
			changes = append(changes, row)
		default:
			imp.summary.Known++
		}
	}
	create := func(rows []iocRow) error {
		r := mews.IndicatorCreates{Comment: imp.options.comment, DryRun: imp.options.dry}
		for _, row := range rows {
			r.Indicators = append(r.Indicators, creation(row.whole))
		}
		_, err := imp.service.Create(ctx, r)
		return err
	}
	update := func(rows []iocRow) error {
		r := mews.IndicatorUpdates{Comment: imp.options.comment, DryRun: imp.options.dry}
		for _, row := range rows {
			o := observableOf(row.whole)
			r.Indicators = append(r.Indicators, mews.IndicatorUpdate{
				ID: known[o].ID, Type: o.Type, Value: o.Value, IndicatorChange: said(row.says),
			})
		}
		_, err := imp.service.Update(ctx, r)
		return err
	}
	if err := imp.send(news, nil, &imp.summary.Added, create); err != nil {
		return err
	}
	if err := imp.send(changes, slices.Collect(maps.Values(known)), &imp.summary.Updated, update); err != nil {
		return err
	}
	imp.batch, imp.size = imp.batch[:0], 0
	clear(imp.held)
	imp.show(imp.summary)
	return nil
}

// send makes one call of the rows. The server takes all or none and names those
// that it refuses: they fail alone, and the others are sent again.
func (imp *iocImporter) send(rows []iocRow, known []mews.Indicator, counter *int64, call func([]iocRow) error) error {
	for len(rows) > 0 {
		err := call(rows)
		if err == nil {
			break
		}
		refused := map[string]string{}
		for _, each := range refusals(err, known) {
			refused[each.ID] = each.Message
		}
		var rest []iocRow
		for _, row := range rows {
			if why, ok := refused[observableOf(row.whole).ID()]; ok {
				imp.fail(row.at, errors.New(why))
			} else {
				rest = append(rest, row)
			}
		}
		if len(rows) == 1 && len(rest) == 1 && failsAlone(err) {
			imp.fail(rows[0].at, err)
			return nil
		}
		if len(rest) == len(rows) {
			return fmt.Errorf("%s: from %s on: %w", imp.name, rows[0].at, err)
		}
		rows = rest
	}
	*counter += int64(len(rows))
	return nil
}

// differs tells whether a record lacks something that a row says of it.
func differs(record mews.Indicator, says iocfile.Indicator) bool {
	has := fileIndicator(record)
	for _, word := range [][2]string{
		{says.Action, has.Action},
		{says.MobileAction, has.MobileAction},
		{says.Severity, has.Severity},
		{says.Source, has.Source},
		{says.Description, has.Description},
		{says.Filename, has.Filename},
	} {
		if word[0] != "" && word[0] != word[1] {
			return true
		}
	}
	for _, list := range [][2][]string{{says.Platforms, has.Platforms}, {says.Tags, has.Tags}, {says.HostGroups, has.HostGroups}} {
		if len(list[0]) > 0 && !slices.Equal(sortedSet(list[0]), sortedSet(list[1])) {
			return true
		}
	}
	if says.AppliedGlobally != nil && *says.AppliedGlobally != *has.AppliedGlobally {
		return true
	}
	return !says.Expiration.IsZero() && !says.Expiration.Truncate(time.Second).Equal(has.Expiration.Truncate(time.Second))
}

// sortedSet is what lists have in common whose order does not count.
func sortedSet(words []string) []string {
	words = slices.Sorted(slices.Values(words))
	return slices.Compact(words)
}
