package profile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/mewshq/mews/internal/vfs"
)

// maxFile bounds what is read as a configuration.
const maxFile = 1 << 20

// DefaultPath is where the file stands unless somebody says otherwise.
func DefaultPath(env func(string) string) (string, error) {
	if path := env("MEWS_PROFILES"); path != "" {
		return path, nil
	}
	if dir := env("XDG_CONFIG_HOME"); filepath.IsAbs(dir) { // a relative one is to be ignored
		return filepath.Join(dir, "mews", "config.yaml"), nil
	}
	if home := env("HOME"); home != "" {
		return filepath.Join(home, ".config", "mews", "config.yaml"), nil
	}
	return "", errors.New("there is no place for profiles: set HOME, XDG_CONFIG_HOME or MEWS_PROFILES")
}

// Load reads a configuration file. One that does not exist holds no profiles;
// one with a secret that others may read is refused.
func Load(path string) (*File, error) {
	text, mode, err := read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &File{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read profiles: %w", err)
	}
	f, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("profiles in %s: %w", path, err)
	}
	if f.holdsSecret() && mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("profiles in %s: the file holds a secret and others may read it; run: chmod 600 %s", path, path)
	}
	return f, nil
}

func read(path string) ([]byte, fs.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s is larger than 1 MiB; this is no file of profiles", path)
	}
	return text, st.Mode(), err
}

// Update changes a configuration file, or makes it; nobody but its owner may
// read it afterwards. Two updates at a time cannot lose each other: the later
// one fails.
func Update(path string, change func(*File) error) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // where the file is kept elsewhere, it stays there
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the folder of profiles: %w", err)
	}
	unlock, err := vfs.LockDir(dir)
	if err != nil {
		return fmt.Errorf("change profiles in %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, unlock()) }()
	f, err := Load(path)
	if err != nil {
		return err
	}
	if err := change(f); err != nil {
		return err
	}
	text, err := f.Bytes()
	if err != nil {
		return err
	}
	fsys, err := vfs.OS(dir)
	if err != nil {
		return err
	}
	return vfs.WriteDurable(fsys, filepath.Base(path), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}
