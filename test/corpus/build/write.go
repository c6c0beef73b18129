package main

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/mewshq/mews/internal/sample"
)

// An entry is a line of a manifest.
type entry struct {
	path   string // relative to the output folder
	size   int64
	sha256 string
	kind   string // sample type
	origin string // where the file is from, and its path there
}

func total(m []entry) (sum int64) {
	for _, e := range m {
		sum += e.size
	}
	return sum
}

// build copies the files of a set, each content once, and writes its manifest.
// It stops at the bound, or when there are no more files.
func build(ctx context.Context, o options, s set, files []file) ([]entry, error) {
	var m []entry
	seen := map[string]bool{}
	left := o.bytes
	for _, f := range s.order(files, o.bytes, o.seed) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if f.size > left {
			continue
		}
		e, plain, err := read(f)
		if err != nil || seen[e.sha256] {
			continue // gone or not ours to read, or there already
		}
		seen[e.sha256] = true
		e.path = filepath.Join(s.name, e.sha256[:2], e.sha256)
		if err := write(filepath.Join(o.out, e.path), plain); err != nil {
			return nil, err
		}
		m = append(m, e)
		left -= e.size
	}
	return m, writeManifest(filepath.Join(o.out, s.name+".csv"), m)
}

func read(f file) (entry, []byte, error) {
	plain, err := os.ReadFile(f.path)
	if err == nil && int64(len(plain)) != f.size {
		err = errors.New("file changed")
	}
	if err != nil {
		return entry{}, nil, err
	}
	sum := sha256.Sum256(plain)
	return entry{
		size: f.size, sha256: hex.EncodeToString(sum[:]),
		kind: sample.Detect(plain, f.size), origin: f.origin + ":" + f.path,
	}, plain, nil
}

func write(path string, plain []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, plain, 0o644)
}

func writeManifest(path string, m []entry) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := csv.NewWriter(f)
	rows := [][]string{{"path", "size", "sha256", "type", "origin"}}
	for _, e := range m {
		rows = append(rows, []string{e.path, strconv.FormatInt(e.size, 10), e.sha256, e.kind, e.origin})
	}
	if err := w.WriteAll(rows); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}
