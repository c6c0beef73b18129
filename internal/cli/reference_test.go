package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// commandTree builds the commands as on a machine of nobody in particular.
func commandTree(t *testing.T) *cobra.Command {
	for name, value := range map[string]string{"HOME": "/home/you", "XDG_DATA_HOME": "", "XDG_CONFIG_HOME": "", "MEWS_CONFIG": ""} {
		t.Setenv(name, value)
	}
	return newRootCommand(&globals{env: func(string) string { return "" }, isTerminal: isTerminal})
}

// TestReference holds docs/cli-reference.md, and with it the help of every
// command, to what the program says of itself.
func TestReference(t *testing.T) {
	const file = "../../docs/cli-reference.md"
	got := markdown(commandTree(t))
	if *rewrite {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what the commands say; run: go generate ./internal/cli", file)
	}
}

// TestHelp holds the help of the whole program, as people see it.
func TestHelp(t *testing.T) {
	const file = "testdata/help.golden"
	root := commandTree(t)
	var got strings.Builder
	root.SetOut(&got)
	root.SetArgs([]string{"--help"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(file); err != nil || got.String() != string(want) {
		t.Errorf("%s differs (%v); run: go generate ./internal/cli", file, err)
	}
}

// TestEveryCommandIsHelpful: whoever asks about a command learns what it does, and
// every list has what lists have.
func TestEveryCommandIsHelpful(t *testing.T) {
	var check func(c *cobra.Command)
	check = func(c *cobra.Command) {
		if c.Name() == "help" || strings.HasPrefix(c.CommandPath(), "mews completion") {
			return
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Short) > 110 {
			t.Errorf("%s: its one line is %q", c.CommandPath(), c.Short)
		}
		for line := range strings.Lines(c.Long) {
			if len(strings.TrimRight(line, "\n")) > 100 && !strings.HasPrefix(line, "  ") {
				t.Errorf("%s: %q is too long for a terminal", c.CommandPath(), line)
			}
		}
		if c.Name() == "list" {
			checkList(t, c)
		}
		for _, sub := range c.Commands() {
			check(sub)
		}
	}
	check(commandTree(t))
}

// checkList holds what every list has: fields, and, where there may be many
// entries, the ways to get some of them or all.
func checkList(t *testing.T, c *cobra.Command) {
	if rowFields(c) == nil {
		t.Errorf("%s does not say which fields its rows have (rowsOf)", c.CommandPath())
	}
	short := []string{"mews api list", "mews client list", "mews profile list", "mews dev faults list", "mews dev snapshot list"}
	if slices.Contains(short, c.CommandPath()) {
		return // never long
	}
	for _, flag := range []string{"filter", "all", "limit", "sort", "ids"} {
		if c.Flags().Lookup(flag) == nil {
			t.Errorf("%s has no --%s, as other lists have", c.CommandPath(), flag)
		}
	}
}

// TestManual writes the pages and has the machine's own formatter read them.
func TestManual(t *testing.T) {
	f, dir := newFake(t), filepath.Join(t.TempDir(), "man1")
	out, errOut, code := f.mews(run{}, "man", dir)
	if code != 0 {
		t.Fatalf("%d %s%s", code, out, errOut)
	}
	for _, name := range []string{"mews.1", "mews-host-list.1", "mews-exit-codes.1", "mews-completion-bash.1"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.HasPrefix(string(text), ".TH ") || !strings.Contains(string(text), ".SH NAME\n") {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("no groff on this machine")
	}
	pages, _ := filepath.Glob(filepath.Join(dir, "*.1"))
	cmd := exec.CommandContext(t.Context(), groff, append([]string{"-man", "-Tutf8", "-ww", "-z"}, pages...)...)
	if warnings, err := cmd.CombinedOutput(); err != nil || len(warnings) > 0 {
		t.Errorf("%v\n%.3000s", err, warnings)
	}
}

func TestRoffText(t *testing.T) {
	if got, want := roffText(".TH x\n'y' \\z -a \"b\""), "\\&.TH x\n\\(aqy\\(aq \\ez \\-a \\(dqb\\(dq"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestVersion: a program reads what people read.
func TestVersion(t *testing.T) {
	f := newFake(t)
	people, _, _ := f.mews(run{}, "version")
	fields, _, code := f.mews(run{}, "version", "-o", "ndjson", "--fields", "version,os")
	if !strings.HasPrefix(people, "mews "+version()+" go1.") || fields != `{"version":"`+version()+`","os":"`+runtime.GOOS+`"}`+"\n" || code != 0 {
		t.Errorf("%q %q %d", people, fields, code)
	}
}
