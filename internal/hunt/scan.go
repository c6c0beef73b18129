package hunt

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/yara"
)

// held files are confirmed and wait for the scanner, with the bytes that were
// decoded so far.
type held struct {
	files []heldFile
	bytes int64 // in memory
}

type heldFile struct {
	c       *search.Candidate
	d       *decision
	reading *search.Reading
}

func (h *held) add(c *search.Candidate, d *decision, reading *search.Reading) {
	h.files = append(h.files, heldFile{c, d, reading})
	h.bytes += reading.Kept()
}

// close lets go of all files.
func (h *held) close() {
	for _, f := range h.files {
		_ = f.reading.Close() // was only read from
	}
	h.files, h.bytes = h.files[:0], 0
}

// scan asks the engine about files whose plan holds. It gets bytes that their
// seals have authenticated, each with its place in the file.
func (r *runner) scan(ctx context.Context, h *held) error {
	if len(h.files) == 0 {
		return nil
	}
	files := make([]yara.File, len(h.files))
	size := int64(0)
	for i, f := range h.files {
		files[i] = yara.File{Size: f.c.File().Size, Open: f.open}
		size += files[i].Size
	}
	r.scanning.enter(size)
	results, err := r.pool.ScanAll(ctx, files)
	r.scanning.leave()
	if err != nil {
		return err
	}
	for i, f := range h.files {
		if err := r.judge(ctx, f, results[i]); err != nil {
			return err
		}
	}
	return nil
}

// open gives the bytes of the whole file.
func (f heldFile) open() (io.ReadCloser, error) {
	if !f.reading.Small() {
		return io.NopCloser(f.reading.Plain()), nil
	}
	all, err := f.reading.Bytes()
	return io.NopCloser(bytes.NewReader(all)), err
}

// judge turns what the engine says of a file into its outcome.
func (r *runner) judge(ctx context.Context, f heldFile, v yara.Result) error {
	f.d.read = min(f.reading.Read(), f.c.File().Size)
	if unread, ok := errors.AsType[*yara.ReadError](v.Err); ok {
		return r.broken(ctx, f.c, f.d, unread.Err)
	}
	if v.Err != nil {
		return v.Err
	}
	f.d.outcome, f.d.reason, f.d.crashed = v.Outcome, v.Reason, v.Crashed
	if v.Outcome != yara.Skipped {
		f.d.scanned = f.c.File().Size
	}
	for _, m := range v.Rules {
		f.d.rules = append(f.d.rules, m.Name)
	}
	return nil
}
