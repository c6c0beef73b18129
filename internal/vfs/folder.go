package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// A folder is kept open: to find, make, move or sync what is in it then takes
// one system call, without a walk from the root.
type folder struct {
	file *os.File // keeps fd open
	fd   int
}

// split finds the folder that a name is in.
func (o *osFS) split(op, name string) (*folder, string, error) {
	if !fs.ValidPath(name) || name == "." {
		return nil, "", &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	d, err := o.folder(op, path.Dir(name))
	return d, path.Base(name), err
}

func (o *osFS) folder(op, name string) (*folder, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if d := o.folders[name]; d != nil {
		return d, nil
	}
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	f, err := o.root.OpenFile(name, os.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		return nil, err
	}
	d := &folder{file: f, fd: int(f.Fd())}
	o.folders[name] = d
	return d, nil
}

// retry repeats a call that a signal interrupted before it did anything.
func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
