package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// A verb is a change of records with the words for it.
type verb struct {
	action    string
	question  string // asked about "12 records"
	done      string
	one, many string // what is changed
}

// changeOptions are those of every command that changes what it selects.
type changeOptions struct {
	all, dry, yes bool
	comment       string
}

func (o *changeOptions) register(c *cobra.Command, many, comment string) {
	f := c.Flags()
	f.BoolVar(&o.all, "all", false, "all "+many+" that there are")
	f.StringVar(&o.comment, "comment", "", comment)
	f.BoolVar(&o.dry, "dry-run", false, "tell what would change, and change nothing")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	c.MarkFlagsMutuallyExclusive("all", "filter")
}

// checkAll refuses a filter that selects everything without a word about it, and
// puts the filter that does where --all was said.
func (o *changeOptions) checkAll(filter *string, one string) error {
	if isAll(*filter) {
		return usagef("--filter %q selects every %s; if that is meant, say --all", *filter, one)
	}
	if o.all {
		*filter = "*"
	}
	return nil
}

// isAll tells whether a filter says that it selects everything.
func isAll(filter string) bool { return strings.Trim(filter, " \t\r\n*") == "" && filter != "" }

// agree ends the command here: with a dry run's answer, where nothing would
// change, or when the user says no.
func (g *globals) agree(v verb, o *changeOptions, n int, unknown []mews.APIError) (done bool, err error) {
	if o.dry {
		return true, g.showChanges(changedRow{Action: v.action, Changed: n, DryRun: true},
			fmt.Sprintf("would change %s", count(n, v.one, v.many)), unknown)
	}
	if n == 0 {
		return true, g.showChanged(v, 0, unknown)
	}
	if o.yes {
		return false, nil
	}
	return false, g.confirm(fmt.Sprintf(v.question, count(n, v.one, v.many)))
}

// changedRow is what a command that changes records answers to a program.
type changedRow struct {
	Action  string `json:"action"`
	Changed int    `json:"changed"`
	DryRun  bool   `json:"dry_run"`
}

func (g *globals) showChanged(v verb, n int, errs []mews.APIError) error {
	return g.showChanges(changedRow{Action: v.action, Changed: n}, v.done+" "+count(n, v.one, v.many), errs)
}

// showChanges writes a row, or the sentence where people read it.
func (g *globals) showChanges(row changedRow, sentence string, errs []mews.APIError) error {
	v := viewOf(&mews.Envelope[changedRow]{Errors: errs, Resources: []changedRow{row}}, "action", "changed", "dry_run")
	if g.output.forPeople() {
		v.rows = nil
		fmt.Fprintln(g.Out, sentence)
	}
	if err := g.write(v); err != nil {
		return err
	}
	if len(errs) > 0 {
		return silent(errPartial)
	}
	return nil
}
