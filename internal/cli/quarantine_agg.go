package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

type quarantineAggOptions struct {
	selectOptions
	request        mews.AggregateRequest
	min, max       int64
	missing        string
	ranges, within []string
	body           string
}

func newQuarantineAggCommand(g *globals) *cobra.Command {
	o := &quarantineAggOptions{}
	c := &cobra.Command{
		Use: "agg", Short: "Count and measure quarantined files by their fields", Args: cobra.NoArgs,
		Long: `Count and measure quarantined files: how many there are of each host, user or state, per
day, in a range. --within names a field by whose values each bucket is parted again.
--body takes requests as the API has them, one or a list.

The types are terms, date_histogram (--interval), date_range and range (--range),
cardinality, max, min, avg, sum and percentiles (--percent).`,
		Example: `  mews quarantine agg --field hostname --within state --size 20
  mews quarantine agg --type date_histogram --field date_created --interval day --time-zone Europe/Berlin
  mews quarantine agg --type date_range --field date_created --range now-7d.. --range ..now-7d
  mews quarantine agg --body requests.json -o json`,
		RunE: func(c *cobra.Command, _ []string) error {
			requests, err := o.requests(g, c.Flags().Changed)
			if err != nil {
				return err
			}
			return pointAt(o.filter, runQuarantineAgg(c.Context(), g, requests))
		},
	}
	f, r := c.Flags(), &o.request
	o.register(f)
	f.StringVar(&r.Type, "type", mews.AggregateTerms, "what to make of the field")
	f.StringVar(&r.Field, "field", "", "the field")
	f.StringVar(&r.Name, "name", "", "name of the result (default: the field)")
	f.IntVar(&r.Size, "size", 0, "at most this many buckets (default: 10)")
	f.IntVar(&r.From, "from", 0, "leave out this many buckets first")
	f.StringVar(&r.Sort, "sort", "", "_count.desc, _count.asc, _term.asc or _term.desc")
	f.StringVar(&r.Include, "include", "", "only values that this regular expression matches whole")
	f.StringVar(&r.Exclude, "exclude", "", "no values that this regular expression matches whole")
	f.Int64Var(&o.min, "min-count", 0, "only buckets with at least this many records")
	f.Int64Var(&o.max, "max-count", 0, "only buckets with at most this many records")
	f.StringVar(&o.missing, "missing", "", "the value of records that have none")
	f.StringVar(&r.Interval, "interval", "", "year, month, week, day, hour or minute")
	f.StringVar(&r.TimeZone, "time-zone", "", "whose days: a name such as Europe/Berlin, or +02:00 (default: UTC)")
	f.StringArrayVar(&o.ranges, "range", nil, "FROM..TO of numbers or dates; FROM is in it, TO is not, either may be empty")
	f.Float64SliceVar(&r.Percents, "percent", nil, "which percentiles (default: 1,5,25,50,75,95,99)")
	f.StringArrayVar(&o.within, "within", nil, "part each bucket by the values of this field; a second one parts those again")
	f.StringVar(&o.body, "body", "", `file with requests as JSON, one or a list; "-" is standard input`)
	c.MarkFlagsOneRequired("field", "body")
	c.MarkFlagsMutuallyExclusive("field", "body")
	types := []string{
		mews.AggregateTerms, mews.AggregateDateHistogram, mews.AggregateDateRange, mews.AggregateRange, mews.AggregateCardinality,
		mews.AggregateMax, mews.AggregateMin, mews.AggregateAvg, mews.AggregateSum, mews.AggregatePercentiles,
	}
	_ = c.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(types, cobra.ShellCompDirectiveNoFileComp))
	return rowsOf[mews.AggregateResult](rowsOf[bucketRow](c))
}

func (o *quarantineAggOptions) requests(g *globals, given func(string) bool) ([]mews.AggregateRequest, error) {
	if o.body != "" {
		return g.readRequests(o.body)
	}
	r := o.request
	r.Filter, r.Q = o.filter, o.q
	r.Sort = strings.Replace(r.Sort, ".", "|", 1)
	if given("min-count") {
		r.MinDocCount = &o.min
	}
	if given("max-count") {
		r.MaxDocCount = &o.max
	}
	if given("missing") {
		r.Missing = (*mews.Text)(&o.missing)
	}
	for _, text := range o.ranges {
		if err := addRange(&r, text); err != nil {
			return nil, err
		}
	}
	for _, field := range slices.Backward(o.within) {
		sub := mews.AggregateRequest{Type: mews.AggregateTerms, Field: field, Size: r.Size}
		if len(r.SubAggregates) > 0 {
			sub.SubAggregates = r.SubAggregates
		}
		r.SubAggregates = []mews.AggregateRequest{sub}
	}
	return []mews.AggregateRequest{r}, nil
}

// addRange reads FROM..TO.
func addRange(r *mews.AggregateRequest, text string) error {
	from, to, ok := strings.Cut(text, "..")
	if !ok {
		return usagef("--range %q: expected FROM..TO, either may be empty", text)
	}
	if r.Type != mews.AggregateRange {
		r.DateRanges = append(r.DateRanges, mews.DateRange{From: from, To: to})
		return nil
	}
	var bounds mews.NumberRange
	for _, side := range []struct {
		text string
		to   **float64
	}{{from, &bounds.From}, {to, &bounds.To}} {
		if side.text == "" {
			continue
		}
		n, err := strconv.ParseFloat(side.text, 64)
		if err != nil {
			return usagef("--range %q: %q is no number", text, side.text)
		}
		*side.to = &n
	}
	r.Ranges = append(r.Ranges, bounds)
	return nil
}

// maxBody bounds what --body reads; the server takes no more.
const maxBody = 1 << 20

// readRequests reads one request or a list of them. A key that no request has is
// refused here: the server would not miss it.
func (g *globals) readRequests(file string) ([]mews.AggregateRequest, error) {
	var in io.Reader = g.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("open the requests: %w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read the requests: %w", err)
	}
	if len(text) > maxBody {
		return nil, usagef("--body %s: more than %s", file, byteCount(maxBody))
	}
	list := strings.TrimSpace(string(text))
	if !strings.HasPrefix(list, "[") {
		list = "[" + list + "]"
	}
	d := json.NewDecoder(strings.NewReader(list))
	d.DisallowUnknownFields()
	var requests []mews.AggregateRequest
	err = d.Decode(&requests)
	if _, more := d.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("there is text after the requests")
	}
	if err != nil {
		return nil, usagef("--body %s: %w", file, err)
	}
	if len(requests) == 0 {
		return nil, usagef("--body %s: holds no request", file)
	}
	return requests, nil
}

func runQuarantineAgg(ctx context.Context, g *globals, requests []mews.AggregateRequest) error {
	flat := g.output.format == "table" || g.output.format == "csv"
	check := checkFields[mews.AggregateResult]
	if flat {
		check = checkFields[bucketRow]
	}
	if err := check(g); err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		results, err := c.Quarantine().Aggregate(ctx, requests...)
		if err != nil {
			return err
		}
		if flat {
			err = g.write(bucketView(results, g.output.format == "table"))
		} else {
			err = g.write(viewOf(&mews.Envelope[mews.AggregateResult]{Resources: results}))
		}
		for _, r := range results {
			if r.Buckets == nil {
				g.note("mews: %s: the records have no such field", r.Name)
			}
		}
		if err == nil && !slices.ContainsFunc(results, func(r mews.AggregateResult) bool { return len(r.Buckets) > 0 }) {
			g.note("no match")
			return silent(errNoMatch)
		}
		return err
	})
}
