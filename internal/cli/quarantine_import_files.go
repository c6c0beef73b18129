package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
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

// inFolder picks the findings whose files are of this folder. A folder that was
// moved or copied is recognised as long as the log speaks of one only.
func (imp *avImporter) inFolder(findings []avlog.Finding) ([]avlog.Finding, error) {
	here := absolute(imp.options.moved)
	names := []string{here}
	if real, err := filepath.EvalSymlinks(here); err == nil {
		names = append(names, real)
	}
	all := folders(findings)
	var mine, other []avlog.Finding
	for _, f := range findings {
		if slices.Contains(names, path.Dir(f.Kept)) {
			mine = append(mine, f)
		} else {
			other = append(other, f)
		}
	}
	switch {
	case len(mine) == 0 && len(all) > 1:
		return nil, usagef("the log speaks of several folders, and %s is none of them: %s", here, strings.Join(all, ", "))
	case len(mine) == 0:
		mine = other
	case len(other) > 0:
		imp.g.note("mews: %s moved to another folder: %s", count(len(other), "file was", "files were"), strings.Join(folders(other), ", "))
	}
	return mine, nil
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
	imp.g.tellFailures(imp.summary, imp.failures)
	imp.g.note("dry run: %d to add, %d known, %d gone, %d that cannot be read; nothing was sent",
		imp.summary.Added, imp.summary.Known, imp.summary.Skipped, imp.summary.Failed)
	if werr == nil && imp.summary.Failed > 0 {
		return silent(errPartial)
	}
	return werr
}

// latest drops the findings whose file was replaced by a later one of the same
// name: an antivirus gives a name again when it is free.
func (imp *avImporter) latest(findings []avlog.Finding) []avlog.Finding {
	last := map[string]int{}
	for i, f := range findings {
		last[path.Base(f.Kept)] = i
	}
	kept := findings[:0:0]
	for i, f := range findings {
		if last[path.Base(f.Kept)] == i {
			kept = append(kept, f)
		} else {
			imp.finish(movedFile{Finding: f}, "gone")
		}
	}
	return kept
}

// unlisted finds the files of the folder that the log does not tell of. Those of
// maldet tell of themselves; of others only the user can know.
func (imp *avImporter) unlisted(findings []avlog.Finding) []avlog.Finding {
	listed := map[string]bool{}
	for _, f := range findings {
		listed[path.Base(f.Kept)] = true
	}
	entries, err := fs.ReadDir(imp.folder.FS(), ".")
	if err != nil {
		imp.fail(0, err)
		return nil
	}
	var more []avlog.Finding
	strangers := 0
	for _, e := range entries {
		switch name := e.Name(); {
		case !e.Type().IsRegular() || listed[name] || strings.HasPrefix(name, ".clamav-") || strings.HasSuffix(name, ".info"):
		case imp.source == "maldet" && imp.has(name+".info"):
			more = append(more, avlog.Finding{Kept: name})
		default:
			strangers++
		}
	}
	if strangers > 0 {
		imp.g.note("mews: %s in %s that %s does not tell of", count(strangers, "file is", "files are"), imp.options.moved, imp.name)
	}
	return more
}

func (imp *avImporter) has(name string) bool {
	info, err := imp.folder.Lstat(name)
	return err == nil && info.Mode().IsRegular()
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

// look hashes a file, and completes what the log says by what the file says.
func (imp *avImporter) look(ctx context.Context, f avlog.Finding) (movedFile, error) {
	m := movedFile{Finding: f, file: path.Base(f.Kept)}
	file, info, err := imp.open(m.file)
	if err != nil {
		return m, err
	}
	defer file.Close()
	m.size = info.Size()
	if m.sha256, err = hashReader(ctx, file); err != nil {
		return m, err
	}
	if m.Time.IsZero() {
		m.Time = changeTime(info)
	}
	if now := imp.now(); m.Time.After(now) {
		m.Time = now
	}
	if imp.source == "maldet" {
		err = imp.readInfo(&m)
	}
	return m, err
}

// readInfo puts the words of a file's .info over those of the history, whose
// fields a path can confuse.
func (imp *avImporter) readInfo(m *movedFile) error {
	f, _, err := imp.open(m.file + ".info")
	if errors.Is(err, fs.ErrNotExist) && m.Path != "" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the .info file: %w", err)
	}
	defer f.Close()
	info, err := avlog.ReadMaldetInfo(f)
	if err != nil {
		return err
	}
	m.Path, m.Owner = info.Path, info.Owner
	return nil
}

// open opens a regular file of the folder.
func (imp *avImporter) open(name string) (*os.File, fs.FileInfo, error) {
	info, err := imp.folder.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, nil, errors.New("is no regular file")
	}
	f, err := imp.folder.Open(name)
	if err != nil {
		return nil, nil, err
	}
	return f, info, nil
}

// ask gets the records that the server has of these files on this host.
func (imp *avImporter) ask(ctx context.Context, s mews.QuarantineService, files []movedFile) (known func(movedFile) bool, err error) {
	if len(files) == 0 {
		return func(movedFile) bool { return false }, nil
	}
	hashes := make([]string, len(files))
	for i, m := range files {
		hashes[i] = "'" + m.sha256 + "'"
	}
	filter := "sha256:[" + strings.Join(hashes, ",") + "]+"
	if imp.base.AID != "" {
		filter += "aid:" + fqlString(imp.base.AID)
	} else {
		filter += "hostname:" + fqlString(imp.base.Hostname)
	}
	var ids []string
	for id, err := range s.All(ctx, mews.RecordQuery{Filter: filter}) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	records := map[string][]mews.QuarantineDetail{}
	if len(ids) > 0 {
		env, err := s.Details(ctx, ids...)
		if err != nil {
			return nil, err
		}
		for _, r := range env.Resources {
			records[r.SHA256] = append(records[r.SHA256], r)
		}
	}
	return func(m movedFile) bool { return slices.ContainsFunc(records[m.sha256], imp.tells(m)) }, nil
}

// tells whether a record holds all that a report of the file would say.
func (imp *avImporter) tells(m movedFile) func(mews.QuarantineDetail) bool {
	report := throughJSON(imp.report(m))
	return func(r mews.QuarantineDetail) bool {
		updated, err := time.Parse(time.RFC3339Nano, r.DateUpdated)
		return err == nil && !m.Time.After(updated) && (r.HasBytes || r.State == mews.StatePurged) &&
			slices.ContainsFunc(r.Paths, func(p mews.QuarantinePath) bool { return p.Path == report.Paths[0].Path }) &&
			!slices.ContainsFunc(report.DetectIDs, func(id string) bool { return !slices.Contains(r.DetectIDs, id) }) &&
			(!report.Agent || r.Agent)
	}
}

// throughJSON gives texts as they arrive: JSON holds no bytes that are no UTF-8.
func throughJSON(r mews.QuarantineReport) (arrived mews.QuarantineReport) {
	b, err := json.Marshal(r)
	if err == nil {
		err = json.Unmarshal(b, &arrived)
	}
	if err != nil {
		return r
	}
	return arrived
}

func (imp *avImporter) report(m movedFile) mews.QuarantineReport {
	r := imp.base
	r.SHA256 = m.sha256
	r.Username = cmp.Or(r.Username, m.Owner)
	r.DateCreated = rfc3339(m.Time)
	r.Paths = atPath(m.Path)
	r.Comment = "imported from " + imp.source
	for _, signature := range m.Signatures {
		b := mews.QuarantineBehavior{BehaviorID: signature}
		if m.MD5 != "" {
			b.IOCType, b.IOCValue = "hash_md5", m.MD5
		}
		r.Behaviors = append(r.Behaviors, b)
		r.DetectIDs = append(r.DetectIDs, imp.source+":"+signature)
	}
	return r
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

// fqlString quotes a text for FQL.
func fqlString(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
