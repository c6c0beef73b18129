package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newDevFaultsCommand(g *globals) *cobra.Command {
	return group("faults", "Let requests fail by rules", newDevFaultsAddCommand(g), newDevFaultsListCommand(g), newDevFaultsClearCommand(g))
}

// A faultRow is a rule with its turn and its effect in words.
type faultRow struct {
	mews.FaultRule
	When string `json:"when"`
	Does string `json:"does"`
}

var faultColumns = []string{"id", "operation", "path", "method", "client", "when", "does", "seen", "fired"}

func (g *globals) showFaults(rules []mews.FaultRule) error {
	rows := &mews.Envelope[faultRow]{}
	for _, r := range rules {
		rows.Resources = append(rows.Resources, faultRow{FaultRule: r, When: faultTurn(r), Does: faultEffect(r.Effect)})
	}
	return g.write(viewOf(rows, faultColumns...))
}

// faultTurn tells which requests are struck.
func faultTurn(r mews.FaultRule) string {
	var parts []string
	if r.After > 0 {
		parts = append(parts, fmt.Sprintf("after %d", r.After))
	}
	switch {
	case r.Every > 1:
		parts = append(parts, fmt.Sprintf("one of %d", r.Every))
	case r.Probability > 0:
		parts = append(parts, fmt.Sprintf("%g%%", 100*r.Probability))
	}
	if r.Times > 0 {
		parts = append(parts, fmt.Sprintf("%d times", r.Times))
	}
	if len(parts) == 0 {
		return "always"
	}
	return strings.Join(parts, ", ")
}

// faultEffect tells what happens to them.
func faultEffect(e mews.FaultEffect) string {
	var parts []string
	add := func(there bool, format string, args ...any) {
		if there {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(e.Delay > 0, "wait %s", e.Delay)
	add(e.Status > 0, "answer %d", e.Status)
	add(e.RetryAfter > 0, "retry after %s", e.RetryAfter)
	add(e.ExpireToken, "expire the token")
	add(e.Close, "close the connection")
	add(e.Truncate > 0, "cut after %d bytes", e.Truncate)
	return strings.Join(parts, ", ")
}

type faultAddOptions struct {
	rule mews.FaultRule
	file string
}

func newDevFaultsAddCommand(g *globals) *cobra.Command {
	o := &faultAddOptions{}
	c := &cobra.Command{
		Use: "add", Short: "Add a fault rule", Args: cobra.NoArgs,
		Long: `Add a fault rule. The flags say which requests it is for (all of them must fit), when
one is struck, and what happens to it. Of several rules the one added first goes first.
A rule that names neither operation nor path leaves login and logout alone.

Answers look as if the server meant them: 429 and 503 say when to come back. A rule
with a probability strikes the same requests each time the server has the same --dev-seed.`,
		Example: `  mews dev faults add --operation QueryDevicesByFilter --status 429 --retry-after 2s --times 3
  mews dev faults add --path '/samples/*' --method GET --truncate 1000 --every 2
  mews dev faults add --delay 5s --probability 0.1
  mews dev faults add --file rules.json`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, _ []string) error { return runDevFaultsAdd(c.Context(), g, o) },
	}
	f, r := c.Flags(), &o.rule
	registerDevPatterns(c, &r.Client, &r.Operation, &r.Method, &r.Path)
	f.IntVar(&r.After, "after", 0, "let so many pass first")
	f.IntVar(&r.Every, "every", 0, "strike one of so many")
	f.Float64Var(&r.Probability, "probability", 0, "strike with this probability, 0 to 1")
	f.IntVar(&r.Times, "times", 0, "strike so often at most")
	e := &r.Effect
	f.IntVar(&e.Status, "status", 0, "answer with this error, 400 to 599")
	f.StringVar(&e.Message, "message", "", "text of the error")
	f.DurationVar(&e.RetryAfter, "retry-after", 0, "the wait that a 429 or 503 asks for (default 1s)")
	f.DurationVar(&e.Delay, "delay", 0, "wait before anything else is done")
	f.Int64Var(&e.Truncate, "truncate", 0, "cut the connection after so many bytes of the answer's body")
	f.BoolVar(&e.Close, "close", false, "close the connection without an answer")
	f.BoolVar(&e.ExpireToken, "expire-token", false, "end the request's token; it answers 401 from then on")
	f.StringVar(&o.file, "file", "", "JSON file of a rule, or of a list of rules, as the API takes them; - is standard input")
	c.MarkFlagsOneRequired("file", "status", "delay", "truncate", "close", "expire-token")
	for _, flag := range []string{"status", "delay", "truncate", "close", "expire-token"} {
		c.MarkFlagsMutuallyExclusive("file", flag)
	}
	return rowsOf[faultRow](c)
}

func runDevFaultsAdd(ctx context.Context, g *globals, o *faultAddOptions) error {
	rules := []mews.FaultRule{o.rule}
	if o.file != "" {
		var err error
		if rules, err = g.readFaults(o.file); err != nil {
			return err
		}
	}
	return g.withDev(func(d mews.DevService) error {
		added, err := d.AddFaults(ctx, rules...)
		if err != nil {
			return err
		}
		return g.showFaults(added)
	})
}

// maxFaultFile is the largest file of rules in bytes.
const maxFaultFile = 1 << 20

func (g *globals) readFaults(file string) ([]mews.FaultRule, error) {
	in := g.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("read rules: %w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxFaultFile+1))
	if err == nil && len(text) > maxFaultFile {
		err = fmt.Errorf("the file is larger than %d bytes", maxFaultFile)
	}
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	rules := []mews.FaultRule{{}}
	into := any(&rules[0])
	if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		into = &rules
	}
	dec := json.NewDecoder(strings.NewReader(string(text)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return nil, usagef("%s holds no rules: %v", file, err)
	}
	return rules, nil
}

func newDevFaultsListCommand(g *globals) *cobra.Command {
	return rowsOf[faultRow](&cobra.Command{
		Use: "list", Short: "List the fault rules, and how often each struck", Args: cobra.NoArgs, ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			return g.withDev(func(d mews.DevService) error {
				rules, err := d.Faults(c.Context())
				if err != nil {
					return err
				}
				return g.showFaults(rules)
			})
		},
	})
}

func newDevFaultsClearCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "clear [ID...]", Aliases: []string{"rm"}, Short: "Remove fault rules, all unless ids are given", ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, ids []string) error {
			return g.withDev(func(d mews.DevService) error {
				if len(ids) > 0 {
					return g.tellRemoved(d.RemoveFaults(c.Context(), ids...))
				}
				n, err := d.ClearFaults(c.Context())
				if err == nil {
					fmt.Fprintf(g.Out, "removed %d\n", n)
				}
				return err
			})
		},
	}
}
