package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

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
	if err := imp.send(news, nil, &imp.summary.Added, func(rows []iocRow) error { return imp.create(ctx, rows) }); err != nil {
		return err
	}
	if err := imp.send(changes, slices.Collect(maps.Values(known)), &imp.summary.Updated, func(rows []iocRow) error { return imp.update(ctx, rows, known) }); err != nil {
		return err
	}
	imp.batch, imp.size = imp.batch[:0], 0
	clear(imp.held)
	imp.show(imp.summary)
	return nil
}

func (imp *iocImporter) create(ctx context.Context, rows []iocRow) error {
	r := mews.IndicatorCreates{Comment: imp.options.comment, DryRun: imp.options.dry}
	for _, row := range rows {
		r.Indicators = append(r.Indicators, creation(row.whole))
	}
	_, err := imp.service.Create(ctx, r)
	return err
}

func (imp *iocImporter) update(ctx context.Context, rows []iocRow, known map[mews.Observable]mews.Indicator) error {
	r := mews.IndicatorUpdates{Comment: imp.options.comment, DryRun: imp.options.dry}
	for _, row := range rows {
		o := observableOf(row.whole)
		r.Indicators = append(r.Indicators, mews.IndicatorUpdate{ID: known[o].ID, Type: o.Type, Value: o.Value, IndicatorChange: said(row.says)})
	}
	_, err := imp.service.Update(ctx, r)
	return err
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
