package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/vfs"
)

const (
	ownDir     = "dev"
	markFile   = "dev/made-for-tests"
	copiesDir  = "dev/snapshots"
	aboutFile  = "about.json"
	filesDir   = "files"
	planFile   = "dev/restore.json"
	maxAbout   = 1 << 20
	maxCarried = 64 << 20
)

// A Folder is a data folder and its copies.
type Folder struct {
	fsys vfs.FS
	now  func() time.Time
	kept []string
}

// New speaks of a folder. The names in kept, at its top, are no data: they stay
// as they are.
func New(fsys vfs.FS, now func() time.Time, kept ...string) *Folder {
	return &Folder{fsys: fsys, now: now, kept: append(slices.Clone(kept), ownDir)}
}

// Mark marks the folder as made for tests, if it holds no data yet.
func (f *Folder) Mark() error {
	files, err := f.data()
	if err != nil || len(files) > 0 {
		return err
	}
	if err := f.fsys.MkdirAll(ownDir); err != nil {
		return fmt.Errorf("mark the data folder: %w", err)
	}
	return f.write(markFile, []byte("This data folder was made for tests: its data may be replaced.\n"))
}

// errReal refuses to touch data that may be real.
func errReal() error {
	return mews.Errorf(mews.ErrConflict, "the data folder was not made in dev mode, so its data is kept as it is; start with --dev on an empty folder")
}

// check passes when the folder is marked.
func (f *Folder) check() error {
	_, err := f.fsys.Stat(markFile)
	if errors.Is(err, fs.ErrNotExist) {
		return errReal()
	}
	return err
}

// data lists the files that are copied and replaced.
func (f *Folder) data() ([]string, error) {
	files, err := vfs.Files(f.fsys, ".", f.kept...)
	if err != nil {
		return nil, fmt.Errorf("list the data folder: %w", err)
	}
	return files, nil
}

// validName is what a copy may be called. It becomes the name of a folder.
var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func copyDir(name string) (string, error) {
	if !validName.MatchString(name) {
		return "", mews.Errorf(mews.ErrInvalid, "the name of a snapshot is 1 to 64 of a-z, 0-9, dot, dash and underscore, and begins with a letter or digit")
	}
	return path.Join(copiesDir, name), nil
}

// about reads what a copy says of itself.
func (f *Folder) about(name string) (mews.Snapshot, error) {
	dir, err := copyDir(name)
	if err != nil {
		return mews.Snapshot{}, err
	}
	var s mews.Snapshot
	err = f.read(path.Join(dir, aboutFile), maxAbout, &s)
	if errors.Is(err, fs.ErrNotExist) {
		return s, mews.Errorf(mews.ErrNotFound, "no snapshot is called %s", name).WithID(name)
	}
	return s, err
}

func (f *Folder) read(name string, most int64, into any) error {
	file, err := f.fsys.Open(name)
	if err != nil {
		return err
	}
	defer file.Close() // it is only read
	size, err := file.Size()
	if err != nil {
		return err
	}
	if size > most {
		return fmt.Errorf("read %s: it is larger than %d bytes", name, most)
	}
	text, err := io.ReadAll(io.NewSectionReader(file, 0, size))
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

func (f *Folder) write(name string, text []byte) error {
	return vfs.WriteDurable(f.fsys, name, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(text))
		return err
	})
}

func (f *Folder) writeJSON(name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.write(name, text)
}

// remove deletes files and makes that durable.
func (f *Folder) remove(files []string) error {
	var dirs []string
	for _, name := range files {
		if err := f.fsys.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		dirs = append(dirs, path.Dir(name))
	}
	return f.sync(dirs)
}

// sync makes the names in folders durable.
func (f *Folder) sync(dirs []string) error {
	slices.Sort(dirs)
	for _, dir := range slices.Compact(dirs) {
		if err := f.fsys.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}
