package sighting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/telemetry"
)

// The same lines of the same client, or the same key, count once.
func TestRepeatedCallsCountOnce(t *testing.T) {
	w := newWorld(t)
	batch := []string{started(1, 100, 7, 0), "", started(1, 101, 7, 1)}
	first := w.ingest(t, batch...)
	again := w.ingest(t, batch...)
	first.Repeated = true
	if again != first {
		t.Errorf("the repetition is told %+v, the call %+v", again, first)
	}
	if c := w.ingestAs(t, mate, "", batch...); c.Repeated {
		t.Error("another client's lines count as a repetition")
	}
	if c := w.ingestAs(t, me, "chunk 1", started(1, 102, 7, 2)); c.Repeated {
		t.Error("a new key counts as a repetition")
	}
	if c := w.ingestAs(t, me, "chunk 1", started(1, 102, 7, 2)); !c.Repeated {
		t.Error("a key that came again does not")
	}
	if c := w.ingestAs(t, stranger, "chunk 1", started(1, 103, 7, 2)); c.Repeated {
		t.Error("another customer's key counts as a repetition")
	}
	list, _, err := w.Sightings(ctx, me, of(file(7)))
	must(t, err)
	if len(list) != 1 || list[0].Count != 5 {
		t.Errorf("counted %+v, want 5 events", list)
	}
	if n := w.runs(me); n != 3 {
		t.Errorf("%d runs, want 3", n)
	}
}

// A key belongs to the lines it came with.
func TestKeyOfOtherLines(t *testing.T) {
	w := newWorld(t)
	w.ingestAs(t, me, "k", started(1, 100, 7, 0))
	_, _, err := w.Ingest(ctx, me, Input{Lines: &lines{all: []string{started(1, 100, 8, 0)}}, Format: telemetry.FDR, Key: "k"})
	kind(t, err, mews.ErrConflict, "a key of its own")
	if n := w.count(t, file(8)); n != 0 {
		t.Error("its lines were counted")
	}
	long := Input{Lines: &lines{}, Format: telemetry.FDR, Key: strings.Repeat("k", 256)}
	_, _, err = w.Ingest(ctx, me, long)
	kind(t, err, mews.ErrInvalid, "at most 255")
	long.Key = long.Key[1:]
	_, _, err = w.Ingest(ctx, me, long)
	must(t, err)
}

// After a day a call is a new one; that is when its key is forgotten.
func TestKeysAge(t *testing.T) {
	w := newWorld(t)
	w.ingest(t, started(1, 100, 7, 0))
	w.clock.Store(24*3600 - 1)
	must(t, w.expire(ctx))
	if c := w.ingest(t, started(1, 100, 7, 0)); !c.Repeated {
		t.Error("the key was forgotten too early")
	}
	w.clock.Store(24 * 3600)
	if c := w.ingest(t, started(1, 100, 7, 0)); c.Repeated {
		t.Error("the key is known for too long")
	}
	must(t, w.expire(ctx))
	if c := w.ingest(t, started(1, 100, 7, 0)); !c.Repeated {
		t.Error("the new call's key was forgotten with the old one's")
	}
}

// Lines that are refused do not keep the others from counting; their numbers are
// those of the source. A call of which nothing counts leaves nothing behind.
func TestRefusedLines(t *testing.T) {
	w := newWorld(t)
	in := func(all ...string) (mews.IngestCounts, []LineError) {
		counts, bad, err := w.Ingest(ctx, me, Input{Lines: &lines{all: all}, Format: telemetry.FDR})
		must(t, err)
		return counts, bad
	}
	counts, bad := in("{", "", started(1, 1, 7, 0), `{"x":1`, line("SomethingElse", 1, 0, nil))
	if want := (mews.IngestCounts{Lines: 4, Events: 1, Ignored: 1, Failed: 2, Sightings: 1, Hosts: 1}); counts != want {
		t.Errorf("counts are %+v, want %+v", counts, want)
	}
	if len(bad) != 2 || bad[0].Line != 1 || bad[1].Line != 4 || bad[0].Message == "" {
		t.Errorf("errors are %+v", bad)
	}
	again, badAgain := in("{", "", started(1, 1, 7, 0), `{"x":1`, line("SomethingElse", 1, 0, nil))
	if !again.Repeated || !slices.Equal(badAgain, bad) {
		t.Errorf("the repetition is told %+v, %+v", again, badAgain)
	}
	for range 2 {
		if counts, bad = in(slices.Repeat([]string{"{"}, 150)...); counts.Failed != 150 || len(bad) != 100 || counts.Repeated {
			t.Errorf("%+v with %d errors", counts, len(bad))
		}
	}
	if n := w.runs(me); n != 1 {
		t.Errorf("%d runs, want 1", n)
	}
}

// Every bound of a call, at it and one beyond. A line that is too long is refused
// alone: a shipper would send it again for ever.
func TestBoundsOfACall(t *testing.T) {
	one := started(1, 1, 7, 0)
	w := newWorld(t, func(d *Deps) { d.Limits.MaxLines, d.Limits.MaxLine = 3, len(one) })
	w.ingest(t, one, "", one, one)
	in := func(f telemetry.Format, all ...string) (mews.IngestCounts, []LineError, error) {
		return w.Ingest(ctx, me, Input{Lines: &lines{all: all}, Format: f})
	}
	_, _, err := in(telemetry.FDR, one, one, one, "", one)
	kind(t, err, mews.ErrTooLarge, "more than 3 lines")
	_, _, err = in("morse", one)
	kind(t, err, mews.ErrInvalid, "unknown format")
	if n := w.runs(me); n != 1 {
		t.Errorf("%d runs, want 1", n)
	}
	counts, bad, err := in(telemetry.FDR, one, one+" ")
	must(t, err)
	if counts.Events != 1 || counts.Failed != 1 || len(bad) != 1 || bad[0].Line != 2 {
		t.Errorf("counts are %+v, errors %+v", counts, bad)
	}
}

// failing gives some lines and then an error.
type failing struct{ lines }

var errBroken = errors.New("connection reset")

func (f *failing) Next() ([]byte, error) {
	if f.at == len(f.all) {
		return nil, errBroken
	}
	return f.lines.Next()
}

// A call whose lines end too early counts nothing.
func TestBrokenOffCall(t *testing.T) {
	w := newWorld(t)
	_, _, err := w.Ingest(ctx, me, Input{Lines: &failing{lines{all: []string{started(1, 1, 7, 0)}}}, Format: telemetry.FDR})
	if !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	_, _, err = w.Ingest(gone, me, Input{Lines: &lines{all: []string{started(1, 1, 7, 0)}}, Format: telemetry.FDR})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := w.count(t, file(7)); n != 0 || w.runs(me) != 0 {
		t.Errorf("%d devices in %d runs", n, w.runs(me))
	}
}

// Of many equal calls at the same time exactly one counts.
func TestSameCallAtTheSameTime(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	counted := 0
	for range 8 {
		wg.Go(func() {
			c, _, err := w.Ingest(ctx, me, Input{Lines: &lines{all: []string{started(1, 1, 7, 0)}}, Format: telemetry.FDR, Key: "k"})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if !c.Repeated {
				counted++
			}
		})
	}
	wg.Wait()
	names, err := w.fs.ReadDir(folder)
	must(t, err)
	if counted != 1 || len(names) != 1 {
		t.Errorf("%d calls counted, %d files", counted, len(names))
	}
}

// Calls wait while merges are behind, and are told when to come again.
func TestCallsWaitForMerges(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Limits = Limits{FanIn: 2, Backlog: 3, Patience: 10 * time.Millisecond} })
	for i := range 4 {
		w.ingest(t, started(1, i, 7, i))
	}
	in := Input{Lines: &lines{all: []string{started(1, 9, 7, 9)}}, Format: telemetry.FDR}
	_, _, err := w.Ingest(ctx, me, in)
	kind(t, err, mews.ErrLimited, "faster than it can be merged")
	if e, ok := errors.AsType[*mews.Error](err); !ok || !e.RetryAt.After(w.now()) {
		t.Errorf("no time to come again: %v", err)
	}
	w.ingestAs(t, stranger, "", started(1, 9, 7, 9)) // is not behind
	w.limits.Patience = time.Minute
	done := make(chan error)
	go func() {
		_, _, err := w.Ingest(ctx, me, in)
		done <- err
	}()
	must(t, w.mergeAll(ctx, 0, largeMerge))
	must(t, <-done)
}

// However many calls there are, they share one bound of memory, and the oldest
// of them goes on.
func TestMemoryOfCalls(t *testing.T) {
	b := newBudget(100)
	old, young := b.join(), b.join()
	grow := func(sh *share, bytes int64, want bool) {
		t.Helper()
		if _, ok := sh.grow(bytes); ok != want {
			t.Errorf("%d bytes: %v", bytes, ok)
		}
	}
	grow(young, 60, true)
	grow(old, 40, true)
	grow(young, 61, false)
	grow(old, 500, true)
	freed, _ := young.grow(61)
	old.leave()
	<-freed
	grow(young, 500, true) // it is the oldest now
	young.leave()
	if b.left != 100 || len(b.holders) != 0 {
		t.Errorf("%d bytes and %d calls are left", b.left, len(b.holders))
	}

	w := newWorld(t, func(d *Deps) { d.Limits = Limits{Memory: 1, Patience: time.Millisecond} })
	first := w.budget.join()
	_, _, err := w.Ingest(ctx, me, Input{Lines: &lines{all: []string{started(1, 1, 7, 0)}}, Format: telemetry.FDR})
	kind(t, err, mews.ErrLimited, "at the same time")
	first.leave()
	w.ingest(t, started(1, 1, 7, 0))
}

// Every line of a large call ends up where it belongs.
func TestLargeCall(t *testing.T) {
	w := newWorld(t)
	var all []string
	for i := range 3000 {
		all = append(all, started(i%300, i, i%50, i), asked(i%300, i, fmt.Sprintf("host-%d.example.com", i%70), i))
	}
	c := w.ingest(t, all...)
	if c.Events != 6000 || c.Hosts != 300 || c.Sightings != 6000 {
		t.Errorf("counts are %+v", c)
	}
	// Files and hosts go round together: file n is on the hosts n, n+50, …
	if n := w.count(t, file(3)); n != 6 {
		t.Errorf("%d devices, want 6", n)
	}
	if n := w.count(t, domain("host-3.example.com")); n != 30 {
		t.Errorf("%d devices, want 30", n)
	}
}
