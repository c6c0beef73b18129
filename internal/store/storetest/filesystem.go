package storetest

import (
	"errors"
	"io/fs"
	"path"
	"sync/atomic"
	"syscall"

	"github.com/ncruces/go-sqlite3"
	"github.com/ncruces/go-sqlite3/util/vfsutil"
	sqlitevfs "github.com/ncruces/go-sqlite3/vfs"

	"github.com/mewshq/mews/internal/vfs"
)

// A fileSystem lets SQLite keep its files on a vfs.FS. It knows no locks, as
// one connection is alone with them.
type fileSystem struct{ fs vfs.FS }

// truncater is what SQLite needs beyond a vfs.File.
type truncater interface{ Truncate(size int64) error }

// journals are the files whose name must be durable before their content means
// anything.
const journals = sqlitevfs.OPEN_WAL | sqlitevfs.OPEN_MAIN_JOURNAL | sqlitevfs.OPEN_SUPER_JOURNAL

// temporary files never outlive the connection and stay off the file system.
const temporary = sqlitevfs.OPEN_TEMP_DB | sqlitevfs.OPEN_TEMP_JOURNAL | sqlitevfs.OPEN_TRANSIENT_DB | sqlitevfs.OPEN_SUBJOURNAL

func (s *fileSystem) Open(name string, flags sqlitevfs.OpenFlag) (sqlitevfs.File, sqlitevfs.OpenFlag, error) {
	if flags&temporary != 0 {
		return &vfsutil.SliceFile{}, flags | sqlitevfs.OPEN_MEMORY, nil
	}
	created := false
	f, err := s.fs.Open(name)
	if errors.Is(err, fs.ErrNotExist) && flags&sqlitevfs.OPEN_CREATE != 0 {
		created = true
		f, err = s.fs.Create(name)
	}
	if err != nil {
		return nil, flags, errors.Join(sqlite3.CANTOPEN, err)
	}
	out := &file{File: f, fs: s.fs, dir: path.Dir(name)}
	out.nameUnsynced.Store(created && flags&journals != 0)
	return out, flags, nil
}

func (s *fileSystem) Delete(name string, syncDir bool) error {
	err := s.fs.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return sqlite3.IOERR_DELETE_NOENT
	}
	if err == nil && syncDir {
		err = s.fs.SyncDir(path.Dir(name))
	}
	return err
}

func (s *fileSystem) Access(name string, _ sqlitevfs.AccessFlag) (bool, error) {
	_, err := s.fs.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (s *fileSystem) FullPathname(name string) (string, error) { return path.Clean(name), nil }

// A file adds to a vfs.File what SQLite asks of one.
type file struct {
	vfs.File
	fs           vfs.FS
	dir          string
	nameUnsynced atomic.Bool
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	if errors.Is(err, syscall.ENOSPC) {
		err = sqlite3.FULL
	}
	return n, err
}

func (f *file) Truncate(size int64) error { return f.File.(truncater).Truncate(size) }

// Sync also makes a new journal's name durable, as SQLite does on Unix.
func (f *file) Sync(sqlitevfs.SyncFlag) error {
	if err := f.File.Sync(); err != nil {
		return err
	}
	if f.nameUnsynced.Swap(false) {
		return f.fs.SyncDir(f.dir)
	}
	return nil
}

func (f *file) Lock(sqlitevfs.LockLevel) error   { return nil }
func (f *file) Unlock(sqlitevfs.LockLevel) error { return nil }

func (f *file) CheckReservedLock() (bool, error) { return false, nil }

func (f *file) SectorSize() int { return 512 }

func (f *file) DeviceCharacteristics() sqlitevfs.DeviceCharacteristic {
	return sqlitevfs.IOCAP_POWERSAFE_OVERWRITE
}
