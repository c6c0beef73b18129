package snapshot

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/vfs"
)

// Save copies the data under a name that no copy has.
func (f *Folder) Save(ctx context.Context, name string) (mews.Snapshot, error) {
	dir, err := copyDir(name)
	if err != nil {
		return mews.Snapshot{}, err
	}
	if err := f.check(); err != nil {
		return mews.Snapshot{}, err
	}
	switch _, err := f.about(name); {
	case err == nil:
		return mews.Snapshot{}, mews.Errorf(mews.ErrConflict, "there is a snapshot %s already; delete it first, or take another name", name).WithID(name)
	case !errors.Is(err, mews.ErrNotFound):
		return mews.Snapshot{}, err
	}
	if err := f.clear(dir); err != nil { // what a crash left of an earlier attempt
		return mews.Snapshot{}, fmt.Errorf("save snapshot: %w", err)
	}
	s, err := f.copyData(ctx, name, path.Join(dir, filesDir))
	if err == nil {
		err = f.writeJSON(path.Join(dir, aboutFile), s)
	}
	if err != nil {
		return mews.Snapshot{}, fmt.Errorf("save snapshot: %w", errors.Join(err, f.clear(dir)))
	}
	return s, nil
}

func (f *Folder) copyData(ctx context.Context, name, to string) (mews.Snapshot, error) {
	s := mews.Snapshot{Name: name, Created: f.now().UTC()}
	files, err := f.data()
	if err != nil {
		return s, err
	}
	if err := f.fsys.MkdirAll(to); err != nil {
		return s, err
	}
	s.Files = len(files)
	s.Bytes, err = f.copyAll(ctx, files, ".", to)
	return s, err
}

// copyAll copies files that stand below from to the same paths below to.
func (f *Folder) copyAll(ctx context.Context, files []string, from, to string) (total int64, err error) {
	var dirs []string
	for _, name := range files {
		if err := ctx.Err(); err != nil {
			return total, err
		}
		target := path.Join(to, strings.TrimPrefix(name, from+"/"))
		size, err := vfs.Copy(f.fsys, name, target)
		if err != nil {
			return total, err
		}
		total += size
		dirs = append(dirs, path.Dir(target))
	}
	return total, f.sync(dirs)
}

// clear deletes the files of a copy, what it says of itself first: half a copy
// must not look like one.
func (f *Folder) clear(dir string) error {
	if err := f.remove([]string{path.Join(dir, aboutFile)}); err != nil {
		return ignoreMissing(err)
	}
	files, err := vfs.Files(f.fsys, dir)
	if err != nil {
		return err
	}
	return f.remove(files)
}

// List gives the copies by name.
func (f *Folder) List() ([]mews.Snapshot, error) {
	names, err := f.fsys.ReadDir(copiesDir)
	if err != nil {
		return nil, ignoreMissing(err)
	}
	var list []mews.Snapshot
	for _, name := range names {
		s, err := f.about(name)
		switch {
		case err == nil:
			list = append(list, s)
		case errors.Is(err, mews.ErrNotFound), errors.Is(err, mews.ErrInvalid): // no copy, or somebody else's file
		default:
			return nil, fmt.Errorf("list snapshots: %w", err)
		}
	}
	return list, nil
}

// Delete deletes a copy.
func (f *Folder) Delete(name string) error {
	if _, err := f.about(name); err != nil {
		return err
	}
	dir, err := copyDir(name)
	if err != nil {
		return err
	}
	if err := f.clear(dir); err != nil {
		return fmt.Errorf("delete snapshot: %w", err)
	}
	return nil
}
