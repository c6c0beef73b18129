package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/mewshq/mews/internal/snapshot"
	"github.com/mewshq/mews/internal/vfs"
)

const databaseName = "mews.db"

// tlsFolder holds the certificates.
const tlsFolder = "tls"

// A folder is a data folder that this process owns.
type folder struct {
	path   string
	files  vfs.FS
	copies *snapshot.Folder
	unlock func() error
}

// takeFolder locks the data folder, and makes it on the first run.
func takeFolder(cfg Config) (*folder, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	unlock, err := vfs.LockDir(cfg.Data)
	if err != nil {
		if inUse, ok := errors.AsType[*vfs.InUseError](err); ok {
			return nil, fmt.Errorf("%w: %w (%s)", ErrInUse, inUse, cfg.Data)
		}
		return nil, err
	}
	f := &folder{path: cfg.Data, unlock: unlock}
	if f.files, err = vfs.OS(cfg.Data); err == nil {
		f.copies = snapshot.New(f.files, time.Now, vfs.LockName, socketName, tlsFolder)
		if cfg.Dev.Enabled {
			err = f.copies.Mark()
		}
	}
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	return f, nil
}

// fresh tells whether nothing was stored in the folder yet.
func (f *folder) fresh() bool {
	_, err := os.Stat(filepath.Join(f.path, databaseName))
	return errors.Is(err, fs.ErrNotExist)
}
