package sighting

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// A lookout is a Watch that looks for a few observables and remembers what it
// was asked and told.
type lookout struct {
	of     map[observable.Observable]bool
	asked  []observable.Observable
	told   []Seen
	refuse error
}

func (l *lookout) Candidates(context.Context, store.CID) (func(observable.Observable) bool, error) {
	return func(o observable.Observable) bool {
		l.asked = append(l.asked, o)
		return l.of[o]
	}, nil
}

func (l *lookout) Record(_ *store.Tx, _ store.CID, seen []Seen) (int, error) {
	l.told = append(l.told, seen...)
	return 2 * len(seen), l.refuse
}

// What may be an indicator is told once per observable and host, in the call's
// own transaction; each observable is looked up once.
func TestWatch(t *testing.T) {
	seven, err := observable.Parse("sha256", sha(7))
	must(t, err)
	name, err := observable.Parse("domain", "bad.example.com")
	must(t, err)
	l := &lookout{of: map[observable.Observable]bool{seven: true, name: true}}
	w := newWorld(t, func(d *Deps) { d.Watch = l })
	c := w.ingest(
		t,
		started(1, 100, 7, 5), started(1, 101, 7, 9), started(1, 102, 7, 2), started(2, 200, 7, 3),
		started(2, 201, 8, 4), asked(2, 201, "good.example.com", 5), asked(1, 0, "bad.example.com", 6), asked(1, 102, "bad.example.com", 3),
	)
	at := func(second int64) int64 { return epoch.UnixMicro() + second*1e6 }
	want := []Seen{
		{seven, aid(1), 101, at(2), at(9), 3, telemetry.Exec},
		{seven, aid(2), 200, at(3), at(3), 1, telemetry.Exec},
		{name, aid(1), 102, at(3), at(6), 2, telemetry.DNS},
	}
	if !slices.Equal(l.told, want) {
		t.Errorf("told are\n%+v, want\n%+v", l.told, want)
	}
	if len(l.asked) != 4 {
		t.Errorf("looked up %v", l.asked)
	}
	if c.Matches != 6 {
		t.Errorf("counts are %+v", c)
	}
	if c = w.ingest(t, started(1, 100, 8, 5)); c.Matches != 0 || len(l.told) != 3 {
		t.Errorf("%+v, told %+v", c, l.told)
	}

	l.refuse = errors.New("no room")
	_, _, err = w.Ingest(ctx, me, Input{Lines: &lines{all: []string{started(3, 1, 7, 7)}}, Format: telemetry.FDR})
	if !errors.Is(err, l.refuse) {
		t.Errorf("got %v", err)
	}
	if n := w.count(t, file(7)); n != 2 {
		t.Errorf("%d devices: the call counts although its matches do not", n)
	}
	w.wantFiles(t, 2)
}
