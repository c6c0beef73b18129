package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// walk finds the regular files below the paths, then those that the manifest
// names and the paths do not cover. What cannot be read fails alone.
func (imp *importer) walk(ctx context.Context, paths []string, out chan<- localFile) error {
	seen := make(map[string]bool, len(imp.manifest.paths)) // of the manifest's files only
	visit := func(path string, info fs.FileInfo) error {
		if _, listed := imp.manifest.byPath[path]; listed {
			if seen[path] {
				return nil
			}
			seen[path] = true
		}
		if !info.Mode().IsRegular() || info.Size() == 0 || path == imp.skipPath {
			imp.skipped.Add(1)
			return nil
		}
		imp.found.Add(info.Size())
		return send(ctx, out, localFile{path: path, size: info.Size()})
	}
	for _, path := range paths {
		if err := imp.walkFolder(ctx, absolute(path), visit); err != nil {
			return err
		}
	}
	for _, path := range imp.manifest.paths {
		if seen[path] {
			continue
		}
		info, err := os.Lstat(path)
		if err != nil {
			imp.fail(localFile{path: path}, bare(err))
			continue
		}
		if err := visit(path, info); err != nil {
			return err
		}
	}
	return nil
}

// bare drops the path from an error that is shown beside its path.
func bare(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func (imp *importer) walkFolder(ctx context.Context, root string, visit func(string, fs.FileInfo) error) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			imp.fail(localFile{path: path}, bare(err))
			return nil // an unreadable folder is left out, the walk goes on
		}
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			imp.fail(localFile{path: path}, bare(err))
			return nil
		}
		return visit(path, info)
	})
}
