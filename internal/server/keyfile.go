package server

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// openKey reads the key-encryption key: 64 hexadecimal digits. It is made only
// together with a new data folder; a folder that lost its key must not be given
// another one, because every sample in it would look damaged.
func openKey(path string, fresh bool) ([32]byte, error) {
	var key [32]byte
	text, err := readPrivate("key file", path)
	if errors.Is(err, fs.ErrNotExist) {
		if !fresh {
			return key, fmt.Errorf("key file %s is missing: restore it, or name it with --key-file; without it the stored samples cannot be opened", path)
		}
		return createKey(path)
	}
	if err != nil {
		return key, err
	}
	if hex.DecodedLen(len(text)) != len(key) {
		return key, fmt.Errorf("key file %s does not hold 64 hexadecimal digits", path)
	}
	if _, err := hex.Decode(key[:], text); err != nil {
		return key, fmt.Errorf("key file %s does not hold 64 hexadecimal digits", path)
	}
	return key, nil
}

// readPrivate reads a file that only its owner may read, without the white space
// around the content.
func readPrivate(what, path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s %s is open to others (mode %04o): chmod 0400 %s", what, path, info.Mode().Perm(), path)
	}
	return bytes.TrimSpace(text), nil
}

// createKey writes a new random key durably: it outlives every sample.
func createKey(path string) ([32]byte, error) {
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return key, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return key, fmt.Errorf("make folder of key file: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o400)
	if err != nil {
		return key, fmt.Errorf("make key file: %w", err)
	}
	_, err = fmt.Fprintf(f, "%x\n", key)
	if err = errors.Join(err, f.Sync(), f.Close(), syncFolder(filepath.Dir(path))); err != nil {
		return key, fmt.Errorf("write key file %s: %w", path, err)
	}
	return key, nil
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
