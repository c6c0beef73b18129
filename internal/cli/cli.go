// Package cli is the command line of mews: one file per command. Every command
// but the server's own (serve, client, index, audit) is a client of the public
// HTTP API and uses the root package like any other program.
package cli

//go:generate go test -count=1 -run ^(TestReference|TestHelp)$ . -rewrite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/mewshq/mews"
)

// Stdio is where a command reads and writes. Results go to Out, everything else
// (progress, warnings, errors) to Err.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Main runs one command line and gives the process's exit code. The first
// interrupt ends ctx, so that commands can tidy up; the second ends the process.
func Main(ctx context.Context, args []string, stdio Stdio) int {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, stop)()
	g := &globals{Stdio: stdio, env: os.Getenv, isTerminal: isTerminal}
	return g.main(ctx, args)
}

// globals is what all commands share: where they talk to, and the flags that
// stand on every command.
type globals struct {
	Stdio
	env        func(string) string
	isTerminal func(any) bool

	connect connectOptions
	output  outputOptions

	started bool // the command line was understood
}

func (g *globals) main(ctx context.Context, args []string) int {
	root := newRootCommand(g)
	root.SetArgs(args[1:])
	root.SetIn(g.In)
	root.SetOut(g.Out)
	root.SetErr(g.Err)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
	case !g.started:
		err = usageError{err}
	case ctx.Err() != nil && !errors.Is(err, errSilent):
		err = errInterrupted // whatever a call made of it
	}
	if err != nil && !errors.Is(err, errSilent) {
		g.printError(err)
	}
	return exitCode(err)
}

// newRootCommand builds the tree.
func newRootCommand(g *globals) *cobra.Command {
	root := &cobra.Command{
		Use:   "mews",
		Short: "Keep samples, quarantine, indicators and hosts behind a Falcon-compatible API",
		Long: `mews keeps samples, quarantined files, indicators, telemetry, hosts and their
vulnerabilities behind an API that Falcon clients speak, and hunts through them. "mews
serve" is the server; most other commands are clients of it and need to know where it is
and who asks:

  FALCON_BASE_URL       address of the server     (--base-url, or FALCON_CLOUD, --cloud)
  FALCON_CLIENT_ID      API client                (--client-id)
  FALCON_CLIENT_SECRET  its secret                (--client-secret, --client-secret-file)
  MEWS_CA               CA certificate file, PEM  (--ca)

The server prints all four on its first run, "mews profile" keeps them under a name, and
"mews doctor" tells what is wrong with them. NO_COLOR switches colours off. Exit codes:
mews help exit-codes`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		PersistentPreRunE: func(c *cobra.Command, _ []string) error { return g.start(c) },
	}
	g.connect.register(root)
	g.output.register(root)
	g.registerCompletions(root)
	for _, part := range parts(g) {
		root.AddGroup(&cobra.Group{ID: part.title, Title: part.title + ":"})
		for _, c := range part.commands {
			c.GroupID = part.title
			root.AddCommand(c)
		}
	}
	root.SetHelpCommandGroupID(partProgram)
	root.SetCompletionCommandGroupID(partProgram)
	completion(root)
	return root
}

const partProgram = "This program"

// A part is a chapter of the command tree.
type part struct {
	title    string
	commands []*cobra.Command
}

// parts are the chapters in the order of help.
func parts(g *globals) []part {
	return []part{
		{"Samples, searches and hunts", []*cobra.Command{
			newSampleCommand(g), newSearchCommand(g), newHuntCommand(g), newRequestCommand(g), newCancelCommand(g),
			newDownloadCommand(g), newQuotasCommand(g),
		}},
		{"Hosts and what they met", []*cobra.Command{
			newHostCommand(g), newIOCCommand(g), newDetectionCommand(g), newProcessCommand(g), newQuarantineCommand(g), newVulnCommand(g), newIntelCommand(g),
		}},
		{"What hosts and sensors send", []*cobra.Command{newIngestCommand(g), newAgentCommand(g)}},
		{"The API", []*cobra.Command{newAPICommand(g), newTokenCommand(g), newFQLCommand(g)}},
		{"On the server's machine", []*cobra.Command{
			newServeCommand(g), newConfigCommand(g), newMigrateCommand(g), newClientCommand(g), newIndexCommand(g), newSightingsCommand(g), newAuditCommand(g),
		}},
		{"Tests of your own programs", []*cobra.Command{newDevCommand(g)}},
		{partProgram, []*cobra.Command{newProfileCommand(g), newDoctorCommand(g), newManCommand(g), newVersionCommand(g), newExitCodesTopic()}},
	}
}

// start checks the flags before the command runs. cobra would check what is
// required, and the groups, only after it, when an error no longer counts as one
// of usage.
func (g *globals) start(c *cobra.Command) error {
	if err := c.ValidateRequiredFlags(); err != nil {
		return err
	}
	if err := c.ValidateFlagGroups(); err != nil {
		return err
	}
	if err := g.output.check(c); err != nil {
		return err
	}
	g.started = true
	return nil
}

// group makes a command that only holds others.
func group(use, short string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error {
		var names []string
		for _, s := range c.Commands() {
			if s.IsAvailableCommand() {
				names = append(names, s.Name())
			}
		}
		return usagef("%s needs a command: %s", c.CommandPath(), strings.Join(names, ", "))
	}}
	c.AddCommand(subs...)
	return c
}

// printError tells what failed and what to do about it.
func (g *globals) printError(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintf(g.Err, "mews: %s\n", printable(line))
	}
	if e, ok := errors.AsType[*mews.Error](err); ok && e.TraceID != "" {
		fmt.Fprintf(g.Err, "mews: trace id %s\n", printable(e.TraceID))
	}
	if hint := advice(err); hint != "" {
		fmt.Fprintf(g.Err, "mews: %s\n", hint)
	}
}

// note tells something beside the result. Foreign words in it are made harmless.
func (g *globals) note(format string, args ...any) {
	fmt.Fprintln(g.Err, printable(fmt.Sprintf(format, args...)))
}

// isTerminal tells whether a stream is a person's screen or keyboard.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
