package index

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/mewshq/mews/internal/query"
	"pgregory.net/rapid"
)

// drawFile makes content of one of the kinds that take different ways through
// the rules: text, UTF-16, code-like, random and repeated bytes, or a mix.
func drawFile(t *rapid.T) []byte {
	size := rapid.OneOf(rapid.IntRange(0, 16), rapid.IntRange(0, 600), rapid.IntRange(0, 9000)).Draw(t, "size")
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	var out []byte
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	for len(out) < size {
		k := kind
		if k == 5 {
			k = rng.IntN(5)
		}
		out = append(out, content(rng, k, 1+rng.IntN(200))...)
	}
	return out[:size]
}

func content(rng *rand.Rand, kind, n int) []byte {
	out := make([]byte, 0, 2*n)
	letter := func() byte { return "etaoinETAOIN0123 ./_-~zqZQ"[rng.IntN(26)] }
	for range n {
		switch kind {
		case 0:
			out = append(out, letter())
		case 1:
			out = append(out, letter(), 0)
		case 2:
			out = append(out, []byte{0x48, 0x89, 0xE5, 0, 0xFF, byte(rng.IntN(256)), 0x41, 0x5A, 0x5B, 0x60, 0x7B}[rng.IntN(11)])
		case 3:
			out = append(out, byte(rng.IntN(256)))
		case 4:
			out = append(out, byte(n))
		}
	}
	return out
}

func drawCorpus(t *rapid.T) [][]byte {
	return rapid.SliceOfN(rapid.Custom(drawFile), 1, 12).Draw(t, "files")
}

// drawLiteral takes a substring of a file, or a few random bytes.
func drawLiteral(t *rapid.T, corpus [][]byte) query.Literal {
	data := corpus[rapid.IntRange(0, len(corpus)-1).Draw(t, "of")]
	n := rapid.OneOf(rapid.IntRange(1, 16), rapid.IntRange(1, 70), rapid.IntRange(1, 400)).Draw(t, "len")
	lit := query.Literal{Fold: rapid.Bool().Draw(t, "fold")}
	if len(data) == 0 || rapid.IntRange(0, 9).Draw(t, "foreign") == 0 {
		lit.Bytes = rapid.SliceOfN(rapid.Byte(), 1, 12).Draw(t, "bytes")
	} else {
		at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
		lit.Bytes = bytes.Clone(data[at:min(len(data), at+n)])
	}
	if lit.Fold {
		lit.Bytes = foldAll(lit.Bytes)
	}
	return lit
}

func TestSubstringsAreFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		corpus := drawCorpus(t)
		s := open(t, segmentBytes(t, smallParams(), corpus))
		for range 8 {
			lit := drawLiteral(t, corpus)
			if err := missed(corpus, search(t, s, lit), lit); err != nil {
				t.Fatal(err)
			}
			m := drawMasked(t, lit.Bytes)
			if err := missed(corpus, search(t, s, m), m); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func drawPlan(t *rapid.T, corpus [][]byte, depth int) query.Node {
	kind := rapid.IntRange(0, 9).Draw(t, "node")
	if depth == 0 {
		kind = 3 + kind%7
	}
	kids := func() []query.Node {
		out := make([]query.Node, rapid.IntRange(1, 4).Draw(t, "kids"))
		for i := range out {
			out[i] = drawPlan(t, corpus, depth-1)
		}
		return out
	}
	data := corpus[rapid.IntRange(0, len(corpus)-1).Draw(t, "meta of")]
	switch kind {
	case 0:
		return query.And{Kids: kids()}
	case 1:
		return query.Or{Kids: kids()}
	case 2:
		return query.MinOf{K: rapid.IntRange(-1, 4).Draw(t, "k"), Kids: kids()}
	case 3:
		return query.Size{Min: uint64(rapid.IntRange(0, len(data)).Draw(t, "min")), Max: uint64(len(data))}
	case 4:
		at := rapid.IntRange(0, query.HeadLen-1).Draw(t, "head at")
		want := append(bytes.Clone(data[min(at, len(data)):]), 'x', 'y')
		return query.Head{Offset: at, Bytes: want[:rapid.IntRange(1, min(query.HeadLen-at, len(want))).Draw(t, "head")], Not: rapid.Bool().Draw(t, "not")}
	case 5:
		return []query.Node{query.All{}, query.None{}, query.Type{Names: []string{"pe32", "text"}}, query.Hash{Algo: "sha256", Digest: sum(data)}, query.Fact{Name: "a"}, query.FilesOf(rapid.SliceOfN(rapid.Uint64Range(0, 20), 0, 8).Draw(t, "files"))}[rapid.IntRange(0, 5).Draw(t, "meta")]
	}
	if rapid.IntRange(0, 2).Draw(t, "mask") == 0 {
		return drawMasked(t, drawLiteral(t, corpus).Bytes)
	}
	return drawLiteral(t, corpus)
}

// drawMasked hides bits of bytes of a file.
func drawMasked(t *rapid.T, like []byte) query.Masked {
	m := query.Masked{Bytes: bytes.Clone(like), Mask: bytes.Repeat([]byte{0xFF}, len(like))}
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "masks"), 2))
	every := []int{2, 6, 20}[rng.IntN(3)]
	for i := range like {
		if rng.IntN(every) == 0 && i > 0 && i < len(like)-1 {
			m.Mask[i] = []byte{0, 0, 0xF0, 0x0F, 0xDF, 0x7F}[rng.IntN(6)]
		}
		if every == 20 && isLetter(like[i]) {
			m.Mask[i] = anyCase
		}
		m.Bytes[i] &= m.Mask[i]
	}
	return m
}

func sum(data []byte) []byte {
	f := fileOf(0, data)
	return f.SHA256[:]
}

func TestPlansSelectSupersets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		corpus := drawCorpus(t)
		s := open(t, segmentBytes(t, smallParams(), corpus))
		for range 4 {
			plan := drawPlan(t, corpus, 3)
			if err := missed(corpus, search(t, s, plan), plan); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestRareLiteralsSelectLittle fails when the index selects everything, which
// the other properties would accept.
func TestRareLiteralsSelectLittle(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 7))
	var corpus [][]byte
	for range 60 {
		corpus = append(corpus, content(rng, rng.IntN(4), 2000))
	}
	s := open(t, segmentBytes(t, smallParams(), corpus))
	selected, right := 0, 0
	for range 300 {
		data := corpus[rng.IntN(len(corpus))]
		at := rng.IntN(len(data) - 16)
		lit := query.Literal{Bytes: data[at : at+16], Fold: rng.IntN(2) == 0}
		if lit.Fold {
			lit.Bytes = foldAll(lit.Bytes)
		}
		hits := search(t, s, lit)
		if err := missed(corpus, hits, lit); err != nil {
			t.Fatal(err)
		}
		selected += len(hits)
		for _, data := range corpus {
			if len(occurrences(data, lit)) > 0 {
				right++
			}
		}
	}
	absent := 0
	for range 300 {
		lit := query.Literal{Bytes: content(rng, 3, 12)}
		absent += len(search(t, s, lit))
	}
	t.Logf("selected %d files for %d true ones, %d for absent literals", selected, right, absent)
	if selected > right*2 || absent > 300*60/20 {
		t.Fatalf("selected %d files for %d true ones, %d for absent literals", selected, right, absent)
	}
}

// A literal made of two strings that stand apart in the same column has nearly
// all its grams there. The few that are missing must still be looked at.
func TestSplicedLiteralsSelectLittle(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var corpus [][]byte
	for range 40 {
		corpus = append(corpus, content(rng, 0, 30_000))
	}
	s := open(t, segmentBytes(t, DefaultParams(), corpus))
	const tries = 500
	wrong := 0
	for range tries {
		f := corpus[rng.IntN(len(corpus))]
		a, b := rng.IntN(len(f)-16), rng.IntN(len(f)-16)
		lit := slices.Concat(f[a:a+16], f[b:b+16])
		for _, h := range search(t, s, query.Literal{Bytes: lit}) {
			if !bytes.Contains(corpus[h.FileNo], lit) {
				wrong++
			}
		}
	}
	t.Logf("%d wrong files for %d spliced literals", wrong, tries)
	if wrong > tries/5 {
		t.Errorf("%d wrong files for %d spliced literals", wrong, tries)
	}
}

// TestDefaultParams searches files of many columns under the parameters in use.
func TestDefaultParams(t *testing.T) {
	rng := rand.New(rand.NewPCG(47, 53))
	corpus := [][]byte{bytes.Repeat([]byte("dull "), 1<<18), content(rng, 3, 300<<10), nil}
	for i := range 20 {
		corpus = append(corpus, content(rng, i%5, 100<<(i%10)))
	}
	for len(corpus[2]) < 1<<20 {
		corpus[2] = append(corpus[2], content(rng, rng.IntN(5), rng.IntN(9000))...)
	}
	s := open(t, segmentBytes(t, DefaultParams(), corpus))
	for range 150 {
		data := corpus[rng.IntN(len(corpus))]
		n := []int{3, 4, 5, 8, 12, 65, 66, 300}[rng.IntN(8)]
		if len(data) < n {
			continue
		}
		at := rng.IntN(len(data) - n + 1)
		lit := query.Literal{Bytes: data[at : at+n], Fold: rng.IntN(3) == 0}
		if lit.Fold {
			lit.Bytes = foldAll(lit.Bytes)
		}
		hits := search(t, s, lit)
		for no, d := range corpus {
			found := bytes.Contains(d, lit.Bytes) || lit.Fold && bytes.Contains(foldAll(d), lit.Bytes)
			i := slices.IndexFunc(hits, func(h Hit) bool { return h.FileNo == no })
			if found && i < 0 {
				t.Fatalf("file %d is missed by %s", no, lit)
			}
			if !lit.Fold && found && !insidePiece(d, lit.Bytes, hits[i].Cols()[0]) {
				t.Fatalf("file %d: the first %s is outside of its pieces", no, lit)
			}
		}
	}
}

// insidePiece tells whether the first and the last occurrence begin inside one.
func insidePiece(data, lit []byte, pieces []Piece) bool {
	span := int64(min(len(lit), 65))
	for _, at := range []int{bytes.Index(data, lit), bytes.LastIndex(data, lit)} {
		at := int64(at)
		if !slices.ContainsFunc(pieces, func(p Piece) bool { return p.Off <= at && at+span <= p.Off+p.Len }) {
			return false
		}
	}
	return true
}

// Bytes that are known in part must narrow the search to the columns that have
// all grams of one of their values.
func TestForksSelectLittle(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 13))
	var corpus [][]byte
	for range 40 {
		corpus = append(corpus, content(rng, 3, 60_000))
	}
	s := open(t, segmentBytes(t, DefaultParams(), corpus))
	for _, tt := range []struct {
		masks string
		most  int // files of 40, mean of the tries, in tenths
	}{
		{"\xff\xff\xff\xf0\xff\xff", 60},
		{"\xff\xff\x0f\xff\xff\xff\xff\xff", 30},
		{"\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff", 10},
		{"\xdf\xdf\xdf\xff\xdf\xdf\xdf\xdf\xdf", 40},
	} {
		const tries = 60
		selected := 0
		for range tries {
			m := query.Masked{Bytes: make([]byte, len(tt.masks)), Mask: []byte(tt.masks)}
			for i := range m.Bytes {
				m.Bytes[i] = byte(rng.Uint32()) & m.Mask[i]
				if m.Mask[i] == anyCase {
					m.Bytes[i] = byte('A' + rng.IntN(26))
				}
			}
			selected += len(search(t, s, m))
		}
		t.Logf("mask %x: %d files in %d tries", tt.masks, selected, tries)
		if selected*10 > tries*tt.most {
			t.Errorf("mask %x: %d files in %d tries", tt.masks, selected, tries)
		}
	}
}

// A long pattern must lie in neighbouring columns, not in any two of a file.
func TestWindowsOfALongPatternLieTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(17, 19))
	data := content(rng, 3, 1<<20)
	apart := slices.Concat(data[1000:1065], data[900_000:900_065])
	s := open(t, segmentBytes(t, DefaultParams(), [][]byte{data}))
	if hits := search(t, s, query.Literal{Bytes: apart}); len(hits) != 0 {
		t.Errorf("two halves that stand far apart select %v", hits[0].Cols())
	}
	for at := 0; at+500 < len(data); at += 9973 {
		lit := query.Literal{Bytes: data[at : at+500]}
		if err := missed([][]byte{data}, search(t, s, lit), lit); err != nil {
			t.Fatal(err)
		}
	}
}
