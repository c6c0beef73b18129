package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"syscall"
)

// Files lists the files below a folder, in the order of their paths, which begin
// with dir. What is at a path in without is left out, with all below it. A folder
// that does not exist holds none.
func Files(fsys FS, dir string, without ...string) ([]string, error) {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return nil, ignoreAbsent(err)
	}
	var files []string
	for _, name := range names {
		if name = path.Join(dir, name); slices.Contains(without, name) {
			continue
		}
		folder, err := isFolder(fsys, name)
		if err != nil {
			return nil, err
		}
		if !folder {
			files = append(files, name)
			continue
		}
		below, err := Files(fsys, name, without...)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

// isFolder asks for the names in what may be a folder: only one has any.
func isFolder(fsys FS, name string) (bool, error) {
	_, err := fsys.ReadDir(name)
	if errors.Is(err, syscall.ENOTDIR) || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Copy copies a file to a name that does not exist yet, in a folder that may not
// exist either. Its bytes are durable when it returns, its name when the folder
// is synced.
func Copy(fsys FS, from, to string) (size int64, err error) {
	if err := fsys.MkdirAll(path.Dir(to)); err != nil {
		return 0, fmt.Errorf("copy %s: %w", from, err)
	}
	src, err := fsys.Open(from)
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", from, err)
	}
	defer src.Close() // it was only read
	if size, err = src.Size(); err != nil {
		return 0, fmt.Errorf("copy %s: %w", from, err)
	}
	dst, err := fsys.Create(to)
	if err != nil {
		return 0, fmt.Errorf("copy %s: %w", from, err)
	}
	_, err = io.Copy(dst, io.NewSectionReader(src, 0, size))
	if err == nil {
		err = dst.Sync()
	}
	if err = errors.Join(err, dst.Close()); err != nil {
		return 0, fmt.Errorf("copy %s to %s: %w", from, to, err)
	}
	return size, nil
}
