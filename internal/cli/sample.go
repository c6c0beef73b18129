package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newSampleCommand(g *globals) *cobra.Command {
	return group("sample", "Add, fetch, describe and remove samples",
		newSampleAddCommand(g), newSampleGetCommand(g), newSampleInfoCommand(g), newSampleStringsCommand(g),
		newSampleHexCommand(g), newSampleRmCommand(g), newSampleLabelCommand(g))
}

func newSampleGetCommand(g *globals) *cobra.Command {
	o := &saveOptions{}
	c := &cobra.Command{
		Use: "get SHA256", Short: "Fetch one sample from the store", Args: cobra.ExactArgs(1),
		Long:              `Fetch one sample as a zip with the password "infected", or as it is with --raw. No quota counts it.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runSampleGet(c.Context(), g, o, args) },
	}
	o.register(c)
	return c
}

func runSampleGet(ctx context.Context, g *globals, o *saveOptions, args []string) error {
	hashes, err := g.hashArgs(args)
	if err != nil {
		return err
	}
	target, err := g.newTarget(o)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		if o.raw {
			return target.save(hashes[0], func() (*mews.Download, error) { return c.Samples().Get(ctx, hashes[0]) })
		}
		return target.save(hashes[0]+".zip", func() (*mews.Download, error) { return c.Samples().GetZip(ctx, hashes[0]) })
	})
}

func newSampleInfoCommand(g *globals) *cobra.Command {
	return rowsOf[mews.SampleRecord](&cobra.Command{
		Use: "info SHA256...", Aliases: []string{"show"}, Short: "Show what is known about samples", Args: cobra.MinimumNArgs(1),
		Long:              `Show the records of samples. "-" reads hashes from standard input.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runSampleInfo(c.Context(), g, args) },
	})
}

func runSampleInfo(ctx context.Context, g *globals, args []string) error {
	hashes, err := g.hashArgs(args)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		env, err := c.Samples().Info(ctx, hashes...)
		if err != nil {
			return err
		}
		err = g.write(viewOf(env, "sha256", "filetype", "filesize", "first_seen", "label", "family", "tags", "file_name"))
		if err == nil && len(env.Errors) > 0 {
			return silent(errPartial)
		}
		return err
	})
}

func newSampleRmCommand(g *globals) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use: "rm SHA256...", Aliases: []string{"delete"}, Short: "Destroy samples for good", Args: cobra.MinimumNArgs(1),
		Long:              `Destroy samples and their keys. It cannot be undone, so it asks first, unless --yes is given.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runSampleRm(c.Context(), g, yes, args) },
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func runSampleRm(ctx context.Context, g *globals, yes bool, args []string) error {
	hashes, err := g.hashArgs(args)
	if err != nil {
		return err
	}
	if !yes {
		if err := g.confirm(fmt.Sprintf("Destroy %s?", count(len(hashes), "sample", "samples"))); err != nil {
			return err
		}
	}
	return g.withClient(func(c *mews.Client) error {
		var missing []error
		for _, h := range hashes {
			switch err := c.Samples().Delete(ctx, h); {
			case err == nil:
				fmt.Fprintf(g.Out, "destroyed %s\n", h)
			case errors.Is(err, mews.ErrNotFound):
				missing = append(missing, err)
			default:
				return err
			}
		}
		switch {
		case len(missing) == len(hashes):
			return errors.Join(missing...)
		case len(missing) > 0:
			return errors.Join(append(missing, errPartial)...)
		}
		return nil
	})
}

// confirm asks on the terminal. Where nobody can answer, the answer is no.
func (g *globals) confirm(question string) error {
	if !g.isTerminal(g.In) {
		return usagef("this needs --yes, because nobody can be asked")
	}
	fmt.Fprintf(g.Err, "%s [y/N] ", question)
	answer, _ := bufio.NewReader(g.In).ReadString('\n')
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

type labelOptions struct {
	label, family, firstSeen string
	tags, untags             []string
}

func newSampleLabelCommand(g *globals) *cobra.Command {
	o := &labelOptions{}
	c := &cobra.Command{
		Use: "label SHA256...", Short: "Change the label, family, tags or first-seen day of samples", Args: cobra.MinimumNArgs(1),
		Example:           "  mews sample label " + strings.Repeat("0", 8) + "... --label malware --family emotet --tag spam",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			return runSampleLabel(c.Context(), g, o, c.Flags().Changed, args)
		},
	}
	c.Flags().StringVar(&o.label, "label", "", "clean, malware, pua or unknown")
	c.Flags().StringVar(&o.family, "family", "", `family; "" removes it`)
	c.Flags().StringVar(&o.firstSeen, "first-seen", "", "day first seen (YYYY/MM/DD)")
	c.Flags().StringSliceVar(&o.tags, "tag", nil, "add a tag")
	c.Flags().StringSliceVar(&o.untags, "untag", nil, "remove a tag")
	c.MarkFlagsOneRequired("label", "family", "first-seen", "tag", "untag")
	return c
}

func runSampleLabel(ctx context.Context, g *globals, o *labelOptions, given func(string) bool, args []string) error {
	hashes, err := g.hashArgs(args)
	if err != nil {
		return err
	}
	u := mews.SampleUpdate{IDs: hashes, AddTags: o.tags, RemoveTags: o.untags}
	for flag, field := range map[string]struct {
		value string
		to    **string
	}{"label": {o.label, &u.Label}, "family": {o.family, &u.Family}, "first-seen": {o.firstSeen, &u.FirstSeen}} {
		if given(flag) {
			*field.to = &field.value
		}
	}
	return g.withClient(func(c *mews.Client) error {
		env, err := c.Samples().Update(ctx, u)
		if err != nil {
			return err
		}
		for _, e := range env.Errors {
			g.note("mews: %s%s", e.Message, ifSet(" (%s)", e.ID))
		}
		n := len(hashes) - len(env.Errors)
		if w := env.Meta.Writes; w != nil {
			n = w.ResourcesAffected
		}
		fmt.Fprintf(g.Out, "changed %s\n", count(n, "sample", "samples"))
		if len(env.Errors) > 0 {
			return silent(errPartial)
		}
		return nil
	})
}
