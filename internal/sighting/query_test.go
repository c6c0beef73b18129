package sighting

import (
	"context"
	"slices"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/store"
)

// An empty answer says why.
func TestHints(t *testing.T) {
	known := registry{}
	w := newWorld(t, keepTenDays, func(d *Deps) { d.IOCs = known })
	ask := func(o mews.Observable, device int) *mews.SightingHint {
		t.Helper()
		q := of(o)
		if device != 0 {
			q.DeviceID = aid(device)
			p, err := w.Processes(ctx, me, q)
			must(t, err)
			return p.Hint
		}
		_, hint, err := w.Count(ctx, me, o)
		must(t, err)
		p, err := w.Devices(ctx, me, q)
		must(t, err)
		_, s, err := w.Sightings(ctx, me, q)
		must(t, err)
		if p.Total == 0 && (*p.Hint != *hint || *s.Hint != *hint) {
			t.Errorf("three hints: %+v, %+v, %+v", hint, p.Hint, s.Hint)
		}
		return hint
	}
	want := func(h *mews.SightingHint, reason string) {
		t.Helper()
		if h == nil || h.Reason != reason || h.Message == "" {
			t.Errorf("hint is %+v, want %s", h, reason)
		}
	}
	want(ask(file(7), 0), mews.HintNoTelemetry)
	want(ask(file(7), 1), mews.HintNoTelemetry)
	w.clock.Store(5 * day)
	w.ingest(t, started(1, 1, 7, 0), asked(1, 0, "nameless.example.com", 4), started(2, 1, 8, 5*day))
	if h := ask(file(7), 0); h != nil {
		t.Errorf("an answer has the hint %+v", h)
	}
	h := ask(file(9), 0)
	want(h, mews.HintNeverSeen)
	if h.Hosts != 2 || h.Indicator || h.From != "2026-03-01T12:00:00Z" || h.To != "2026-03-06T12:00:00Z" {
		t.Errorf("hint is %+v", h)
	}
	known[file(9).ID()] = true
	if h := ask(file(9), 0); !h.Indicator {
		t.Errorf("hint is %+v", h)
	}
	want(ask(file(7), 2), mews.HintOtherDevice)
	want(ask(file(7), 3), mews.HintOtherDevice)
	want(ask(file(9), 2), mews.HintNeverSeen)
	want(ask(domain("nameless.example.com"), 1), mews.HintNoProcess)
	w.clock.Store(11 * day)
	h = ask(file(7), 0)
	want(h, mews.HintOutOfWindow)
	if h.From != "2026-03-02T12:00:00Z" {
		t.Errorf("sightings are kept from %s on", h.From)
	}
	want(ask(file(7), 1), mews.HintOutOfWindow)
}

// registry knows indicators by their ids.
type registry map[string]bool

func (r registry) Known(_ context.Context, _ store.CID, o observable.Observable) (bool, error) {
	return r[o.ID()], nil
}

// Pages cut the same answer at every offset, and say what is next.
func TestPages(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		w.ingest(t, started(i, 1, 7, i), started(0, 10+i, 7, i))
	}
	all := w.devices(t, me, file(7))
	if len(all) != 7 {
		t.Fatalf("devices are %q", all)
	}
	for _, tc := range []struct{ limit, offset, from, to int }{
		{3, 0, 0, 3}, {3, 3, 3, 6}, {3, 6, 6, 7}, {3, 7, 7, 7}, {5000, 0, 0, 7}, {0, 2, 2, 7}, {1, 1 << 40, 7, 7},
	} {
		q := of(file(7))
		q.Limit, q.Offset = tc.limit, tc.offset
		p, err := w.Devices(ctx, me, q)
		must(t, err)
		if want := tc.offset + tc.to - tc.from; !slices.Equal(p.IDs, all[tc.from:tc.to]) || p.Total != 7 || p.Next != want || p.Hint != nil {
			t.Errorf("%+v: page is %+v", tc, p)
		}
		list, s, err := w.Sightings(ctx, me, q)
		must(t, err)
		if len(list) != tc.to-tc.from || s.Total != 7 || s.Next != p.Next || s.Limit != p.Limit {
			t.Errorf("%+v: sightings are %+v", tc, s)
		}
		q.DeviceID = aid(0)
		if p, err = w.Processes(ctx, me, q); err != nil || p.Total != 8 {
			t.Errorf("%+v: processes are %+v (%v)", tc, p, err)
		}
	}
	q := of(file(7))
	q.DeviceID = " " + aid(3) + " "
	list, s, err := w.Sightings(ctx, me, q)
	must(t, err)
	if len(list) != 1 || s.Total != 1 || list[0].DeviceID != aid(3) {
		t.Errorf("sightings on one device are %+v", list)
	}
}

// What users get wrong is told to them.
func TestMistakes(t *testing.T) {
	w := newWorld(t)
	devices := func(q mews.SightingQuery) error { _, err := w.Devices(ctx, me, q); return err }
	processes := func(q mews.SightingQuery) error { _, err := w.Processes(ctx, me, q); return err }
	sightings := func(q mews.SightingQuery) error { _, _, err := w.Sightings(ctx, me, q); return err }
	count := func(q mews.SightingQuery) error { _, _, err := w.Count(ctx, me, q.Observable); return err }
	details := func(q mews.SightingQuery) error {
		_, _, err := w.ProcessDetails(ctx, me, make([]string, q.Limit))
		return err
	}
	for _, tc := range []struct {
		call func(mews.SightingQuery) error
		q    mews.SightingQuery
		part string
	}{
		{devices, of(mews.Observable{Type: "sha256", Value: "abc"}), "64 hexadecimal digits"},
		{count, of(mews.Observable{Type: "sha1", Value: sha(1)}), "type"},
		{processes, of(file(7)), "device_id"},
		{processes, of(mews.Observable{Type: "ipv4", Value: "300.1.1.1"}), "ipv4"},
		{sightings, mews.SightingQuery{Observable: file(7), Limit: 5001}, "limit must be 1..5000"},
		{devices, mews.SightingQuery{Observable: file(7), Limit: -1}, "limit must be 1..5000"},
		{devices, mews.SightingQuery{Observable: file(7), Offset: -1}, "offset"},
		{details, mews.SightingQuery{Limit: 0}, "at least one"},
		{details, mews.SightingQuery{Limit: 5001}, "at most 5000"},
	} {
		kind(t, tc.call(tc.q), mews.ErrInvalid, tc.part)
	}
	if err := details(mews.SightingQuery{Limit: 5000}); err != nil {
		t.Error(err)
	}
}
