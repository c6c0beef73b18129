package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/mewshq/mews/internal/store"
)

// A Handler does the work of one kind of job. Nil means done, an error failed
// with its text, which users see. The context ends, with its cause, when the job
// is cancelled (ErrCancelled), its lease is lost (ErrLost), or the server shuts
// down (ErrShutdown); after a shutdown the job goes on in the next run, from the
// progress it had saved.
type Handler func(ctx context.Context, l *Lease) error

// Run leases jobs of the given kinds and runs up to workers of them at a time.
// It blocks until ctx ends and every handler has returned.
func (t *Table) Run(ctx context.Context, kinds map[string]Handler, workers int) error {
	if len(kinds) == 0 || workers < 1 {
		return fmt.Errorf("run jobs: %d kinds, %d workers", len(kinds), workers)
	}
	// Handlers get a context that outlives ctx until they are told why.
	base := context.WithoutCancel(ctx)
	var keepers sync.WaitGroup
	idle, end := context.WithCancel(base)
	keepers.Go(func() { t.keepLeases(idle) })
	keepers.Go(func() { t.keepClean(idle) })

	var running sync.WaitGroup
	slots := make(chan struct{}, workers)
	names := slices.Sorted(maps.Keys(kinds))
	t.open(kinds, workers)
	for t.await(ctx, slots) {
		l, err := t.nextHanded(), error(nil)
		if l == nil {
			l, err = t.lease(ctx, base, names)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			t.o.Log.Error("cannot lease a job", "error", err)
			fallthrough
		case l == nil:
			<-slots
			t.pause(ctx)
		default:
			t.spend(1)
			running.Go(func() {
				defer func() { t.spend(-1); <-slots; t.nudge() }()
				t.work(ctx, l, kinds[l.job.Kind])
			})
		}
	}
	t.open(nil, 0)
	t.stopAll(ErrShutdown)
	t.endWatches()
	for l := t.nextHanded(); l != nil; l = t.nextHanded() { // its handler never began
		l.stop(ErrShutdown)
		t.work(ctx, l, func(context.Context, *Lease) error { return ErrShutdown })
	}
	running.Wait()
	end()
	keepers.Wait()
	return nil
}

// open tells Create what Run works on, and with how many workers.
func (t *Table) open(kinds map[string]Handler, workers int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kinds, t.idle = nil, workers
	if len(kinds) > 0 {
		t.kinds = map[string]bool{}
	}
	for k := range kinds {
		t.kinds[k] = true
	}
}

// spend counts workers that got a job.
func (t *Table) spend(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle -= n
}

// await takes a free slot, or gives false when ctx has ended.
func (t *Table) await(ctx context.Context, slots chan struct{}) bool {
	select {
	case slots <- struct{}{}:
		if ctx.Err() == nil {
			return true
		}
		<-slots
	case <-ctx.Done():
	}
	return false
}

// pause waits until there may be work.
func (t *Table) pause(ctx context.Context) {
	timer := time.NewTimer(t.o.Poll)
	defer timer.Stop()
	select {
	case <-t.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// begin books the lease as active, so that it is renewed and can be stopped.
func (t *Table) begin(l *Lease) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.active[l.job.ID] = l
}

// work runs the handler and writes down how it ended.
func (t *Table) work(run context.Context, l *Lease, h Handler) {
	defer func() {
		t.mu.Lock()
		if t.active[l.job.ID] == l {
			delete(t.active, l.job.ID)
		}
		t.mu.Unlock()
		l.stop(nil)
	}()
	err := t.call(l.work, l, h)
	cause := context.Cause(l.work)
	for {
		end := t.settle(context.WithoutCancel(run), l, err, cause)
		if end == nil || errors.Is(end, ErrLost) || errors.Is(end, store.ErrFailed) || errors.Is(end, store.ErrClosed) {
			return
		}
		t.o.Log.Error("cannot write how a job ended", "job", l.job.ID, "error", end)
		if run.Err() != nil {
			return // the next run takes it up again
		}
		t.pause(run)
	}
}

// settle turns the handler's answer into the job's next state.
func (t *Table) settle(ctx context.Context, l *Lease, err, cause error) error {
	switch {
	case err == nil:
		err = l.finish(ctx, Done, "")
		if broken, ok := errors.AsType[*conclusionError](err); ok && !errors.Is(err, store.ErrFailed) {
			t.o.Log.Error("cannot write what a job found", "job", l.job.ID, "error", broken)
			return l.finish(ctx, Failed, "internal error")
		}
		return err
	case errors.Is(cause, ErrCancelled) || errors.Is(cause, ErrLost) || errors.Is(err, ErrLost):
		return ErrLost // somebody else has the word
	case errors.Is(cause, ErrShutdown):
		return l.requeue(ctx, l.job.Attempts-1)
	case errors.Is(err, ErrRetry) && l.job.Attempts < t.o.MaxAttempts:
		return l.requeue(ctx, l.job.Attempts)
	default:
		return l.finish(ctx, Failed, err.Error())
	}
}

func (t *Table) call(ctx context.Context, l *Lease, h Handler) (err error) {
	defer func() {
		if v := recover(); v != nil {
			t.o.Log.Error("job handler panicked", "job", l.job.ID, "kind", l.job.Kind, "panic", v, "stack", string(debug.Stack()))
			err = errors.New("internal error")
		}
	}()
	return h(ctx, l)
}

// stop ends an active handler's context if it works under that epoch.
func (t *Table) stop(id string, epoch int64, cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.active[id]; l != nil && l.job.Epoch == epoch {
		l.stop(cause)
	}
}

func (t *Table) stopAll(cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.active {
		l.stop(cause)
	}
}

// keepLeases renews the leases of this run, and stops handlers whose lease has
// passed to somebody else, or could not be renewed for its whole length.
func (t *Table) keepLeases(ctx context.Context) {
	tick := time.NewTicker(t.o.Lease / 3)
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		asked := time.Now()
		err := t.renew(ctx)
		switch {
		case err == nil:
			renewed = asked
		case errors.Is(err, store.ErrFailed) || time.Since(renewed) >= t.o.Lease:
			t.o.Log.Error("leases could not be renewed; stopping the jobs", "error", err)
			t.stopAll(ErrLost)
		default:
			t.o.Log.Warn("cannot renew leases", "error", err)
		}
	}
}

func (t *Table) renew(ctx context.Context) error {
	t.mu.Lock()
	active := maps.Clone(t.active)
	t.mu.Unlock()
	if len(active) == 0 {
		return nil
	}
	var lost []*Lease
	err := t.db.Write(ctx, func(tx *store.Tx) error {
		lost = nil
		end := t.leaseEnd(tx)
		for _, l := range active {
			if err := l.fenced(tx, `lease = ?`, end); errors.Is(err, ErrLost) {
				lost = append(lost, l)
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	for _, l := range lost {
		l.stop(ErrLost)
	}
	return err
}

// keepClean deletes what is past its time, now and every hour.
func (t *Table) keepClean(ctx context.Context) {
	tick := time.NewTicker(max(t.o.Keep/24, time.Second))
	defer tick.Stop()
	for {
		for {
			n, err := t.purge(ctx)
			if err != nil && ctx.Err() == nil {
				t.o.Log.Error("cannot purge old jobs", "error", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
