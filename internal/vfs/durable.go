package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// tempSuffix marks a file that is not finished. RemoveTemp deletes by it.
const tempSuffix = ".tmp"

// WriteDurable writes the file name with what fn writes: into a temporary file
// beside it, synced, closed, renamed over name, and the folder synced. After a
// nil return the new content survives a power cut; after an error, or a crash
// on the way, name holds the old content or the new, and never a mixture.
func WriteDurable(fsys FS, name string, fn func(io.Writer) error) error {
	f, temp, err := createTemp(fsys, name)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	err = fn(f)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsys.Rename(temp, name)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, errors.Join(err, ignoreAbsent(fsys.Remove(temp))))
	}
	if err := fsys.SyncDir(path.Dir(name)); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// createTemp takes the first free temporary name: two writers of one file do
// not meet, and a leftover of a crash is in nobody's way.
func createTemp(fsys FS, name string) (File, string, error) {
	for i := 0; ; i++ {
		temp := fmt.Sprintf("%s.%d%s", name, i, tempSuffix)
		f, err := fsys.Create(temp)
		if err == nil || i == 1000 || !errors.Is(err, fs.ErrExist) {
			return f, temp, err
		}
	}
}

// RemoveTemp deletes the unfinished files that a crash left in dir. Nothing may
// be writing there. A folder that does not exist holds none.
func RemoveTemp(fsys FS, dir string) error {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return ignoreAbsent(err)
	}
	for _, name := range names {
		if !strings.HasSuffix(name, tempSuffix) {
			continue
		}
		if err := ignoreAbsent(fsys.Remove(path.Join(dir, name))); err != nil {
			return fmt.Errorf("remove unfinished file: %w", err)
		}
	}
	return nil
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
