package search

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

// A Snapshot is one customer's index after one transaction. It keeps the
// segments it sees from being removed, so Close it.
type Snapshot struct {
	eng   *Engine
	cid   store.CID
	parts []part       // segments, the one with the newest file first
	tail  []index.File // newest first
	next  *batch       // holds filters of some files of the tail, or nil
	files int
	once  sync.Once
}

// A part is a segment with the tombstones it had when the snapshot was taken.
type part struct {
	*segment
	dead bitmap
}

// Snapshot takes a snapshot. It sees every file whose Enqueue has committed,
// and none whose Forget has.
func (e *Engine) Snapshot(ctx context.Context, cid store.CID) (*Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Snapshot{eng: e, cid: cid}
	e.mu.Lock()
	e.snapshots++
	sh := e.shards[cid]
	if sh != nil {
		for _, seg := range sh.segments {
			seg.refs++
			seg.shared = true
			s.parts = append(s.parts, part{seg, seg.dead})
			s.files += seg.files - seg.deadN
		}
		s.tail = make([]index.File, 0, len(sh.tail))
		for _, en := range sh.tail {
			s.tail = append(s.tail, en.file)
		}
		s.files += len(sh.tail)
		s.next = sh.filling
	}
	e.mu.Unlock()
	slices.SortFunc(s.parts, func(a, b part) int { return cmp.Compare(b.maxSeq, a.maxSeq) })
	slices.SortFunc(s.tail, func(a, b index.File) int { return cmp.Compare(b.Seq, a.Seq) })
	return s, nil
}

// Close lets merged segments go. Candidates stay usable.
func (s *Snapshot) Close() {
	s.once.Do(func() {
		s.eng.mu.Lock()
		s.eng.snapshots--
		for _, p := range s.parts {
			s.eng.unref(p.segment)
		}
		s.eng.mu.Unlock()
		s.eng.collect()
	})
}

// Files is the number of files in the snapshot.
func (s *Snapshot) Files() int { return s.files }

// MaxSeq is the newest sequence number in the snapshot, 0 when it is empty.
func (s *Snapshot) MaxSeq() uint64 {
	var newest uint64
	if len(s.tail) > 0 {
		newest = s.tail[0].Seq
	}
	for _, p := range s.parts {
		newest = max(newest, p.newest())
		if newest >= p.maxSeq {
			break
		}
	}
	return newest
}

// newest is the highest sequence number without a tombstone, 0 when there is none.
func (p part) newest() uint64 {
	for i := p.files - 1; i >= 0; i-- {
		no := i
		if p.bySeq != nil {
			no = int(p.bySeq[i])
		}
		if !p.dead.has(no) {
			return p.idx.File(no).Seq
		}
	}
	return 0
}
