package harness

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
)

// Grep lists the regular files below a folder whose name or bytes hold text.
// Files that vanish meanwhile are passed over.
func Grep(dir string, text []byte) ([]string, error) {
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if err == nil && (bytes.Contains(data, text) || bytes.Contains([]byte(path), text)) {
			found = append(found, path)
		}
		return nil
	})
	return found, err
}
