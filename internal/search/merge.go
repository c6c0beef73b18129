package search

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

// repackBytes is the most corpus that is read again from the blobs to pack small
// segments, each mostly padding, into full columns. Larger segments are copied as
// they are: the columns that a builder leaves open when it is sealed, eight per
// class, are too few of theirs to matter.
const repackBytes = 16 << 20

// PauseMerges stops writing segments until the returned function is called:
// for a copy of the data folder, or to leave the disk to something else.
func (e *Engine) PauseMerges() (resume func()) {
	e.gate.Lock()
	return e.gate.Unlock
}

// maintain repairs, empties and merges segments until nothing is to be done.
func (e *Engine) maintain(ctx context.Context) error {
	e.mg.Lock()
	defer e.mg.Unlock()
	for {
		did, err := e.maintainOnce(ctx)
		if err != nil || !did {
			return err
		}
	}
}

// maintainOnce takes one step, damage first. mg is held.
func (e *Engine) maintainOnce(ctx context.Context) (did bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := e.markDamaged(ctx); err != nil {
		return false, err
	}
	if seg := e.nextStale(); seg != nil {
		return true, e.emptySome(ctx, seg)
	}
	group := e.mergeable()
	if group == nil {
		return false, nil
	}
	defer e.release(group)
	return true, e.merge(ctx, group)
}

// hold takes references; mu is held.
func hold(segs []*segment) []*segment {
	for _, seg := range segs {
		seg.refs++
	}
	return segs
}

func (e *Engine) release(segs []*segment) {
	e.mu.Lock()
	for _, seg := range segs {
		e.unref(seg)
	}
	e.mu.Unlock()
	e.collect()
}

// merge makes one segment of several of one customer. Small ones are packed
// anew from the blobs, where that works; large ones are copied row by row.
func (e *Engine) merge(ctx context.Context, group []*segment) error {
	var corpus, size int64
	for _, seg := range group {
		corpus += seg.corpus
		size += seg.bytes
	}
	if free, err := e.fs.Free(); err == nil && free < size+size/8 {
		return fmt.Errorf("merge segments: %d bytes free, %d needed", free, size)
	}
	if corpus <= repackBytes {
		err := e.repack(ctx, group)
		if err == nil || ctx.Err() != nil {
			return err
		}
		e.log.Warn("small segments are merged as they are", "error", err)
	}
	return e.copyMerge(ctx, group)
}

func (e *Engine) repack(ctx context.Context, group []*segment) error {
	b := e.newBatch(group[0].cid, e.db.Now())
	for _, seg := range group {
		for _, f := range e.liveFiles(seg) {
			d, err := e.filters(ctx, seg.cid, f)
			if err != nil {
				return err
			}
			if err := b.add(f, seg, d, b.opened); err != nil {
				return err
			}
		}
	}
	if len(b.items) == 0 {
		return e.retire(ctx, group)
	}
	return e.publishBatch(ctx, b)
}

func (e *Engine) copyMerge(ctx context.Context, group []*segment) error {
	deads := e.shareDead(group)
	cid, id := group[0].cid, e.lastID.Add(1)
	var in []*index.Segment
	var empty []*segment
	for i, seg := range group {
		in = append(in, seg.idx)
		if len(seg.live(deads[i])) == 0 {
			empty = append(empty, seg)
		}
	}
	if len(empty) > 0 {
		return e.retire(ctx, empty) // and merge what is left another time
	}
	seg, err := e.write(ctx, cid, id, func(w io.Writer) error {
		alive := func(seg, file int) bool { return !deads[seg].has(file) }
		paced := &pacedWriter{ctx: ctx, w: w, rate: e.limits.MergeRate, busy: e.busy}
		return index.Merge(paced, in, alive, e.box(cid, id))
	})
	if errors.Is(err, index.ErrCorrupt) || errors.Is(err, index.ErrParams) {
		for _, seg := range group { // which one is not known: all are made anew
			e.suspect(seg, 1, err)
		}
	}
	if err != nil {
		return err
	}
	return e.publish(ctx, seg, func(tx *store.Tx) (change, error) { return mergeItems(tx, seg, group) })
}

// shareDead returns the tombstones of each segment as they are now; later ones
// go to a copy.
func (e *Engine) shareDead(segs []*segment) []bitmap {
	e.mu.Lock()
	defer e.mu.Unlock()
	deads := make([]bitmap, len(segs))
	for i, seg := range segs {
		deads[i], seg.shared = seg.dead, true
	}
	return deads
}

func (e *Engine) liveFiles(seg *segment) []index.File {
	return seg.live(e.shareDead([]*segment{seg})[0])
}

// retire takes segments that answer for no file out of the catalog. Should the
// catalog still place files in them, those go back to the tail.
func (e *Engine) retire(ctx context.Context, group []*segment) error {
	defer e.collect()
	return e.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		for _, seg := range group {
			left, err := requeueFiles(tx, seg.id)
			if err != nil {
				return fmt.Errorf("drop segment %d: %w", seg.id, err)
			}
			tx.OnCommit(func() {
				e.mu.Lock()
				defer e.mu.Unlock()
				for _, q := range left {
					e.addTail(q.cid, q.file, q.queued, true)
				}
				e.dropSegments(e.shard(seg.cid), []uint64{seg.id})
			})
		}
		return nil
	})
}
