package index

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/mewshq/mews/internal/query"
)

func otherBox(t tester) cipher.AEAD {
	block, err := aes.NewCipher(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return testBox{gcm}
}

var everyBit = flag.Bool("every-bit", false, "flip every bit of the reference segment instead of a sample")

// trial opens damaged bytes and searches them. The answer must be ErrCorrupt or
// lack nothing; Check must see the damage.
type trial struct {
	corpus [][]byte
	sound  []byte
	lits   []query.Literal
	want   [][]bool // per literal and file: an occurrence is there
	box    cipher.AEAD
}

func newTrial(t tester) *trial {
	tr := &trial{corpus: fixedCorpus(), box: newTestBox(t)}
	tr.sound = segmentBytes(t, smallParams(), tr.corpus)
	all := fixedLiterals(tr.corpus)
	for i := 0; i < len(all); i += 9 {
		tr.lits = append(tr.lits, all[i])
	}
	for _, lit := range tr.lits {
		var row []bool
		for _, data := range tr.corpus {
			row = append(row, len(occurrences(data, lit)) > 0)
		}
		tr.want = append(tr.want, row)
	}
	return tr
}

// run returns whether damage was seen at all, by an error or by statistics.
func (tr *trial) run(t tester, raw []byte) (seen bool) {
	t.Helper()
	s, err := OpenSegment(bytes.NewReader(raw), int64(len(raw)), tr.box)
	if err != nil {
		if !errors.Is(err, ErrCorrupt) {
			t.Fatalf("open: %v", err)
		}
		return true
	}
	var st Stats
	for i, lit := range tr.lits {
		hits, err := s.Search(context.Background(), Compile(lit), nil, &st)
		if err != nil {
			t.Fatalf("search: %v", err)
		}
		found := make([]bool, len(tr.corpus))
		for _, h := range hits {
			found[h.FileNo] = true
		}
		for no, want := range tr.want[i] {
			if want && !found[no] {
				t.Fatalf("file %d is missed by %s", no, lit)
			}
		}
	}
	return st.DamagedRegions > 0
}

// TestFlippedBits flips bits of a small segment, one at a time.
func TestFlippedBits(t *testing.T) {
	tr := newTrial(t)
	rng := rand.New(rand.NewPCG(23, 29))
	n := 3000
	if *everyBit {
		n = 8 * len(tr.sound)
	}
	quiet := 0
	for i := range n {
		bit := i
		if !*everyBit {
			bit = rng.IntN(8 * len(tr.sound))
		}
		raw := bytes.Clone(tr.sound)
		raw[bit/8] ^= 1 << (bit % 8)
		if !tr.run(t, raw) {
			quiet++
		}
		if *everyBit || i%8 == 0 {
			if err := Check(bytes.NewReader(raw), int64(len(raw)), tr.box); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("check of bit %d: %v", bit, err)
			}
		}
	}
	t.Logf("%d flips of %d bits, %d in bytes that no search read", n, 8*len(tr.sound), quiet)
	if quiet == n {
		t.Fatal("no flip was noticed")
	}
}

// TestTornSegments cuts, blanks, repeats and swaps parts of a segment.
func TestTornSegments(t *testing.T) {
	tr := newTrial(t)
	rng := rand.New(rand.NewPCG(31, 37))
	for range 600 {
		raw := bytes.Clone(tr.sound)
		at, n := rng.IntN(len(raw)), 1+rng.IntN(700)
		end := min(at+n, len(raw))
		switch rng.IntN(5) {
		case 0:
			raw = raw[:at]
		case 1:
			clear(raw[at:end])
		case 2:
			copy(raw[at:end], raw[rng.IntN(len(raw)):])
		case 3:
			raw = append(raw, raw[at:end]...)
		case 4:
			raw = raw[at:]
		}
		tr.run(t, raw)
	}
}

// TestVersions tells a newer segment from a damaged one.
func TestVersions(t *testing.T) {
	h := headerBytes()
	if err := checkHeader(h); err != nil {
		t.Fatal(err)
	}
	f := footer{params: smallParams(), columns: make([]int, 2), rows: make([]section, 2)}
	for i := range f.tables {
		f.tables[i].off = headerLen
	}
	b := f.bytes()
	if _, err := parseFooter(b, headerLen); err != nil {
		t.Fatal(err)
	}
	b[1]++
	if _, err := parseFooter(b, headerLen); !errors.Is(err, ErrVersion) {
		t.Fatalf("newer rules: %v", err)
	}
	b[1]--
	b[4]++
	if _, err := parseFooter(b, headerLen); !errors.Is(err, ErrVersion) {
		t.Fatalf("other rules: %v", err)
	}
}

// FuzzSegment opens and searches arbitrary bytes. Checksums are mended first, so
// that the parsers behind them are reached.
func FuzzSegment(f *testing.F) {
	f.Add(sealedBytes(f, smallParams(), fixedCorpus(), plainBox{}), []byte("marker"))
	f.Add(sealedBytes(f, smallParams(), fixedCorpus()[:4], plainBox{}), []byte{0, 1, 2})
	f.Add(sealedBytes(f, smallParams(), nil, plainBox{}), bytes.Repeat([]byte("long "), 40))
	f.Fuzz(func(t *testing.T, raw, lit []byte) {
		for _, b := range [][]byte{raw, mend(bytes.Clone(raw))} {
			s, err := OpenSegment(bytes.NewReader(b), int64(len(b)), plainBox{})
			if err != nil {
				continue
			}
			for _, fold := range []bool{false, true} {
				hits, err := s.Search(t.Context(), Compile(query.Literal{Bytes: lit, Fold: fold}), nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				for _, h := range hits {
					for _, p := range h.Cols()[0] {
						if p.Off < 0 || p.Len < 0 || p.Off+p.Len > s.File(h.FileNo).Size {
							t.Fatalf("piece %v of a file of %d bytes", p, s.File(h.FileNo).Size)
						}
					}
				}
			}
			_ = Check(bytes.NewReader(b), int64(len(b)), plainBox{})
		}
	})
}

// mend sets the checksums of a segment right, as far as its parts can be found.
func mend(b []byte) []byte {
	if len(b) < headerLen+trailerLen {
		return b
	}
	binary.LittleEndian.PutUint32(b[headerLen-4:], checksum(0, b[:headerLen-4]))
	tail := b[len(b)-trailerLen:]
	defer func() { binary.LittleEndian.PutUint32(tail[trailerLen-4:], checksum(0, tail[:trailerLen-4])) }()
	n := int64(binary.LittleEndian.Uint32(tail[8:]))
	at := int64(len(b)) - trailerLen - n
	if n > maxFooter || at < headerLen {
		return b
	}
	binary.LittleEndian.PutUint64(tail, uint64(at))
	foot := b[at : at+n]
	if f, err := parseFooter(foot, at); err == nil {
		for i := range f.tables {
			t := &f.tables[i]
			t.crc = checksum(0, b[t.off:t.off+t.len])
		}
		if mended := f.bytes(); len(mended) == len(foot) {
			copy(foot, mended)
		}
	}
	binary.LittleEndian.PutUint32(tail[12:], checksum(0, foot))
	return b
}
