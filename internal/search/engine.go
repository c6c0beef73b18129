package search

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vfs"
)

// Deps are what an Engine works on. All but Log and Limits must be set. FS is
// the data folder; segments live below it.
type Deps struct {
	DB     *store.DB
	Blobs  *blob.Store
	FS     vfs.FS
	Keys   *blob.Keyring
	Log    *slog.Logger
	Limits Limits
}

// An Engine is the search index of all customers of one data folder. Its
// methods may be called from many goroutines.
type Engine struct {
	db     *store.DB
	blobs  *blob.Store
	fs     vfs.FS
	keys   *blob.Keyring
	log    *slog.Logger
	limits Limits
	params index.Params

	lastID   atomic.Uint64 // highest segment id given out
	gate     sync.RWMutex  // held for reading by every write of a merge or index pass
	ix       sync.Mutex    // one index pass at a time; guards batch
	batch    *batch        // the segment being filled
	frames   sync.Pool     // *[]byte: room for decoded frames
	slicers  sync.Pool     // *index.Slicer
	readings sync.Pool     // *Reading: with room for small files
	mg       sync.Mutex    // one merge or move at a time

	arrived chan struct{} // wakes the indexer
	changed chan struct{} // wakes the merger

	mu        sync.Mutex // guards all below
	shards    map[store.CID]*shard
	docBytes  int64
	snapshots int   // that are open
	written   int64 // bytes of the segments written since the start
	merged    int64 // of these, with files of older segments
	garbage   []*segment
	damaged   int64
	setAside  int64
	lastErr   error
}

// A shard is the state of one customer.
type shard struct {
	segments  map[uint64]*segment
	tail      map[uint64]*entry
	queue     []*entry // waiting for the indexer, in order of arrival; entries that left the tail are skipped
	failed    []*entry // waiting for another try
	tailBytes int64
	filling   *batch // files of the tail are in it, or nil
}

// Open loads the catalog and opens every segment. A segment that does not open
// is set aside and its files go back to the tail: nothing is missed, and the
// next index pass makes a new one.
func Open(ctx context.Context, d Deps) (*Engine, error) {
	e := &Engine{
		db: d.DB, blobs: d.Blobs, fs: d.FS, keys: d.Keys, log: d.Log,
		limits: d.Limits.orDefault(), params: index.DefaultParams(),
		arrived: make(chan struct{}, 1), changed: make(chan struct{}, 1),
		shards: map[store.CID]*shard{},
	}
	e.params.SealBytes = e.limits.SegmentBytes
	e.slicers.New = func() any { return index.NewSlicer(e.params) }
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if err := e.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open search index: %w", err), e.Close())
	}
	return e, nil
}

func (e *Engine) load(ctx context.Context) error {
	if err := e.fs.MkdirAll(folder); err != nil {
		return err
	}
	var rows []segmentRow
	err := e.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = segmentRows(tx)
		return err
	})
	if err != nil {
		return err
	}
	if err := e.sweep(rows); err != nil {
		return err
	}
	for _, row := range rows {
		if err := e.loadSegment(ctx, row); err != nil {
			return err
		}
	}
	return e.db.Read(ctx, func(tx *store.Tx) error {
		queued, err := queuedRows(tx, `segment IS NULL`)
		for _, q := range queued {
			e.addTail(q.cid, q.file, q.queued, true)
		}
		return err
	})
}

// sweep removes files that the catalog does not know: segments whose
// transaction never came, dropped ones whose removal did not last, and those
// set aside in an earlier run.
func (e *Engine) sweep(rows []segmentRow) error {
	known := map[string]bool{}
	for _, row := range rows {
		known[path.Base(segmentName(row.id))] = true
		e.lastID.Store(max(e.lastID.Load(), row.id))
	}
	names, err := e.fs.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		if known[name] {
			continue
		}
		if id, err := strconv.ParseUint(strings.SplitN(name, ".", 2)[0], 16, 64); err == nil {
			e.lastID.Store(max(e.lastID.Load(), id))
		}
		if err := e.fs.Remove(path.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) loadSegment(ctx context.Context, row segmentRow) error {
	seg, err := e.open(row)
	switch {
	case err == nil:
	case errors.Is(err, index.ErrCorrupt) || errors.Is(err, index.ErrVersion) || errors.Is(err, fs.ErrNotExist):
		return e.putAside(ctx, row, err)
	default:
		return err
	}
	var dead []uint64
	err = e.db.Read(ctx, func(tx *store.Tx) (err error) {
		dead, err = deadRows(tx, row.id)
		return err
	})
	for _, seq := range dead {
		seg.kill(seq)
	}
	e.shard(row.cid).segments[row.id] = seg
	return err
}

// putAside takes a segment that cannot be opened out of the catalog. Its files
// go back to the tail in the same transaction.
func (e *Engine) putAside(ctx context.Context, row segmentRow, reason error) error {
	e.log.Error("segment set aside; its files are indexed again", "segment", row.id, "cid", string(row.cid), "error", reason)
	e.setAside++
	e.lastErr = reason
	err := e.db.Write(ctx, func(tx *store.Tx) error {
		_, err := requeueFiles(tx, row.id)
		return err
	})
	if err != nil {
		return fmt.Errorf("set segment %d aside: %w", row.id, err)
	}
	name := segmentName(row.id)
	err = e.fs.Rename(name, strings.TrimSuffix(name, segSuffix)+badSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Close closes the segments. Run must have returned, and no snapshot may be
// open. The tail stays queued.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var errs []error
	for _, sh := range e.shards {
		for _, seg := range sh.segments {
			errs = append(errs, seg.file.Close())
		}
	}
	e.shards = map[store.CID]*shard{}
	return errors.Join(errs...)
}

// Params are the rules new segments are made by. Frames cut by a Slicer with
// them fit the index's columns.
func (e *Engine) Params() index.Params { return e.params }

// shard returns a customer's state. mu is held, or nobody else knows e yet.
func (e *Engine) shard(cid store.CID) *shard {
	sh := e.shards[cid]
	if sh == nil {
		sh = &shard{segments: map[uint64]*segment{}, tail: map[uint64]*entry{}}
		e.shards[cid] = sh
	}
	return sh
}

// note remembers what went wrong in the background, for Status.
func (e *Engine) note(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lastErr = err
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run indexes and merges until ctx ends. Failures are logged and tried again;
// meanwhile searches read the files themselves.
func (e *Engine) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() {
		e.loop(ctx, e.arrived, e.limits.Quiet/2, "index files", func() error { return e.indexReady(ctx, false) })
	})
	wg.Go(func() {
		e.loop(ctx, e.changed, e.limits.Retry, "merge segments", func() error { return e.maintain(ctx) })
	})
	wg.Wait()
	return nil
}

// loop calls step when it is woken, and every so often.
func (e *Engine) loop(ctx context.Context, wake <-chan struct{}, every time.Duration, what string, step func() error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := step(); err != nil && ctx.Err() == nil {
			e.note(err)
			e.log.Error(what, "error", err)
			select { // do not spin on a failure
			case <-ctx.Done():
			case <-tick.C:
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-wake:
		case <-tick.C:
		}
	}
}
