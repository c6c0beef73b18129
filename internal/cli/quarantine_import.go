package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

func newQuarantineImportCommand(g *globals) *cobra.Command {
	return group("import", "Take over what an antivirus or another store has in quarantine",
		newImportClamAVCommand(g), newImportMaldetCommand(g), newImportNDJSONCommand(g))
}

func newImportNDJSONCommand(g *globals) *cobra.Command {
	var dry bool
	c := &cobra.Command{
		Use: "ndjson FILE|-", Short: "Import records without their files, one JSON object a line", Args: cobra.ExactArgs(1),
		Long: `Import records without their files, one JSON object a line; "-" is standard input. Each
needs sha256, and hostname or aid; the other fields are those of a report: username,
date_created, paths, detect_ids, alert_ids, comment, behaviors and so on. A line that is
wrong is told of and left out. Importing the same lines again changes nothing.`,
		Example: `  mews quarantine list --all -o ndjson | jq -c '{sha256, hostname, paths, date_created}' > records
  mews quarantine import ndjson records`,
		RunE: func(c *cobra.Command, args []string) error { return runImportNDJSON(c.Context(), g, dry, args[0]) },
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "read the lines, and send nothing")
	return rowsOf[importSummary](c)
}

func runImportNDJSON(ctx context.Context, g *globals, dry bool, file string) error {
	in, size := g.In, int64(0)
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("open the records: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		in = f
	}
	bar := g.newProgress("")
	defer bar.end()
	imp := &recordImporter{name: file, show: func(read int64, s importSummary) {
		bar.set(read, size, fmt.Sprintf("%d added, %d known, %d failed", s.Added, s.Known, s.Failed))
	}}
	imp.send = func([]mews.QuarantineReport) (*mews.Envelope[struct{}], error) {
		return &mews.Envelope[struct{}]{}, nil
	}
	if dry {
		err := imp.run(in)
		bar.end()
		g.note("dry run: nothing was sent")
		return g.reportImport(ctx, imp.summary, imp.failures, err)
	}
	return g.withClient(func(c *mews.Client) error {
		imp.send = func(reports []mews.QuarantineReport) (*mews.Envelope[struct{}], error) {
			return c.Quarantine().Import(ctx, reports)
		}
		err := imp.run(in)
		bar.end()
		return g.reportImport(ctx, imp.summary, imp.failures, err)
	})
}

// A recordImporter sends lines in batches.
type recordImporter struct {
	name string
	send func([]mews.QuarantineReport) (*mews.Envelope[struct{}], error)
	show func(read int64, s importSummary)

	summary  importSummary
	failures []failure

	batch []mews.QuarantineReport
	lines []int // of the batch
	read  int64
}

const (
	importBatch   = 2000
	maxRecordLine = 1 << 20
)

// run reads to the end, or to an error that makes going on useless.
func (imp *recordImporter) run(in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxRecordLine)
	n := 1
	for ; lines.Scan(); n++ {
		imp.read += int64(len(lines.Bytes())) + 1
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		r, err := readReport(lines.Bytes())
		if err != nil {
			imp.fail(n, err)
			continue
		}
		imp.batch, imp.lines = append(imp.batch, r), append(imp.lines, n)
		if len(imp.batch) == importBatch {
			if err := imp.flush(); err != nil {
				return err
			}
		}
	}
	if err := imp.flush(); err != nil {
		return err
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s:%d: %w", imp.name, n, err)
	}
	return nil
}

// readReport reads a line. A field that no report has is a mistake: it would be
// lost in silence.
func readReport(line []byte) (mews.QuarantineReport, error) {
	var r mews.QuarantineReport
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	err := d.Decode(&r)
	if _, more := d.Token(); err == nil && !errors.Is(more, io.EOF) {
		err = errors.New("there is text after the object")
	}
	switch {
	case err != nil:
		return r, err
	case !isSHA256(r.SHA256):
		return r, fmt.Errorf("sha256 %q: expected 64 hexadecimal digits", r.SHA256)
	case r.AID == "" && r.Hostname == "":
		return r, errors.New("has neither hostname nor aid")
	}
	return r, nil
}

func (imp *recordImporter) flush() error {
	if len(imp.batch) == 0 {
		return nil
	}
	env, err := imp.send(imp.batch)
	if err != nil {
		return fmt.Errorf("%s: lines from %d on: %w", imp.name, imp.lines[0], err)
	}
	for _, e := range env.Errors {
		line := 0
		if i, err := strconv.Atoi(e.ID); err == nil && i >= 1 && i <= len(imp.lines) {
			line = imp.lines[i-1]
		}
		imp.fail(line, errors.New(e.Message))
	}
	taken := len(imp.batch) - len(env.Errors)
	changed := taken // a dry run knows no better
	if env.Meta.Writes != nil {
		changed = env.Meta.Writes.ResourcesAffected
	}
	imp.summary.Added += int64(changed)
	imp.summary.Known += int64(taken - changed)
	imp.batch, imp.lines = imp.batch[:0], imp.lines[:0]
	imp.show(imp.read, imp.summary)
	return nil
}

func (imp *recordImporter) fail(line int, err error) {
	imp.summary.Failed++
	if len(imp.failures) < maxFailures {
		imp.failures = append(imp.failures, failure{fmt.Sprintf("%s:%d", imp.name, line), err})
	}
}
