package cli

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews/internal/feed"
)

// A feedFile is a file of a feed. version changes with its content; "" is told by
// its bytes.
type feedFile struct{ path, version string }

// feedFiles finds the files of a feed, in the order of their names.
func feedFiles(paths []string) ([]feedFile, error) {
	var out []feedFile
	for _, path := range paths {
		path = absolute(path)
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, fmt.Errorf("find the feed: %w", err)
		case !info.IsDir():
			out = append(out, feedFile{path: path})
			continue
		}
		found, err := feedFolder(path)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, usagef("%s holds no file of a feed (.json .ndjson .csv .txt)", path)
		}
		out = append(out, found...)
	}
	return out, nil
}

// feedFolder lists a folder: the events that a manifest names, or what looks like
// files of a feed.
func feedFolder(dir string) ([]feedFile, error) {
	manifest, err := os.Open(filepath.Join(dir, feed.ManifestName))
	if err == nil {
		defer manifest.Close()
		events, err := feed.ReadManifest(manifest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", dir, err)
		}
		var out []feedFile
		for name, version := range events {
			out = append(out, feedFile{filepath.Join(dir, name), version})
		}
		slices.SortFunc(out, func(a, b feedFile) int { return strings.Compare(a.path, b.path) })
		return out, nil
	}
	var out []feedFile
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		ext := filepath.Ext(path)
		if packed(ext) {
			ext = filepath.Ext(strings.TrimSuffix(path, ext))
		}
		if err == nil && d.Type().IsRegular() && feedEnding(ext) && !strings.HasPrefix(d.Name(), ".") {
			out = append(out, feedFile{path: path})
		}
		return err
	})
	return out, err
}

func packed(ext string) bool { return ext == ".gz" || ext == ".zst" }

func feedEnding(ext string) bool {
	return slices.Contains([]string{".json", ".ndjson", ".jsonl", ".csv", ".txt", ".stix"}, strings.ToLower(ext))
}

// fingerprint tells the version of a file whose feed does not.
func (f *feedFile) fingerprint(ctx context.Context) (err error) {
	if f.version == "" {
		f.version, err = hashFile(ctx, f.path)
	}
	return err
}

// openFeed opens a file, packed or not.
func openFeed(path string) (io.ReadCloser, error) {
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	var plain io.Reader
	switch filepath.Ext(path) {
	case ".gz":
		plain, err = gzip.NewReader(f)
	case ".zst":
		var z *zstd.Decoder
		z, err = zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
		if err == nil {
			plain = z.IOReadCloser()
		}
	default:
		return f, nil
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{plain, f}, nil
}
