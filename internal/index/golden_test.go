package index

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden segments of testdata anew; only for a new format version")

// A goldenCase is a segment of format 1 as it was first released, and what it
// was made of.
type goldenCase struct {
	name   string
	params Params
	corpus [][]byte
	dead   func(file int) bool // merged away; nil: the segment is as a builder wrote it
	holds  func(*Segment) bool // the kind of columns the file is there for
}

func goldenCases() []goldenCase {
	rng := rand.New(rand.NewPCG(23, 29))
	several := func(n, kind, size int) (out [][]byte) {
		for range n {
			out = append(out, content(rng, kind, size))
		}
		return out
	}
	long := evenParams()
	long.MaxFilled = 1000
	one := evenParams()
	one.Classes = one.Classes[:1]
	return []goldenCase{
		{"v1", smallParams(), fixedCorpus(), nil, func(s *Segment) bool {
			return s.foot.rest > 0 && s.classes[0].columns > 0 && s.classes[1].columns > 0
		}},
		{"v1-plain", one, several(18, 2, 1500), nil, func(s *Segment) bool { return s.classes[0].columns > 64 }},
		{"v1-packed", evenParams(), several(60, 1, 25), nil, func(s *Segment) bool { return s.Columns() < 30 }},
		{"v1-dense", evenParams(), several(4, 3, 2000), nil, func(s *Segment) bool { return s.classes[1].columns > s.classes[0].columns }},
		{"v1-unfilled", long, several(3, 1, 4000), nil, func(s *Segment) bool { return s.foot.rest > 3 }},
		{"v1-merged", evenParams(), append(several(20, 1, 300), several(20, 2, 300)...), func(file int) bool { return file%3 == 0 }, func(s *Segment) bool { return s.Files() == 26 }},
	}
}

// bytes writes the segment anew.
func (g goldenCase) bytes(t *testing.T) []byte {
	if g.dead == nil {
		return segmentBytes(t, g.params, g.corpus)
	}
	half := len(g.corpus) / 2
	in := []*Segment{open(t, segmentBytes(t, g.params, g.corpus[:half])), open(t, segmentBytes(t, g.params, g.corpus[half:]))}
	var out bytes.Buffer
	if err := Merge(&out, in, func(seg, file int) bool { return !g.dead(seg*half + file) }, newTestBox(t)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// living lists the files that the segment holds.
func (g goldenCase) living() (out [][]byte) {
	for i, data := range g.corpus {
		if g.dead == nil || !g.dead(i) {
			out = append(out, data)
		}
	}
	return out
}

func (g goldenCase) read(t *testing.T) []byte {
	t.Helper()
	name := filepath.Join("testdata", g.name+".seg")
	if *update {
		if err := os.WriteFile(name, g.bytes(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestGoldenSegments freezes format 1: its segments are sound, nothing in them
// is missed, and the same files give the same bytes.
func TestGoldenSegments(t *testing.T) {
	for _, g := range goldenCases() {
		t.Run(g.name, func(t *testing.T) {
			raw := g.read(t)
			if err := Check(bytes.NewReader(raw), int64(len(raw)), newTestBox(t)); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(raw, g.bytes(t)) {
				t.Error("the writer no longer gives the bytes of format 1")
			}
			s := open(t, raw)
			if !g.holds(s) {
				t.Errorf("columns %v and %d unfilled ones are not what the file is for", s.foot.columns, s.foot.rest)
			}
			checkAnswers(t, s, g.living())
		})
	}
}

func checkAnswers(t *testing.T, s *Segment, corpus [][]byte) {
	t.Helper()
	for _, lit := range fixedLiterals(corpus) {
		found := map[[32]byte]bool{}
		for _, h := range search(t, s, lit) {
			found[s.File(h.FileNo).SHA256] = true
		}
		for no, data := range corpus {
			if len(occurrences(data, lit)) > 0 && !found[fileOf(no, data).SHA256] {
				t.Errorf("file %d is missed by %s", no, lit)
			}
		}
	}
}

// TestGoldenDamage flips a bit in each region of the rows of each golden segment: it opens, Check tells, and a search finds no less than before.
func TestGoldenDamage(t *testing.T) {
	for _, g := range goldenCases() {
		t.Run(g.name, func(t *testing.T) {
			raw := g.read(t)
			sound := open(t, raw)
			bad := bytes.Clone(raw)
			for _, c := range sound.classes {
				for at := int64(0); at < c.section.len; at += int64(g.params.Region) {
					bad[c.section.off+at] ^= 1
				}
			}
			if err := Check(bytes.NewReader(bad), int64(len(bad)), newTestBox(t)); !errors.Is(err, ErrCorrupt) {
				t.Errorf("check of a damaged segment: %v", err)
			}
			s := open(t, bad)
			checkAnswers(t, s, g.living())
			var st Stats
			for _, lit := range fixedLiterals(g.living()) {
				hits, err := s.Search(context.Background(), Compile(lit), nil, &st)
				if before := search(t, sound, lit); err != nil || len(hits) < len(before) {
					t.Errorf("%s: %d files, %v; %d before the damage", lit, len(hits), err, len(before))
				}
			}
			if st.DamagedRegions == 0 {
				t.Error("no search met the damage")
			}
		})
	}
}

// TestNewerSegments: a segment of a later format, or of later gram rules, is
// refused by name, and is not taken for damaged.
func TestNewerSegments(t *testing.T) {
	raw := goldenCases()[0].read(t)
	end := int64(len(raw)) - trailerLen
	at, err := parseTrailer(raw[end:], int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	reader := bytes.Clone(raw)
	binary.LittleEndian.PutUint32(reader[12:], 2)
	binary.LittleEndian.PutUint32(reader[headerLen-4:], checksum(0, reader[:headerLen-4]))
	footer := func(change func(foot []byte) []byte) []byte {
		foot := change(bytes.Clone(raw[at.off:end]))
		out := append(bytes.Clone(raw[:at.off]), foot...)
		return append(out, trailerBytes(at.off, foot)...)
	}
	for _, tc := range []struct {
		name, says string
		raw        []byte
	}{
		{"reader", "needs a reader of format 2", reader},
		{"format", "format 2, gram rules 1", footer(func(f []byte) []byte { f[0] = 2; return f })},
		{"rules", "format 1, gram rules 2", footer(func(f []byte) []byte { f[1] = 2; return f })},
		{"names", `gram rules "g3 g5`, footer(func(f []byte) []byte { return bytes.Replace(f, []byte("g3 g4"), []byte("g3 g5"), 1) })},
		{"hashes", "range-mulxx", footer(func(f []byte) []byte { return bytes.Replace(f, []byte("mulhi"), []byte("mulxx"), 1) })},
	} {
		_, err := OpenSegment(bytes.NewReader(tc.raw), int64(len(tc.raw)), newTestBox(t))
		if !errors.Is(err, ErrVersion) || errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}
