package search

import (
	"fmt"
	"time"

	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

// An entry is a file of the tail. Guarded by Engine.mu.
type entry struct {
	file   index.File
	queued time.Time
	doc    *index.Doc // offered filters
	alone  bool       // no filters will be offered: the indexer makes them
	retry  time.Time  // not before this time, after a failure; then it is in shard.failed
	gone   bool       // deleted or indexed
}

// Enqueue adds a file to the catalog inside the transaction that makes the file
// known. Searches see it from the commit on. The sequence number must never
// have been used by this customer before.
func (e *Engine) Enqueue(tx *store.Tx, cid store.CID, f index.File) error {
	now := e.db.Now()
	if err := insertFile(tx, cid, f, now); err != nil {
		return fmt.Errorf("queue file %d for the index: %w", f.Seq, err)
	}
	tx.OnCommit(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.addTail(cid, f, now, false)
	})
	return nil
}

// addTail: mu is held, or nobody else knows e yet.
func (e *Engine) addTail(cid store.CID, f index.File, queued time.Time, alone bool) {
	sh := e.shard(cid)
	en := &entry{file: f, queued: queued, alone: alone}
	sh.tail[f.Seq] = en
	sh.queue = append(sh.queue, en)
	sh.tailBytes += f.Size
	wake(e.arrived)
}

// leaveTail: mu is held.
func (e *Engine) leaveTail(sh *shard, seq uint64) {
	en := sh.tail[seq]
	if en == nil {
		return
	}
	e.dropDoc(en)
	en.gone = true
	sh.tailBytes -= en.file.Size
	delete(sh.tail, seq)
}

func (e *Engine) dropDoc(en *entry) {
	if en.doc != nil {
		e.docBytes -= int64(en.doc.Bytes())
		en.doc = nil
	}
}

// Offer gives the indexer the filters of a file whose Enqueue has committed, so
// that it need not read the file again. It is a gift: when memory is short, or
// the file is no longer in the tail, it is dropped. A nil doc says that none
// will come.
func (e *Engine) Offer(cid store.CID, f index.File, d *index.Doc) {
	e.mu.Lock()
	defer e.mu.Unlock()
	en := e.shard(cid).tail[f.Seq]
	if en == nil || en.doc != nil || en.file != f {
		return
	}
	if d == nil || e.docBytes+int64(d.Bytes()) > e.limits.DocBytes {
		en.alone = true
	} else {
		en.doc = d
		e.docBytes += int64(d.Bytes())
	}
	wake(e.arrived)
}

// Forget takes a file out of the index inside the transaction that deletes it.
// Snapshots taken after the commit do not hold it. A file that is not known is
// no error.
func (e *Engine) Forget(tx *store.Tx, cid store.CID, seq uint64) error {
	id, ok, err := deleteFile(tx, cid, seq)
	if err == nil && id != 0 {
		err = insertDead(tx, id, seq)
	}
	if err != nil {
		return fmt.Errorf("take file %d out of the index: %w", seq, err)
	}
	if !ok {
		return nil
	}
	tx.OnCommit(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		sh := e.shard(cid)
		if id == 0 {
			e.leaveTail(sh, seq)
		} else if seg := sh.segments[id]; seg != nil {
			seg.kill(seq)
			wake(e.changed)
		}
	})
	return nil
}

// alive tells whether a file is still known.
func (e *Engine) alive(cid store.CID, seq uint64) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	sh := e.shard(cid)
	if sh.tail[seq] != nil {
		return true
	}
	for _, seg := range sh.segments {
		if no, ok := seg.find(seq); ok && !seg.dead.has(no) {
			return true
		}
	}
	return false
}

// take removes the next file that can be indexed from a queue. A file waits for
// its filters until it has been quiet for a while; with all set nothing waits.
// The current customer is preferred, then the one whose file waits longest; for
// a change of customer the file must have waited. mu is held.
func (e *Engine) take(current store.CID, now time.Time, all bool) (cid store.CID, en *entry) {
	pick := func(c store.CID, sh *shard) *entry {
		head := sh.head()
		if head != nil && (all || head.ready(now, e.limits.Quiet)) {
			return head
		}
		return nil
	}
	if sh := e.shards[current]; sh != nil {
		cid, en = current, pick(current, sh)
	}
	if en == nil {
		for c, sh := range e.shards {
			head := pick(c, sh)
			if head == nil || current != "" && !all && now.Sub(head.queued) < e.limits.Quiet {
				continue
			}
			if en == nil || head.queued.Before(en.queued) {
				cid, en = c, head
			}
		}
	}
	if en != nil {
		sh := e.shards[cid]
		sh.queue = sh.queue[1:]
	}
	return cid, en
}

func (en *entry) ready(now time.Time, quiet time.Duration) bool {
	return en.doc != nil || en.alone || now.Sub(en.queued) >= quiet
}

// requeue lets failed entries be tried again: those whose pause is over, or all.
// mu is held.
func (sh *shard) requeue(now time.Time, all bool) {
	var still []*entry
	for _, en := range sh.failed {
		if all || !now.Before(en.retry) {
			sh.queue = append(sh.queue, en)
		} else {
			still = append(still, en)
		}
	}
	sh.failed = still
}

// head returns the oldest entry of the queue that is still in the tail.
func (sh *shard) head() *entry {
	for len(sh.queue) > 0 && sh.queue[0].gone {
		sh.queue = sh.queue[1:]
	}
	if len(sh.queue) == 0 {
		sh.queue = nil // let the array go
		return nil
	}
	return sh.queue[0]
}
