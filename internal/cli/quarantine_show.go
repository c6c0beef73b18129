package cli

import (
	"bufio"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newQuarantineShowCommand(g *globals) *cobra.Command {
	return rowsOf[mews.QuarantineDetail](&cobra.Command{
		Use: "show ID...", Aliases: []string{"get"}, Short: "Show all that is known about quarantined files", Args: cobra.MinimumNArgs(1),
		Long: `Show all that is known about quarantined files: where they were found and why, what was
done with them and by whom, and what their hosts were asked to do. "-" reads ids from
standard input.`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return runQuarantineShow(c.Context(), g, args) },
	})
}

func runQuarantineShow(ctx context.Context, g *globals, args []string) error {
	ids, err := g.recordArgs(args)
	if err != nil {
		return err
	}
	get := func(c *mews.Client) (*mews.Envelope[mews.QuarantineDetail], error) {
		return c.Quarantine().Details(ctx, ids...)
	}
	rows := func(env *mews.Envelope[mews.QuarantineDetail]) view {
		return viewOf(env, "id", "state", "hostname", "username", "date_created")
	}
	return showRecords(g, get, rows, showDetail)
}

func showDetail(w *bufio.Writer, r mews.QuarantineDetail) error {
	fields(w, [][2]string{
		{"id", r.ID},
		{"state", r.State},
		{"sha256", r.SHA256},
		{"file", fileState(r)},
		{"host", r.Hostname + ifSet(" (%s)", r.AID)},
		{"user", r.Username},
		{"created", r.DateCreated},
		{"updated", r.DateUpdated},
		{"detections", strings.Join(r.DetectIDs, ", ")},
		{"alerts", strings.Join(r.AlertIDs, ", ")},
		{"adversary", r.AdversaryID},
		{"country", r.Country},
		{"severity", number(r.MaxSeverity)},
		{"confidence", number(r.MaxConfidence)},
		{"behaviour", between(r.FirstBehavior, r.LastBehavior)},
		{"sandbox", strings.TrimSpace(r.SandboxReportID + " " + r.SandboxReportState)},
	})
	paths := make([][]string, len(r.Paths))
	for i, p := range r.Paths {
		paths[i] = []string{p.Path, p.State, reason(p.Reason)}
	}
	section(w, "paths", paths)
	behaviors := make([][]string, len(r.Behaviors))
	for i, b := range r.Behaviors {
		behaviors[i] = []string{b.BehaviorID, b.IOCType, b.IOCValue, b.TreeRootHash}
	}
	section(w, "behaviours", behaviors)
	events := make([][]string, len(r.History))
	for i, e := range r.History {
		events[i] = []string{e.Time, e.Event, e.Client, e.Comment}
	}
	section(w, "history", events)
	actions := make([][]string, len(r.Actions))
	for i, a := range r.Actions {
		actions[i] = []string{a.DateCreated, a.Action, a.State, a.ID, a.Reason}
	}
	section(w, "asked of the host", actions)
	return nil
}

// fields writes names and values, those that are set.
func fields(w *bufio.Writer, lines [][2]string) {
	for _, line := range lines {
		if line[1] != "" {
			fmt.Fprintf(w, "%-11s %s\n", line[0], printable(line[1]))
		}
	}
}

// section writes rows below a title, and nothing where there are none.
func section(w *bufio.Writer, title string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w, title)
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
		}
	}
	for _, line := range columnsOf(rows) {
		fmt.Fprintln(w, "  "+line)
	}
}

// fileState tells whether the bytes can be had.
func fileState(r mews.QuarantineDetail) string {
	switch {
	case r.HasBytes:
		return "mews sample get " + r.SHA256
	case r.State == mews.StatePurged:
		return "destroyed"
	}
	return "never came to the server"
}

func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

func reason(code int32) string {
	if code == 0 {
		return ""
	}
	return "reason " + strconv.Itoa(int(code))
}

func between(first, last string) string {
	if first == last || last == "" {
		return first
	}
	return strings.TrimSpace(first + " to " + last)
}
