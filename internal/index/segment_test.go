package index

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mewshq/mews/internal/query"
	"pgregory.net/rapid"
)

// fixedCorpus is a small corpus with every kind of content and column.
func fixedCorpus() [][]byte {
	rng := rand.New(rand.NewPCG(11, 13))
	corpus := [][]byte{{}, {7}, []byte("MZ"), []byte("a marker that is text"), []byte("w\x00i\x00d\x00e\x00 \x00M\x00a\x00r\x00k\x00e\x00r\x00")}
	for i := range 12 {
		corpus = append(corpus, content(rng, i%5, 20<<(i%7)))
	}
	return append(corpus, content(rng, 0, 5000)) // longer than MaxFilled
}

func TestSegmentKeepsFiles(t *testing.T) {
	corpus := fixedCorpus()
	raw := segmentBytes(t, smallParams(), corpus)
	s := open(t, raw)
	if err := Check(bytes.NewReader(raw), int64(len(raw)), newTestBox(t)); err != nil {
		t.Fatal(err)
	}
	if s.Files() != len(corpus) || s.Size() != int64(len(raw)) {
		t.Fatalf("%d files, %d bytes", s.Files(), s.Size())
	}
	for no, data := range corpus {
		head := s.Head(no)
		if diff := cmp.Diff(fileOf(no, data), s.File(no)); diff != "" || !bytes.Equal(head[:min(len(data), headLen)], data[:min(len(data), headLen)]) {
			t.Fatalf("file %d: %s, head %x", no, diff, head)
		}
	}
	if lo, hi := s.Seqs(); lo != 1 || hi != uint64(len(corpus)) {
		t.Fatalf("sequence numbers %d to %d", lo, hi)
	}
	if s.foot.rest == 0 || s.classes[0].columns == 0 || s.classes[1].columns == 0 {
		t.Fatalf("the corpus leaves kinds of columns out: %d, %v", s.foot.rest, s.foot.columns)
	}
	if !bytes.Equal(raw, segmentBytes(t, smallParams(), corpus)) {
		t.Fatal("equal input gave other bytes")
	}
}

func TestSmallFilesArePacked(t *testing.T) {
	var corpus [][]byte
	for i := range 400 {
		corpus = append(corpus, bytes.Repeat([]byte{byte(i), byte(i >> 8), 'x'}, 40))
	}
	s := open(t, segmentBytes(t, DefaultParams(), corpus))
	if s.Columns() > 3 {
		t.Fatalf("%d columns for %d bytes", s.Columns(), 400*120)
	}
}

func TestBuilderRefuses(t *testing.T) {
	p := smallParams()
	b := NewBuilder(p, newTestBox(t))
	data := bytes.Repeat([]byte("some words "), 60)
	f := fileOf(0, data)
	f.Size++
	if err := b.Add(f, slice(NewSlicer(p), data, 100)); !errors.Is(err, ErrParams) {
		t.Errorf("wrong size: %v", err)
	}
	if err := b.Add(fileOf(0, data), slice(NewSlicer(DefaultParams()), data, 100)); !errors.Is(err, ErrParams) {
		t.Errorf("other parameters: %v", err)
	}
	long := fileOf(0, data)
	long.Type = string(make([]byte, 65))
	if err := b.Add(long, slice(NewSlicer(p), data, 100)); !errors.Is(err, ErrParams) {
		t.Errorf("long type: %v", err)
	}
	if b.Files() != 0 {
		t.Fatalf("%d files after refusals", b.Files())
	}
	for !b.Full() {
		if err := b.Add(fileOf(b.Files(), data), slice(NewSlicer(p), data, 100)); err != nil {
			t.Fatal(err)
		}
	}
	if b.Columns() < p.SealColumns && int64(b.Bytes()) < p.SealBytes {
		t.Fatalf("full at %d columns, %d bytes", b.Columns(), b.Bytes())
	}
	var one, two bytes.Buffer
	if _, err := b.WriteTo(&one); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(fileOf(0, data), slice(NewSlicer(p), data, 100)); !errors.Is(err, ErrFull) {
		t.Errorf("add after writing: %v", err)
	}
	if _, err := b.WriteTo(&two); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Errorf("written twice: %v", err)
	}
	if _, err := b.WriteTo(&failing{left: one.Len() / 2}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("write error: %v", err)
	}
	if _, err := NewBuilder(Params{}, newTestBox(t)).WriteTo(&two); !errors.Is(err, ErrParams) {
		t.Errorf("no parameters: %v", err)
	}
	if _, err := NewBuilder(p, newTestBox(t).(testBox).AEAD).WriteTo(&two); !errors.Is(err, ErrParams) {
		t.Errorf("box with nonces: %v", err)
	}
}

type failing struct{ left int }

func (f *failing) Write(b []byte) (int, error) {
	if f.left -= len(b); f.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(b), nil
}

func TestSearchCanBeCancelled(t *testing.T) {
	s := open(t, segmentBytes(t, smallParams(), fixedCorpus()))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Search(ctx, Compile(query.Literal{Bytes: []byte("marker")}), nil, nil); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestOtherKeyDoesNotOpen(t *testing.T) {
	raw := segmentBytes(t, smallParams(), fixedCorpus())
	if bytes.Contains(raw, []byte("a marker that is")) {
		t.Fatal("first bytes of a file stand in the segment")
	}
	if _, err := OpenSegment(bytes.NewReader(raw), int64(len(raw)), otherBox(t)); !errors.Is(err, ErrCorrupt) {
		t.Fatal(err)
	}
}

func TestMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in []*Segment
		var corpora [][][]byte
		dead := map[[2]int]bool{}
		for i := range rapid.IntRange(1, 4).Draw(t, "segments") {
			c := drawCorpus(t)
			corpora = append(corpora, c)
			in = append(in, open(t, segmentBytes(t, smallParams(), c)))
			for no := range c {
				dead[[2]int{i, no}] = rapid.IntRange(0, 2).Draw(t, "dead") == 0
			}
		}
		var out bytes.Buffer
		if err := Merge(&out, in, func(seg, file int) bool { return !dead[[2]int{seg, file}] }, newTestBox(t)); err != nil {
			t.Fatal(err)
		}
		if err := Check(bytes.NewReader(out.Bytes()), int64(out.Len()), newTestBox(t)); err != nil {
			t.Fatal(err)
		}
		s := open(t, out.Bytes())
		var left [][]byte
		var files []File
		for i, c := range corpora {
			for no, data := range c {
				if !dead[[2]int{i, no}] {
					left = append(left, data)
					files = append(files, in[i].File(no))
				}
			}
		}
		if s.Files() != len(left) {
			t.Fatalf("%d files, want %d", s.Files(), len(left))
		}
		for no, f := range files {
			if s.File(no) != f {
				t.Fatalf("file %d: %v, want %v", no, s.File(no), f)
			}
		}
		for range 6 {
			lit := drawLiteral(t, corpora[0])
			if err := missed(left, search(t, s, lit), lit); err != nil {
				t.Fatal(err)
			}
		}
		sameColumns(t, in, dead, s)
	})
}

// sameColumns fails unless the merged segment has the filters of all columns
// with a living file, in order.
func sameColumns(t tester, in []*Segment, dead map[[2]int]bool, merged *Segment) {
	for class := range merged.classes {
		var want []string
		for i, s := range in {
			c := s.classes[class]
			for k, bits := range columnBits(t, s, class) {
				parts := s.parts[s.partStart[c.base+k]:s.partStart[c.base+k+1]]
				if slices.ContainsFunc(parts, func(p part) bool { return !dead[[2]int{i, int(p.file)}] }) {
					want = append(want, bits)
				}
			}
		}
		if got := columnBits(t, merged, class); !slices.Equal(got, want) {
			t.Fatalf("class %d: %d columns differ from the %d of the inputs", class, len(got), len(want))
		}
	}
}

// columnBits reads the rows of a class back as columns.
func columnBits(t tester, s *Segment, class int) []string {
	c := s.classes[class]
	out := make([][]byte, c.columns)
	st := rowStream{seg: s, class: c}
	row := make([]byte, c.pitch)
	for range c.shape.rows {
		if c.columns == 0 {
			break
		}
		if err := st.next(row); err != nil {
			t.Fatal(err)
		}
		for k := range out {
			out[k] = append(out[k], row[k/8]>>(k%8)&1)
		}
	}
	text := make([]string, len(out))
	for k, b := range out {
		text[k] = string(b)
	}
	return text
}

// TestManyColumns has rows longer than 64 bytes, columns that die, and rows that
// span regions.
func TestManyColumns(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 43))
	var left [][]byte
	var in []*Segment
	dead := map[[2]int]bool{}
	for i := range 3 {
		var corpus [][]byte
		for no := range 700 - 100*i {
			data := content(rng, rng.IntN(5), 150+rng.IntN(150))
			corpus = append(corpus, data)
			if dead[[2]int{i, no}] = rng.IntN(3) == 0; !dead[[2]int{i, no}] {
				left = append(left, data)
			}
		}
		in = append(in, open(t, segmentBytes(t, smallParams(), corpus)))
	}
	var out bytes.Buffer
	if err := Merge(&out, in, func(seg, file int) bool { return !dead[[2]int{seg, file}] }, newTestBox(t)); err != nil {
		t.Fatal(err)
	}
	s := open(t, out.Bytes())
	if s.Columns() < 512 || s.Files() != len(left) {
		t.Fatalf("%d columns, %d files", s.Columns(), s.Files())
	}
	if err := Check(bytes.NewReader(out.Bytes()), int64(out.Len()), newTestBox(t)); err != nil {
		t.Fatal(err)
	}
	sameColumns(t, in, dead, s)
	for range 200 {
		data := left[rng.IntN(len(left))]
		at := rng.IntN(len(data) - 12)
		lit := query.Literal{Bytes: data[at : at+4+rng.IntN(8)]}
		hits := search(t, s, lit)
		for no, d := range left {
			if bytes.Contains(d, lit.Bytes) && !slices.ContainsFunc(hits, func(h Hit) bool { return h.FileNo == no }) {
				t.Fatalf("file %d is missed by %s", no, lit)
			}
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	p := smallParams()
	one := segmentBytes(t, p, fixedCorpus())
	p.Overlap = 32
	two := segmentBytes(t, p, fixedCorpus())
	if err := Merge(io.Discard, []*Segment{open(t, one), open(t, two)}, nil, newTestBox(t)); !errors.Is(err, ErrParams) {
		t.Errorf("other parameters: %v", err)
	}
	if err := Merge(io.Discard, nil, nil, newTestBox(t)); !errors.Is(err, ErrParams) {
		t.Errorf("no input: %v", err)
	}
	s := open(t, one)
	bad := bytes.Clone(one)
	bad[s.classes[0].section.off+700] ^= 4
	if err := Merge(io.Discard, []*Segment{s, open(t, bad)}, nil, newTestBox(t)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("damaged input: %v", err)
	}
	if err := Merge(&failing{left: 3000}, []*Segment{s}, nil, newTestBox(t)); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("write error: %v", err)
	}
}

// fixedLiterals has a few literals of every file and kind.
func fixedLiterals(corpus [][]byte) []query.Literal {
	rng := rand.New(rand.NewPCG(17, 19))
	var out []query.Literal
	for _, data := range corpus {
		for _, n := range []int{4, 7, 16, 100} {
			if len(data) >= n {
				at := rng.IntN(len(data) - n + 1)
				out = append(out, query.Literal{Bytes: data[at : at+n]}, query.Literal{Bytes: foldAll(data[at : at+n]), Fold: true})
			}
		}
	}
	return out
}
