package search

import (
	"context"
	"errors"
	"fmt"

	"github.com/mewshq/mews/internal/store"
)

// A change is what publishing a segment did to the catalog, for the state in
// memory to follow once it is durable.
type change struct {
	tail  []uint64            // files that left the tail
	moved map[uint64][]uint64 // segment -> files that left it
	dead  []uint64            // files of the new segment that are gone already
	drop  []uint64            // segments that left the catalog
}

// publish enters a written segment into the catalog, in one transaction with
// what move does to files and older segments. The state that searches see
// follows after the commit.
func (e *Engine) publish(ctx context.Context, seg *segment, move func(*store.Tx) (change, error)) error {
	var refused error // the transaction was surely rolled back
	// A caller that gives up must not leave it open whether the commit happened.
	err := e.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		var c change
		if refused = insertSegment(tx, seg.segmentRow, e.db.Now()); refused == nil {
			c, refused = move(tx)
		}
		if refused == nil {
			refused = insertDead(tx, seg.id, c.dead...)
		}
		if refused == nil {
			tx.OnCommit(func() { e.follow(seg, c) })
		}
		return refused
	})
	if err != nil {
		err = fmt.Errorf("publish segment %d: %w", seg.id, err)
		if refused != nil {
			return errors.Join(err, e.abandon(seg))
		}
		// Perhaps committed: the next start keeps the file or sweeps it.
		return err
	}
	e.collect()
	e.log.Debug("segment published", "segment", seg.id, "cid", string(seg.cid), "files", seg.files, "columns", seg.columns, "bytes", seg.bytes)
	return nil
}

// follow brings the state in memory to what a committed publish left.
func (e *Engine) follow(seg *segment, c change) {
	e.mu.Lock()
	defer e.mu.Unlock()
	sh := e.shard(seg.cid)
	sh.segments[seg.id] = seg
	e.written += seg.bytes
	if len(c.moved)+len(c.drop) > 0 {
		e.merged += seg.bytes
	}
	for _, seq := range c.tail {
		e.leaveTail(sh, seq)
	}
	for id, seqs := range c.moved {
		for _, seq := range seqs {
			sh.segments[id].kill(seq)
		}
	}
	for _, seq := range c.dead {
		seg.kill(seq)
	}
	e.dropSegments(sh, c.drop)
}

// dropSegments: mu is held.
func (e *Engine) dropSegments(sh *shard, ids []uint64) {
	for _, id := range ids {
		seg := sh.segments[id]
		seg.dropped = true
		delete(sh.segments, id)
		e.unref(seg)
	}
}

// moveItems places the files of a batch into their new segment. Those that
// were deleted since they were read become tombstones of it; those that moved
// become tombstones of the segment they left, which is dropped when it is
// empty.
func moveItems(tx *store.Tx, seg *segment, items []item) (change, error) {
	c := change{moved: map[uint64][]uint64{}}
	origin := map[uint64][]uint64{}
	for _, it := range items {
		var from uint64
		if it.from != nil {
			from = it.from.id
		}
		origin[from] = append(origin[from], it.file.Seq)
	}
	for from, seqs := range origin {
		moved, err := placeFiles(tx, seg.cid, seqs, from, seg.id)
		if err != nil {
			return c, err
		}
		c.dead = append(c.dead, without(seqs, moved)...)
		if from == 0 {
			c.tail = moved
			continue
		}
		c.moved[from] = moved
		if err := insertDead(tx, from, moved...); err != nil {
			return c, err
		}
		dropped, err := dropEmpty(tx, from)
		if err != nil {
			return c, err
		}
		c.drop = append(c.drop, dropped...)
	}
	return c, nil
}

// mergeItems places every file that is still in one of the merged segments
// into the new one, which holds all of them, and drops the old ones.
func mergeItems(tx *store.Tx, seg *segment, from []*segment) (change, error) {
	var c change
	for _, old := range from {
		if _, err := tx.Exec(`UPDATE index_file SET segment = ? WHERE segment = ?`, int64(seg.id), int64(old.id)); err != nil {
			return c, err
		}
		dead, err := deadRows(tx, old.id)
		if err != nil {
			return c, err
		}
		for _, seq := range dead {
			if _, ok := seg.find(seq); ok { // died while the merge ran
				c.dead = append(c.dead, seq)
			}
		}
		if err := deleteSegment(tx, old.id); err != nil {
			return c, err
		}
		c.drop = append(c.drop, old.id)
	}
	return c, nil
}

// dropEmpty takes a segment out of the catalog if no file is in it any more.
func dropEmpty(tx *store.Tx, id uint64) ([]uint64, error) {
	yes, err := hasFiles(tx, id)
	if yes || err != nil {
		return nil, err
	}
	return []uint64{id}, deleteSegment(tx, id)
}

// without gives the members of all that are not in some.
func without(all, some []uint64) []uint64 {
	in := make(map[uint64]bool, len(some))
	for _, v := range some {
		in[v] = true
	}
	var out []uint64
	for _, v := range all {
		if !in[v] {
			out = append(out, v)
		}
	}
	return out
}
