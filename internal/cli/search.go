package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

type searchOptions struct {
	filterOptions
	kind             string
	fuzzy            bool
	ascii, wide, hex []string
}

func newSearchCommand(g *globals) *cobra.Command {
	c := group("search", "Find the samples that hold a run of bytes")
	c.Long = `Find the samples that hold every one of the patterns given. A pattern has at least
four bytes (wide: four characters). The search reads the candidate files and counts
as one hunt of the quota; --fuzzy answers at once and for free from the index alone,
and may then name files that do not match.`
	for _, k := range []struct{ kind, short, example string }{
		{"ascii", "Find text as it stands", `mews search ascii 'GetProcAddress' --type pe32,pe64`},
		{"wide", "Find text in UTF-16LE, as Windows programs hold it", `mews search wide 'cmd.exe /c'`},
		{"hex", "Find bytes given in hexadecimal", `mews search hex '4d5a 9000' --max-size 1mb -o ndjson`},
	} {
		o := &searchOptions{kind: k.kind}
		sub := &cobra.Command{
			Use: k.kind + " PATTERN...", Short: k.short, Example: "  " + k.example, Args: cobra.MinimumNArgs(1),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE:              func(c *cobra.Command, args []string) error { return runSearch(c.Context(), g, o, args) },
		}
		o.register(sub)
		sub.Flags().BoolVar(&o.fuzzy, "fuzzy", false, "answer from the index alone")
		sub.Flags().StringArrayVar(&o.ascii, "ascii", nil, "one more pattern, of this kind")
		sub.Flags().StringArrayVar(&o.wide, "wide", nil, "one more pattern, of this kind")
		sub.Flags().StringArrayVar(&o.hex, "hex", nil, "one more pattern, of this kind")
		c.AddCommand(rowsOf[mews.SampleMeta](rowsOf[mews.RequestResult](sub)))
	}
	return c
}

// patterns gives the arguments first, then the extra ones by kind.
func (o *searchOptions) patterns(args []string) []mews.Pattern {
	var list []mews.Pattern
	add := func(kind string, values []string) {
		for _, v := range values {
			list = append(list, mews.Pattern{Type: kind, Value: v})
		}
	}
	add(o.kind, args)
	add("ascii", o.ascii)
	add("wide", o.wide)
	add("hex", o.hex)
	return list
}

func runSearch(ctx context.Context, g *globals, o *searchOptions, args []string) error {
	options, err := o.wire()
	if err != nil {
		return err
	}
	r := mews.SearchRequest{Options: options, Patterns: o.patterns(args)}
	return g.withClient(func(c *mews.Client) error {
		if o.fuzzy {
			if err := checkFields[mews.SampleMeta](g); err != nil {
				return err
			}
			env, err := c.MalQuery().FuzzySearch(ctx, r)
			if err != nil {
				return err
			}
			return g.showMatches(viewOf(env, sampleColumns...))
		}
		if err := checkFields[mews.RequestResult](g); err != nil {
			return err
		}
		meta, err := c.MalQuery().ExactSearch(ctx, r)
		if err != nil {
			return err
		}
		return g.waitOwn(ctx, c, meta.ReqID)
	})
}

// sampleColumns is what a table shows of a sample.
var sampleColumns = []string{"sha256", "filetype", "filesize", "first_seen", "label", "family"}

// showMatches writes what a search found, and tells when it is not everything.
func (g *globals) showMatches(v view) error {
	if err := g.write(v); err != nil {
		return err
	}
	if s := v.meta.Stats; s != nil && len(v.rows) > 0 && g.output.format == "table" {
		g.note("%s: %d malware, %d unwanted, %d clean, %d unknown", count(len(v.rows), "match", "matches"),
			s.MalwareCount, s.PUACount, s.CleanCount, s.UnknownCount)
		if s.TotalCount > len(v.rows) {
			g.note("%d more; raise --limit to see them", s.TotalCount-len(v.rows))
		}
	}
	switch {
	case g.incomplete(v):
		return silent(errPartial)
	case len(v.rows) == 0:
		g.note("no match")
		return silent(errNoMatch)
	}
	return nil
}

// reasonLimit is why a hunt skips the candidates beyond its result limit.
const reasonLimit = "result limit"

// incomplete tells of the files that were not decided on, and whether that
// leaves the answer short of what was asked: a limit that the user set does not.
func (g *globals) incomplete(v view) bool {
	h := v.meta.Hunt
	if h == nil {
		return v.meta.Partial || len(v.errors) > 0
	}
	beyond := h.Reasons[reasonLimit]
	skipped, open := h.Skipped-beyond, h.Error+h.Uncertain
	if open+skipped > 0 {
		g.note("not decided: %d skipped, %d failed, %d uncertain of %s (mews request %s --outcomes)",
			skipped, h.Error, h.Uncertain, count(int(h.Candidates), "candidate", "candidates"), v.meta.ReqID)
	}
	if beyond > 0 {
		g.note("stopped at the limit with %s left; raise --limit to see more", count(int(beyond), "candidate", "candidates"))
	}
	return open > 0 || len(v.errors) > 0 || v.meta.Partial && (skipped > 0 || beyond == 0)
}
