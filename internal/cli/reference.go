package cli

import (
	"cmp"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A page tells of one command, for manual pages and the reference alike.
type page struct {
	path            string // mews host list
	use             string // with arguments
	short, long     string
	aliases         []string
	example         string
	flags, everyone []flagLine // of the command, and those that every command has
	fields          []string   // of its rows
	subs            []page
}

// A flagLine is one flag: "-o, --output string" and what it does.
type flagLine struct{ flag, usage string }

// pageOf describes a command and those below it.
func pageOf(c *cobra.Command) page {
	p := page{
		path: c.CommandPath(), use: c.UseLine(), short: c.Short, long: strings.TrimSpace(cmp.Or(c.Long, c.Short)),
		aliases: c.Aliases, example: strings.Trim(c.Example, "\n"), fields: rowFields(c),
	}
	c.InitDefaultHelpFlag()
	p.flags = flagLines(c.NonInheritedFlags())
	if !c.HasParent() {
		p.everyone = flagLines(c.PersistentFlags())
		p.flags = nil
	} else if c.HasAvailableInheritedFlags() {
		own := c.InheritedFlags() // those of a family, such as --data
		root := c.Root().PersistentFlags()
		p.flags = append(p.flags, flagLines(without(own, root))...)
	}
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() || sub.IsAdditionalHelpTopicCommand() {
			p.subs = append(p.subs, pageOf(sub))
		}
	}
	return p
}

func without(flags, these *pflag.FlagSet) *pflag.FlagSet {
	rest := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.VisitAll(func(f *pflag.Flag) {
		if these.Lookup(f.Name) == nil {
			rest.AddFlag(f)
		}
	})
	return rest
}

func flagLines(flags *pflag.FlagSet) []flagLine {
	var lines []flagLine
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		lines = append(lines, flagLine{strings.TrimSpace(name + " " + kind), usage + ifSet(" (default %s)", shownDefault(f))})
	})
	slices.SortFunc(lines, func(a, b flagLine) int {
		return strings.Compare(strings.TrimLeft(a.flag[strings.Index(a.flag, "--"):], "-"), strings.TrimLeft(b.flag[strings.Index(b.flag, "--"):], "-"))
	})
	return lines
}

// shownDefault is a flag's default where it says something; a folder of this
// user's is shown as one of any user's.
func shownDefault(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return ""
	}
	if strings.Contains(f.Usage, "default") {
		return "" // told there, in words
	}
	if home, err := os.UserHomeDir(); err == nil && home != "/" {
		if rest, ok := strings.CutPrefix(f.DefValue, home+"/"); ok {
			return "~/" + rest
		}
	}
	return f.DefValue
}

// all gives a page and those below it, each above its own.
func (p page) all() []page {
	list := []page{p}
	for _, sub := range p.subs {
		list = append(list, sub.all()...)
	}
	return list
}

// A block is a piece of a help text: prose, or lines to be left as they are.
type block struct {
	text string
	asIs bool
}

// blocks parts a help text at empty lines. A block with an indented line is one
// that was laid out by hand.
func blocks(text string) []block {
	var list []block
	for piece := range strings.SplitSeq(text, "\n\n") {
		if piece = strings.Trim(piece, "\n"); piece == "" {
			continue
		}
		laidOut := slices.ContainsFunc(strings.Split(piece, "\n"), func(line string) bool { return strings.HasPrefix(line, "  ") })
		list = append(list, block{piece, laidOut})
	}
	return list
}
