package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews/internal/demo/fleet"
)

// A batch is the lines of one call, packed in a file: writing them is not what
// is measured.
type batch struct {
	file       string
	lines      int
	raw, bytes int64
	distinct   uint64 // observables of the stream up to here
}

// A feed writes batches of a stream, and tells of what is in them.
type feed struct {
	folder string
	stream *fleet.Stream
	packer *zstd.Encoder
	truth  *truth
}

// newFeed opens a stream whose events end about now.
func newFeed(s settings, name string, seed uint64, fresh float64, events int) (*feed, error) {
	folder := filepath.Join(s.cache, name)
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err := errors.Join(err, os.MkdirAll(folder, 0o755)); err != nil {
		return nil, err
	}
	const last = 24 * time.Hour
	stream := fleet.New(fleet.Options{
		Seed: seed, Hosts: s.hosts, Fresh: fresh, Start: time.Now().Add(-last), Step: last / time.Duration(events+1),
	})
	return &feed{folder: folder, stream: stream, packer: packer, truth: newTruth(s.hosts, s.samples, events)}, nil
}

// write packs so many events into batches.
func (f *feed) write(events, perBatch int) (all []batch, err error) {
	for events > 0 {
		b := batch{lines: min(events, perBatch), file: filepath.Join(f.folder, fmt.Sprintf("%06d-%06d.zst", len(all), events))}
		if err := f.pack(&b); err != nil {
			return nil, err
		}
		events -= b.lines
		all = append(all, b)
	}
	return all, nil
}

func (f *feed) pack(b *batch) (err error) {
	file, err := os.Create(b.file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	f.packer.Reset(file)
	out := bufio.NewWriterSize(f.packer, 1<<20)
	for range b.lines {
		e := f.stream.Next()
		f.truth.add(e)
		b.raw += int64(len(e.Line)) + 1
		if _, err := out.Write(append(e.Line, '\n')); err != nil {
			return err
		}
	}
	if err := errors.Join(out.Flush(), f.packer.Close()); err != nil {
		return err
	}
	b.distinct = f.stream.Distinct()
	b.bytes, err = file.Seek(0, 1)
	return err
}
