package intel

import (
	"context"
	"sync"

	"github.com/mewshq/mews/internal/store"
)

// maxImports is how many imports run at a time: one may hold a whole bundle.
const maxImports = 2

// A feedKey names a customer's feed.
type feedKey struct {
	cid    store.CID
	source string
}

// turns has imports of one feed follow each other, and bounds how many run.
type turns struct {
	mu    *sync.Mutex
	feeds map[feedKey]*turn
	run   chan struct{}
}

// A turn is held by the import that has put something into it.
type turn struct {
	held    chan struct{}
	waiting int // with who holds it
}

func newTurns() turns {
	return turns{mu: &sync.Mutex{}, feeds: map[feedKey]*turn{}, run: make(chan struct{}, maxImports)}
}

// take waits for the turn of a feed. Call done behind the import.
func (t *turns) take(ctx context.Context, key feedKey) (done func(), err error) {
	t.mu.Lock()
	mine := t.feeds[key]
	if mine == nil {
		mine = &turn{held: make(chan struct{}, 1)}
		t.feeds[key] = mine
	}
	mine.waiting++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.waiting--; mine.waiting == 0 {
			delete(t.feeds, key)
		}
	}
	if err := enter(ctx, mine.held); err != nil {
		leave()
		return nil, err
	}
	if err := enter(ctx, t.run); err != nil {
		<-mine.held
		leave()
		return nil, err
	}
	return func() { <-t.run; <-mine.held; leave() }, nil
}

func enter(ctx context.Context, room chan struct{}) error {
	select {
	case room <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
