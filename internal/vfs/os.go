package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sort"
	"syscall"
)

const (
	dirMode  = 0o700
	fileMode = 0o600
)

// osFS is a real folder. os.Root keeps every name inside it: neither ".." nor a
// symbolic link planted by somebody else leads out.
type osFS struct{ root *os.Root }

// OS opens the folder root of the real file system, which must exist. Syncs are
// real ones, of files and of folders.
func OS(root string) (FS, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	return osFS{r}, nil
}

func (o osFS) Create(name string) (File, error) {
	return wrap(o.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode))
}

func (o osFS) Open(name string) (File, error) {
	f, err := o.root.OpenFile(name, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		f, err = o.root.OpenFile(name, os.O_RDONLY, 0)
	}
	return wrap(f, err)
}

func (o osFS) Rename(oldName, newName string) error { return o.root.Rename(oldName, newName) }

func (o osFS) Remove(name string) error { return o.root.Remove(name) }

// MkdirAll goes from the top down and syncs the parent of each folder it makes,
// so that no durable file can ever stand under a name that is not.
func (o osFS) MkdirAll(dir string) error {
	dir = path.Clean(dir)
	if !fs.ValidPath(dir) {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrInvalid}
	}
	if dir == "." {
		return nil
	}
	if st, err := o.root.Stat(dir); err == nil {
		if !st.IsDir() {
			return &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR}
		}
		return nil
	}
	parent := path.Dir(dir)
	if err := o.MkdirAll(parent); err != nil {
		return err
	}
	if err := o.root.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return o.SyncDir(parent)
}

func (o osFS) SyncDir(dir string) error {
	d, err := o.root.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (o osFS) ReadDir(dir string) ([]string, error) {
	d, err := o.root.Open(dir)
	if err != nil {
		return nil, err
	}
	names, err := d.Readdirnames(-1)
	if err := errors.Join(err, d.Close()); err != nil {
		return nil, err
	}
	sort.Strings(names)
	return names, nil
}

func (o osFS) Stat(name string) (int64, error) {
	st, err := o.root.Stat(name)
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (o osFS) Free() (int64, error) {
	d, err := o.root.Open(".")
	if err != nil {
		return 0, err
	}
	var st syscall.Statfs_t
	err = syscall.Fstatfs(int(d.Fd()), &st)
	if err := errors.Join(err, d.Close()); err != nil {
		return 0, fmt.Errorf("free space: %w", err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// wrap avoids a File that holds a nil *osFile.
func wrap(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}
