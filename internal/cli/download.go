package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

type saveOptions struct {
	dir      string
	raw, zip bool
}

func (o *saveOptions) register(c *cobra.Command) {
	c.Flags().StringVarP(&o.dir, "dir", "d", ".", `folder to write to; "-" is standard output, unless that is a terminal`)
	c.Flags().BoolVar(&o.zip, "zip", false, `write a zip with the password "infected" (the default)`)
	c.Flags().BoolVar(&o.raw, "raw", false, "write the bytes as they are: possibly live malware")
	c.MarkFlagsMutuallyExclusive("zip", "raw")
}

func newDownloadCommand(g *globals) *cobra.Command {
	o := &saveOptions{}
	c := &cobra.Command{
		Use: "download SHA256...", Short: "Fetch samples that a search found", Args: cobra.MinimumNArgs(1),
		Long: `Fetch samples as one zip with the password "infected". Each counts as one download
of the quota. "-" reads hashes from standard input. --raw writes one sample as it is.`,
		Example:           "  mews search ascii evil.example --fields sha256 -o ndjson | jq -r .sha256 | mews download - -d samples",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runDownload(c.Context(), g, o, args) },
	}
	o.register(c)
	return c
}

func runDownload(ctx context.Context, g *globals, o *saveOptions, args []string) error {
	hashes, err := g.hashArgs(args)
	if err != nil {
		return err
	}
	if o.raw && len(hashes) > 1 {
		return usagef("--raw takes one hash; several come as a zip")
	}
	target, err := g.newTarget(o)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		q := c.MalQuery()
		if o.raw {
			return target.save(hashes[0], func() (*mews.Download, error) { return q.Download(ctx, hashes[0]) })
		}
		env, err := q.MultiDownload(ctx, hashes...)
		if err != nil {
			return err
		}
		id := env.Meta.ReqID
		if _, err := g.wait(ctx, c, id); err != nil {
			if ctx.Err() != nil {
				return g.cancelInterrupted(ctx, c, id)
			}
			return err
		}
		name := hashes[0] + ".zip"
		if len(hashes) > 1 {
			name = "samples-" + filepath.Base(id) + ".zip"
		}
		if err := target.save(name, func() (*mews.Download, error) { return q.Archive(ctx, id) }); err != nil {
			return err
		}
		for _, e := range env.Errors {
			g.note("mews: %s%s", e.Message, ifSet(" (%s)", e.ID))
		}
		if len(env.Errors) > 0 {
			return silent(errPartial)
		}
		return nil
	})
}

// A target is where downloads go: a folder, or standard output.
type target struct {
	g    *globals
	root *os.Root // nil: standard output
}

// newTarget opens the folder. Sample bytes never go to a terminal: their
// control sequences would be obeyed.
func (g *globals) newTarget(o *saveOptions) (*target, error) {
	if o.dir == "-" {
		if g.isTerminal(g.Out) {
			return nil, usagef("refusing to write a sample to a terminal; use -d FOLDER or redirect the output")
		}
		return &target{g: g}, nil
	}
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		return nil, fmt.Errorf("make the folder: %w", err)
	}
	root, err := os.OpenRoot(o.dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder: %w", err)
	}
	return &target{g: g, root: root}, nil
}

// save writes one download under a name that is not taken yet. The name is
// there only when all bytes are.
func (t *target) save(name string, open func() (*mews.Download, error)) (err error) {
	if t.root != nil {
		defer func() { err = errors.Join(err, t.root.Close()) }()
		if _, err := t.root.Lstat(name); err == nil {
			return usagef("%s exists already; move it away first", filepath.Join(t.root.Name(), name))
		}
	}
	d, err := open()
	if err != nil {
		return err
	}
	defer d.Close()
	if t.root == nil {
		_, err := io.Copy(t.g.Out, d)
		return err
	}
	part := name + ".part"
	f, err := t.root.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) // never executable
	if err != nil {
		return err
	}
	n, err := io.Copy(f, d)
	if err = errors.Join(err, f.Close()); err == nil {
		err = t.root.Rename(part, name)
	}
	if err != nil {
		return errors.Join(err, t.root.Remove(part))
	}
	fmt.Fprintf(t.g.Out, "%s\t%s\n", printable(filepath.Join(t.root.Name(), name)), byteCount(n))
	return nil
}
