package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// An explainer asks the server about a filter over one collection.
type explainer func(context.Context, string) (mews.FilterExplanation, error)

// explainers are the collections whose filters can be explained.
var explainers = map[string]func(*mews.Client) explainer{
	"quarantine":      func(c *mews.Client) explainer { return c.Quarantine().Explain },
	"hosts":           func(c *mews.Client) explainer { return c.Hosts().Explain },
	"indicators":      func(c *mews.Client) explainer { return c.IOCs().Explain },
	"detections":      func(c *mews.Client) explainer { return c.Detections().Explain },
	"vulnerabilities": func(c *mews.Client) explainer { return c.Vulnerabilities().Explain },
	"intel":           func(c *mews.Client) explainer { return c.Intel().Explain },
}

func explainerNames() []string { return slices.Sorted(maps.Keys(explainers)) }

func newFQLCommand(g *globals) *cobra.Command {
	return group("fql", "Understand filters of the Falcon Query Language", newFQLExplainCommand(g))
}

func newFQLExplainCommand(g *globals) *cobra.Command {
	var collection string
	c := &cobra.Command{
		Use: "explain FILTER", Short: "Show how the server reads a filter, and which fields there are", Args: cobra.ExactArgs(1),
		Long: `Show how the server reads a filter, and which fields there are.

  mews fql explain 'hostname:"web*"+date_created:>="now-7d"'

"+" is and, "," is or and binds less, "!" is not; the guide is docs/fql.md. "*" shows
the fields alone. Filters take double quotes as well as single ones: so single quotes
around the whole keep the shell away from "!", "*" and the rest.`,
		RunE: func(c *cobra.Command, args []string) error {
			explain, ok := explainers[collection]
			if !ok {
				return usagef("unknown collection %q; there are %s", collection, strings.Join(explainerNames(), ", "))
			}
			return runFQLExplain(c.Context(), g, explain, args[0])
		},
	}
	c.Flags().StringVar(&collection, "collection", "quarantine", "whose fields the filter names: "+strings.Join(explainerNames(), ", "))
	_ = c.RegisterFlagCompletionFunc("collection", cobra.FixedCompletions(explainerNames(), cobra.ShellCompDirectiveNoFileComp))
	return rowsOf[mews.FilterExplanation](c)
}

func runFQLExplain(ctx context.Context, g *globals, explain func(*mews.Client) explainer, filter string) error {
	return g.withClient(func(c *mews.Client) error {
		e, err := explain(c)(ctx, filter)
		if err != nil {
			return pointAt(filter, err)
		}
		if !g.output.forPeople() {
			return g.write(viewOf(&mews.Envelope[mews.FilterExplanation]{Resources: []mews.FilterExplanation{e}}, "collection", "filter", "tree"))
		}
		w := bufio.NewWriter(g.Out)
		for _, line := range e.Tree {
			fmt.Fprintln(w, printable(line))
		}
		fmt.Fprintln(w)
		if err := w.Flush(); err != nil {
			return fmt.Errorf("write the result: %w", err)
		}
		return g.write(viewOf(&mews.Envelope[mews.FilterField]{Resources: e.Fields},
			"name", "type", "sortable", "aggregate", "in_q", "aliases", "doc", "values"))
	})
}

// filterError finds the place that the server names in a mistaken filter.
var filterError = regexp.MustCompile(`\bFQL error at ([0-9]{1,6}): `)

// A filterMistake is a server's refusal of a filter with the filter below it
// and a mark under the place.
type filterMistake struct {
	error
	filter string
	at     int // byte offset
}

func (e filterMistake) Unwrap() error { return e.error }

func (e filterMistake) Error() string {
	line, width := excerpt(e.filter, e.at)
	return fmt.Sprintf("%s\n  %s\n  %s^", e.error, line, strings.Repeat(" ", width))
}

// pointAt adds the mark to an error that names a place in the filter; every
// other error it leaves as it is.
func pointAt(filter string, err error) error {
	if !errors.Is(err, mews.ErrInvalid) {
		return err
	}
	found := filterError.FindStringSubmatch(err.Error())
	if found == nil {
		return err
	}
	at, _ := strconv.Atoi(found[1])
	if at < 1 || at > len(filter)+1 {
		return err
	}
	return filterMistake{error: err, filter: filter, at: at - 1}
}

// Characters of the filter that stand before and after the mark.
const (
	charsBefore = 50
	charsAfter  = 24
)

// excerpt is the part of a filter around a byte offset, made harmless, and how
// many columns of a terminal stand before that place.
func excerpt(filter string, at int) (line string, width int) {
	start, end := at, at
	for n := 0; start > 0 && n < charsBefore; n++ {
		_, size := utf8.DecodeLastRuneInString(filter[:start])
		start -= size
	}
	for n := 0; end < len(filter) && n < charsAfter; n++ {
		_, size := utf8.DecodeRuneInString(filter[end:])
		end += size
	}
	before, after := printable(filter[start:at]), printable(filter[at:end])
	if start > 0 {
		before = "…" + before
	}
	if end < len(filter) {
		after += "…"
	}
	return before + after, text.StringWidthWithoutEscSequences(before)
}
