package cli

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// hexLine is how many bytes stand in a line.
const hexLine = 16

// A hexRow is a line of a sample's bytes.
type hexRow struct {
	Offset int64  `json:"offset"`
	Hex    string `json:"hex"`
	Text   string `json:"text"` // what is readable, dots for the rest
}

func newSampleHexCommand(g *globals) *cobra.Command {
	var offset, length int64
	c := &cobra.Command{
		Use: "hex SHA256", Short: "Show bytes of a sample in hexadecimal", Args: cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			if offset < 0 || length < 0 {
				return usagef("--offset and --length must not be negative")
			}
			return runSampleHex(c.Context(), g, args, offset, length)
		},
	}
	c.Flags().Int64Var(&offset, "offset", 0, "where to begin")
	c.Flags().Int64Var(&length, "length", 256, "how many bytes (0: to the end)")
	return rowsOf[hexRow](c)
}

func runSampleHex(ctx context.Context, g *globals, args []string, offset, length int64) error {
	return g.readSample(ctx, args, func(sample io.Reader) error {
		if n, err := io.CopyN(io.Discard, sample, offset); errors.Is(err, io.EOF) {
			return usagef("--offset %d: the sample has %s", offset, count(int(n), "byte", "bytes"))
		} else if err != nil {
			return fmt.Errorf("read the sample: %w", err)
		}
		if length > 0 {
			sample = io.LimitReader(sample, length)
		}
		page, line := newRowWriter[hexRow](g, "offset", "hex", "text"), make([]byte, hexLine)
		for {
			n, err := io.ReadFull(sample, line)
			if n > 0 {
				if err := page.add(hexRowOf(offset, line[:n]), hexRowOf(offset, line[:n]).show); err != nil {
					return err
				}
			}
			offset += int64(n)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return page.end()
			}
			if err != nil {
				return fmt.Errorf("read the sample: %w", err)
			}
		}
	})
}

func hexRowOf(offset int64, b []byte) hexRow {
	readable := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '.'
		}
		return r
	}, latin1(b))
	return hexRow{Offset: offset, Hex: hex.EncodeToString(b), Text: readable}
}

// latin1 makes a text of bytes, a character each.
func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

func (r hexRow) show(w io.Writer) {
	var spaced strings.Builder
	for i := 0; i < len(r.Hex); i += 2 {
		if i == hexLine {
			spaced.WriteByte(' ')
		}
		spaced.WriteString(r.Hex[i:i+2] + " ")
	}
	fmt.Fprintf(w, "%08x  %-*s |%s|\n", r.Offset, 3*hexLine+1, spaced.String(), r.Text)
}
