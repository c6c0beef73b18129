package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mewshq/mews/internal/avlog"
)

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
