package server

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/httpapi"
)

// patience is how long requests under way may take when the stage is to be
// empty, and again how long they may take to notice that they were cut off.
const patience = 2 * time.Second

// An act is a node that is being served.
type act struct {
	node       *node
	api, admin http.Handler
	stop       context.CancelFunc // of the background
	ended      chan struct{}      // the background has ended
}

// A stage is what the listeners of dev mode speak to: the act of the moment.
// Another act can take its place when nobody is inside; whoever comes meanwhile
// waits.
type stage struct {
	mu      sync.Mutex
	act     *act          // nil: the show is over
	inside  int           // requests
	shut    chan struct{} // until it is closed, nobody comes in; nil: the stage is open
	emptied chan struct{} // closed when the last one leaves a stage that is shut
	cut     func()        // ends the requests inside
	alive   context.Context
}

func newStage(a *act) *stage {
	s := &stage{act: a}
	s.alive, s.cut = context.WithCancel(context.Background())
	return s
}

// current is the act of the moment, also of a stage that is shut.
func (s *stage) current() *act {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.act
}

// enter waits until the stage is open. It gives the act, and a context that ends
// when those inside are cut off; whoever is inside calls leave.
func (s *stage) enter(ctx context.Context) (a *act, cut context.Context, err error) {
	for {
		s.mu.Lock()
		shut := s.shut
		if shut == nil {
			break
		}
		s.mu.Unlock()
		select {
		case <-shut:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
	defer s.mu.Unlock()
	if s.act == nil {
		return nil, nil, mews.Errorf(mews.ErrUnavailable, "the server ends")
	}
	s.inside++
	return s.act, s.alive, nil
}

func (s *stage) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside--; s.inside == 0 && s.emptied != nil {
		close(s.emptied)
		s.emptied = nil
	}
}

// clear shuts the stage and waits until nobody is inside. When that takes too
// long, the stage is as before.
func (s *stage) clear(patience time.Duration) error {
	s.mu.Lock()
	s.shut = make(chan struct{})
	emptied := make(chan struct{})
	if s.inside == 0 {
		close(emptied)
	} else {
		s.emptied = emptied
	}
	s.mu.Unlock()
	for _, last := range []func(){s.cut, func() {}} {
		t := time.NewTimer(patience)
		select {
		case <-emptied:
			t.Stop()
			return nil
		case <-t.C:
			last()
		}
	}
	s.open(s.current())
	return mews.Errorf(mews.ErrUnavailable, "there are requests that do not end; try again").WithRetryAt(time.Now().Add(patience))
}

// open opens a stage that was shut, with the act given.
func (s *stage) open(a *act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.act, s.emptied = a, nil
	if s.alive.Err() != nil {
		s.alive, s.cut = context.WithCancel(context.Background())
	}
	close(s.shut)
	s.shut = nil
}

// door is a handler that leads to the act of the moment. The routes of dev mode
// do not go inside: one of them is what changes the act.
func (s *stage) door(pick func(*act) http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, httpapi.DevRoutes) {
			if a := s.current(); a != nil {
				pick(a).ServeHTTP(w, r)
				return
			}
			panic(http.ErrAbortHandler)
		}
		a, cut, err := s.enter(r.Context())
		if err != nil {
			panic(http.ErrAbortHandler) // the peer is gone, or the server is
		}
		defer s.leave()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(cut, func() { cancel(); hurry(w) })()
		pick(a).ServeHTTP(w, r.WithContext(ctx))
	})
}

// hurry ends what waits for the peer: contexts do not reach there.
func hurry(w http.ResponseWriter) {
	control, now := http.NewResponseController(w), time.Now()
	// A connection that takes no deadline is no connection.
	_, _ = control.SetReadDeadline(now), control.SetWriteDeadline(now)
}
