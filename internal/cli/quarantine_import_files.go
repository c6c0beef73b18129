package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/avlog"
)

// An avImporter brings moved files to the server, a batch at a time: hash the
// files, ask which are known, report the others.
type avImporter struct {
	g       *globals
	source  string // clamav or maldet
	name    string // of the log
	folder  *os.Root
	base    mews.QuarantineReport // what all reports have in common
	options *avOptions
	now     func() time.Time

	mu       sync.Mutex
	summary  importSummary
	failures []failure
	rows     []avRow // of a dry run
}

// An avRow is one file of a dry run.
type avRow struct {
	Outcome   string   `json:"outcome"` // add, known or gone
	SHA256    string   `json:"sha256"`
	Date      string   `json:"date_created"`
	Username  string   `json:"username"`
	Signature []string `json:"signatures"`
	Path      string   `json:"path"`
}

// A movedFile is a finding whose file is there.
type movedFile struct {
	avlog.Finding
	file   string // its name in the folder
	size   int64
	sha256 string
}

func (imp *avImporter) fail(line int, err error) {
	imp.mu.Lock()
	defer imp.mu.Unlock()
	imp.summary.Failed++
	if len(imp.failures) < maxFailures {
		imp.failures = append(imp.failures, failure{fmt.Sprintf("%s:%d", imp.name, line), err})
	}
}

func (imp *avImporter) finish(f movedFile, outcome string) {
	imp.mu.Lock()
	defer imp.mu.Unlock()
	switch outcome {
	case "add":
		imp.summary.Added++
		imp.summary.Bytes += f.size
	case "known":
		imp.summary.Known++
	default:
		imp.summary.Skipped++
	}
	if imp.options.dry {
		imp.rows = append(imp.rows, avRow{
			Outcome: outcome, SHA256: f.sha256, Date: rfc3339(f.Time), Username: cmp.Or(imp.base.Username, f.Owner),
			Signature: f.Signatures, Path: f.Path,
		})
	}
}

// avBatch is how many files are asked for in one query.
const avBatch = 100

func (imp *avImporter) run(ctx context.Context, s mews.QuarantineService, findings []avlog.Finding) error {
	findings = imp.latest(findings)
	findings = append(findings, imp.unlisted(findings)...)
	bar := imp.g.newProgress("files")
	defer bar.end()
	var err error
	done := 0
	for batch := range slices.Chunk(findings, avBatch) {
		if err = imp.batch(ctx, s, batch); err != nil {
			break
		}
		done += len(batch)
		bar.set(int64(done), int64(len(findings)), fmt.Sprintf("%d added, %d known, %d failed", imp.summary.Added, imp.summary.Known, imp.summary.Failed))
	}
	bar.end()
	return imp.end(ctx, err)
}

func (imp *avImporter) end(ctx context.Context, err error) error {
	if s := imp.summary; err == nil && s.Skipped > 0 && s.Added+s.Known+s.Failed == 0 {
		return fmt.Errorf("none of the %s that %s tells of is in %s", count(int(s.Skipped), "file", "files"), imp.name, imp.options.moved)
	}
	if !imp.options.dry || err != nil {
		return imp.g.reportImport(ctx, imp.summary, imp.failures, err)
	}
	werr := imp.g.write(viewOf(&mews.Envelope[avRow]{Resources: imp.rows}, "outcome", "sha256", "date_created", "username", "signatures", "path"))
	imp.g.tellFailures(imp.summary.Failed, imp.failures)
	imp.g.note("dry run: %d to add, %d known, %d gone, %d that cannot be read; nothing was sent",
		imp.summary.Added, imp.summary.Known, imp.summary.Skipped, imp.summary.Failed)
	if werr == nil && imp.summary.Failed > 0 {
		return silent(errPartial)
	}
	return werr
}

func (imp *avImporter) batch(ctx context.Context, s mews.QuarantineService, findings []avlog.Finding) error {
	var files []movedFile
	for _, f := range findings {
		m, err := imp.look(ctx, f)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist):
			imp.finish(movedFile{Finding: f}, "gone")
		case err != nil:
			imp.fail(f.Line, fmt.Errorf("%s: %w", f.Path, bare(err)))
		default:
			files = append(files, m)
		}
	}
	known, err := imp.ask(ctx, s, files)
	if err != nil {
		return err
	}
	jobs, ctx := errgroup.WithContext(ctx)
	jobs.SetLimit(imp.options.parallel)
	for _, m := range files {
		switch {
		case known(m):
			imp.finish(m, "known")
		case imp.options.dry:
			imp.finish(m, "add")
		default:
			jobs.Go(func() error { return imp.send(ctx, s, m) })
		}
	}
	return jobs.Wait()
}

// send reports one file. Only what is wrong with the file itself fails it alone.
func (imp *avImporter) send(ctx context.Context, s mews.QuarantineService, m movedFile) error {
	f, _, err := imp.open(m.file)
	if err == nil {
		defer f.Close()
		_, err = s.Report(ctx, imp.report(m), f)
	}
	switch {
	case err == nil:
		imp.finish(m, "add")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case failsAlone(err):
		imp.fail(m.Line, fmt.Errorf("%s: %w", m.Path, bare(err)))
	default:
		return fmt.Errorf("%s: %w", m.Path, err)
	}
	return nil
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
