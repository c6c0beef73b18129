package sample

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/store"
)

// on and off are switches that stay as they are.
func on(*store.Tx) (bool, error)  { return true, nil }
func off(*store.Tx) (bool, error) { return false, nil }

func (w *world) write(t testing.TB, fn func(tx *store.Tx) error) {
	t.Helper()
	must(t, w.db.Write(context.Background(), fn))
}

func (w *world) hold(t testing.TB, sha, holder string) (ok bool) {
	t.Helper()
	w.write(t, func(tx *store.Tx) (err error) { ok, err = w.Hold(tx, cid, sha, holder); return err })
	return ok
}

func (w *world) unhold(t testing.TB, sha, holder string) (gone bool) {
	t.Helper()
	w.write(t, func(tx *store.Tx) (err error) { gone, err = w.Unhold(tx, cid, sha, holder); return err })
	return gone
}

// gives tells whether the bytes of a sample can be downloaded, in the two ways
// there are to know it.
func (w *world) gives(t testing.TB, body []byte) bool {
	t.Helper()
	sha := shaOf(body)
	var said map[string]bool
	must(t, w.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		said, err = w.Held(tx, cid, []string{strings.ToUpper(sha)})
		return err
	}))
	r, _, err := w.Download(context.Background(), me, sha)
	if err == nil {
		got, err := content(r)
		must(t, err)
		if !bytes.Equal(got, body) {
			t.Errorf("other bytes of %s", sha)
		}
	} else if !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("download: %v", err)
	}
	if said[sha] != (err == nil) {
		t.Errorf("Held says %v, the download %v", said[sha], err)
	}
	return err == nil
}

// unseen checks that nobody but who downloads knows of a sample.
func (w *world) unseen(t testing.TB, rec Record) {
	t.Helper()
	ctx := context.Background()
	if _, err := w.Get(ctx, me, rec.SHA256); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("get: %v", err)
	}
	if m, err := w.Many(ctx, cid, []string{rec.SHA256}); err != nil || len(m) > 0 {
		t.Errorf("many: %v, %v", m, err)
	}
	if m, err := w.BySeq(ctx, cid, []uint64{rec.Seq}); err != nil || len(m) > 0 {
		t.Errorf("by number: %v, %v", m, err)
	}
	if n, err := w.Update(ctx, me, []string{rec.SHA256}, Change{}); n != 0 || !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("update: %d, %v", n, err)
	}
	if got, err := w.found(ctx, cid); err != nil || slices.Contains(got, rec.SHA256) {
		t.Errorf("search: %v, %v", got, err)
	}
}

// A held sample can be downloaded, and no search, list or update knows of it,
// before and after the index has worked and been rebuilt.
func TestHeldIsNotInTheCorpus(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	body := []byte("quarantined")
	var told Record
	rec := w.put(t, body, PutOptions{Hold: "record 1", Sealed: []byte("{}"), OnStored: func(_ *store.Tx, r Record) error {
		told = r
		return nil
	}})
	if told.Seq != rec.Seq || told.SHA256 != shaOf(body) || told.Size != int64(len(body)) {
		t.Errorf("the holder was told of %+v, the caller of %+v", told, rec)
	}
	for _, step := range []func() error{
		func() error { return nil },
		func() error { return w.engine.Flush(ctx) },
		func() error { return w.engine.Rebuild(ctx, nil) },
		func() error { return w.Recover(ctx) },
	} {
		must(t, step())
		w.unseen(t, rec)
		if !w.gives(t, body) {
			t.Error("the bytes cannot be had")
		}
	}
	if _, _, err := w.Download(ctx, actor("other"), rec.SHA256); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("a stranger: %v", err)
	}
	if lines := w.trail(t); !slices.Equal(lines, slices.Repeat([]string{"sample.download " + rec.SHA256}, 4)) {
		t.Errorf("audit %q", lines)
	}
}

// Who lets go last destroys bytes that are not in the corpus.
func TestUnhold(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	held, both := []byte("held by two"), []byte("in the corpus, and held")
	for _, holder := range []string{"a", "b"} {
		w.put(t, held, PutOptions{Hold: holder})
	}
	rec := w.put(t, both, PutOptions{Label: Malware})
	if got := w.put(t, both, PutOptions{Hold: "a", Label: Clean, FileName: "other"}); got.Label != Malware || got.Seq != rec.Seq {
		t.Errorf("a holder changed the corpus: %+v", got)
	}
	w.mustFind(t, rec.SHA256)
	for _, sha := range []string{shaOf(held), shaOf(both)} {
		err := w.Delete(ctx, me, sha)
		if !errors.Is(err, mews.ErrConflict) || !strings.Contains(err.Error(), "quarantined file") {
			t.Errorf("delete of what is held: %v", err)
		}
	}
	if w.unhold(t, shaOf(held), "nobody") || w.unhold(t, shaOf(held), "a") || w.unhold(t, shaOf(both), "a") {
		t.Error("gone, although somebody holds it")
	}
	if !w.gives(t, held) || !w.gives(t, both) {
		t.Error("bytes are gone, although somebody holds them")
	}
	must(t, w.Delete(ctx, me, rec.SHA256))
	if !w.unhold(t, shaOf(held), "b") || w.gives(t, held) {
		t.Error("nobody holds it, and it is there")
	}
	if w.hold(t, shaOf(held), "c") {
		t.Error("held what is being destroyed")
	}
	must(t, w.FinishDeletes(ctx, cid, []string{shaOf(held)}))
	must(t, w.FinishDeletes(ctx, cid, nil))
	w.empty(t)
}

// Bytes that are on their way out come back whole when they are stored again.
func TestHoldAgainBeforeTheEnd(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	for name, o := range map[string]PutOptions{"held": {Hold: "b"}, "shown": {Hold: "b", Searchable: on}, "corpus": {}} {
		body := []byte("again " + name)
		old := w.put(t, body, PutOptions{Hold: "a", Searchable: on})
		if !w.unhold(t, old.SHA256, "a") {
			t.Errorf("%s: still there", name)
		}
		rec := w.put(t, body, o)
		must(t, w.FinishDeletes(ctx, cid, nil))
		if !w.gives(t, body) || rec.Seq == old.Seq {
			t.Errorf("%s: lost (number %d, was %d)", name, rec.Seq, old.Seq)
		}
		if got, err := w.found(ctx, cid); err != nil || slices.Contains(got, rec.SHA256) == (name == "held") {
			t.Errorf("%s: found %v, %v", name, got, err)
		}
	}
}

// An upload of held bytes takes them into the corpus, where they stay when the
// holder lets go.
func TestUploadOfHeld(t *testing.T) {
	w := newWorld(t, Limits{})
	for name, seen := range map[string]Switch{"hidden": off, "searchable": on} {
		body := []byte("first quarantined, then uploaded: " + name)
		w.put(t, body, PutOptions{Hold: "a", FileName: "evidence.exe", Searchable: seen})
		must(t, w.engine.Flush(context.Background()))
		rec, err := w.Put(context.Background(), actor(cid), bytes.NewReader(body), PutOptions{Label: Malware})
		must(t, err)
		if rec.Label != Malware || rec.FileName != "evidence.exe" || rec.Client != me.Client {
			t.Errorf("%s: %+v", name, rec)
		}
		if got, err := w.Get(context.Background(), me, rec.SHA256); err != nil || got.Seq != rec.Seq || got.Label != Malware {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		w.mustFind(t, rec.SHA256)
		if w.unhold(t, rec.SHA256, "a") {
			t.Errorf("%s: gone", name)
		}
		must(t, w.engine.Flush(context.Background()))
		w.mustFind(t, rec.SHA256)
		must(t, w.Delete(context.Background(), me, rec.SHA256))
		w.empty(t)
	}
}

// What the holder's function refuses leaves nothing behind.
func TestHolderRefuses(t *testing.T) {
	w := newWorld(t, Limits{})
	no := errors.New("no such record")
	_, err := w.Put(context.Background(), me, strings.NewReader("unwanted"), PutOptions{
		Hold: "a", OnStored: func(*store.Tx, Record) error { return no },
	})
	if !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	w.empty(t)
	for _, o := range []PutOptions{{Hold: strings.Repeat("x", MaxHolder+1)}, {Hold: "a", Sealed: make([]byte, MaxSealed+1)}} {
		if _, err := w.Put(context.Background(), me, strings.NewReader("x"), o); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("got %v", err)
		}
	}
	long := PutOptions{
		Hold: "a", Sealed: make([]byte, MaxSealed), FileName: strings.Repeat("x", maxFileName),
		Comment: strings.Repeat("\U0001F600", maxComment),
	}
	if _, err := w.Put(context.Background(), me, strings.NewReader("x"), long); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	w.empty(t)
}

// A blob without a row goes back to the holder it was stored for, or waits for
// it; the corpus never gets it.
func TestAdoptHeld(t *testing.T) {
	broken := errors.New("unreadable")
	for name, tt := range map[string]struct {
		answer error
		hook   bool
		there  bool // the bytes can be downloaded
		left   bool // the blob is there
	}{
		"no hook":  {there: true, left: true},
		"adopted":  {hook: true, there: true, left: true},
		"unwanted": {hook: true, answer: ErrUnwanted},
		"error":    {hook: true, answer: broken, left: true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Limits{})
			body := []byte("stored for a holder")
			rec := w.put(t, body, PutOptions{Hold: "record", Sealed: []byte("its own words"), FileName: "f"})
			w.write(t, func(tx *store.Tx) error { // as if the database had lost it
				_, err := tx.Exec(`DELETE FROM sample_hold`)
				if err == nil {
					_, err = tx.Exec(`DELETE FROM sample`)
				}
				return err
			})
			var got []string
			if tt.hook {
				w.OnAdopt(func(tx *store.Tx, r Record, sealed []byte) error {
					got = append(got, r.SHA256, r.FileName, string(sealed))
					return tt.answer
				})
			}
			must(t, w.Recover(context.Background()))
			if want := []string{rec.SHA256, "f", "its own words"}; tt.hook && !slices.Equal(got, want) {
				t.Errorf("the holder was given %q", got)
			}
			if w.gives(t, body) != tt.there {
				t.Errorf("bytes to be had: %v", !tt.there)
			}
			w.unseen(t, rec)
			r, err := w.blobs.Get(rec.blobName())
			if (err == nil) != tt.left || err != nil && !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("blob: %v", err)
			}
			if err == nil {
				must(t, r.Close())
			}
			if tt.there && !w.unhold(t, rec.SHA256, "record") {
				t.Error("the hold was not made again")
			}
		})
	}
}

func TestUnholdAll(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	var all []Holding
	var want []string
	for i := range 30 {
		body := fmt.Appendf(nil, "held %d", i)
		seen := Switch(off)
		if i%3 == 0 {
			seen = on
		}
		w.put(t, body, PutOptions{Hold: "a", Searchable: seen})
		all = append(all, Holding{strings.ToUpper(shaOf(body)), "a"})
		if i%5 == 0 {
			w.put(t, body, PutOptions{Hold: "b"})
		} else {
			want = append(want, shaOf(body))
		}
	}
	all = append(all, Holding{shaOf([]byte("unknown")), "a"}, all[3])
	must(t, w.engine.Flush(ctx))
	var gone []string
	w.write(t, func(tx *store.Tx) (err error) { gone, err = w.UnholdAll(tx, cid, all); return err })
	slices.Sort(gone)
	slices.Sort(want)
	if !slices.Equal(gone, want) {
		t.Errorf("%d are gone, want %d", len(gone), len(want))
	}
	must(t, w.FinishDeletes(ctx, cid, gone))
	left := 0
	for range w.blobs.All() {
		left++
	}
	if left != 30-len(want) {
		t.Errorf("%d blobs are left, want %d", left, 30-len(want))
	}
	if got, err := w.found(ctx, cid); err != nil || len(got) != 2 { // 0 and 15 are searchable, and held by b
		t.Errorf("searches see %d, %v", len(got), err)
	}
	var bad error
	w.write(t, func(tx *store.Tx) error { _, bad = w.UnholdAll(tx, cid, []Holding{{"xyz", "a"}}); return nil })
	if !errors.Is(bad, mews.ErrInvalid) {
		t.Errorf("got %v", bad)
	}
}
