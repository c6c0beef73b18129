package sighting

import (
	"slices"
	"sync"
)

// A budget bounds the memory of all ingest calls at work. The call that has been
// at work for the longest may always have what it asks for: so one of them
// always comes to its end, and the others after it.
type budget struct {
	mu      sync.Mutex
	left    int64
	holders []*share      // at work, the oldest first
	freed   chan struct{} // closed and made anew when memory comes back
}

// A share is what one call holds.
type share struct {
	b    *budget
	held int64
}

func newBudget(bytes int64) *budget { return &budget{left: bytes, freed: make(chan struct{})} }

// join enters a call. It must leave.
func (b *budget) join() *share {
	b.mu.Lock()
	defer b.mu.Unlock()
	sh := &share{b: b}
	b.holders = append(b.holders, sh)
	return sh
}

// leave gives back all that a call holds.
func (sh *share) leave() {
	b := sh.b
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += sh.held
	b.holders = slices.DeleteFunc(b.holders, func(o *share) bool { return o == sh })
	close(b.freed)
	b.freed = make(chan struct{})
}

// grow lets the call hold so many bytes in all. It is false while others hold
// too much; freed tells when to try again.
func (sh *share) grow(bytes int64) (freed <-chan struct{}, ok bool) {
	b := sh.b
	b.mu.Lock()
	defer b.mu.Unlock()
	more := bytes - sh.held
	if more > max(b.left, 0) && b.holders[0] != sh {
		return b.freed, false
	}
	b.left -= more
	sh.held = bytes
	return nil, true
}
