package search

import (
	"cmp"
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"

	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vfs"
)

const (
	folder     = "segments"
	segSuffix  = ".seg"
	badSuffix  = ".bad"
	nameFormat = "%016x"
)

func segmentName(id uint64) string { return path.Join(folder, fmt.Sprintf(nameFormat, id)+segSuffix) }

// box seals a segment's file table. Its key belongs to one customer and one
// segment, so a file that turns up in another's place does not open.
func (e *Engine) box(cid store.CID, id uint64) cipher.AEAD {
	return e.keys.Box(fmt.Sprintf("segment/%s/%d", cid, id))
}

// A segment is one open segment file with its tombstones. The fields below mu
// are guarded by Engine.mu.
type segment struct {
	segmentRow
	idx   *index.Segment
	file  vfs.File
	bySeq []uint32 // file numbers in order of seq; nil when the numbers are in order

	// mu: Engine.mu
	refs      int    // snapshots and users, plus one while it is in the catalog
	dropped   bool   // no longer in the catalog: its file goes with the last reference
	dead      bitmap // tombstones
	deadN     int
	deadBytes int64 // plain bytes of dead files
	shared    bool  // a snapshot holds dead: copy before the next change
	damaged   bool  // damage was seen and is not yet noted in the catalog
	stuck     int64 // Unix ms until which emptying it is not tried again
}

// open opens a segment file and checks that it is the one the catalog means.
func (e *Engine) open(row segmentRow) (*segment, error) {
	f, err := e.fs.Open(segmentName(row.id))
	if err != nil {
		return nil, fmt.Errorf("open segment %d: %w", row.id, err)
	}
	seg, err := e.attach(f, row)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open segment %d: %w", row.id, err), f.Close())
	}
	return seg, nil
}

func (e *Engine) attach(f vfs.File, row segmentRow) (*segment, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	idx, err := index.OpenSegment(f, size, e.box(row.cid, row.id))
	if err != nil {
		return nil, err
	}
	seg := &segment{idx: idx, file: f, refs: 1, dead: newBitmap(idx.Files())}
	seg.segmentRow = describe(row, idx, size)
	if row.files != 0 && seg.segmentRow != row {
		return nil, fmt.Errorf("%w: it is not the segment of the catalog", index.ErrCorrupt)
	}
	seg.bySeq = seqOrder(idx)
	return seg, nil
}

// describe fills a catalog row from what stands in the file.
func describe(row segmentRow, idx *index.Segment, size int64) segmentRow {
	d := segmentRow{
		id: row.id, cid: row.cid, stale: row.stale,
		files: idx.Files(), columns: idx.Columns(), bytes: size,
	}
	for no := range idx.Files() {
		f := idx.File(no)
		if no == 0 || f.Seq < d.minSeq {
			d.minSeq = f.Seq
		}
		d.maxSeq = max(d.maxSeq, f.Seq)
		d.corpus += f.Size
	}
	return d
}

func seqOrder(idx *index.Segment) []uint32 {
	sorted := true
	for no := 1; no < idx.Files(); no++ {
		if idx.File(no).Seq < idx.File(no-1).Seq {
			sorted = false
			break
		}
	}
	if sorted {
		return nil
	}
	order := make([]uint32, idx.Files())
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return cmp.Compare(idx.File(int(a)).Seq, idx.File(int(b)).Seq)
	})
	return order
}

// find tells the number of the file with this sequence number.
func (s *segment) find(seq uint64) (no int, ok bool) {
	at := func(i int) int {
		if s.bySeq != nil {
			return int(s.bySeq[i])
		}
		return i
	}
	lo, hi := 0, s.files
	for lo < hi {
		mid := int(uint(lo+hi) / 2)
		if s.idx.File(at(mid)).Seq < seq {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == s.files || s.idx.File(at(lo)).Seq != seq {
		return 0, false
	}
	return at(lo), true
}

// kill sets a tombstone. Engine.mu is held.
func (s *segment) kill(seq uint64) {
	no, ok := s.find(seq)
	if !ok {
		return
	}
	if s.shared {
		s.dead, s.shared = slices.Clone(s.dead), false
	}
	if s.dead.set(no) {
		s.deadN++
		s.deadBytes += s.idx.File(no).Size
	}
}

// live lists the files without a tombstone, in order of number.
func (s *segment) live(dead bitmap) []index.File {
	var out []index.File
	for no := range s.files {
		if !dead.has(no) {
			out = append(out, s.idx.File(no))
		}
	}
	return out
}

// write makes a segment file durable, reads it back completely and opens it.
// It is not in the catalog yet: after a crash the next start sweeps it away.
func (e *Engine) write(ctx context.Context, cid store.CID, id uint64, fill func(io.Writer) error) (*segment, error) {
	err := vfs.WriteDurable(e.fs, segmentName(id), func(w io.Writer) error {
		return fill(&pausedWriter{ctx: ctx, gate: &e.gate, w: w})
	})
	if err != nil {
		return nil, fmt.Errorf("write segment %d: %w", id, err)
	}
	seg, err := e.open(segmentRow{id: id, cid: cid})
	if err == nil {
		err = seg.idx.Verify()
	}
	if err != nil {
		if seg != nil {
			err = errors.Join(err, seg.file.Close())
		}
		return nil, errors.Join(fmt.Errorf("read back segment %d: %w", id, err), e.fs.Remove(segmentName(id)))
	}
	return seg, nil
}

// abandon forgets a segment that is surely not in the catalog.
func (e *Engine) abandon(seg *segment) error {
	return errors.Join(seg.file.Close(), e.fs.Remove(segmentName(seg.id)))
}

// unref gives back a reference. Engine.mu is held; the file goes in collect.
func (e *Engine) unref(seg *segment) {
	if seg.refs--; seg.refs == 0 {
		e.garbage = append(e.garbage, seg)
	}
}

// collect closes segments nobody refers to, and removes the files of those the
// durable catalog no longer holds. What cannot be removed now is swept at the
// next start.
func (e *Engine) collect() {
	e.mu.Lock()
	garbage := e.garbage
	e.garbage = nil
	e.mu.Unlock()
	for _, seg := range garbage {
		err := seg.file.Close()
		if seg.dropped {
			err = errors.Join(err, e.fs.Remove(segmentName(seg.id)))
		}
		if err != nil {
			e.log.Warn("remove segment", "segment", seg.id, "error", err)
		}
	}
}

// A pausedWriter stops writing while merges are paused, and for good when ctx
// ends.
type pausedWriter struct {
	ctx  context.Context
	gate interface {
		RLock()
		RUnlock()
	}
	w io.Writer
}

func (p *pausedWriter) Write(b []byte) (int, error) {
	p.gate.RLock()
	defer p.gate.RUnlock()
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}
