package sighting

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"sync"
	"syscall"

	"github.com/mewshq/mews/internal/sstable"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vfs"
)

const (
	folder    = "sightings"
	runSuffix = ".run"
)

func runName(id uint64) string { return path.Join(folder, fmt.Sprintf("%016x", id)+runSuffix) }

// A run is one immutable file of one customer. Its file is opened when it is
// first read: most small runs are merged before anybody asks them.
type run struct {
	runRow

	opening sync.Mutex
	file    vfs.File
	table   *sstable.Reader

	// Guarded by Service.mu.
	refs    int  // of readers, plus one while it is in the catalog
	dropped bool // no longer in the catalog: its file goes with the last reference
	busy    bool // it is being merged
	damaged bool // it could not be read; it is not merged any more
}

// open gives the run's reader.
func (r *run) open(fs vfs.FS, cache *sstable.Cache) (*sstable.Reader, error) {
	r.opening.Lock()
	defer r.opening.Unlock()
	if r.table != nil {
		return r.table, nil
	}
	table, err := r.reader(fs, cache)
	r.table = table
	return table, err
}

// bypass gives a reader beside the cache, for reading all.
func (r *run) bypass(fs vfs.FS) (*sstable.Reader, error) {
	r.opening.Lock()
	defer r.opening.Unlock()
	return r.reader(fs, nil)
}

// reader opens the file if it is not open yet. r.opening is held.
func (r *run) reader(fs vfs.FS, cache *sstable.Cache) (*sstable.Reader, error) {
	var err error
	if r.file == nil {
		if r.file, err = fs.Open(runName(r.id)); err != nil {
			return nil, fmt.Errorf("open run %d: %w", r.id, err)
		}
	}
	table, err := sstable.Open(r.file, r.bytes, cache)
	if err != nil {
		return nil, fmt.Errorf("open run %d: %w", r.id, err)
	}
	return table, nil
}

// close lets go of the file. Nobody refers to the run any more.
func (r *run) close() error {
	r.opening.Lock()
	defer r.opening.Unlock()
	if r.file == nil {
		return nil
	}
	f := r.file
	r.file, r.table = nil, nil
	return f.Close()
}

// writeRun makes a run durable. It is not in the catalog yet: after a crash the
// next start sweeps it away. fill gives the entries.
func (s *Service) writeRun(ctx context.Context, cid store.CID, c sstable.Compression, fill func(*sstable.Writer) (span, error)) (*run, error) {
	r := &run{runRow: runRow{id: s.lastID.Add(1), cid: cid}, refs: 1}
	err := vfs.WriteDurable(s.fs, runName(r.id), func(out io.Writer) error {
		w := sstable.NewWriter(&interruptible{ctx: ctx, w: out}, sstable.Options{Compression: c})
		var err error
		if r.span, err = fill(w); err != nil {
			return err
		}
		info, err := w.Close()
		r.bytes, r.entries = info.Bytes, int64(info.Entries)
		return err
	})
	if errors.Is(err, syscall.ENOSPC) {
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	if err != nil {
		return nil, fmt.Errorf("write run %d: %w", r.id, err)
	}
	return r, nil
}

// An interruptible writer refuses once ctx has ended.
type interruptible struct {
	ctx context.Context
	w   io.Writer
}

func (i *interruptible) Write(b []byte) (int, error) {
	if err := i.ctx.Err(); err != nil {
		return 0, err
	}
	return i.w.Write(b)
}

// abandon removes the file of a run whose transaction failed, unless nobody
// knows whether it failed: then the next start keeps the file or sweeps it.
func (s *Service) abandon(r *run) {
	if s.db.Err() != nil {
		return
	}
	if err := errors.Join(r.close(), s.fs.Remove(runName(r.id))); err != nil {
		s.log.Warn("remove an unused run", "run", r.id, "error", err)
	}
}
