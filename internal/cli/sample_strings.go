package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// maxRun is where a run of characters is cut: a megabyte of spaces is no line.
const maxRun = 1000

// A stringRow is a run of printable characters in a sample.
type stringRow struct {
	Offset   int64  `json:"offset"`
	Encoding string `json:"encoding"` // ascii or wide
	Text     string `json:"text"`
}

type stringsOptions struct {
	least, limit int
	encoding     string
}

func newSampleStringsCommand(g *globals) *cobra.Command {
	o := &stringsOptions{}
	encodings := []string{"ascii", "wide", "both"}
	c := &cobra.Command{
		Use: "strings SHA256", Short: "List the readable strings of a sample", Args: cobra.ExactArgs(1),
		Long: `List the readable strings of a sample with their offsets: runs of ASCII characters, and of
the same in UTF-16LE (wide). The sample is read as it comes and not kept.`,
		Example:           `  mews sample strings ` + strings.Repeat("0", 8) + `... --min 8 -o ndjson | jq -r .text`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(encodings, o.encoding) {
				return usagef("--encoding %q is none of %s", o.encoding, strings.Join(encodings, ", "))
			}
			if o.least < 1 || o.least > maxRun || o.limit < 0 {
				return usagef("--min must be 1..%d, and --limit not negative", maxRun)
			}
			return runSampleStrings(c.Context(), g, o, args)
		},
	}
	c.Flags().IntVar(&o.least, "min", 6, "characters that a string has at least")
	c.Flags().StringVar(&o.encoding, "encoding", "both", "ascii, wide or both")
	c.Flags().IntVar(&o.limit, "limit", 0, "at most this many (0: all)")
	_ = c.RegisterFlagCompletionFunc("encoding", cobra.FixedCompletions(encodings, cobra.ShellCompDirectiveNoFileComp))
	return rowsOf[stringRow](c)
}

func runSampleStrings(ctx context.Context, g *globals, o *stringsOptions, args []string) error {
	return g.readSample(ctx, args, func(sample io.Reader) error {
		page, n := newRowWriter[stringRow](g, "offset", "encoding", "text"), 0
		f := &stringFinder{least: o.least, encoding: o.encoding, found: func(row stringRow) error {
			if n++; o.limit > 0 && n > o.limit {
				return io.EOF
			}
			return page.add(row, func(w io.Writer) {
				fmt.Fprintf(w, "%08x  %-5s  %s\n", row.Offset, row.Encoding, printable(row.Text))
			})
		}}
		if err := f.read(sample); err != nil && err != io.EOF {
			return err
		}
		if err := page.end(); err != nil {
			return err
		}
		if n == 0 {
			g.note("no match")
			return silent(errNoMatch)
		}
		return nil
	})
}

// readSample streams one sample into work.
func (g *globals) readSample(ctx context.Context, args []string, work func(io.Reader) error) error {
	hashes, err := g.hashArgs(args)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		d, err := c.Samples().Get(ctx, hashes[0])
		if err != nil {
			return err
		}
		defer d.Close()
		return work(d)
	})
}

// A stringFinder finds the runs of printable characters. A wide run begins at an
// even or an odd offset, so it is looked for at both.
type stringFinder struct {
	least    int
	encoding string
	found    func(stringRow) error

	at    int64
	ascii textRun
	wide  [2]textRun
	last  byte
}

type textRun struct {
	from int64
	text []byte
}

func (f *stringFinder) read(r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<16)
	for {
		c, err := in.ReadByte()
		if err == io.EOF {
			return f.flushAll()
		}
		if err != nil {
			return fmt.Errorf("read the sample: %w", err)
		}
		if f.encoding != "wide" {
			if err := f.step(&f.ascii, "ascii", f.at, c, isReadable(c)); err != nil {
				return err
			}
		}
		if f.encoding != "ascii" && f.at > 0 {
			if err := f.step(&f.wide[(f.at-1)%2], "wide", f.at-1, f.last, c == 0 && isReadable(f.last)); err != nil {
				return err
			}
		}
		f.last = c
		f.at++
	}
}

// step adds a character that stands at an offset to its run, or ends the run.
func (f *stringFinder) step(r *textRun, encoding string, at int64, c byte, readable bool) error {
	if readable && len(r.text) < maxRun {
		if len(r.text) == 0 {
			r.from = at
		}
		r.text = append(r.text, c)
		return nil
	}
	err := f.flush(r, encoding)
	if readable {
		r.from, r.text = at, append(r.text, c)
	}
	return err
}

func (f *stringFinder) flush(r *textRun, encoding string) error {
	text := string(r.text)
	r.text = r.text[:0]
	if len(text) < f.least {
		return nil
	}
	return f.found(stringRow{Offset: r.from, Encoding: encoding, Text: text})
}

func (f *stringFinder) flushAll() error {
	for _, last := range []struct {
		r        *textRun
		encoding string
	}{{&f.ascii, "ascii"}, {&f.wide[0], "wide"}, {&f.wide[1], "wide"}} {
		if err := f.flush(last.r, last.encoding); err != nil {
			return err
		}
	}
	return nil
}

func isReadable(c byte) bool { return c >= 0x20 && c < 0x7f || c == '\t' }
