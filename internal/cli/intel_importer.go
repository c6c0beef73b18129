package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/shipping"
)

// Sizes of calls. What is imported is bounded by them and not by its files.
const (
	intelChunkRows  = 20_000
	intelChunkBytes = 16 << 20
)

// An intelImporter reads files into rows and sends these in chunks, which may
// hold a part of a file or many of them.
type intelImporter struct {
	g       *globals
	to      mews.IntelService
	o       *intelImportOptions
	run     string
	known   *shipping.Versions // nil: nothing is remembered
	encoder *zstd.Encoder
	bar     *progress
	size    int // files

	chunk  bytes.Buffer
	places []string   // of the rows in chunk
	read   []feedFile // whose rows end in chunk

	summary  intelSummary
	failures []failure
	untaken  bool // a complete import that could not be
}

func newIntelImporter(g *globals, to mews.IntelService, o *intelImportOptions) (*intelImporter, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	return &intelImporter{g: g, to: to, o: o, run: newRun(), encoder: encoder, bar: g.newProgress("files")}, nil
}

// runFiles imports the files that changed. A complete import needs all of them, as
// long as one did.
func (imp *intelImporter) runFiles(ctx context.Context, files []feedFile) error {
	imp.size = len(files)
	changed, err := imp.changed(ctx, files)
	if err != nil {
		return err
	}
	if imp.o.complete && len(changed) > 0 {
		changed = files
	}
	imp.summary.Known = int64(len(files) - len(changed))
	for _, f := range changed {
		if err := imp.file(ctx, f); err != nil {
			return err
		}
	}
	if len(changed) == 0 {
		return nil
	}
	return imp.finish(ctx)
}

// changed gives the files that were not sent as they are now. Of a complete
// import a file that is gone changes all of them.
func (imp *intelImporter) changed(ctx context.Context, files []feedFile) (changed []feedFile, err error) {
	there := map[string]bool{}
	for n := range files {
		f := &files[n]
		there[f.path] = true
		if err := f.fingerprint(ctx); ctx.Err() != nil {
			return nil, context.Cause(ctx)
		} else if err != nil {
			f.version = "" // reading it will tell
		}
		if imp.o.force || f.version == "" || imp.known.Of(f.path) != f.version+" "+imp.o.format {
			changed = append(changed, *f)
		}
	}
	before := imp.known.Len()
	if imp.o.complete {
		if imp.known.Keep(func(path string) bool { return there[path] }); imp.known.Len() < before {
			return files, nil
		}
	}
	return changed, nil
}

// file reads one file. What is wrong with it keeps no other out.
func (imp *intelImporter) file(ctx context.Context, f feedFile) error {
	in, err := openFeed(f.path)
	if err != nil {
		imp.fail(f.path, bare(err))
		return nil
	}
	defer in.Close()
	failed := imp.summary.Failed
	whole, err := imp.rows(ctx, f.path+": ", in)
	if err != nil {
		return err
	}
	imp.summary.Files++
	imp.bar.set(imp.summary.Files+imp.summary.Known, int64(imp.size), fmt.Sprintf("%d rows, %d failed", imp.summary.Rows, imp.summary.Failed))
	if whole && f.version != "" && imp.summary.Failed == failed { // else it is read again the next time
		imp.read = append(imp.read, f)
	}
	return nil
}

// stream imports standard input.
func (imp *intelImporter) stream(ctx context.Context, in io.Reader) error {
	imp.summary.Files = 1
	if _, err := imp.rows(ctx, "", in); err != nil {
		return err
	}
	return imp.finish(ctx)
}

// rows takes the rows of one text into chunks, and tells whether it could be read
// to its end.
func (imp *intelImporter) rows(ctx context.Context, name string, in io.Reader) (whole bool, err error) {
	for row, bad := range feed.Read(in, feed.Format(imp.o.format)) {
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		switch {
		case bad != nil:
			imp.fail(cmp.Or(strings.TrimSuffix(name, ": "), "standard input"), bad)
			return false, nil
		case row.Problem != "":
			imp.summary.Rows++
			imp.fail(name+row.At, errors.New(row.Problem))
		case row.Skip != "":
			imp.summary.Rows++
			imp.summary.Skipped++
		default:
			if err := imp.add(ctx, name, row); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// add puts a row into the chunk. The last chunk is sent by finish, and so has a
// row if any has.
func (imp *intelImporter) add(ctx context.Context, name string, row feed.Row) error {
	line, err := feed.Line(row)
	if err != nil {
		return err
	}
	if len(imp.places) == intelChunkRows || imp.chunk.Len()+len(line) > intelChunkBytes {
		if err := imp.send(ctx, false); err != nil {
			return err
		}
	}
	imp.chunk.Write(line)
	imp.places = append(imp.places, name+row.At)
	return nil
}

// finish sends what is left. Only an import without a mistake is complete.
func (imp *intelImporter) finish(ctx context.Context) error {
	imp.untaken = imp.o.complete && imp.summary.Failed > 0
	if len(imp.places) == 0 {
		if imp.o.complete && !imp.untaken {
			return mews.Errorf(mews.ErrInvalid, "the feed holds no indicator; a complete import of nothing would delete all that it says")
		}
		return imp.remember()
	}
	return imp.send(ctx, imp.o.complete && !imp.untaken)
}

// send hands the chunk over.
func (imp *intelImporter) send(ctx context.Context, complete bool) error {
	packed := imp.encoder.EncodeAll(imp.chunk.Bytes(), nil)
	env, err := imp.to.Import(ctx, bytes.NewReader(packed), mews.IntelImport{
		Source: imp.o.source, Format: string(feed.NDJSON), Encoding: "zstd", Run: imp.run, Complete: complete,
	})
	if err != nil {
		return fmt.Errorf("from %s on: %w", imp.places[0], err)
	}
	if imp.count(env); len(env.Errors) > 0 {
		imp.read = imp.read[:0] // they are sent again the next time
	}
	imp.chunk.Reset()
	imp.places = imp.places[:0]
	return imp.remember()
}

// count adds up what became of a chunk.
func (imp *intelImporter) count(env *mews.Envelope[struct{}]) {
	n, s := env.Meta.Indicators, &imp.summary
	s.Rows += n.Rows
	s.Added += n.Added
	s.Updated += n.Updated
	s.Unchanged += n.Unchanged
	s.Deleted += n.Deleted
	s.Skipped += n.Skipped
	s.Failed += n.Failed - len(env.Errors)
	for _, e := range env.Errors {
		at := e.ID
		if n := rowNumber(e.ID); n > 0 && n <= len(imp.places) {
			at = imp.places[n-1]
		}
		imp.fail(at, errors.New(e.Message))
	}
}

// remember notes the files whose rows were all sent.
func (imp *intelImporter) remember() error {
	if imp.known == nil {
		return nil
	}
	for _, f := range imp.read {
		imp.known.Set(f.path, f.version+" "+imp.o.format)
	}
	imp.read = imp.read[:0]
	return imp.known.Save()
}

func (imp *intelImporter) fail(at string, err error) {
	imp.summary.Failed++
	if len(imp.failures) < maxFailures {
		imp.failures = append(imp.failures, failure{at, err})
	}
}
