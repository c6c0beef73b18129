package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
)

// searched lists what a search for everything sees.
func (w *world) searched(t testing.TB) (shas []string) {
	t.Helper()
	snap, err := w.engine.Snapshot(ctx, cid)
	must(t, err)
	defer snap.Close()
	for c, err := range snap.Candidates(ctx, query.All{}, search.Select{}) {
		must(t, err)
		shas = append(shas, fmt.Sprintf("%x", c.File().SHA256))
	}
	return shas
}

// run has the background work done until a condition holds.
func (w *world) run(t testing.TB, done func() bool) {
	t.Helper()
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	for deadline := time.Now().Add(time.Minute); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the background work does not end")
		}
	}
	stop()
	must(t, <-ended)
}

func TestSearchableSwitch(t *testing.T) {
	w := newWorld(t)
	first := w.reportBytes(t, simple(aidOf(1), ""), "one").SHA256
	if got := w.searched(t); len(got) > 0 {
		t.Fatalf("searches see %q before the switch", got)
	}
	s, err := w.SetSearchable(ctx, me, true)
	must(t, err)
	if !s.Searchable || s.Pending != 1 {
		t.Errorf("settings %+v, want one file pending", s)
	}
	settled := func() bool {
		s, err := w.Settings(ctx, me)
		must(t, err)
		return s.Pending == 0
	}
	w.run(t, settled)
	second := w.reportBytes(t, simple(aidOf(1), ""), "two").SHA256
	got := w.searched(t)
	slices.Sort(got)
	want := []string{first, second}
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("searches see %q, want %q", got, want)
	}
	trail := w.trail(t)
	if last := trail[slices.Index(trail, "quarantine.settings"):]; len(last) != 2 { // and the second report
		t.Errorf("audit %q", trail)
	}
	if s, err := w.Settings(ctx, actor(other)); err != nil || s.Searchable {
		t.Errorf("another customer's settings: %+v, %v", s, err)
	}
	_, err = w.SetSearchable(ctx, me, true)
	must(t, err)
	if len(w.trail(t)) != len(trail) {
		t.Error("a setting that changes nothing is told of")
	}
	_, err = w.SetSearchable(ctx, me, false)
	must(t, err)
	w.run(t, settled)
	if got := w.searched(t); len(got) > 0 {
		t.Errorf("searches still see %q", got)
	}
}

func TestSearchableByDefault(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Searchable = true })
	sha := w.reportBytes(t, simple(aidOf(1), ""), "one").SHA256
	if got := w.searched(t); !slices.Equal(got, []string{sha}) {
		t.Errorf("searches see %q", got)
	}
	if s, err := w.Settings(ctx, me); err != nil || !s.Searchable || s.Pending != 0 {
		t.Errorf("settings %+v, %v", s, err)
	}
}

// TestLargePurgeIsFinishedInTheBackground: the bytes are out of reach at once,
// and destroyed by Run.
func TestLargePurgeIsFinishedInTheBackground(t *testing.T) {
	w := newWorld(t)
	var shas []string
	for i := range promptly + 1 {
		shas = append(shas, w.reportBytes(t, simple(aidOf(1), ""), fmt.Sprint("file ", i)).SHA256)
	}
	u, err := w.UpdateByQuery(ctx, me, mews.QuarantineQueryUpdate{Action: "delete", Filter: "*"})
	must(t, err)
	if u.Affected != len(shas) {
		t.Fatalf("%d purged", u.Affected)
	}
	if _, err := w.download(shas[0]); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("download right after the purge: %v", err)
	}
	if n := w.blobCount(t); n != len(shas) {
		t.Errorf("%d blobs before Run, want %d", n, len(shas))
	}
	w.run(t, func() bool { return w.blobCount(t) == 0 })
}

func (w *world) blobCount(t testing.TB) (n int) {
	t.Helper()
	for _, err := range w.blobs.All() {
		must(t, err)
		n++
	}
	return n
}

// TestAdopt makes a record of a sealed copy, as a recovery does.
func TestAdopt(t *testing.T) {
	w := newWorld(t)
	seventy := 70
	r := mews.QuarantineReport{
		SHA256: file(1), Hostname: "Web-01", Username: "bob", Paths: []mews.QuarantinePath{{Path: "/a/b", Filename: "c"}},
		DetectIDs: mews.List{"d"}, AlertIDs: mews.List{"a"}, Comment: "why", Agent: true, Extracted: true, PrimaryModule: true,
		IsOnRemovableDisk: true, ReleasePathForRemovableMedia: "/m", SandboxReportID: "s", SandboxReportState: "done",
		AdversaryID: "x", Country: "DE", Behaviors: []mews.QuarantineBehavior{{BehaviorID: "b", IOCType: "domain", IOCValue: "v", TreeRootHash: "t"}},
		MaxSeverity: &seventy, MaxConfidence: &seventy, FirstBehavior: "2026-01-01T00:00:00Z", LastBehavior: "2026-01-02T00:00:00Z",
		DateCreated: "2026-01-03T00:00:00Z",
	}
	f, err := w.read(cid, r)
	must(t, err)
	adopt := func() error {
		return w.db.Write(ctx, func(tx *store.Tx) error {
			return w.Adopt(tx, sample.Record{CID: cid, SHA256: file(1)}, seal(me, f))
		})
	}
	must(t, adopt())
	back, err := w.read(cid, r)
	must(t, err)
	got := w.detail(t, f.id())
	want := record{aid: back.aid, cid: cid, sha256: file(1), state: "quarantined", pathState: "quarantined", created: back.date, facts: back.facts}
	want.updated = 0
	wantDetail := want.detail()
	wantDetail.DateUpdated, wantDetail.History, wantDetail.Actions, wantDetail.Agent = got.DateUpdated, got.History, got.Actions, true
	if g, w := fmt.Sprintf("%+v", flat(got)), fmt.Sprintf("%+v", flat(wantDetail)); g != w {
		t.Errorf("adopted\n%s\nwant\n%s", g, w)
	}
	if e := got.History[0]; len(got.History) != 1 || e.Client != me.Client || e.Comment != "why" {
		t.Errorf("history %+v", got.History)
	}
	must(t, adopt()) // what is known already is known
	w.act(t, "delete", f.id())
	if err := adopt(); !errors.Is(err, sample.ErrUnwanted) {
		t.Errorf("a purged record's bytes: %v", err)
	}
	if err := w.db.Write(ctx, func(tx *store.Tx) error {
		return w.Adopt(tx, sample.Record{CID: cid, SHA256: file(2)}, seal(me, f))
	}); err == nil || errors.Is(err, sample.ErrUnwanted) {
		t.Errorf("another file's bytes: %v", err)
	}
}

// flat replaces the pointers, which print as addresses.
func flat(d mews.QuarantineDetail) []any {
	a, b := *d.MaxSeverity, *d.MaxConfidence
	d.MaxSeverity, d.MaxConfidence = nil, nil
	return []any{d, a, b}
}

// TestSealedCopyFits whatever a report holds.
func TestSealedCopyFits(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("\x01", maxText)
	r := mews.QuarantineReport{
		AID: aidOf(1), SHA256: file(1), Hostname: long, Username: long, Comment: strings.Repeat("\u2028", maxComment),
		ReleasePathForRemovableMedia: long, SandboxReportID: long, SandboxReportState: long, AdversaryID: long, Country: long,
	}
	for i := range maxPaths {
		r.Paths = append(r.Paths, mews.QuarantinePath{Path: fmt.Sprint(i) + long[:maxText-4]})
		r.Behaviors = append(r.Behaviors, mews.QuarantineBehavior{IOCValue: fmt.Sprint(i) + long[:maxText-4]})
		r.DetectIDs = append(r.DetectIDs, fmt.Sprint(i)+long[:maxText-4])
	}
	f, err := w.read(cid, r)
	must(t, err)
	if n := len(seal(me, f)); n > sample.MaxSealed {
		t.Errorf("the copy has %d bytes", n)
	}
	r.SHA256 = ""
	got := w.reportBytes(t, r, "content")
	if len(got.Paths) != maxPaths || got.Paths[99].Path != r.Paths[99].Path {
		t.Errorf("%d paths are kept", len(got.Paths))
	}
}
