package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// markdown writes the reference of all commands: docs/cli-reference.md.
func markdown(root *cobra.Command) string {
	var b strings.Builder
	top := pageOf(root)
	fmt.Fprintf(&b, "# Commands of mews\n\nGenerated from the program (`make generate`); `mews help COMMAND` says the same. The guide is [cli.md](cli.md).\n\n")
	for _, group := range root.Groups() {
		fmt.Fprintf(&b, "**%s**\n\n", strings.TrimSuffix(group.Title, ":"))
		for _, c := range root.Commands() {
			if c.GroupID == group.ID && (c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand()) {
				fmt.Fprintf(&b, "- [%s](#%s): %s\n", c.CommandPath(), strings.ReplaceAll(c.CommandPath(), " ", "-"), c.Short)
			}
		}
		b.WriteByte('\n')
	}
	for _, p := range top.all() {
		p.markdown(&b)
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (p page) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "## %s\n\n```\n%s\n```\n\n", p.path, p.use)
	for _, piece := range blocks(p.long) {
		if piece.asIs {
			fmt.Fprintf(b, "```\n%s\n```\n\n", piece.text)
		} else {
			fmt.Fprintf(b, "%s\n\n", piece.text)
		}
	}
	if len(p.subs) > 0 && strings.Contains(p.path, " ") {
		for _, sub := range p.subs {
			fmt.Fprintf(b, "- [%s](#%s): %s\n", sub.path, sub.name(), sub.short)
		}
		b.WriteByte('\n')
	}
	markdownFlags(b, p.flags)
	markdownFlags(b, p.everyone)
	if len(p.fields) > 0 {
		fmt.Fprintf(b, "Fields: %s\n\n", strings.Join(p.fields, ", "))
	}
	if p.example != "" {
		fmt.Fprintf(b, "```\n%s\n```\n\n", p.example)
	}
	if len(p.aliases) > 0 {
		fmt.Fprintf(b, "Also called: %s\n\n", strings.Join(p.aliases, ", "))
	}
}

func markdownFlags(b *strings.Builder, flags []flagLine) {
	if len(flags) == 0 {
		return
	}
	b.WriteString("| flag | |\n|---|---|\n")
	for _, f := range flags {
		fmt.Fprintf(b, "| `%s` | %s |\n", f.flag, strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(f.usage))
	}
	b.WriteByte('\n')
}
