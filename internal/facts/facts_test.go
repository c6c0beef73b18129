package facts

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
)

func TestFactsAreFound(t *testing.T) {
	w := newWorld(t)
	old, text := w.put(cid, pe(0x8664, 7)), w.put(cid, []byte("no program"))
	same := w.put(cid, append(pe(0x8664, 7), 0))
	stamp := fact("pe.timestamp", "7")
	if got := w.has(cid, stamp, old, text, same); slices.Contains(got, false) {
		t.Errorf("before anything is known: %v", got)
	}
	w.describe()
	if st := w.status(); st.Unknown != 0 || st.Failed != 0 || st.Version != w.version {
		t.Errorf("%+v", st)
	}
	late := w.put(cid, pe(0x8664, 8))
	for name, tt := range map[string]struct {
		plan query.Node
		want []bool // old, text, same, late
	}{
		"a fact":           {stamp, []bool{true, false, true, true}},
		"nobody's":         {fact("pe.timestamp", "9"), []bool{false, false, false, true}},
		"a broad one":      {broad("pe.machine", "34404"), []bool{true, false, true, true}},
		"both":             {query.And{Kids: []query.Node{stamp, broad("pe.machine", "332")}}, []bool{true, false, true, true}}, // the broad one is left out
		"broad ones":       {query.And{Kids: []query.Node{broad("pe.is_dll", "true"), broad("pe.machine", "332")}}, []bool{false, false, false, true}},
		"either":           {query.Or{Kids: []query.Node{stamp, fact("pe.timestamp", "8")}}, []bool{true, false, true, true}},
		"two of":           {query.MinOf{K: 2, Kids: []query.Node{stamp, stamp, fact("elf.type", "2")}}, []bool{true, false, true, true}},
		"nothing to ask":   {query.Literal{Bytes: []byte("x")}, []bool{true, true, true, true}},
		"an SHA-256 stays": {query.Hash{Algo: "sha256", Digest: make([]byte, 32)}, []bool{true, true, true, true}},
		"an MD5":           {query.Hash{Algo: "md5", Digest: unhex(t, text.MD5)}, []bool{false, true, false, false}},
		"a SHA-1":          {query.Hash{Algo: "sha1", Digest: unhex(t, late.SHA1)}, []bool{false, false, false, true}},
		"another's SHA-1":  {query.Hash{Algo: "sha1", Digest: make([]byte, 20)}, []bool{false, false, false, false}},
	} {
		if got := w.has(cid, tt.plan, old, text, same, late); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
	w.describe()
	if got := w.has(cid, stamp, late); got[0] {
		t.Error("a file that was described is still taken for unknown")
	}
	if got := w.has("00000000000000000000000000000002", stamp, old); !got[0] {
		t.Error("the facts of one customer are known of another")
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What a describer says of each file is found again by each of its facts, and
// in nothing else, whatever came and went meanwhile.
func TestEveryFactLeadsToItsFiles(t *testing.T) {
	w := newWorld(t)
	var files []sample.Record
	contents := map[uint64][]byte{}
	add := func(content []byte) {
		r := w.put(cid, content)
		files, contents[r.Seq] = append(files, r), content
	}
	programs := w.programs(30)
	for i, p := range programs {
		add(p)
		add(pe(0x8664, uint32(i%3)+uint32(i)<<8))
		if i%10 == 9 {
			w.put("00000000000000000000000000000002", pe(0x14c, uint32(i)))
			w.delete(files[len(files)-3])
			files = slices.Delete(files, len(files)-3, len(files)-2)
			w.describe()
		}
	}
	w.describe()
	d := w.yara.Describer()
	defer d.Close()
	var open []yara.File
	for _, f := range files {
		open = append(open, yara.File{Size: f.Size, Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(contents[f.Seq])), nil
		}})
	}
	said, err := d.Describe(t.Context(), open)
	w.must(err)
	holders := map[yara.Fact][]uint64{}
	for i, s := range said {
		for _, f := range s.Facts {
			holders[f] = append(holders[f], files[i].Seq)
		}
	}
	if len(holders) < 20 {
		t.Fatalf("only %d facts", len(holders))
	}
	for f, want := range holders {
		for i, got := range w.has(cid, fact(f.Name, f.Value), files...) {
			if got != slices.Contains(want, files[i].Seq) {
				t.Fatalf("%v: file %d is %v, want %v", f, files[i].Seq, got, want)
			}
		}
	}
}

func (w *world) rows(table string, seq uint64) (n int) {
	w.t.Helper()
	w.must(w.db.Read(w.t.Context(), func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM `+table+` WHERE seq = ?`, seq).Scan(&n)
	}))
	return n
}

func TestDeletedFilesLeaveNoFacts(t *testing.T) {
	w := newWorld(t)
	r := w.put(cid, pe(0x14c, 1))
	w.describe()
	if w.rows("fact", r.Seq) == 0 {
		t.Fatal("no facts")
	}
	w.delete(r)
	if n := w.rows("fact", r.Seq); n != 0 {
		t.Errorf("%d facts are left", n)
	}
}

// A held file that searches come to see is a new one to the describer: that
// nothing was known of its old number says nothing of it.
func TestFilesThatAreShownLater(t *testing.T) {
	w := newWorld(t)
	always := func(on bool) sample.Switch { return func(*store.Tx) (bool, error) { return on, nil } }
	show := func(on bool) {
		t.Helper()
		_, err := w.samples.ShowHeld(t.Context(), cid, always(on))
		w.must(err)
	}
	actor := store.Actor{CID: cid, Client: "me", Operation: "test"}
	put, err := w.samples.Put(t.Context(), actor, bytes.NewReader(pe(0x14c, 5)), sample.PutOptions{Hold: "record"})
	w.must(err)
	w.put(cid, pe(0x14c, 6)) // newer: the describer learns that the number before has no facts
	w.describe()
	if w.rows("fact", put.Seq) != 0 {
		t.Error("a file that nobody may see was described")
	}
	stamp := fact("pe.timestamp", "5")
	for round := range 3 {
		show(true)
		seen, err := w.samples.Get(t.Context(), actor, put.SHA256)
		w.must(err)
		if got := w.has(cid, stamp, seen); !got[0] {
			t.Fatalf("round %d: missed before it is described", round)
		}
		w.describe()
		if got := w.has(cid, stamp, seen); !got[0] || w.rows("fact", seen.Seq) == 0 {
			t.Fatalf("round %d: missed, or not described", round)
		}
		show(false)
		w.describe()
	}
	if st := w.status(); st.Unknown != 0 {
		t.Errorf("%+v", st)
	}
}

// A file that cannot be described stays unknown, is tried again later, and is
// given up in the end.
func TestFailuresStayUnknown(t *testing.T) {
	w := newWorld(t)
	good, bad, newer := w.put(cid, pe(0x14c, 1)), w.put(cid, pe(0x14c, 2)), w.put(cid, pe(0x14c, 3))
	w.must(w.engine.Flush(t.Context()))
	sum, err := sample.ParseSHA256(bad.SHA256)
	w.must(err)
	w.must(w.blobs.Delete(blob.Name{CID: string(cid), SHA256: sum}))
	other := fact("pe.timestamp", "1")
	for attempt := range maxAttempts + 2 {
		w.limits.Retry = time.Nanosecond
		w.describe()
		st, failed := w.status(), map[uint64]failure{}
		w.must(w.db.Read(t.Context(), func(tx *store.Tx) (err error) { failed, err = failures(tx, cid); return err }))
		if st.Failed != 1 || st.Unknown != 1 || failed[bad.Seq].attempts != min(attempt+1, maxAttempts) {
			t.Fatalf("attempt %d: %+v, %+v", attempt, st, failed)
		}
		if got := w.has(cid, other, good, bad, newer); !slices.Equal(got, []bool{true, true, false}) {
			t.Fatalf("attempt %d: %v", attempt, got)
		}
	}
	w.limits.Retry = time.Hour
	last := w.put(cid, pe(0x14c, 4))
	w.describe()
	if got := w.has(cid, other, good, bad, newer, last); !slices.Equal(got, []bool{true, true, false, false}) {
		t.Errorf("a file after the failure: %v", got)
	}
}

func TestAnotherVersionKnowsNothing(t *testing.T) {
	w := newWorld(t)
	r := w.put(cid, pe(0x14c, 1))
	w.describe()
	w.must(w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`UPDATE meta SET value = 'older' WHERE key = 'facts'`)
		return err
	}))
	none := fact("pe.timestamp", "9")
	if got := w.has(cid, none, r); !got[0] {
		t.Error("facts of another version were believed")
	}
	w.put(cid, []byte("wakes the describer"))
	w.describe()
	if got := w.has(cid, none, r); got[0] || w.status().Version != w.version {
		t.Error("the facts were not made anew")
	}
}

// Files come and go while they are described and looked up: no lookup may miss
// one that has the fact.
func TestLookupsBesideTheDescriber(t *testing.T) {
	w := newWorld(t)
	w.limits.MaxWait = time.Nanosecond
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		for ctx.Err() == nil {
			if _, err := w.round(ctx); err != nil && ctx.Err() == nil {
				t.Errorf("round: %v", err)
				return
			}
		}
	})
	var files []sample.Record
	stamp := fact("pe.timestamp", "5")
	for i := range 120 {
		r := w.put(cid, append(pe(0x14c, 5), byte(i), byte(i>>8)))
		files = append(files, r)
		if i%7 == 3 {
			w.must(w.engine.Flush(t.Context()))
		}
		if i%9 == 4 {
			w.delete(files[0])
			files = files[1:]
		}
		if got := w.has(cid, stamp, files...); slices.Contains(got, false) {
			t.Fatalf("after %d files: %v", i, got)
		}
	}
	cancel()
	group.Wait()
	w.describe()
	if got := w.has(cid, stamp, files...); slices.Contains(got, false) || w.status().Unknown != 0 {
		t.Errorf("in the end: %v, %+v", got, w.status())
	}
}
