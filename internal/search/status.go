package search

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

// Status is how the index of all customers stands.
type Status struct {
	Segments    int
	Files       int           // indexed, deleted ones left out
	Columns     int           // in all segments
	IndexBytes  int64         // of the segment files
	CorpusBytes int64         // plain bytes of the files in the segments
	Written     int64         // bytes of segments written since the start
	Merged      int64         // of these, with files of older segments: merges and repairs
	TailFiles   int           // not indexed yet: every search reads them
	TailBytes   int64         // plain bytes of the tail
	QueueLag    time.Duration // how long the oldest file of the tail has waited
	Stale       int           // segments being emptied: a rebuild, or damage
	Damaged     int64         // damaged regions seen since the start
	SetAside    int64         // segments that did not open at the start
	LastError   error         // of the background work; nil if none yet
}

// Status tells how the index stands.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	now := e.db.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	st := Status{Written: e.written, Merged: e.merged, Damaged: e.damaged, SetAside: e.setAside, LastError: e.lastErr}
	for _, sh := range e.shards {
		for _, seg := range sh.segments {
			st.Segments++
			st.Files += seg.files - seg.deadN
			st.Columns += seg.columns
			st.IndexBytes += seg.bytes
			st.CorpusBytes += seg.corpus
			if seg.stale {
				st.Stale++
			}
		}
		st.TailFiles += len(sh.tail)
		st.TailBytes += sh.tailBytes
		for _, en := range sh.tail {
			st.QueueLag = max(st.QueueLag, now.Sub(en.queued))
		}
	}
	return st, ctx.Err()
}

// A Report is the outcome of Check.
type Report struct {
	Segments int
	Files    int
	Bytes    int64
	Problems []Problem
}

// A Problem is something wrong with one segment. Searches are right in spite of
// it; it is being repaired if Check could tell how.
type Problem struct {
	CID     store.CID
	Segment uint64
	Text    string
}

// Check reads every segment completely, and compares it with the catalog: each
// file that the catalog places in a segment must be there and not hidden. What
// is damaged is queued for repair.
func (e *Engine) Check(ctx context.Context) (Report, error) {
	var r Report
	for _, seg := range e.holdAll() {
		err := ctx.Err()
		if err == nil {
			err = e.checkSegment(ctx, seg, &r)
		}
		e.release([]*segment{seg})
		if err != nil {
			return r, fmt.Errorf("check index: %w", err)
		}
	}
	return r, ctx.Err()
}

func (e *Engine) holdAll() (all []*segment) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, sh := range e.shards {
		for _, seg := range sh.segments {
			all = append(all, seg)
		}
	}
	return hold(all)
}

func (e *Engine) checkSegment(ctx context.Context, seg *segment, r *Report) error {
	r.Segments++
	r.Files += seg.files
	r.Bytes += seg.bytes
	problem := func(format string, args ...any) {
		err := fmt.Errorf(format, args...)
		r.Problems = append(r.Problems, Problem{CID: seg.cid, Segment: seg.id, Text: err.Error()})
		e.suspect(seg, 1, err)
	}
	if err := index.Check(seg.file, seg.bytes, e.box(seg.cid, seg.id)); err != nil {
		problem("%w", err)
	}
	var seqs []uint64
	err := e.db.Read(ctx, func(tx *store.Tx) (err error) {
		seqs, err = filesOf(tx, seg.id)
		return err
	})
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		if !e.hides(seg, seq) {
			continue
		}
		placed, err := e.placed(ctx, seg, seq)
		if err != nil {
			return err
		}
		if placed {
			problem("file %d of the catalog is not in its segment", seq)
		}
	}
	return nil
}

// hides tells whether a segment does not answer for a file.
func (e *Engine) hides(seg *segment, seq uint64) bool {
	no, ok := seg.find(seq)
	e.mu.Lock()
	defer e.mu.Unlock()
	return !ok || seg.dead.has(no)
}

// placed asks the catalog again whether a file is in a segment: it may have
// moved, or gone, since it was read.
func (e *Engine) placed(ctx context.Context, seg *segment, seq uint64) (yes bool, err error) {
	err = e.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM index_file WHERE cid = ? AND seq = ? AND segment = ?)`,
			string(seg.cid), int64(seq), int64(seg.id)).Scan(&yes)
	})
	return yes, err
}

// Customers lists those of whom the index holds files, in no certain order.
func (e *Engine) Customers() []store.CID {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Keys(e.shards))
}
