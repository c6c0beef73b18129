package search

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/mewshq/mews/internal/query"
)

// TestPace: at a byte a second a merge would take weeks. It does not wait while
// nobody else is busy, and waits no longer than its context.
func TestPace(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	busy := false
	var out bytes.Buffer
	p := &pacedWriter{ctx: ctx, w: &out, rate: 1, busy: func() bool { return busy }}
	step := make([]byte, paceStep)
	for range 3 {
		if n, err := p.Write(step); n != paceStep || err != nil {
			t.Fatal(n, err)
		}
	}
	if _, err := p.Write(step[:10]); err != nil || p.owed != 10 {
		t.Fatalf("%d bytes owed, %v", p.owed, err)
	}
	busy = true
	cancel()
	if n, err := p.Write(step); n != paceStep || !errors.Is(err, context.Canceled) {
		t.Fatal(n, err)
	}
	if out.Len() != 4*paceStep+10 {
		t.Errorf("%d bytes were written", out.Len())
	}
}

// TestBusy: files in the tail and open snapshots hold merges back.
func TestBusy(t *testing.T) {
	w := newWorld(t, 22)
	want := func(busy bool, when string) {
		t.Helper()
		if w.eng.busy() != busy {
			t.Errorf("%s: busy is %v", when, !busy)
		}
	}
	want(false, "at first")
	w.must(w.put("alpha", []byte("a file"), "text", atColumns, true))
	want(true, "with a file in the tail")
	w.must(w.eng.Flush(t.Context()))
	want(false, "after the flush")
	s, err := w.eng.Snapshot(t.Context(), "alpha")
	w.must(err)
	want(true, "with a search under way")
	s.Close()
	s.Close()
	want(false, "after the search")
	w.check("alpha", query.All{})
	want(false, "after another")
}

// TestOldParameters: segments made under other parameters answer beside new
// ones, and no merge takes both for damage.
func TestOldParameters(t *testing.T) {
	w := newWorld(t, 23, func(l *Limits) { l.FanOut = 2 })
	add := func() {
		for range 2 {
			w.must(w.put("alpha", w.gen.Next(50_000).Bytes, "data", atColumns, false))
			w.must(w.eng.Flush(t.Context()))
		}
	}
	old := w.eng.params
	old.Classes = old.Classes[:1]
	current := w.eng.params
	w.eng.params = old
	add()
	w.eng.params = current
	add()
	for range 4 {
		w.must(w.eng.maintain(t.Context()))
	}
	st, err := w.eng.Status(t.Context())
	w.must(err)
	if st.Files != 4 || st.Damaged != 0 || st.Stale != 0 {
		t.Errorf("%+v", st)
	}
	for _, k := range w.files["alpha"] {
		w.check("alpha", query.Literal{Bytes: k.plain[len(k.plain)/2:][:min(12, len(k.plain)/2)]})
	}
}
