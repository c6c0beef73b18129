package search

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

// A batch is the segment being filled, for one customer.
type batch struct {
	id      uint64 // of the segment to be
	cid     store.CID
	builder *index.Builder
	items   []item
	corpus  int64
	opened  time.Time
	last    time.Time // of the last addition

	mu   sync.Mutex     // guards builder and view
	view *index.Segment // of what the builder holds; nil when it was not asked for since
}

// An item is a file of a batch and where the catalog has it now: a segment, or
// the tail (nil).
type item struct {
	file index.File
	from *segment
}

func (e *Engine) newBatch(cid store.CID, now time.Time) *batch {
	id := e.lastID.Add(1)
	return &batch{id: id, cid: cid, builder: index.NewBuilder(e.params, e.box(cid, id)), opened: now, last: now}
}

func (b *batch) add(f index.File, from *segment, d *index.Doc, now time.Time) error {
	b.mu.Lock()
	err := b.builder.Add(f, d)
	b.view = nil
	b.mu.Unlock()
	if err != nil {
		return fmt.Errorf("index file %d: %w", f.Seq, err)
	}
	b.items = append(b.items, item{f, from})
	b.corpus += f.Size
	b.last = now
	return nil
}

// look gives what the batch holds, to be searched before it is a segment.
func (b *batch) look() *index.Segment {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.view == nil {
		b.view = b.builder.View()
	}
	return b.view
}

// Flush indexes the whole tail now. Files that cannot be read stay in the tail
// and are named in the error.
func (e *Engine) Flush(ctx context.Context) error { return e.indexReady(ctx, true) }

// indexReady moves files from the queue into the open batch, and publishes the
// batch when it is full or has waited long enough. With all set it takes every
// file and publishes whatever there is.
func (e *Engine) indexReady(ctx context.Context, all bool) error {
	e.ix.Lock()
	defer e.ix.Unlock()
	e.mu.Lock()
	for _, sh := range e.shards {
		sh.requeue(e.db.Now(), all)
	}
	e.mu.Unlock()
	var failed []error
	for ctx.Err() == nil {
		more, err := e.indexNext(ctx, all)
		if err != nil {
			failed = append(failed, err)
		}
		if !more {
			break
		}
	}
	now := e.db.Now()
	if b := e.batch; b != nil && (all || now.Sub(b.last) >= e.limits.Quiet || now.Sub(b.opened) >= e.limits.MaxWait) {
		failed = append(failed, e.seal(ctx))
	}
	return errors.Join(errors.Join(failed...), ctx.Err())
}

// indexNext adds one file to the batch. more is false when none is ready.
func (e *Engine) indexNext(ctx context.Context, all bool) (more bool, err error) {
	now := e.db.Now()
	var current store.CID
	if e.batch != nil {
		current = e.batch.cid
	}
	e.mu.Lock()
	cid, en := e.take(current, now, all)
	var doc *index.Doc
	if en != nil {
		doc = en.doc
		e.dropDoc(en)
		en.alone = true // from here on the filters are ours, or must be made again
	}
	e.mu.Unlock()
	if en == nil {
		return false, nil
	}
	if doc == nil {
		if doc, err = e.filters(ctx, cid, en.file); err != nil {
			return true, e.setBack(cid, en, err)
		}
	}
	if e.batch != nil && e.batch.cid != cid {
		err = e.seal(ctx)
	}
	if e.batch == nil {
		e.batch = e.newBatch(cid, now)
		e.fill(cid, e.batch)
	}
	if addErr := e.batch.add(en.file, nil, doc, now); addErr != nil {
		return true, errors.Join(err, e.setBack(cid, en, addErr))
	}
	if e.batch.builder.Full() {
		err = errors.Join(err, e.seal(ctx))
	}
	return true, err
}

// setBack keeps a file that could not be indexed in the tail for a later try.
// It gives nil when the file was deleted meanwhile.
func (e *Engine) setBack(cid store.CID, en *entry, err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if en.gone {
		return nil
	}
	en.retry = e.db.Now().Add(e.limits.Retry)
	sh := e.shard(cid)
	sh.failed = append(sh.failed, en)
	return err
}

// filters makes a file's filters from its stored bytes.
func (e *Engine) filters(ctx context.Context, cid store.CID, f index.File) (d *index.Doc, err error) {
	r, err := e.blobs.Get(blob.Name{CID: string(cid), SHA256: f.SHA256})
	if err != nil {
		return nil, fmt.Errorf("index file %d: %w", f.Seq, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	s := e.slicers.Get().(*index.Slicer)
	defer func() {
		s.Finish() // what is left after an error
		e.slicers.Put(s)
	}()
	var buf []byte
	for i := range r.Frames() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if buf, err = r.ReadFrame(i, buf[:0]); err != nil {
			return nil, fmt.Errorf("index file %d: %w", f.Seq, err)
		}
		for p := buf; len(p) > 0; {
			n, _ := s.Next(p)
			p = p[n:]
		}
	}
	return s.Finish(), nil
}

// seal publishes the batch. After a failure its files are queued again.
func (e *Engine) seal(ctx context.Context) error {
	b := e.batch
	e.batch = nil
	if b == nil || len(b.items) == 0 {
		return nil
	}
	b.look() // searches go on with this while the builder is written
	err := e.publishBatch(ctx, b)
	e.fill(b.cid, nil)
	if err == nil {
		wake(e.changed)
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	sh := e.shard(b.cid)
	for _, it := range b.items {
		if en := sh.tail[it.file.Seq]; en != nil {
			en.retry = e.db.Now().Add(e.limits.Retry)
			sh.failed = append(sh.failed, en)
		}
	}
	return err
}

// fill notes the batch that a customer's tail goes to.
func (e *Engine) fill(cid store.CID, b *batch) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shard(cid).filling = b
}

// publishBatch writes a batch as a segment and enters it into the catalog.
func (e *Engine) publishBatch(ctx context.Context, b *batch) error {
	seg, err := e.write(ctx, b.cid, b.id, func(w io.Writer) error {
		_, err := b.builder.WriteTo(w)
		return err
	})
	if err != nil {
		return err
	}
	return e.publish(ctx, seg, func(tx *store.Tx) (change, error) { return moveItems(tx, seg, b.items) })
}
