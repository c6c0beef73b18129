package main

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
)

// A root is a folder to take files from.
type root struct{ path, origin string }

// A file could be taken.
type file struct {
	path   string
	size   int64
	origin string
}

// A set is a rule for choosing files. Large files, beyond largeSize, come
// first until they hold largeShare percent of the bytes.
type set struct {
	name       string
	least      int64
	most       int64
	largeShare int64
}

const largeSize = 10 << 20

var (
	heavy = set{name: "heavy", least: 16, most: 64 << 20, largeShare: 55}
	small = set{name: "small", least: 256, most: 5 << 20}
)

// collect lists the regular files below the roots, in order of root and path.
// What may not be read is left out.
func collect(ctx context.Context, roots []root) ([]file, error) {
	var files []file
	for _, r := range roots {
		err := filepath.WalkDir(r.path, func(path string, d fs.DirEntry, err error) error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				if d != nil && d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			info, err := d.Info()
			if err != nil || !info.Mode().IsRegular() {
				return nil
			}
			files = append(files, file{path, info.Size(), r.origin})
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list files of %s: %w", r.origin, err)
		}
	}
	slices.SortStableFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return files, nil
}

// order gives the files a set may take, the ones to take first in front: large
// ones as long as their share lasts, then downloaded and installed ones in turn,
// each in a random order.
func (s set) order(files []file, bytes int64, seed uint64) []file {
	rng := rand.New(rand.NewPCG(seed, uint64(s.name[0])))
	var fit []file
	for _, f := range files {
		if f.size >= s.least && f.size <= s.most {
			fit = append(fit, f)
		}
	}
	rng.Shuffle(len(fit), func(i, j int) { fit[i], fit[j] = fit[j], fit[i] })
	var large, fetched, installed []file
	room := bytes * s.largeShare / 100
	for _, f := range fit {
		switch {
		case f.size > largeSize && f.size <= room:
			large = append(large, f)
			room -= f.size
		case f.size > largeSize:
		case f.origin == "installed":
			installed = append(installed, f)
		default:
			fetched = append(fetched, f)
		}
	}
	return append(large, inTurn(fetched, installed)...)
}

// inTurn alternates between two lists until both are used up.
func inTurn(a, b []file) []file {
	out := make([]file, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		if len(a) > 0 {
			out, a = append(out, a[0]), a[1:]
		}
		if len(b) > 0 {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}
