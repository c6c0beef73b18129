package search

import (
	"context"
	"errors"
	"io/fs"
	"testing"

	"github.com/mewshq/mews/internal/demo/corpus"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/vfs"
)

// harm does something bad to the segment files, while no engine has them open.
var harm = map[string]func(w *world, names []string){
	"flipped bits": func(w *world, names []string) {
		for range 1 + w.rng.IntN(40) {
			name := names[w.rng.IntN(len(names))]
			size, err := w.fs.Stat(name)
			w.must(err)
			w.must(w.fs.Flip(name, w.rng.Int64N(8*size)))
		}
	},
	"flipped bit in the tables": func(w *world, names []string) {
		name := names[w.rng.IntN(len(names))]
		size, err := w.fs.Stat(name)
		w.must(err)
		w.must(w.fs.Flip(name, 8*size-1-w.rng.Int64N(8*min(2_000, size))))
	},
	"missing": func(w *world, names []string) {
		w.must(w.fs.Remove(names[w.rng.IntN(len(names))]))
	},
	"truncated": func(w *world, names []string) {
		name := names[w.rng.IntN(len(names))]
		size, err := w.fs.Stat(name)
		w.must(err)
		f, err := w.fs.Open(name)
		w.must(err)
		w.must(f.(interface{ Truncate(int64) error }).Truncate(w.rng.Int64N(size)))
		w.must(f.Close())
	},
	"swapped": func(w *world, names []string) {
		if len(names) > 1 {
			w.must(w.fs.Rename(names[0], "segments/x"))
			w.must(w.fs.Rename(names[1], names[0]))
			w.must(w.fs.Rename("segments/x", names[1]))
		}
	},
	"filled with zeroes": func(w *world, names []string) {
		name := names[w.rng.IntN(len(names))]
		size, err := w.fs.Stat(name)
		w.must(err)
		f, err := w.fs.Open(name)
		w.must(err)
		_, err = f.WriteAt(make([]byte, min(4096, size)), w.rng.Int64N(max(size-4096, 1)))
		w.must(errors.Join(err, f.Close()))
	},
}

// TestDamageLosesNothing: whatever happens to segment files, no match is
// missed, and the index heals itself.
func TestDamageLosesNothing(t *testing.T) {
	t.Parallel()
	seed := newSeed(t)
	for kind, hurt := range harm {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			for round := range uint64(2) {
				w := newWorld(t, seed+round, func(l *Limits) { l.FanOut = 100 })
				for range 3 {
					for range 4 {
						w.putRandom("alpha")
						w.putRandom("beta")
					}
					w.must(w.eng.Flush(t.Context()))
				}
				w.must(w.eng.Close())
				hurt(w, w.segmentNames())
				w.open()
				for range 40 {
					cid := w.cid()
					w.check(cid, w.plan(cid, 2))
				}
				w.heal()
				for range 20 {
					cid := w.cid()
					w.check(cid, w.plan(cid, 2))
				}
			}
		})
	}
}

// heal finds all damage and repairs it; afterwards there must be none.
func (w *world) heal() {
	w.t.Helper()
	ctx := w.t.(*testing.T).Context()
	_, err := w.eng.Check(ctx)
	w.must(err)
	w.must(w.eng.maintain(ctx))
	w.must(w.eng.Flush(ctx))
	report, err := w.eng.Check(ctx)
	w.must(err)
	if len(report.Problems) > 0 {
		w.t.Fatalf("still damaged: %v", report.Problems)
	}
	if st, err := w.eng.Status(ctx); err != nil || st.TailFiles > 0 || st.Stale > 0 {
		w.t.Fatalf("not healed: %+v, %v", st, err)
	}
	files := 0
	for _, known := range w.files {
		files += len(known)
	}
	if st, _ := w.eng.Status(ctx); st.Files != files {
		w.t.Fatalf("%d files indexed, want %d", st.Files, files)
	}
}

// TestUnreadableSegment: a segment whose reads fail while it is open gives all
// its files, and is made anew.
func TestUnreadableSegment(t *testing.T) {
	w := newWorld(t, 9)
	for range 3 { // many columns, so that rows are read
		w.must(w.put("alpha", w.gen.Sample(corpus.Packed, 400_000).Bytes, "data", atColumns, true))
	}
	w.must(w.put("alpha", []byte("a needle in here"), "text", atColumns, true))
	w.must(w.eng.Flush(t.Context()))
	bad := errors.New("bad sector")
	segment := w.segmentNames()[0]
	w.fs.Hook(func(op vfs.Op, name string) error {
		if op == vfs.OpRead && name == segment {
			return bad
		}
		return nil
	})
	w.check("alpha", query.Literal{Bytes: []byte("needle")})
	if st, err := w.eng.Status(t.Context()); err != nil || !errors.Is(st.LastError, bad) || st.Damaged == 0 {
		t.Errorf("status says nothing of it: %+v, %v", st, err)
	}
	w.must(w.eng.maintain(t.Context()))
	w.check("alpha", query.Literal{Bytes: []byte("needle")})
	if _, err := w.fs.Stat(segment); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old segment is still there: %v", err)
	}
}

// TestFullDisk: files that no segment can be written for stay in the tail, and
// are indexed when there is room again; the old segments stay.
func TestFullDisk(t *testing.T) {
	w := newWorld(t, 2, func(l *Limits) { l.FanOut = 2 })
	for range 2 {
		w.must(w.put("alpha", w.gen.Sample(corpus.PE, 60_000).Bytes, "pe32", atColumns, true))
		w.must(w.eng.Flush(t.Context()))
	}
	w.must(w.put("alpha", []byte("in the tail"), "text", atColumns, true))
	w.fs.Limit(0)
	for name, do := range map[string]func(context.Context) error{"flush": w.eng.Flush, "merge": w.eng.maintain} {
		if err := do(t.Context()); err == nil {
			t.Errorf("%s on a full disk gives no error", name)
		}
	}
	w.check("alpha", lit("in the tail"))
	w.check("alpha", query.Literal{Bytes: w.files["alpha"][0].plain[30_000:30_040]})
	if names := w.segmentNames(); len(names) != 2 {
		t.Errorf("segments %v, want the two from before", names)
	}
	w.fs.Limit(-1)
	w.must(w.eng.Flush(t.Context()))
	w.must(w.eng.maintain(t.Context()))
	w.heal()
	w.check("alpha", lit("in the tail"))
}

// TestRebuildAroundLostBlob: a file that cannot be read stays in its old
// segment; all others move.
func TestRebuildAroundLostBlob(t *testing.T) {
	w := newWorld(t, 3)
	for i := range 3 {
		w.must(w.put("alpha", w.gen.Sample(corpus.Text, 5000+i).Bytes, "text", atColumns, true))
		w.must(w.put("beta", w.gen.Sample(corpus.Text, 6000+i).Bytes, "text", atColumns, true))
	}
	w.must(w.eng.Flush(t.Context()))
	lost := w.files["alpha"][1]
	w.must(w.blobs.Delete(blobName("alpha", lost.File)))
	if err := w.eng.Rebuild(t.Context(), nil); !errors.Is(err, errUnread) {
		t.Errorf("rebuild: %v", err)
	}
	st, err := w.eng.Status(t.Context())
	if err != nil || st.Files != 6 || st.Stale != 1 || st.Segments != 3 {
		t.Errorf("%+v, %v; want 6 files in 3 segments, one of them stale", st, err)
	}
	w.check("beta", query.Literal{Bytes: w.files["beta"][2].plain[100:140]})
	w.must(w.forget("alpha", 1))
	w.check("alpha", query.Literal{Bytes: w.files["alpha"][1].plain[100:140]})
}

// TestUnreadableBlob: a file that cannot be read stays in the tail, is reported,
// and holds up nothing else.
func TestUnreadableBlob(t *testing.T) {
	w := newWorld(t, 4)
	lost := w.gen.Sample(corpus.Text, 5000).Bytes
	w.must(w.put("alpha", lost, "text", atColumns, false))
	w.must(w.put("alpha", []byte("all is well with this one"), "text", atColumns, false))
	w.must(w.blobs.Delete(blobName("alpha", w.files["alpha"][0].File)))
	if err := w.eng.Flush(t.Context()); err == nil {
		t.Error("flush says nothing of a file it cannot read")
	}
	st, err := w.eng.Status(t.Context())
	if err != nil || st.Files != 1 || st.TailFiles != 1 {
		t.Errorf("%d files indexed, %d in the tail, %v; want 1 and 1", st.Files, st.TailFiles, err)
	}
	if _, _, err := w.answer("alpha", query.Literal{Bytes: lost[:20]}, Select{}); err == nil {
		t.Error("a search that cannot read a candidate gives no error")
	}
	w.must(w.forget("alpha", 0))
	w.must(w.eng.Flush(t.Context()))
	w.check("alpha", query.Literal{Bytes: []byte("is well")})
}
