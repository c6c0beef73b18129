package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews"
)

// An importer moves files to the server in four steps, with short queues
// between them: walk the folders, hash the files, ask in batches which are
// known, upload the others. No file is held in memory.
type importer struct {
	samples  mews.SampleService
	manifest *manifest
	options  *addOptions
	hashers  int
	skipPath string // the manifest itself is no sample
	now      func() time.Time

	found, done                   atomic.Int64 // bytes, for the progress line
	added, known, skipped, failed atomic.Int64
	uploaded                      atomic.Int64

	mu       sync.Mutex
	failures []failure
}

// maxFailures bounds the list of failed files; the rest is only counted.
const maxFailures = 1000

type failure struct {
	path string
	err  error
}

// A localFile is a regular file found here; sha256 is set by the second step.
type localFile struct {
	path   string
	size   int64
	sha256 string
}

const (
	askAtMost = 200                    // files per question
	askAfter  = 500 * time.Millisecond // or when the oldest has waited this long
)

// run imports all files below the paths, and the manifest's own when no path is
// given. Its error is one that makes going on useless; the failures of single
// files are in failures.
func (imp *importer) run(ctx context.Context, paths []string) error {
	g, ctx := errgroup.WithContext(ctx)
	found := make(chan localFile, 256)
	hashed := make(chan localFile, 256)
	wanted := make(chan localFile, 2*imp.options.parallel)

	g.Go(func() error { defer close(found); return imp.walk(ctx, paths, found) })
	var hashing sync.WaitGroup
	hashing.Add(imp.hashers)
	for range imp.hashers {
		g.Go(func() error { defer hashing.Done(); return imp.hash(ctx, found, hashed) })
	}
	g.Go(func() error { hashing.Wait(); close(hashed); return nil })
	g.Go(func() error { defer close(wanted); return imp.ask(ctx, hashed, wanted) })
	for range imp.options.parallel {
		g.Go(func() error { return imp.upload(ctx, wanted) })
	}
	return g.Wait()
}

// hash reads files. One that cannot be read fails alone.
func (imp *importer) hash(ctx context.Context, in <-chan localFile, out chan<- localFile) error {
	for f := range in {
		sum, err := hashFile(ctx, f.path)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if row := imp.manifest.byPath[f.path]; err == nil && row != nil && row.SHA256 != "" && row.SHA256 != sum {
			err = fmt.Errorf("has SHA-256 %s, the manifest says %s", sum, row.SHA256)
		}
		if err != nil {
			imp.fail(f, err)
			continue
		}
		f.sha256 = sum
		if err := send(ctx, out, f); err != nil {
			return err
		}
	}
	return nil
}

// ask drops the files that the server has. A batch also ends when files come
// slowly, so that a large file does not hold up the others.
func (imp *importer) ask(ctx context.Context, in <-chan localFile, out chan<- localFile) error {
	for first := range in {
		batch := map[string]localFile{first.sha256: first}
		late := time.After(askAfter)
	collect:
		for len(batch) < askAtMost {
			select {
			case f, ok := <-in:
				if !ok {
					break collect
				}
				if _, twin := batch[f.sha256]; twin {
					imp.finish(f, &imp.known)
				}
				batch[f.sha256] = f
			case <-late:
				break collect
			}
		}
		if err := imp.askBatch(ctx, batch, out); err != nil {
			return err
		}
	}
	return nil
}

func (imp *importer) askBatch(ctx context.Context, batch map[string]localFile, out chan<- localFile) error {
	var hashes []string
	for h := range batch {
		hashes = append(hashes, h)
	}
	env, err := imp.samples.Info(ctx, hashes...)
	switch {
	case errors.Is(err, mews.ErrNotFound): // none of them
	case err != nil:
		return err
	default:
		for _, r := range env.Resources {
			if f, ok := batch[r.SHA256]; ok {
				imp.finish(f, &imp.known)
				delete(batch, r.SHA256)
			}
		}
	}
	for _, f := range batch {
		if err := send(ctx, out, f); err != nil {
			return err
		}
	}
	return nil
}

// upload sends files. Only a refusal of the file itself fails it alone; an
// outage, a quota or bad credentials would meet all that follow.
func (imp *importer) upload(ctx context.Context, in <-chan localFile) error {
	for f := range in {
		err := imp.uploadOne(ctx, f)
		switch {
		case err == nil:
			imp.uploaded.Add(f.size)
			imp.finish(f, &imp.added)
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, mews.ErrInvalid), errors.Is(err, mews.ErrTooLarge), errors.Is(err, mews.ErrConflict), isLocal(err):
			imp.fail(f, err)
		default:
			return fmt.Errorf("%s: %w", f.path, err)
		}
	}
	return nil
}

func (imp *importer) uploadOne(ctx context.Context, f localFile) error {
	file, err := openRegular(f.path)
	if err != nil {
		return err
	}
	defer file.Close()
	row := imp.manifest.byPath[f.path]
	if row == nil {
		row = imp.manifest.byHash[f.sha256]
	}
	_, err = imp.samples.Upload(ctx, file, imp.options.upload(f, row))
	return err
}

// isLocal tells a failure to read a file here from one on the way.
func isLocal(err error) bool {
	_, ok := errors.AsType[*os.PathError](err)
	return ok
}

func (imp *importer) finish(f localFile, counter *atomic.Int64) {
	counter.Add(1)
	imp.done.Add(f.size)
}

func (imp *importer) fail(f localFile, err error) {
	imp.finish(f, &imp.failed)
	imp.mu.Lock()
	defer imp.mu.Unlock()
	if len(imp.failures) < maxFailures {
		imp.failures = append(imp.failures, failure{f.path, err})
	}
}

func (imp *importer) summary() importSummary {
	return importSummary{
		Added: imp.added.Load(), Known: imp.known.Load(), Skipped: imp.skipped.Load(), Failed: imp.failed.Load(),
		Bytes: imp.uploaded.Load(),
	}
}

// show keeps a progress line up to date until the function it returns is called.
func (imp *importer) show(bar *progress) (stop func()) {
	quit, gone := make(chan struct{}), make(chan struct{})
	start := imp.now()
	go func() {
		defer close(gone)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				s := imp.summary()
				done := imp.done.Load()
				rate := float64(done) / max(imp.now().Sub(start).Seconds(), 0.001)
				bar.set(done, imp.found.Load(), fmt.Sprintf("%s/s, %d added, %d known, %d failed", byteCount(int64(rate)), s.Added, s.Known, s.Failed))
			}
		}
	}()
	return func() { close(quit); <-gone }
}

// send hands a file on unless the import has ended.
func send(ctx context.Context, to chan<- localFile, f localFile) error {
	select {
	case to <- f:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// openRegular opens a file that was regular when the folder was read. It may
// have been replaced since: links are not followed, and a pipe does not block.
func openRegular(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &os.PathError{Op: "open", Path: path, Err: errors.New("is no regular file any more")}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// hashFile reads a file in pieces, so that an interrupt need not wait for a
// large one.
func hashFile(ctx context.Context, path string) (string, error) {
	f, err := openRegular(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return hashReader(ctx, f)
}

func hashReader(ctx context.Context, r io.Reader) (string, error) {
	h := sha256.New()
	var err error
	for err == nil && ctx.Err() == nil {
		_, err = io.CopyN(h, r, 8<<20)
	}
	if !errors.Is(err, io.EOF) {
		return "", errors.Join(err, context.Cause(ctx))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
