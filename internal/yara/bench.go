package yara

import (
	"sync"
	"time"
)

// What the bench may hold, and for how long.
const (
	benchSeats  = 4
	benchTime   = 15 * time.Second
	benchMemory = 256 << 20 // of one worker
)

// A bench keeps workers that have compiled a source and seen no file: the scan
// that follows a compilation takes its worker from here instead of starting and
// compiling again. A worker goes to its owner only, and only once.
type bench struct {
	seats  int
	keep   time.Duration
	mu     sync.Mutex
	closed bool
	queue  []*seat // oldest first
}

type seat struct {
	owner string
	w     *process
	timer *time.Timer
}

// put seats a worker. It ends the oldest when all seats are taken, and the
// worker itself when it has no owner or takes too much room.
func (b *bench) put(owner string, w *process) {
	if owner == "" || w.memory > benchMemory {
		w.close()
		return
	}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		w.close()
		return
	}
	var oldest *seat
	if len(b.queue) >= b.seats {
		oldest = b.queue[0]
		b.drop(oldest)
	}
	s := &seat{owner: owner, w: w}
	s.timer = time.AfterFunc(b.keep, func() { b.end(s) })
	b.queue = append(b.queue, s)
	b.mu.Unlock()
	if oldest != nil {
		oldest.w.close()
	}
}

// take gives a worker of this owner that compiled the source with this hash, or
// nil.
func (b *bench) take(owner string, hash [32]byte) *process {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.queue {
		if owner != "" && s.owner == owner && s.w.rules.Hash == hash {
			b.drop(s)
			return s.w
		}
	}
	return nil
}

// drop takes a seat out of the queue and tells whether it was there: whoever
// drops it has its worker. The caller holds the lock.
func (b *bench) drop(s *seat) bool {
	for i, other := range b.queue {
		if other == s {
			s.timer.Stop()
			b.queue = append(b.queue[:i], b.queue[i+1:]...)
			return true
		}
	}
	return false
}

// end ends the worker of a seat, if it is still there.
func (b *bench) end(s *seat) {
	b.mu.Lock()
	mine := b.drop(s)
	b.mu.Unlock()
	if mine {
		s.w.close()
	}
}

// close ends every worker and seats no more.
func (b *bench) close() {
	b.mu.Lock()
	queue := b.queue
	b.queue, b.closed = nil, true
	b.mu.Unlock()
	for _, s := range queue {
		s.timer.Stop()
		s.w.close()
	}
}
