package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

var errEmptyRule = errors.New("the file is empty")

// maxRule is the largest rule text that servers take.
const maxRule = 1 << 20

type huntOptions struct {
	filterOptions
	wait, fullScan, dryRun, check bool
}

func newHuntCommand(g *globals) *cobra.Command {
	o := &huntOptions{}
	c := &cobra.Command{
		Use: "hunt FILE.yar", Short: "Find the samples that match YARA rules",
		Long: `Schedule a YARA hunt over the stored samples and print its request id. FILE "-" is
standard input. With --wait the matches are printed when the hunt is done; an
interrupt then cancels it. --dry-run tells what the hunt would read, without quota.

--check takes any number of files, and folders with *.yar and *.yara below them. It
runs nothing and costs no quota: it tells of each rule whether it compiles, and how
well the index serves it:

  strong    little is left to read
  weak      only short strings: some percent of all bytes are read
  metadata  size, type or first bytes narrow it, but no string does
  none      every file is read; a hunt needs --allow-full-scan
  error     the server refuses the file; why says line and column
  skipped   the file holds no rules, or only includes others

Exit code 2 means that some file does not compile; the other qualities are no error.`,
		Example: `  mews hunt rules.yar --dry-run
  mews hunt rules.yar --wait --type pe32,pe64 -o csv > matches.csv
  mews hunt --check rules/ -o json`,
		Args: func(c *cobra.Command, args []string) error {
			if o.check {
				return cobra.MinimumNArgs(1)(c, args)
			}
			return cobra.ExactArgs(1)(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if o.check {
				return runHuntCheck(c.Context(), g, o, args)
			}
			return runHunt(c.Context(), g, o, args[0])
		},
	}
	o.register(c)
	o.registerCaps(c)
	c.Flags().BoolVar(&o.wait, "wait", false, "wait for the result and print it")
	c.Flags().BoolVar(&o.fullScan, "allow-full-scan", false, "let a rule without usable strings read every file")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "estimate the cost only")
	c.Flags().BoolVar(&o.check, "check", false, "check rule files and folders; run nothing")
	c.MarkFlagsMutuallyExclusive("wait", "dry-run", "check")
	c.MarkFlagsMutuallyExclusive("allow-full-scan", "check")
	return rowsOf[scheduled](rowsOf[mews.RequestResult](rowsOf[mews.HuntEstimate](rowsOf[ruleCheck](c))))
}

// scheduled is what a hunt prints that nobody waits for.
type scheduled struct {
	ReqID  string `json:"reqid"`
	Status string `json:"status"`
}

func runHunt(ctx context.Context, g *globals, o *huntOptions, file string) error {
	options, err := o.wire()
	if err != nil {
		return err
	}
	options.AllowFullScan = o.fullScan
	rule, err := g.readRule(file)
	if err != nil {
		return err
	}
	r := mews.HuntRequest{Options: options, YARARule: rule}
	if o.dryRun {
		return g.withClient(func(c *mews.Client) error { return g.estimate(ctx, c, r) })
	}
	check := checkFields[scheduled]
	if o.wait {
		check = checkFields[mews.RequestResult]
	}
	if err := check(g); err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		meta, err := c.MalQuery().Hunt(ctx, r)
		if err != nil {
			return err
		}
		if e := meta.Estimate; e != nil {
			g.note("%s of %d, %s to read", count(int(e.Candidates), "candidate", "candidates"), e.Files, byteCount(e.CandidateBytes))
			g.explainCost(*e)
		}
		if o.wait {
			return g.waitOwn(ctx, c, meta.ReqID)
		}
		if g.output.format != "table" {
			return g.write(viewOf(&mews.Envelope[scheduled]{Meta: meta, Resources: []scheduled{{meta.ReqID, meta.Status}}}))
		}
		fmt.Fprintln(g.Out, printable(meta.ReqID))
		g.note("the hunt is scheduled; its result: mews request %s --wait", meta.ReqID)
		return nil
	})
}

func (g *globals) readRule(file string) (string, error) {
	in := g.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", fmt.Errorf("read the rule: %w", err)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, maxRule+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("read the rule: %w", err)
	case len(b) > maxRule:
		return "", usagef("%s is larger than 1 MiB; split the rules", file)
	case len(b) == 0:
		return "", usageError{fmt.Errorf("%s: %w", file, errEmptyRule)}
	case !utf8.Valid(b): // in JSON it would become another text
		return "", usagef("%s is not UTF-8 text", file)
	}
	return string(b), nil
}

func (g *globals) estimate(ctx context.Context, c *mews.Client, r mews.HuntRequest) error {
	if err := checkFields[mews.HuntEstimate](g); err != nil {
		return err
	}
	e, err := c.MalQuery().Estimate(ctx, r)
	if err != nil {
		return err
	}
	err = g.write(viewOf(&mews.Envelope[mews.HuntEstimate]{Resources: []mews.HuntEstimate{e}},
		"files", "candidates", "candidate_bytes", "corpus_bytes", "corpus_share", "cpu_seconds", "full_scan"))
	if g.output.format == "table" {
		g.explainCost(e)
	}
	return err
}

// explainCost names the parts of the rules that make a hunt dear.
func (g *globals) explainCost(e mews.HuntEstimate) {
	if e.FullScan {
		g.note("no string of the rules can be looked up: every file will be read")
	}
	for _, w := range e.Weak {
		g.note("rule %s%s: %s", w.Rule, ifSet(", %s", w.Pattern), w.Why)
	}
	for _, w := range e.Warnings {
		g.note("warning, line %d, column %d: %s", w.Line, w.Column, w.Message)
	}
}
