package snapshot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/vfs"
)

// A plan is the journal of a restore. An empty name stands for no data at all.
type plan struct {
	Name    string `json:"name"`
	Carried []byte `json:"carried"`
}

// Plan decides that a copy takes the place of the data; the empty name stands
// for no data. It happens with the next Resume, also after a crash. What is
// carried is handed out by Resume: what of the old data is to live on.
func (f *Folder) Plan(name string, carried []byte) error {
	if err := f.check(); err != nil {
		return err
	}
	if name != "" {
		if err := f.verify(name); err != nil {
			return err
		}
	}
	if err := f.writeJSON(planFile, plan{Name: name, Carried: carried}); err != nil {
		return fmt.Errorf("plan restore: %w", err)
	}
	return nil
}

// verify refuses a copy that is not whole, or for which there is no room.
func (f *Folder) verify(name string) error {
	s, err := f.about(name)
	if err != nil {
		return err
	}
	have, err := vfs.Files(f.fsys, path.Join(copiesDir, name, filesDir))
	if err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	size, err := f.size(have)
	if err != nil {
		return fmt.Errorf("read snapshot: %w", err)
	}
	if len(have) != s.Files || size != s.Bytes {
		return mews.Errorf(mews.ErrConflict, "the snapshot %s is damaged: it has %d files of %d bytes, not %d of %d", name, len(have), size, s.Files, s.Bytes).WithID(name)
	}
	now, err := f.data()
	if err != nil {
		return err
	}
	gives, err := f.size(now)
	if err != nil {
		return err
	}
	free, err := f.fsys.Free()
	if err != nil {
		return err
	}
	if size > free+gives {
		return mews.Errorf(mews.ErrUnavailable, "the disk has no room for the %d bytes of the snapshot", size)
	}
	return nil
}

func (f *Folder) size(files []string) (total int64, err error) {
	for _, name := range files {
		n, err := f.fsys.Stat(name)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// Resume puts the planned copy in the data's place, and gives what was to be
// carried over. planned is false, and nothing is touched, when there is no plan.
// The plan stands until Done: what follows a crash begins here again.
func (f *Folder) Resume() (carried []byte, planned bool, err error) {
	var p plan
	if err := f.read(planFile, maxCarried, &p); err != nil {
		return nil, false, ignoreMissing(err)
	}
	if err := f.check(); err != nil {
		return nil, false, err
	}
	if err := f.replace(p.Name); err != nil {
		return nil, false, fmt.Errorf("restore snapshot: %w", err)
	}
	return p.Carried, true, nil
}

func (f *Folder) replace(name string) error {
	old, err := f.data()
	if err != nil {
		return err
	}
	if err := f.remove(old); err != nil || name == "" {
		return err
	}
	from := path.Join(copiesDir, name, filesDir)
	files, err := vfs.Files(f.fsys, from)
	if err != nil {
		return err
	}
	_, err = f.copyAll(context.Background(), files, from, ".")
	return err
}

// Done ends a restore.
func (f *Folder) Done() error {
	if err := f.remove([]string{planFile}); err != nil {
		return fmt.Errorf("end restore: %w", err)
	}
	return nil
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
