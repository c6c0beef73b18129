package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func newManCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "Write manual pages, one for each command", Args: cobra.ExactArgs(1),
		Example: `  mews man ~/.local/share/man/man1 && man mews-host-list`,
		RunE:    func(c *cobra.Command, args []string) error { return runMan(g, c.Root(), args[0]) },
	}
}

func runMan(g *globals, root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	folder, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("open the folder: %w", err)
	}
	pages := pageOf(root).all()
	for _, p := range pages {
		if err = folder.WriteFile(p.file(), []byte(p.roff(version())), 0o644); err != nil {
			break
		}
	}
	if err := errors.Join(err, folder.Close()); err != nil {
		return fmt.Errorf("write the manual: %w", err)
	}
	_, err = fmt.Fprintf(g.Out, "%s in %s\n", count(len(pages), "page", "pages"), printable(filepath.Clean(dir)))
	return err
}

// name is how a command is called in a manual: mews-host-list.
func (p page) name() string { return strings.ReplaceAll(p.path, " ", "-") }

func (p page) file() string { return p.name() + ".1" }

// roff writes the page for man.
func (p page) roff(version string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %q 1 \"\" %q \"mews\"\n.nh\n.ad l\n", strings.ToUpper(p.name()), roffText("mews "+version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roffText(p.name()), roffText(p.short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roffText(p.use))
	b.WriteString(".SH DESCRIPTION\n")
	for _, piece := range blocks(p.long) {
		if piece.asIs {
			fmt.Fprintf(&b, ".PP\n.nf\n%s\n.fi\n", roffText(piece.text))
		} else {
			fmt.Fprintf(&b, ".PP\n%s\n", roffText(piece.text))
		}
	}
	roffFlags(&b, "OPTIONS", p.flags)
	roffFlags(&b, "OPTIONS OF EVERY COMMAND", p.everyone)
	if len(p.fields) > 0 {
		fmt.Fprintf(&b, ".SH FIELDS\n%s\n", roffText(strings.Join(p.fields, ", ")))
	}
	if p.example != "" {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", roffText(p.example))
	}
	if len(p.aliases) > 0 {
		fmt.Fprintf(&b, ".SH ALSO CALLED\n%s\n", roffText(strings.Join(p.aliases, ", ")))
	}
	var others []string
	if i := strings.LastIndex(p.path, " "); i >= 0 {
		others = append(others, page{path: p.path[:i]}.name()+"(1)")
	}
	for _, sub := range p.subs {
		others = append(others, sub.name()+"(1)")
	}
	fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", roffText(strings.Join(others, ", ")))
	return b.String()
}

func roffFlags(b *strings.Builder, title string, flags []flagLine) {
	if len(flags) == 0 {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", title)
	for _, f := range flags {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roffText(f.flag), roffText(f.usage))
	}
}

// roffText writes a text so that no character of it is a command of roff.
func roffText(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", "\\`", "^", `\(ha`, "~", `\(ti`, `"`, `\(dq`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
