package sample

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

func TestPut(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	body := append([]byte("%PDF-1.7\n"), blobtest.Content(1, 900_000)...)
	seen := time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)
	rec := w.put(t, body, PutOptions{
		FileName: "in\xffvoice\u202e.pdf", Comment: "c", Confidential: true, Label: "PUA", Family: " fam ",
		Tags: []string{"b", "a", "b", " "}, FirstSeen: seen, SHA256: strings.ToUpper(shaOf(body)),
	})
	want := Record{
		Seq: rec.Seq, CID: cid, SHA256: shaOf(body), MD5: fmt.Sprintf("%x", md5.Sum(body)), SHA1: fmt.Sprintf("%x", sha1.Sum(body)),
		Size: int64(len(body)), Type: "pdf", FirstSeen: seen, Uploaded: rec.Uploaded, Client: me.Client, Label: Unwanted,
		Family: "fam", Tags: []string{"a", "b"}, FileName: "in\xffvoice\u202e.pdf", Comment: "c", Confidential: true,
	}
	if d := cmp.Diff(want, rec); d != "" {
		t.Error(d)
	}
	if rec.Seq == 0 || time.Since(rec.Uploaded) > time.Minute {
		t.Errorf("number %d, uploaded %v", rec.Seq, rec.Uploaded)
	}
	got, err := w.Get(ctx, me, strings.ToUpper(rec.SHA256))
	must(t, err)
	rec.Uploaded = rec.Uploaded.Truncate(time.Microsecond)
	if d := cmp.Diff(rec, got); d != "" {
		t.Error(d)
	}
	r, same, err := w.Download(ctx, me, rec.SHA256)
	must(t, err)
	if b, err := content(r); err != nil || !bytes.Equal(b, body) || same.Seq != rec.Seq {
		t.Errorf("downloaded %d bytes, %v", len(b), err)
	}
	w.mustFind(t, rec.SHA256)
	if d := cmp.Diff([]string{"sample.upload " + rec.SHA256, "sample.download " + rec.SHA256}, w.trail(t)); d != "" {
		t.Error(d)
	}
}

// Frames end where columns end, and are never longer than 256 KiB.
func TestFramesFollowColumns(t *testing.T) {
	w := newWorld(t, Limits{})
	body := blobtest.Content(1, 3<<20)
	rec := w.put(t, body, PutOptions{})
	ends := map[int64]bool{rec.Size: true}
	slicer := index.NewSlicer(w.engine.Params())
	for at := 0; at < len(body); {
		n, cut := slicer.Next(body[at:])
		if at += n; cut {
			ends[int64(at)] = true
		}
	}
	r, err := w.blobs.Get(rec.blobName())
	must(t, err)
	defer r.Close()
	last := int64(0)
	for _, f := range r.Frames() {
		if f.Length > frameSize || f.Length < frameSize && !ends[f.Offset+int64(f.Length)] {
			t.Errorf("frame of %d bytes ends at %d, where no column does", f.Length, f.Offset+int64(f.Length))
		}
		for end := range ends {
			if f.Offset < end && end < f.Offset+int64(f.Length) {
				t.Errorf("a column ends at %d, inside a frame", end)
			}
		}
		last = f.Offset + int64(f.Length)
	}
	if last != rec.Size || len(ends) < 5 {
		t.Errorf("frames end at %d of %d; %d columns", last, rec.Size, len(ends))
	}
}

func TestPutAgain(t *testing.T) {
	w := newWorld(t, Limits{})
	body := []byte("the same bytes twice")
	first := w.put(t, body, PutOptions{FileName: "one", Label: "malware", Family: "f", Tags: []string{"x"}, Comment: "c", Confidential: true})
	second := w.put(t, body, PutOptions{FileName: "two", Tags: []string{"a"}, Confidential: true})
	want := first
	want.FileName, want.Tags = "two", []string{"a", "x"}
	want.Uploaded, want.FirstSeen = second.Uploaded, second.FirstSeen // rounded by the database
	if d := cmp.Diff(want, second); d != "" {
		t.Error(d)
	}
	third := w.put(t, body, PutOptions{Label: "clean", FirstSeen: time.Unix(1e9, 0), Family: "g", Comment: "d"})
	if third.Label != Clean || third.Family != "g" || third.Comment != "d" || third.FirstSeen.Unix() != 1e9 || third.Confidential || third.FileName != "two" {
		t.Errorf("got %+v", third)
	}
	w.mustFind(t, first.SHA256)
	if n := len(w.trail(t)); n != 3 {
		t.Errorf("%d audit rows for 3 uploads", n)
	}
}

func TestPutRefuses(t *testing.T) {
	w := newWorld(t, Limits{MaxSize: 100_000})
	boom := errors.New("boom")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	alive := context.Background()
	body := strings.Repeat("x", 100_000)
	for what, c := range map[string]struct {
		ctx  context.Context
		r    io.Reader
		o    PutOptions
		want error
	}{
		"empty":        {alive, strings.NewReader(""), PutOptions{}, mews.ErrInvalid},
		"too large":    {alive, strings.NewReader(body + "x"), PutOptions{}, mews.ErrTooLarge},
		"endless":      {alive, endless{}, PutOptions{}, mews.ErrTooLarge},
		"mismatch":     {alive, strings.NewReader("abc"), PutOptions{SHA256: strings.Repeat("0", 64)}, mews.ErrInvalid},
		"bad hash":     {alive, strings.NewReader("abc"), PutOptions{SHA256: "abc"}, mews.ErrInvalid},
		"bad label":    {alive, strings.NewReader("abc"), PutOptions{Label: "evil"}, mews.ErrInvalid},
		"long name":    {alive, strings.NewReader("abc"), PutOptions{FileName: strings.Repeat("n", 4097)}, mews.ErrInvalid},
		"long comment": {alive, strings.NewReader("abc"), PutOptions{Comment: strings.Repeat("é", 4097)}, mews.ErrInvalid},
		"long family":  {alive, strings.NewReader("abc"), PutOptions{Family: strings.Repeat("f", 257)}, mews.ErrInvalid},
		"long tag":     {alive, strings.NewReader("abc"), PutOptions{Tags: []string{strings.Repeat("t", 129)}}, mews.ErrInvalid},
		"old":          {alive, strings.NewReader("abc"), PutOptions{FirstSeen: time.Unix(-1, 0)}, mews.ErrInvalid},
		"broken":       {alive, io.MultiReader(strings.NewReader(body[:70_000]), iotest.ErrReader(boom)), PutOptions{}, boom},
		"stuck":        {alive, stuck{}, PutOptions{}, io.ErrNoProgress},
		"cancelled":    {ctx, strings.NewReader("abc"), PutOptions{}, context.Canceled},
	} {
		if _, err := w.Put(c.ctx, me, c.r, c.o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	var e *mews.Error
	_, err := w.Put(alive, me, strings.NewReader("abc"), PutOptions{SHA256: strings.Repeat("0", 64)})
	if !errors.As(err, &e) || e.Message != "sha256 mismatch: computed "+shaOf([]byte("abc")) {
		t.Errorf("mismatch says %v", err)
	}
	w.empty(t)
	if lines := w.trail(t); len(lines) > 0 {
		t.Errorf("audit rows of refused uploads: %q", lines)
	}
	w.put(t, []byte(body), PutOptions{
		FileName: strings.Repeat("n", 4096), Comment: strings.Repeat("é", 4096), Family: strings.Repeat("f", 256),
		Tags: []string{strings.Repeat("t", 128)}, FirstSeen: time.Unix(0, 0),
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// A row that cannot be written takes the blob with it.
func TestPutUndone(t *testing.T) {
	w := newWorld(t, Limits{})
	boom := errors.New("boom")
	w.Service.index = refusing{w.engine, boom}
	if _, err := w.Put(context.Background(), me, strings.NewReader("abc"), PutOptions{}); !errors.Is(err, boom) {
		t.Fatalf("put: %v", err)
	}
	w.empty(t)
	w.Service.index = w.engine
	rec := w.put(t, []byte("abc"), PutOptions{})
	// A sample that is there survives a failing repeat.
	must(t, w.db.Close())
	if _, err := w.Put(context.Background(), me, strings.NewReader("abc"), PutOptions{}); !errors.Is(err, mews.ErrUnavailable) {
		t.Fatalf("put on a closed database: %v", err)
	}
	if r, err := w.blobs.Get(rec.blobName()); err != nil {
		t.Errorf("the blob is gone: %v", err)
	} else {
		r.Close()
	}
}

// refusing is an index that takes nothing in.
type refusing struct {
	Index
	err error
}

func (r refusing) Enqueue(*store.Tx, store.CID, index.File) error { return r.err }

// Many uploads of few contents, some broken off, by two customers: one blob and
// one row each, and every answer is right.
func TestPutParallel(t *testing.T) {
	w := newWorld(t, Limits{Parallel: 8, Large: 1})
	bodies := [][]byte{blobtest.Content(1, 100), blobtest.Content(2, 300_000), blobtest.Content(3, largeSize+1)}
	var wg sync.WaitGroup
	for i := range 48 {
		wg.Go(func() {
			body, who := bodies[min(i%3, 1+i/45)], actor([]store.CID{cid, "other"}[i%2])
			var r io.Reader = bytes.NewReader(body)
			if i%5 == 4 {
				r = io.MultiReader(io.LimitReader(r, int64(len(body))-10), iotest.ErrReader(io.ErrUnexpectedEOF))
			}
			rec, err := w.Put(context.Background(), who, r, PutOptions{})
			if i%5 == 4 {
				if !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("upload broken off: %v", err)
				}
			} else if err != nil || rec.SHA256 != shaOf(body) || rec.CID != who.CID {
				t.Errorf("upload: %s, %v", rec.SHA256, err)
			}
		})
	}
	wg.Wait()
	if len(w.places)+len(w.large) > 0 || len(w.locks.held) > 0 {
		t.Errorf("%d places, %d large ones, %d locks are still held", len(w.places), len(w.large), len(w.locks.held))
	}
	blobs := 0
	for _, err := range w.blobs.All() {
		must(t, err)
		blobs++
	}
	rows := 0
	for _, who := range []store.CID{cid, "other"} {
		all, err := w.Many(context.Background(), who, []string{shaOf(bodies[0]), shaOf(bodies[1]), shaOf(bodies[2])})
		must(t, err)
		rows += len(all)
		shas, err := w.found(context.Background(), who)
		if err != nil || len(shas) != len(all) {
			t.Errorf("searches see %d of %d, %v", len(shas), len(all), err)
		}
	}
	if blobs != rows || rows < 4 {
		t.Errorf("%d blobs, %d rows", blobs, rows)
	}
}

// However the bytes arrive, what is stored is the same.
func TestPutProperty(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		body := blobtest.Content(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 700_000).Draw(t, "size"))
		var r io.Reader = bytes.NewReader(body)
		switch rapid.IntRange(0, 3).Draw(t, "reader") {
		case 1:
			r = iotest.HalfReader(r)
		case 2:
			r = iotest.DataErrReader(r)
		case 3:
			r = iotest.OneByteReader(bytes.NewReader(body[:min(len(body), 5000)]))
			body = body[:min(len(body), 5000)]
		}
		name := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "name")
		comment := rapid.String().Draw(t, "comment")
		rec, err := w.Put(ctx, me, r, PutOptions{FileName: string(name), Comment: comment})
		if err != nil {
			t.Fatal(err)
		}
		again, err := w.Get(ctx, me, rec.SHA256)
		if err != nil || len(name) > 0 && again.FileName != string(name) || comment != "" && again.Comment != comment {
			t.Fatalf("got %+v, %v", again, err)
		}
		r2, _, err := w.Download(ctx, me, shaOf(body))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := content(r2); err != nil || !bytes.Equal(b, body) {
			t.Fatalf("read %d bytes of %d: %v", len(b), len(body), err)
		}
	})
}
