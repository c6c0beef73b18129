package sample

import (
	"slices"
	"sync"
)

// nameLocks serialise what happens to one sample: the blob and its row change
// one after the other, and nobody else may come between. Names are blob file ids.
type nameLocks struct {
	mu      sync.Mutex
	held    map[string]*nameLock
	touched map[string]bool // names locked since watch; nil when nobody watches
}

type nameLock struct {
	mu    sync.Mutex
	users int // holders and those who wait
}

func (l *nameLocks) lock(name string) (unlock func()) {
	l.mu.Lock()
	n := l.enter(name)
	l.mu.Unlock()
	n.mu.Lock()
	return func() { l.leave(name, n) }
}

// lockAll locks several names. They are taken in order, so that two who want the
// same ones do not wait for each other.
func (l *nameLocks) lockAll(names []string) (unlock func()) {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	unlocks := make([]func(), len(names))
	for i, name := range names {
		unlocks[i] = l.lock(name)
	}
	return func() {
		for _, unlock := range unlocks {
			unlock()
		}
	}
}

func (l *nameLocks) enter(name string) *nameLock {
	n := l.held[name]
	if n == nil {
		n = new(nameLock)
		if l.held == nil {
			l.held = map[string]*nameLock{}
		}
		l.held[name] = n
	}
	n.users++
	if l.touched != nil {
		l.touched[name] = true
	}
	return n
}

func (l *nameLocks) leave(name string, n *nameLock) {
	n.mu.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if n.users--; n.users == 0 {
		delete(l.held, name)
	}
}

// watch begins to note which names are worked on, from those that are right now.
func (l *nameLocks) watch() (stop func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.touched = map[string]bool{}
	for name := range l.held {
		l.touched[name] = true
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.touched = nil
	}
}

// lockIdle locks a name that nobody has worked on since watch.
func (l *nameLocks) lockIdle(name string) (unlock func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.touched[name] {
		return nil, false
	}
	n := l.enter(name)
	n.mu.Lock() // free: a holder would have been noted
	return func() { l.leave(name, n) }, true
}
