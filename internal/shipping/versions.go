package shipping

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"

	"github.com/mewshq/mews/internal/vfs"
)

// Versions remembers which version of each file was taken in last. It may forget
// what was set since the last Save: then a file is taken in again.
type Versions struct {
	fsys    vfs.FS
	unlock  func() error
	files   map[string]string
	changed bool
}

const versionsName = "versions.json"

// OpenVersions opens what a folder remembers. The folder is made if it is not
// there, and no other process may use it until Close.
func OpenVersions(dir string) (*Versions, error) {
	fsys, unlock, err := takeFolder(dir)
	if err != nil {
		return nil, err
	}
	v, err := ReadVersions(fsys)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	v.unlock = unlock
	return v, nil
}

// ReadVersions opens what a folder remembers that no other process uses.
func ReadVersions(fsys vfs.FS) (*Versions, error) {
	v := &Versions{fsys: fsys, files: map[string]string{}}
	if err := vfs.RemoveTemp(fsys, "."); err != nil {
		return nil, err
	}
	text, err := readWhole(fsys, versionsName)
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &v.files)
	}
	if err != nil {
		return nil, fmt.Errorf("read the checkpoints (%s): %w", versionsName, err)
	}
	return v, nil
}

// Of gives the version of a file that was taken in; "" is none.
func (v *Versions) Of(file string) string { return v.files[file] }

// Set notes that a version of a file was taken in.
func (v *Versions) Set(file, version string) {
	v.changed = v.changed || v.files[file] != version
	v.files[file] = version
}

// Keep forgets all files but some.
func (v *Versions) Keep(some func(file string) bool) {
	before := len(v.files)
	maps.DeleteFunc(v.files, func(file, _ string) bool { return !some(file) })
	v.changed = v.changed || len(v.files) != before
}

// Len is how many files are remembered.
func (v *Versions) Len() int { return len(v.files) }

// Save makes what was set durable.
func (v *Versions) Save() error {
	if !v.changed {
		return nil
	}
	err := vfs.WriteDurable(v.fsys, versionsName, func(w io.Writer) error { return json.NewEncoder(w).Encode(v.files) })
	if err != nil {
		return fmt.Errorf("write the checkpoints: %w", err)
	}
	v.changed = false
	return nil
}

// Close saves and ends.
func (v *Versions) Close() error {
	err := v.Save()
	if v.unlock != nil {
		err = errors.Join(err, v.unlock())
	}
	return err
}
