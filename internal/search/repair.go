package search

import (
	"context"
	"errors"
	"fmt"

	"github.com/mewshq/mews/internal/store"
)

// suspect notes that a segment was seen to be damaged. It goes on answering,
// with more candidates than needed, until its files have moved to a new one.
func (e *Engine) suspect(seg *segment, regions int64, cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if seg.damaged || seg.stale || seg.dropped {
		return
	}
	if cause == nil {
		cause = fmt.Errorf("segment %d: %d damaged regions", seg.id, regions)
	}
	seg.damaged = true
	e.damaged += max(regions, 1)
	e.lastErr = cause
	e.log.Error("segment is damaged; its files are indexed again", "segment", seg.id, "cid", string(seg.cid), "error", cause)
	wake(e.changed)
}

// markDamaged notes in the catalog which segments must be emptied.
func (e *Engine) markDamaged(ctx context.Context) error {
	return e.markStale(ctx, func(seg *segment) bool { return seg.damaged && !seg.stale })
}

// markStale makes segments stale, in the catalog and then in memory.
func (e *Engine) markStale(ctx context.Context, which func(*segment) bool) error {
	e.mu.Lock()
	var chosen []*segment
	for _, sh := range e.shards {
		for _, seg := range sh.segments {
			if which(seg) {
				chosen = append(chosen, seg)
			}
		}
	}
	e.mu.Unlock()
	if len(chosen) == 0 {
		return nil
	}
	return e.db.Write(ctx, func(tx *store.Tx) error {
		for _, seg := range chosen {
			if _, err := tx.Exec(`UPDATE index_segment SET stale = 1 WHERE id = ?`, int64(seg.id)); err != nil {
				return fmt.Errorf("mark segment %d stale: %w", seg.id, err)
			}
		}
		tx.OnCommit(func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			for _, seg := range chosen {
				seg.stale = true
			}
		})
		return nil
	})
}

// nextStale gives a stale segment that can be emptied now, or nil.
func (e *Engine) nextStale() *segment {
	now := e.db.Now().UnixMilli()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, sh := range e.shards {
		for _, seg := range sh.segments {
			if seg.stale && now >= seg.stuck {
				return seg
			}
		}
	}
	return nil
}

// errUnread says that files stay in a stale segment because their blobs cannot
// be read.
var errUnread = errors.New("some files cannot be read")

// emptySome moves files of a stale segment into a new one: as many as one
// segment takes. The move is one transaction, so a crash loses only the work.
// Files that cannot be read stay where they are, and are tried again later.
func (e *Engine) emptySome(ctx context.Context, seg *segment) error {
	files := e.liveFiles(seg)
	b := e.newBatch(seg.cid, e.db.Now())
	var unread []error
	done := true
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.builder.Full() {
			done = false
			break
		}
		d, err := e.filters(ctx, seg.cid, f)
		if err == nil {
			err = b.add(f, seg, d, b.opened)
		}
		if err != nil && e.alive(seg.cid, f.Seq) {
			unread = append(unread, err)
		}
	}
	var err error
	if len(b.items) > 0 {
		err = e.publishBatch(ctx, b)
	} else if len(unread) == 0 {
		err = e.retire(ctx, []*segment{seg})
	}
	if err == nil && done && len(unread) > 0 {
		e.mu.Lock()
		seg.stuck = e.db.Now().Add(e.limits.Retry).UnixMilli()
		e.mu.Unlock()
		err = fmt.Errorf("empty segment %d: %w: %w", seg.id, errUnread, errors.Join(unread...))
	}
	return err
}

// Rebuild makes every segment anew from the stored samples, and indexes the
// tail. The old segments answer until their files have moved. An interrupted
// rebuild is resumed by the next call, or in the background by Run. progress,
// if set, is told how many files are done.
func (e *Engine) Rebuild(ctx context.Context, progress func(done, total int64)) error {
	if progress == nil {
		progress = func(_, _ int64) {}
	}
	if stale, _ := e.pending(); stale == 0 {
		if err := e.markStale(ctx, func(*segment) bool { return true }); err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
	}
	stale, tail := e.pending()
	total := stale + tail
	report := func() {
		stale, tail := e.pending()
		progress(max(total-stale-tail, 0), total)
	}
	report()
	if err := e.Flush(ctx); err != nil {
		return fmt.Errorf("rebuild: %w", err)
	}
	var unread []error
	for {
		report()
		did, err := e.rebuildStep(ctx)
		if errors.Is(err, errUnread) {
			unread = append(unread, err) // the rest can be rebuilt
			continue
		}
		if err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		if !did {
			break
		}
	}
	if len(unread) > 0 {
		return fmt.Errorf("rebuild: %w", errors.Join(unread...))
	}
	return nil
}

func (e *Engine) rebuildStep(ctx context.Context) (did bool, err error) {
	e.mg.Lock()
	defer e.mg.Unlock()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	seg := e.nextStale()
	if seg == nil {
		return false, nil
	}
	return true, e.emptySome(ctx, seg)
}

// pending counts the files in stale segments and in the tail.
func (e *Engine) pending() (stale, tail int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, sh := range e.shards {
		tail += int64(len(sh.tail))
		for _, seg := range sh.segments {
			if seg.stale {
				stale += int64(seg.files - seg.deadN)
			}
		}
	}
	return stale, tail
}
