package search

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/demo/corpus"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the randomised tests; 0 draws one")

// newSeed prints the seed that replays a test.
func newSeed(t testing.TB) uint64 {
	seed := *seedFlag
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed=%d", seed)
	return seed
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 2)) }

// A world is an engine with everything below it, and the plain bytes of every
// file it must know.
type world struct {
	t      testing.TB
	rng    *rand.Rand
	gen    *corpus.Generator
	fs     *vfs.Mem
	db     *store.DB
	blobs  *blob.Store
	eng    *Engine
	limits Limits
	small  bool // columns of some hundred bytes, so that small files have many

	seq   uint64
	files map[store.CID][]known
}

// A known file was acknowledged and not deleted.
type known struct {
	index.File
	plain []byte
	lower []byte // plain with A-Z as a-z
}

func newWorld(t testing.TB, seed uint64, change ...func(*Limits)) *world {
	return makeWorld(t, seed, false, change...)
}

func makeWorld(t testing.TB, seed uint64, small bool, change ...func(*Limits)) *world {
	w := &world{
		small: small, t: t, rng: newRand(seed), gen: corpus.New(seed), fs: vfs.NewMem(), db: storetest.New(t),
		limits: Limits{FanOut: 3, FrameCache: 300_000}, files: map[store.CID][]known{},
	}
	for _, fn := range change {
		fn(&w.limits)
	}
	w.open()
	t.Cleanup(func() { w.must(w.eng.Close()) })
	return w
}

func (w *world) open() {
	w.t.Helper()
	var err error
	w.blobs, err = blob.Open(w.fs, blobtest.Keys(), blob.Options{})
	w.must(err)
	w.eng, err = Open(context.Background(), Deps{DB: w.db, Blobs: w.blobs, FS: w.fs, Keys: blobtest.Keys(), Limits: w.limits})
	w.must(err)
	if w.small {
		w.eng.params = smallParams(w.eng.params)
	}
}

// smallParams shrink columns to a few hundred bytes.
func smallParams(p index.Params) index.Params {
	p.Classes = []index.Class{
		{Short: 1024, Middle: 512, Long: 512, Limit: 370},
		{Short: 2048, Middle: 512, Long: 512, Limit: 430, Enter: 200},
	}
	p.Step, p.Overlap, p.MaxColumn, p.Probe = 80, 64, 1600, 240
	p.MaxFilled, p.Region, p.SealColumns = 20_000, 256, 100
	return p
}

func (w *world) reopen() {
	w.t.Helper()
	w.must(w.eng.Close())
	w.open()
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// cut says how a test writes frames.
type cut int

const (
	atColumns cut = iota // as the index cuts
	anywhere             // at random places, so that frames and columns do not match
)

// store writes a blob, and makes the filters on the way.
func (w *world) store(cid store.CID, plain []byte, how cut) (*index.Doc, error) {
	bw, err := w.blobs.Create(string(cid))
	if err != nil {
		return nil, err
	}
	defer bw.Abort()
	s := index.NewSlicer(w.eng.Params())
	var frame []byte
	room := 1 + w.rng.IntN(40_000)
	for p := plain; len(p) > 0; {
		n, end := s.Next(p)
		for part := p[:n]; len(part) > 0; {
			k := len(part)
			if how == anywhere {
				k = min(k, room-len(frame))
			}
			frame, part = append(frame, part[:k]...), part[k:]
			if full := how == anywhere && len(frame) == room; full {
				if err := bw.Frame(frame); err != nil {
					return nil, err
				}
				frame, room = frame[:0], 1+w.rng.IntN(40_000)
			}
		}
		p = p[n:]
		if end && how == atColumns {
			if err := bw.Frame(frame); err != nil {
				return nil, err
			}
			frame = frame[:0]
		}
	}
	if len(frame) > 0 {
		if err := bw.Frame(frame); err != nil {
			return nil, err
		}
	}
	if _, err := bw.Finish(nil); err != nil {
		return nil, err
	}
	_, err = bw.Commit()
	return s.Finish(), err
}

// put adds a file as the sample service does. The filters are offered or not.
func (w *world) put(cid store.CID, plain []byte, kind string, how cut, offer bool) error {
	doc, err := w.store(cid, plain, how)
	if err != nil {
		return err
	}
	w.seq++
	f := fileOf(w.seq, plain, kind)
	err = w.db.Write(context.Background(), func(tx *store.Tx) error { return w.eng.Enqueue(tx, cid, f) })
	if err != nil {
		return err
	}
	w.files[cid] = append(w.files[cid], known{f, plain, lowerASCII(plain)})
	if offer {
		w.eng.Offer(cid, f, doc)
	}
	return nil
}

func fileOf(seq uint64, plain []byte, kind string) index.File {
	return index.File{Seq: seq, SHA256: sha256.Sum256(plain), Size: int64(len(plain)), Type: kind}
}

// forget deletes the i-th file of a customer.
func (w *world) forget(cid store.CID, i int) error {
	f := w.files[cid][i]
	err := w.db.Write(context.Background(), func(tx *store.Tx) error { return w.eng.Forget(tx, cid, f.Seq) })
	if err != nil {
		return err
	}
	w.files[cid] = slices.Delete(w.files[cid], i, i+1)
	same := func(k known) bool { return k.SHA256 == f.SHA256 }
	if slices.ContainsFunc(w.files[cid], same) {
		return nil
	}
	return w.blobs.Delete(blob.Name{CID: string(cid), SHA256: f.SHA256})
}

// plainView answers a plan from plain bytes, by means of its own.
type plainView struct{ known }

func (v plainView) Seq() uint64  { return v.File.Seq }
func (v plainView) Size() uint64 { return uint64(len(v.plain)) }
func (v plainView) Head() []byte { return v.plain[:min(len(v.plain), query.HeadLen)] }
func (v plainView) Type() string { return v.File.Type }

func (v plainView) Digest(algo string) []byte {
	if algo != "sha256" {
		return nil
	}
	return v.SHA256[:]
}

func (v plainView) Contains(p query.Pattern) (bool, error) {
	switch p := p.(type) {
	case query.Literal:
		if p.Fold {
			return bytes.Contains(v.lower, lowerASCII(p.Bytes)), nil
		}
		return bytes.Contains(v.plain, p.Bytes), nil
	case query.Masked:
		return holdsMasked(v.plain, p), nil
	}
	return false, fmt.Errorf("unknown pattern %s", p)
}

// holdsMasked follows the definition, but for going along a byte that is known.
func holdsMasked(data []byte, m query.Masked) bool {
	sure := bytes.IndexByte(m.Mask, 0xFF)
	for at := 0; at+len(m.Bytes) <= len(data); at++ {
		if sure >= 0 {
			skip := bytes.IndexByte(data[at+sure:], m.Bytes[sure])
			if at += skip; skip < 0 || at+len(m.Bytes) > len(data) {
				return false
			}
		}
		i := 0
		for i < len(m.Bytes) && data[at+i]&m.Mask[i] == m.Bytes[i] {
			i++
		}
		if i == len(m.Bytes) {
			return true
		}
	}
	return false
}

func lowerASCII(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 32
		}
	}
	return out
}

// brute is the truth: the files the plan holds for, newest first.
func (w *world) brute(cid store.CID, plan query.Node) []uint64 {
	var out []uint64
	for _, k := range w.files[cid] {
		ok, err := query.Match(plan, plainView{k})
		w.must(err)
		if ok {
			out = append(out, k.Seq)
		}
	}
	slices.SortFunc(out, func(a, b uint64) int { return int(b) - int(a) })
	return out
}

// answer is what the engine says: candidates, and those confirmed.
func (w *world) answer(cid store.CID, plan query.Node, o Select) (candidates, confirmed []uint64, err error) {
	ctx := context.Background()
	s, err := w.eng.Snapshot(ctx, cid)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	for c, err := range s.Candidates(ctx, plan, o) {
		if err != nil {
			return nil, nil, err
		}
		candidates = append(candidates, c.File().Seq)
		ok, read, err := c.Confirm(ctx)
		if err != nil {
			return nil, nil, err
		}
		if read < 0 || !ok && c.File().Size == 0 && read > 0 {
			return nil, nil, fmt.Errorf("read %d bytes of a file of %d", read, c.File().Size)
		}
		if ok {
			confirmed = append(confirmed, c.File().Seq)
		}
	}
	return candidates, confirmed, nil
}

// check compares one plan's answer with the truth.
func (w *world) check(cid store.CID, plan query.Node) {
	w.t.Helper()
	want := w.brute(cid, plan)
	candidates, got, err := w.answer(cid, plan, Select{})
	if err != nil {
		w.t.Fatalf("search %.300s: %v", plan, err)
	}
	for _, seq := range want {
		if !slices.Contains(candidates, seq) {
			w.t.Fatalf("search %.300s: file %d matches and is no candidate", plan, seq)
		}
	}
	if !slices.Equal(got, want) {
		w.t.Fatalf("search %.300s: confirmed %v, want %v", plan, got, want)
	}
	if !slices.IsSortedFunc(candidates, func(a, b uint64) int { return int(b) - int(a) }) {
		w.t.Fatalf("search %.300s: candidates are not newest first: %v", plan, candidates)
	}
}

// segmentNames lists the segment files.
func (w *world) segmentNames() []string {
	names, err := w.fs.ReadDir(folder)
	if !errors.Is(err, fs.ErrNotExist) {
		w.must(err)
	}
	var out []string
	for _, name := range names {
		if strings.HasSuffix(name, segSuffix) {
			out = append(out, path.Join(folder, name))
		}
	}
	return out
}
