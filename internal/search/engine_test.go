package search

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/demo/corpus"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/store"
)

func lit(text string) query.Node { return query.Literal{Bytes: []byte(text)} }

// TestRunIndexesAndMerges: left alone, the loops empty the tail and keep the
// number of segments small, and end with the context.
func TestRunIndexesAndMerges(t *testing.T) {
	w := newWorld(t, 1, func(l *Limits) { l.Quiet, l.FanOut = 10*time.Millisecond, 3 })
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.eng.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	for i := range 12 {
		w.must(w.put("alpha", fmt.Appendf(nil, "file number %d of the day", i), "text", atColumns, i%3 > 0))
		w.check("alpha", lit(fmt.Sprintf("number %d of", i)))
		time.Sleep(15 * time.Millisecond)
	}
	waitFor(t, func() bool {
		st, err := w.eng.Status(ctx)
		w.must(err)
		return st.TailFiles == 0 && st.Files == 12 && st.Segments < 3
	})
	cancel()
	wg.Wait()
	w.check("alpha", lit("number 7 of"))
	if got := len(w.segmentNames()); got >= 3 {
		t.Errorf("%d segment files are left", got)
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// TestOfferMemory: filters beyond the budget are dropped, and made again.
func TestOfferMemory(t *testing.T) {
	w := newWorld(t, 2, func(l *Limits) { l.DocBytes = 100_000 })
	for range 20 {
		w.must(w.put("alpha", w.gen.Sample(corpus.PE, 50_000).Bytes, "pe32", atColumns, true))
		if w.eng.docBytes > 100_000 {
			t.Fatalf("%d bytes of filters are held", w.eng.docBytes)
		}
	}
	if w.eng.docBytes == 0 {
		t.Error("no filters are held at all")
	}
	w.must(w.forget("alpha", 0))
	w.must(w.eng.Flush(t.Context()))
	if w.eng.docBytes != 0 {
		t.Errorf("%d bytes of filters are held for an empty tail", w.eng.docBytes)
	}
	for _, k := range w.files["alpha"] {
		w.check("alpha", query.Literal{Bytes: k.plain[20_000:20_040]})
	}
}

// TestSegmentMemory: a segment that holds its share of memory is published, and
// so is each part of a large one that is moved.
func TestSegmentMemory(t *testing.T) {
	w := newWorld(t, 14, func(l *Limits) { l.SegmentBytes, l.FanOut = 1, 100 })
	for range 4 {
		w.must(w.put("alpha", w.gen.Sample(corpus.PE, 60_000).Bytes, "pe32", atColumns, true))
	}
	w.must(w.eng.Flush(t.Context()))
	if got := len(w.segmentNames()); got != 4 {
		t.Errorf("%d segments, want one per file", got)
	}
	w.limits.SegmentBytes = 0
	w.reopen()
	w.must(w.eng.Rebuild(t.Context(), nil))
	w.heal()
	w.check("alpha", query.Literal{Bytes: w.files["alpha"][0].plain[30_000:30_040]})
}

// TestSnapshotStandsStill: what happens after a snapshot was taken does not
// change its answers, and segments it reads are removed only after it.
func TestSnapshotStandsStill(t *testing.T) {
	w := newWorld(t, 3, func(l *Limits) { l.FanOut = 2 })
	for range 2 {
		w.must(w.put("alpha", fmt.Appendf(nil, "needle %d", w.seq), "text", atColumns, true))
		w.must(w.eng.Flush(t.Context()))
	}
	s, err := w.eng.Snapshot(t.Context(), "alpha")
	w.must(err)
	old := w.segmentNames()
	w.must(w.put("alpha", []byte("needle later"), "text", atColumns, true))
	w.must(w.eng.maintain(t.Context()))
	w.must(w.forget("alpha", 0))
	if got := seqs(t, s, lit("needle"), Select{}); !slices.Equal(got, []uint64{2, 1}) {
		t.Errorf("snapshot gives %v, want [2 1]", got)
	}
	if s.Files() != 2 || s.MaxSeq() != 2 {
		t.Errorf("%d files up to %d, want 2 up to 2", s.Files(), s.MaxSeq())
	}
	if names := w.segmentNames(); !slices.Contains(names, old[0]) {
		t.Error("a segment was removed while a snapshot reads it")
	}
	s.Close()
	s.Close() // harmless
	if names := w.segmentNames(); slices.Contains(names, old[0]) || len(names) != 1 {
		t.Errorf("segments %v are left", names)
	}
	w.check("alpha", lit("needle"))
}

func seqs(t *testing.T, s *Snapshot, plan query.Node, o Select) []uint64 {
	t.Helper()
	var out []uint64
	for c, err := range s.Candidates(t.Context(), plan, o) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, c.File().Seq)
	}
	return out
}

// TestSelect: files are left out by age and by the caller's filter, and the
// estimate counts the rest.
func TestSelect(t *testing.T) {
	w := newWorld(t, 4)
	for i := range 8 {
		w.must(w.put("alpha", fmt.Appendf(nil, "needle %d", i), "text", atColumns, true))
		if i == 5 {
			w.must(w.eng.Flush(t.Context()))
		}
	}
	s, err := w.eng.Snapshot(t.Context(), "alpha")
	w.must(err)
	defer s.Close()
	o := Select{BeforeSeq: 8, Keep: func(f index.File) bool { return f.Seq%2 == 1 }}
	if got := seqs(t, s, lit("needle"), o); !slices.Equal(got, []uint64{7, 5, 3, 1}) {
		t.Errorf("got %v", got)
	}
	est, err := s.Estimate(t.Context(), lit("needle"), o)
	if want := (Estimate{Files: 4, Candidates: 4, CandidateBytes: 32, CorpusBytes: 32}); err != nil || est != want {
		t.Errorf("estimate %+v, %v; want %+v", est, err, want)
	}
	if est, err = s.Estimate(t.Context(), query.None{}, Select{}); err != nil || est.Candidates != 0 || est.Files != 8 {
		t.Errorf("estimate of nothing: %+v, %v", est, err)
	}
}

// TestConfirmReadsLittle: an absent literal is refuted without the bytes of
// columns it cannot be in, and metadata without any.
func TestConfirmReadsLittle(t *testing.T) {
	w := newWorld(t, 5)
	plain := w.gen.Sample(corpus.Packed, 1_500_000).Bytes
	copy(plain[1_000_000:], "the needle that is looked for")
	w.must(w.put("alpha", plain, "data", atColumns, true))
	w.must(w.eng.Flush(t.Context()))
	s, err := w.eng.Snapshot(t.Context(), "alpha")
	w.must(err)
	defer s.Close()
	read := func(plan query.Node) (total int64, hit bool) {
		for c, err := range s.Candidates(t.Context(), plan, Select{}) {
			w.must(err)
			ok, n, err := c.Confirm(t.Context())
			w.must(err)
			total, hit = total+n, hit || ok
		}
		return total, hit
	}
	if n, hit := read(lit("needle that is looked for")); !hit || n > 400_000 {
		t.Errorf("found %v after %d bytes", hit, n)
	}
	if n, hit := read(lit("another needle that is absent")); hit || n > 150_000 {
		t.Errorf("found %v after %d bytes", hit, n)
	}
	if n, hit := read(query.And{Kids: []query.Node{query.Size{Min: 1, Max: 2e6}, query.Type{Names: []string{"data"}}}}); !hit || n != 0 {
		t.Errorf("metadata: %v after %d bytes", hit, n)
	}
}

// TestDigests: digests that the index does not hold are computed.
func TestDigests(t *testing.T) {
	w := newWorld(t, 6)
	w.must(w.put("alpha", []byte("abc"), "text", atColumns, true))
	md5 := query.Hash{Algo: "md5", Digest: []byte{0x90, 1, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28, 0xe1, 0x7f, 0x72}}
	sha1 := query.Hash{Algo: "sha1", Digest: bytes.Repeat([]byte{1}, 20)}
	for _, flush := range []bool{false, true} {
		if flush {
			w.must(w.eng.Flush(t.Context()))
		}
		_, got, err := w.answer("alpha", md5, Select{})
		if err != nil || len(got) != 1 {
			t.Errorf("md5: %v, %v", got, err)
		}
		if _, got, err = w.answer("alpha", sha1, Select{}); err != nil || len(got) != 0 {
			t.Errorf("a wrong sha1 matches: %v, %v", got, err)
		}
	}
}

// TestCancel: a cancelled context ends a search with its error.
func TestCancel(t *testing.T) {
	w := newWorld(t, 7)
	w.must(w.put("alpha", w.gen.Sample(corpus.PE, 200_000).Bytes, "pe32", atColumns, true))
	s, err := w.eng.Snapshot(t.Context(), "alpha")
	w.must(err)
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for c, err := range s.Candidates(ctx, lit("nowhere to be found"), Select{}) {
		w.must(err)
		cancel()
		if _, _, err := c.Confirm(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("confirm: %v", err)
		}
	}
	for _, err := range s.Candidates(ctx, lit("nowhere"), Select{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("candidates: %v", err)
		}
	}
	if err := w.eng.Flush(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("flush: %v", err)
	}
	if err := w.eng.Rebuild(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("rebuild: %v", err)
	}
	if _, err := w.eng.Snapshot(ctx, "alpha"); !errors.Is(err, context.Canceled) {
		t.Errorf("snapshot: %v", err)
	}
	w.check("alpha", lit("nowhere"))
}

// TestRebuild: an interrupted rebuild goes on where it stopped, answers all the
// time, and leaves none of the old segments.
func TestRebuild(t *testing.T) {
	w := newWorld(t, 8, func(l *Limits) { l.FanOut = 100 })
	for range 3 {
		w.putRandom("alpha")
		w.putRandom("beta")
		w.must(w.eng.Flush(t.Context()))
	}
	w.must(w.put("alpha", []byte("in the tail"), "text", atColumns, false))
	old := w.segmentNames()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := w.eng.Rebuild(ctx, func(done, total int64) {
		if done >= 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted rebuild: %v", err)
	}
	w.reopen()
	w.check("alpha", w.plan("alpha", 2))
	var last, all int64
	w.must(w.eng.Rebuild(t.Context(), func(done, total int64) { last, all = done, total }))
	if last != all || all == 0 || all >= int64(len(w.files["alpha"])+len(w.files["beta"])) {
		t.Errorf("progress ended at %d of %d", last, all)
	}
	for _, name := range w.segmentNames() {
		if slices.Contains(old, name) {
			t.Errorf("old segment %s is left", name)
		}
	}
	w.heal()
	w.check("alpha", lit("in the tail"))
}

// TestSegmentCountStaysSmall: many small additions leave few segments, packed
// into few columns.
func TestSegmentCountStaysSmall(t *testing.T) {
	w := newWorld(t, 9, func(l *Limits) { l.FanOut = 4 })
	for i := range 40 {
		w.must(w.put("alpha", fmt.Appendf(nil, "small file %d", i), "text", atColumns, true))
		w.must(w.eng.Flush(t.Context()))
		w.must(w.eng.maintain(t.Context()))
	}
	st, err := w.eng.Status(t.Context())
	if err != nil || st.Segments > 8 || st.Columns > 12 || st.Files != 40 {
		t.Errorf("%+v, %v", st, err)
	}
}

// TestDeadFilesGo: segments that are mostly dead are rewritten or dropped.
func TestDeadFilesGo(t *testing.T) {
	w := newWorld(t, 10)
	for range 4 {
		w.must(w.put("alpha", w.gen.Sample(corpus.PE, 80_000).Bytes, "pe32", atColumns, true))
	}
	w.must(w.eng.Flush(t.Context()))
	before, err := w.eng.Status(t.Context())
	w.must(err)
	w.must(w.forget("alpha", 1))
	w.must(w.forget("alpha", 1))
	w.must(w.eng.maintain(t.Context()))
	after, err := w.eng.Status(t.Context())
	w.must(err)
	if after.Files != 2 || after.CorpusBytes != before.CorpusBytes/2 {
		t.Errorf("after two of four were deleted: %+v", after)
	}
	w.must(w.forget("alpha", 0))
	w.must(w.forget("alpha", 0))
	w.must(w.eng.maintain(t.Context()))
	if names := w.segmentNames(); len(names) != 0 {
		t.Errorf("segments %v hold nothing", names)
	}
	w.check("alpha", query.All{})
}

// TestDeadBytesGo: one large file of many is enough to rewrite a segment for.
func TestDeadBytesGo(t *testing.T) {
	w := newWorld(t, 24)
	w.must(w.put("alpha", w.gen.Sample(corpus.PE, 400_000).Bytes, "pe32", atColumns, true))
	for range 6 {
		w.must(w.put("alpha", w.gen.Sample(corpus.Text, 2_000).Bytes, "text", atColumns, true))
	}
	w.must(w.eng.Flush(t.Context()))
	w.must(w.forget("alpha", 3))
	w.must(w.eng.maintain(t.Context()))
	if st, err := w.eng.Status(t.Context()); err != nil || st.CorpusBytes < 412_000 || st.Merged != 0 {
		t.Errorf("a small file is not worth it: %+v, %v", st, err)
	}
	w.must(w.forget("alpha", 0))
	w.must(w.eng.maintain(t.Context()))
	if st, err := w.eng.Status(t.Context()); err != nil || st.CorpusBytes != 10_000 || st.Files != 5 || st.Merged == 0 {
		t.Errorf("%+v, %v", st, err)
	}
	w.check("alpha", query.All{})
}

// TestForgetDuringMerge: a file that is deleted while its segment is merged
// stays deleted.
func TestForgetDuringMerge(t *testing.T) {
	w := newWorld(t, 11, func(l *Limits) { l.FanOut = 2 })
	for range 2 {
		w.must(w.put("alpha", w.gen.Sample(corpus.Random, 9<<20).Bytes, "data", atColumns, true))
		w.must(w.put("alpha", fmt.Appendf(nil, "needle %d", w.seq), "text", atColumns, true))
		w.must(w.eng.Flush(t.Context()))
	}
	resume := w.eng.PauseMerges()
	done := make(chan error)
	go func() { done <- w.eng.maintain(t.Context()) }()
	time.Sleep(50 * time.Millisecond)
	w.must(w.forget("alpha", 1))
	resume()
	w.must(<-done)
	if st, err := w.eng.Status(t.Context()); err != nil || st.Segments != 1 || st.Files != 3 {
		t.Errorf("%+v, %v", st, err)
	}
	w.check("alpha", lit("needle"))
	w.reopen()
	w.check("alpha", lit("needle"))
}

// TestManyAtOnce adds, deletes and searches from many goroutines.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, 12, func(l *Limits) { l.Quiet, l.FanOut = 5*time.Millisecond, 2 })
	ctx, cancel := context.WithCancel(t.Context())
	var loops, users sync.WaitGroup
	loops.Go(func() {
		if err := w.eng.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop := make(chan struct{})
	for range 3 {
		users.Go(func() {
			for !closed(stop) {
				s, err := w.eng.Snapshot(ctx, "alpha")
				if err != nil {
					t.Error(err)
					return
				}
				for c, err := range s.Candidates(ctx, lit("keep"), Select{}) {
					if err != nil {
						t.Error(err)
						return
					}
					if ok, _, err := c.Confirm(ctx); err != nil || !ok && c.File().Seq%2 == 0 {
						t.Errorf("file %d: %v, %v", c.File().Seq, ok, err)
					}
				}
				s.Close()
			}
		})
	}
	for i := range 40 { // even sequence numbers stay, odd ones go
		w.must(w.put("alpha", fmt.Appendf(nil, "keep or not %d", i), "text", atColumns, i%3 == 0))
		if i%2 == 1 {
			w.must(w.forget("alpha", len(w.files["alpha"])-2))
		}
	}
	close(stop)
	users.Wait()
	cancel()
	loops.Wait()
	w.check("alpha", lit("keep or"))
	if got := len(w.brute("alpha", lit("keep"))); got != 20 {
		t.Errorf("%d files are left, want 20", got)
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// TestEnqueueRolledBack: a transaction that fails leaves nothing in the tail.
func TestEnqueueRolledBack(t *testing.T) {
	w := newWorld(t, 13)
	refuse := errors.New("refused")
	err := w.db.Write(t.Context(), func(tx *store.Tx) error {
		w.must(w.eng.Enqueue(tx, "alpha", fileOf(1, []byte("x"), "text")))
		return refuse
	})
	if !errors.Is(err, refuse) {
		t.Fatal(err)
	}
	if st, err := w.eng.Status(t.Context()); err != nil || st.TailFiles != 0 {
		t.Errorf("%+v, %v", st, err)
	}
	w.must(w.db.Write(t.Context(), func(tx *store.Tx) error { return w.eng.Forget(tx, "alpha", 99) }))
}
