package vfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sort"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	dirMode  = 0o700
	fileMode = 0o600
)

// osFS is a real folder. os.Root keeps the folders in it inside, and what is
// opened in a folder is one name that no link may stand at: neither ".." nor a
// symbolic link planted by somebody else leads out.
type osFS struct {
	root *os.Root

	mu      sync.Mutex
	folders map[string]*folder // that were used, open
}

// OS opens the folder root of the real file system, which must exist. Syncs are
// real ones, of files and of folders. Folders that are used stay open, so they
// must not be taken away under it.
func OS(root string) (FS, error) {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("open folder: %w", err)
	}
	return &osFS{root: r, folders: map[string]*folder{}}, nil
}

func (o *osFS) Create(name string) (File, error) {
	return o.open("create", name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL)
}

func (o *osFS) Open(name string) (File, error) {
	f, err := o.open("open", name, unix.O_RDWR)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		f, err = o.open("open", name, unix.O_RDONLY)
	}
	return f, err
}

func (o *osFS) open(op, name string, flags int) (File, error) {
	d, base, err := o.split(op, name)
	if err != nil {
		return nil, err
	}
	var fd int
	err = retry(func() (err error) {
		fd, err = unix.Openat(d.fd, base, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, fileMode)
		return err
	})
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return osFile{os.NewFile(uintptr(fd), name)}, nil
}

func (o *osFS) Rename(oldName, newName string) error {
	from, oldBase, err := o.split("rename", oldName)
	if err != nil {
		return err
	}
	to, newBase, err := o.split("rename", newName)
	if err != nil {
		return err
	}
	err = retry(func() error { return unix.Renameat(from.fd, oldBase, to.fd, newBase) })
	if err != nil {
		return &os.LinkError{Op: "rename", Old: oldName, New: newName, Err: err}
	}
	return nil
}

func (o *osFS) Remove(name string) error {
	d, base, err := o.split("remove", name)
	if err != nil {
		return err
	}
	if err := retry(func() error { return unix.Unlinkat(d.fd, base, 0) }); err != nil {
		return &fs.PathError{Op: "remove", Path: name, Err: err}
	}
	return nil
}

// MkdirAll goes from the top down and syncs the parent of each folder it makes,
// so that no durable file can ever stand under a name that is not.
func (o *osFS) MkdirAll(dir string) error {
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

func (o *osFS) SyncDir(dir string) error {
	d, err := o.folder("sync", dir)
	if err != nil {
		return err
	}
	return d.file.Sync()
}

func (o *osFS) ReadDir(dir string) ([]string, error) {
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

func (o *osFS) Stat(name string) (int64, error) {
	d, base, err := o.split("stat", name)
	if err != nil {
		return 0, err
	}
	var st unix.Stat_t
	if err := retry(func() error { return unix.Fstatat(d.fd, base, &st, unix.AT_SYMLINK_NOFOLLOW) }); err != nil {
		return 0, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return st.Size, nil
}

func (o *osFS) Free() (int64, error) {
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

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// Discard punches a hole. A file system that cannot keeps the bytes.
func (f osFile) Discard(off, n int64) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	cerr := conn.Control(func(fd uintptr) {
		err = retry(func() error {
			return unix.Fallocate(int(fd), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, off, n)
		})
	})
	if errors.Is(err, errors.ErrUnsupported) {
		err = nil
	}
	if err != nil {
		return fmt.Errorf("discard: %w", err)
	}
	return cerr
}
