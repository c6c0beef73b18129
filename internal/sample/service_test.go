package sample

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

func TestTenants(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx, stranger := context.Background(), actor("other")
	body := []byte("mine")
	rec := w.put(t, body, PutOptions{Label: "malware"})
	absent := strings.Repeat("0", 64)
	for what, ask := range map[string]func(sha string) error{
		"get":      func(sha string) error { _, err := w.Get(ctx, stranger, sha); return err },
		"download": func(sha string) error { _, _, err := w.Download(ctx, stranger, sha); return err },
		"delete":   func(sha string) error { return w.Delete(ctx, stranger, sha) },
		"update":   func(sha string) error { _, err := w.Update(ctx, stranger, []string{sha}, Change{}); return err },
	} {
		foreign, none := ask(rec.SHA256), ask(absent)
		if !errors.Is(foreign, mews.ErrNotFound) || !errors.Is(none, mews.ErrNotFound) {
			t.Errorf("%s: foreign %v, absent %v", what, foreign, none)
		}
		if strings.ReplaceAll(foreign.Error(), rec.SHA256, absent) != none.Error() {
			t.Errorf("%s tells a foreign sample from an absent one: %v, %v", what, foreign, none)
		}
	}
	if m, err := w.Many(ctx, stranger.CID, []string{rec.SHA256}); err != nil || len(m) > 0 {
		t.Errorf("many: %v, %v", m, err)
	}
	if m, err := w.BySeq(ctx, stranger.CID, []uint64{rec.Seq}); err != nil || len(m) > 0 {
		t.Errorf("by number: %v, %v", m, err)
	}
	other, err := w.Put(ctx, stranger, bytes.NewReader(body), PutOptions{})
	must(t, err)
	if other.Label != Unknown || other.Seq == rec.Seq {
		t.Errorf("the other's sample knows of mine: %+v", other)
	}
	must(t, w.Delete(ctx, stranger, rec.SHA256))
	if _, err := w.Get(ctx, me, rec.SHA256); err != nil {
		t.Errorf("mine is gone: %v", err)
	}
}

func TestManyAndBySeq(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	want, bySeq := map[string]Record{}, map[uint64]Record{}
	ask, seqs := []string{strings.Repeat("f", 64)}, []uint64{1 << 40, 0}
	for i := range 30 {
		rec := w.put(t, blobtest.Content(uint64(i), 50), PutOptions{Tags: []string{"t"}})
		rec.Uploaded, rec.FirstSeen = rec.Uploaded.Truncate(time.Microsecond), rec.FirstSeen.Truncate(time.Microsecond)
		want[rec.SHA256], bySeq[rec.Seq] = rec, rec
		ask, seqs = append(ask, strings.ToUpper(rec.SHA256), rec.SHA256), append(seqs, rec.Seq)
	}
	for len(ask) < 3*chunk {
		ask, seqs = append(ask, ask...), append(seqs, seqs...)
	}
	got, err := w.Many(ctx, cid, ask)
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	numbered, err := w.BySeq(ctx, cid, seqs)
	must(t, err)
	if d := cmp.Diff(bySeq, numbered); d != "" {
		t.Error(d)
	}
	if _, err := w.Many(ctx, cid, []string{"12345678"}); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("a malformed hash: %v", err)
	}
	if m, err := w.Many(ctx, cid, nil); err != nil || len(m) > 0 {
		t.Errorf("nothing asked: %v, %v", m, err)
	}
}

func TestUpdate(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	a, b := w.put(t, []byte("aaaa"), PutOptions{Tags: []string{"old", "keep"}, Family: "f"}), w.put(t, []byte("bbbb"), PutOptions{})
	label, none, day := "PUA", "", time.Date(2001, 2, 3, 0, 0, 0, 0, time.UTC)
	n, err := w.Update(ctx, me, []string{a.SHA256, b.SHA256, strings.Repeat("0", 64)},
		Change{Label: &label, Family: &none, FirstSeen: &day, AddTags: []string{"new"}, RemoveTags: []string{"old"}})
	if n != 2 || err != nil || label != "PUA" {
		t.Fatalf("updated %d, %v", n, err)
	}
	for sha, tags := range map[string][]string{a.SHA256: {"keep", "new"}, b.SHA256: {"new"}} {
		got, err := w.Get(ctx, me, sha)
		must(t, err)
		if got.Label != Unwanted || got.Family != "" || !got.FirstSeen.Equal(day) || !slices.Equal(got.Tags, tags) {
			t.Errorf("got %+v", got)
		}
	}
	bad := "bad"
	many := make([]string, maxTags+1)
	for i := range many {
		many[i] = strings.Repeat("t", i+1)
	}
	for what, c := range map[string]Change{"label": {Label: &bad}, "tags": {AddTags: many}, "more tags": {AddTags: many[:maxTags]}} {
		if _, err := w.Update(ctx, me, []string{a.SHA256}, c); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := w.Update(ctx, me, []string{"x"}, Change{}); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("a malformed hash: %v", err)
	}
	if last := w.trail(t)[2:]; !slices.Equal(last, []string{"sample.update " + a.SHA256 + " " + b.SHA256}) {
		t.Errorf("audit: %q", last)
	}
}

func TestDelete(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	body := blobtest.Content(1, 100_000)
	rec, kept := w.put(t, body, PutOptions{Label: "malware"}), w.put(t, []byte("kept"), PutOptions{})
	r, _, err := w.Download(ctx, me, rec.SHA256)
	must(t, err)
	must(t, w.Delete(ctx, me, rec.SHA256))
	for what, err := range map[string]error{
		"get":      second(w.Get(ctx, me, rec.SHA256)),
		"update":   second(w.Update(ctx, me, []string{rec.SHA256}, Change{})),
		"delete":   w.Delete(ctx, me, rec.SHA256),
		"download": func() error { _, _, err := w.Download(ctx, me, rec.SHA256); return err }(),
	} {
		if !errors.Is(err, mews.ErrNotFound) {
			t.Errorf("%s of a deleted sample: %v", what, err)
		}
	}
	if b, err := content(r); err != nil || !bytes.Equal(b, body) {
		t.Errorf("a download that had begun: %v", err)
	}
	w.mustFind(t, kept.SHA256)
	again := w.put(t, body, PutOptions{})
	if again.Seq <= kept.Seq || again.Label != Unknown {
		t.Errorf("uploaded anew: %+v", again)
	}
	w.mustFind(t, kept.SHA256, again.SHA256)
	if err := w.Delete(ctx, me, "nonsense"); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("a malformed hash: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// Nothing is given out without its audit row.
func TestDownloadNeedsAudit(t *testing.T) {
	w := newWorld(t, Limits{})
	rec := w.put(t, []byte("abc"), PutOptions{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := w.Download(ctx, me, rec.SHA256); !errors.Is(err, context.Canceled) {
		t.Errorf("download: %v", err)
	}
	must(t, w.db.Close())
	if r, _, err := w.Download(context.Background(), me, rec.SHA256); err == nil {
		r.Close()
		t.Error("downloaded without an audit trail")
	}
}

func TestDamagedBytes(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	body := blobtest.Content(1, 1000)
	rec := w.put(t, body, PutOptions{})
	id := w.blobs.FileID(rec.blobName())
	f, err := w.fs.Open("blobs/" + id[:2] + "/" + id + ".blob")
	must(t, err)
	_, err = f.WriteAt([]byte{1, 2, 3}, 40)
	must(t, err)
	must(t, f.Close())
	_, _, err = w.Download(ctx, me, rec.SHA256)
	if !errors.Is(err, blob.ErrCorrupt) || !strings.Contains(err.Error(), "failed its integrity check") {
		t.Errorf("download: %v", err)
	}
	w.put(t, body, PutOptions{}) // heals it
	r, _, err := w.Download(ctx, me, rec.SHA256)
	must(t, err)
	if b, err := content(r); err != nil || !bytes.Equal(b, body) {
		t.Errorf("after healing: %v", err)
	}
	must(t, w.blobs.Delete(rec.blobName())) // as an antivirus would
	if _, _, err := w.Download(ctx, me, rec.SHA256); !errors.Is(err, blob.ErrNotFound) || errors.Is(err, mews.ErrNotFound) {
		t.Errorf("download of a lost blob: %v", err)
	}
}

// Whatever column of a record is changed behind our back, no answer is made of it.
func TestDamagedRow(t *testing.T) {
	for _, column := range []string{
		"md5 = zeroblob(16)", "sha1 = zeroblob(20)", "size = size + 1", "type = 'pe64'", "first_seen = first_seen + 1",
		"uploaded = uploaded + 1", "client = 'x'", "label = 'clean'", "family = 'x'", "tags = '[]'", "file_name = x'00'",
		"comment = x'00'", "confidential = 1", "crc = crc + 1", "seq = seq + 1",
	} {
		w := newWorld(t, Limits{})
		rec := w.put(t, []byte("abc"), PutOptions{Label: "malware", Tags: []string{"t"}})
		must(t, w.db.Write(context.Background(), func(tx *store.Tx) error {
			_, err := tx.Exec(`UPDATE sample SET ` + column)
			return err
		}))
		if _, err := w.Get(context.Background(), me, rec.SHA256); !errors.Is(err, errDamagedRow) {
			t.Errorf("%s: get: %v", column, err)
		}
		if _, err := w.Many(context.Background(), cid, []string{rec.SHA256}); !errors.Is(err, errDamagedRow) {
			t.Errorf("%s: many: %v", column, err)
		}
	}
}

func TestRecover(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	rec := w.put(t, []byte("to be deleted"), PutOptions{})
	kept := w.put(t, []byte("kept"), PutOptions{})
	whole := w.put(t, []byte("whose row is lost"), PutOptions{Label: "malware", Tags: []string{"t"}, FileName: "n\xff", Comment: "c"})
	noKey := w.put(t, []byte("whose key is destroyed"), PutOptions{})
	must(t, w.db.Write(ctx, func(tx *store.Tx) error {
		if err := setState(tx, rec, deleting); err != nil {
			return err
		}
		for _, r := range []Record{rec, whole, noKey} {
			if err := w.engine.Forget(tx, cid, r.Seq); err != nil {
				return err
			}
		}
		return errors.Join(remove(tx, whole), remove(tx, noKey))
	}))
	id := w.blobs.FileID(noKey.blobName())
	f, err := w.fs.Open("blobs/" + id[:2] + "/" + id + ".blob")
	must(t, err)
	_, err = f.WriteAt(make([]byte, 60), 36)
	must(t, err)
	must(t, f.Close())
	for range 2 {
		must(t, w.Recover(ctx))
		w.mustFind(t, kept.SHA256, whole.SHA256)
		got, err := w.Get(ctx, me, whole.SHA256)
		must(t, err)
		want := whole
		want.Seq, want.Uploaded, want.FirstSeen = got.Seq, want.Uploaded.Truncate(time.Microsecond), want.FirstSeen.Truncate(time.Microsecond)
		if d := cmp.Diff(want, got); d != "" || got.Seq <= noKey.Seq {
			t.Errorf("taken in as number %d: %s", got.Seq, d)
		}
		for _, gone := range []Record{rec, noKey} {
			if _, err := w.blobs.Get(gone.blobName()); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("blob after recovery: %v", err)
			}
		}
	}
}

// An upload under way while Recover runs is not an orphan.
func TestRecoverLeavesUploadsAlone(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	hold := make(chan struct{})
	w.Service.index = waiting{w.engine, hold}
	done := make(chan error)
	go func() {
		_, err := w.Put(ctx, me, strings.NewReader("under way"), PutOptions{})
		done <- err
	}()
	hold <- struct{}{} // its blob is committed, its row is not
	recovered := make(chan error)
	go func() { recovered <- w.Recover(ctx) }()
	close(hold)
	must(t, <-done)
	must(t, <-recovered)
	w.mustFind(t, shaOf([]byte("under way")))
	if got := w.trail(t); len(got) != 1 {
		t.Errorf("audit: %q", got)
	}
	stop := w.locks.watch()
	defer stop()
	unlock := w.locks.lock("name")
	if _, ok := w.locks.lockIdle("name"); ok {
		t.Error("a name in use counts as idle")
	}
	unlock()
	if _, ok := w.locks.lockIdle("name"); ok {
		t.Error("a name used since counts as idle")
	}
}

// waiting holds an upload inside its transaction.
type waiting struct {
	Index
	hold chan struct{}
}

func (h waiting) Enqueue(tx *store.Tx, cid store.CID, f index.File) error {
	<-h.hold
	<-h.hold
	return h.Index.Enqueue(tx, cid, f)
}

// Readers of a sample hold no lock: many at a time, beside uploads and deletes.
func TestChurn(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	bodies := [][]byte{blobtest.Content(1, 2000), blobtest.Content(2, 3000)}
	stop := time.Now().Add(300 * time.Millisecond)
	errs := make(chan error, 8)
	for i := range 8 {
		go func() {
			var err error
			for n := i; err == nil && time.Now().Before(stop); n++ {
				body := bodies[n%2]
				switch n % 4 {
				case 0, 1:
					_, err = w.Put(ctx, me, bytes.NewReader(body), PutOptions{})
				case 2:
					if err = w.Delete(ctx, me, shaOf(body)); errors.Is(err, mews.ErrNotFound) {
						err = nil
					}
				default:
					err = readBack(w, body)
				}
				if n%50 == 49 {
					err = errors.Join(err, w.Recover(ctx))
				}
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func readBack(w *world, body []byte) error {
	r, _, err := w.Download(context.Background(), me, shaOf(body))
	if errors.Is(err, mews.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	b, err := io.ReadAll(r.Plain())
	if err == nil && !bytes.Equal(b, body) {
		err = errors.New("read other bytes")
	}
	return err
}
