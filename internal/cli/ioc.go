package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

func newIOCCommand(g *globals) *cobra.Command {
	c := group("ioc", "Keep indicators of compromise, and ask which hosts have met them",
		newIOCListCommand(g), newIOCShowCommand(g), newIOCAddCommand(g), newIOCUpdateCommand(g), newIOCDeleteCommand(g),
		newIOCImportCommand(g), newIOCExportCommand(g), newIOCTypesCommand(g),
		newIOCCountCommand(g), newIOCDevicesCommand(g), newIOCProcessesCommand(g))
	c.Long = `Keep custom indicators of compromise (IOCs), and ask which hosts have met what.

An indicator is a file by its SHA-256 or MD5, a domain, or an address. Write it with its
type in front, or without where its look tells the type:

  sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  domain:evil.example        evil.example
  ipv6:2001:db8::1           198.51.100.7

count, devices and processes answer for anything that hosts reported, whether it is
kept as an indicator or not.`
	return c
}

// observableArgs reads what a command line names; "-" stands for standard input,
// one a line.
func (g *globals) observableArgs(args []string) ([]mews.Observable, error) {
	ids, err := g.wordArgs(args, "indicator", func(word string) (string, error) {
		i, err := iocfile.ParseValue(word)
		return observableOf(i).ID(), err
	})
	if err != nil {
		return nil, err
	}
	some := make([]mews.Observable, len(ids))
	for n, id := range ids {
		typ, value, _ := strings.Cut(id, ":")
		some[n] = mews.Observable{Type: typ, Value: value}
	}
	return some, nil
}

func observableOf(i iocfile.Indicator) mews.Observable {
	return mews.Observable{Type: i.Type, Value: i.Value}
}

// askBatch is how many values fit a filter: a domain has up to 200 characters,
// and a filter 64 KiB.
const askBatch = 300

// findIndicators gives the records of those that the server keeps.
func findIndicators(ctx context.Context, s mews.IOCService, some []mews.Observable) (map[mews.Observable]mews.Indicator, error) {
	found := make(map[mews.Observable]mews.Indicator, len(some))
	values := map[string][]string{}
	for _, o := range some {
		values[o.Type] = append(values[o.Type], fqlString(o.Value))
	}
	for typ, list := range values {
		for batch := range slices.Chunk(list, askBatch) {
			filter := fmt.Sprintf("type:%s+value:[%s]", fqlString(typ), strings.Join(batch, ","))
			for i, err := range s.All(ctx, mews.RecordQuery{Filter: filter}) {
				if err != nil {
					return nil, err
				}
				found[mews.Observable{Type: i.Type, Value: i.Value}] = i
			}
		}
	}
	return found, nil
}

// knownIndicators gives the records in the order in which they were named, and
// an entry for each that the server does not keep. When it keeps none the error
// is ErrNotFound.
func knownIndicators(ctx context.Context, s mews.IOCService, some []mews.Observable) (known []mews.Indicator, unknown []mews.APIError, err error) {
	found, err := findIndicators(ctx, s, some)
	if err != nil {
		return nil, nil, err
	}
	var ids []string
	for _, o := range some {
		if i, ok := found[o]; ok {
			known = append(known, i)
		} else {
			ids = append(ids, o.ID())
		}
	}
	if len(known) == 0 {
		return nil, nil, mews.Errorf(mews.ErrNotFound, "no such indicator: %s", strings.Join(ids[:min(len(ids), 3)], ", "))
	}
	return known, missing(ids, "no such indicator"), nil
}

// itsName is how commands name an indicator.
func itsName(i mews.Indicator) string { return mews.Observable{Type: i.Type, Value: i.Value}.ID() }

func newIOCTypesCommand(g *globals) *cobra.Command {
	return rowsOf[wordRow](&cobra.Command{
		Use: "types", Short: "List the words for types, actions, platforms and severities", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return runIOCTypes(c.Context(), g) },
	})
}

// A wordRow is a field of indicators with the words that it can have.
type wordRow struct {
	Field string   `json:"field"`
	Words []string `json:"words"`
}

func runIOCTypes(ctx context.Context, g *globals) error {
	return g.withClient(func(c *mews.Client) error {
		s := c.IOCs()
		actions := func(ctx context.Context) ([]string, error) {
			env, err := s.Actions(ctx)
			if err != nil {
				return nil, err
			}
			var ids []string
			for _, a := range env.Resources {
				ids = append(ids, a.ID)
			}
			return ids, nil
		}
		var rows []wordRow
		for _, kind := range []struct {
			field string
			ask   func(context.Context) ([]string, error)
		}{{"type", s.Types}, {"action", actions}, {"platforms", s.Platforms}, {"severity", s.Severities}} {
			list, err := kind.ask(ctx)
			if err != nil {
				return err
			}
			rows = append(rows, wordRow{kind.field, list})
		}
		return g.write(viewOf(&mews.Envelope[wordRow]{Resources: rows}, "field", "words"))
	})
}
