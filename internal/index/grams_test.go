package index

import (
	"encoding/hex"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// gramsOf returns the grams that end with the last byte of b.
func gramsOf(b []byte) []gram {
	var out []gram
	grams(b, len(b)-1, func(g gram) { out = append(out, g) })
	return out
}

// TestGramVectors holds version 1 of rules and hashes fixed: segments on disk
// depend on every number here.
func TestGramVectors(t *testing.T) {
	for _, tc := range []struct {
		name, hex string
		want      []gram
	}{
		{"nothing under three bytes", "4142", nil},
		{"g3", "010203", []gram{{short, 0xC1A06B00}}},
		{"g3 is not folded", "414243", []gram{{short, 0x0EFB2B00}}},
		{"g4", "01020304", []gram{{short, 0xE2D5D600}, {middle, 0x3E3DDBB1}}},
		{"f6", "010203040506", []gram{{short, 0x2540AC00}, {middle, 0x3F023113}, {long, 0x7EF0DC81}}},
		{"text8", "4162634465664748", []gram{{short, 0x2E53A200}, {middle, 0x0E7688D5}, {long, 0xE2BBA48F}, {long, 0x23C473E6}}},
		{"text8 folded", "6162636465666768", []gram{{short, 0xDBB3A200}, {middle, 0x649688D5}, {long, 0xE2BBA48F}, {long, 0x23C473E6}}},
		{"wide4", "4100620043004400", []gram{{short, 0xC46C0000}, {middle, 0xBB88D953}, {long, 0x4B04B6A2}, {long, 0xC785E000}}},
		{"wide4 and wide6", "650066004100620043004400", []gram{{short, 0xC46C0000}, {middle, 0xBB88D953}, {long, 0x4B04B6A2}, {long, 0xC785E000}, {long, 0x6D69D863}}},
		{"no wide after a high byte", "e100620043004400", []gram{{short, 0xC46C0000}, {middle, 0xBB88D953}, {long, 0x4B04B6A2}}},
		{"no text with a control byte", "4162631f65664748", []gram{{short, 0x2E53A200}, {middle, 0x0E7688D5}, {long, 0xE36C911D}}},
		{"no text with 7f", "4162637f65664748", []gram{{short, 0x2E53A200}, {middle, 0x0E7688D5}, {long, 0x73287FA5}}},
		{"text up to 7e", "4162637e65662048", []gram{{short, 0x5806A200}, {middle, 0x847F88D5}, {long, 0x4FD63529}, {long, 0x8A6497A7}}},
	} {
		b, err := hex.DecodeString(tc.hex)
		if err != nil {
			t.Fatal(err)
		}
		got := gramsOf(b)
		if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(gram{})); diff != "" {
			t.Errorf("%s: -want +got\n%s", tc.name, diff)
			for _, g := range got {
				t.Logf("{%d, 0x%08X}", g.filter, g.hash)
			}
		}
	}
}

// TestFillEqualsDefinition compares the loops that fill filters, and what pack
// makes of them, with the rules taken one gram at a time.
func TestFillEqualsDefinition(t *testing.T) {
	shapes := []shape{
		DefaultParams().Classes[0].shape(), DefaultParams().Classes[1].shape(),
		Class{Short: 8, Middle: 128, Long: 1 << 22, Limit: 1}.shape(),
		Class{Short: 1000, Middle: 39322, Long: 64, Limit: 1}.shape(),
	}
	f := newFiller(shapes) // one for all, as a slicer uses it
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		var data []byte
		for range rapid.IntRange(1, 8).Draw(t, "runs") {
			data = append(data, content(rng, rng.IntN(5), 1+rng.IntN(1500))...)
		}
		data = data[:rapid.IntRange(0, len(data)).Draw(t, "length")]
		s := shapes[rapid.IntRange(0, len(shapes)-1).Draw(t, "class")]
		f.reset(&s)
		f.add(data)
		want := gramBits(&s, data)
		if got := f.pack(); !slices.Equal(got, want) {
			t.Fatalf("filters differ on %x", data)
		}
		for no := range filters {
			if got := f.count(no); got != popcount(s.filter(want, no)) {
				t.Fatalf("filter %d has %d bits", no, got)
			}
		}
	})
}

// gramBits returns the filters of a column that holds b.
func gramBits(s *shape, b []byte) []uint64 {
	words := make([]uint64, s.words)
	grams(b, 0, func(g gram) {
		pos := reduce(g.hash, s.bits[g.filter])
		words[s.word[g.filter]+int(pos>>6)] |= 1 << (pos & 63)
	})
	return words
}

// TestGramsDependOnTheirBytesOnly embeds a run of bytes after every other byte:
// all grams of the run alone are there as well.
func TestGramsDependOnTheirBytesOnly(t *testing.T) {
	for _, run := range []string{"q\x00o\x00r\x00e\x00f\x00g\x00h\x00", "plain text of a kind", "\x00\x01\x02\x03\x04\x05\x06\x07\x08"} {
		want := map[gram]bool{}
		grams([]byte(run), 0, func(g gram) { want[g] = true })
		for before := range 256 {
			got := map[gram]bool{}
			grams(append([]byte{'Q', byte(before)}, run...), 0, func(g gram) { got[g] = true })
			for g := range want {
				if !got[g] {
					t.Fatalf("gram %v of %q is lost after %02x", g, run, before)
				}
			}
		}
	}
}

func TestFoldAndNarrow(t *testing.T) {
	for c := range 256 {
		v := uint64(c) * eachByte
		if got, want := fold(v), uint64(foldByte(byte(c)))*eachByte; got != want {
			t.Errorf("fold %02x: %x, want %x", c, got, want)
		}
		text, zero := new(filler).masks(0, []byte{byte(c), byte(c), byte(c)})
		if (text == 7) != printable(byte(c)) || text != 0 && text != 7 || (zero == 7) != (c == 0) || zero != 0 && zero != 7 {
			t.Errorf("masks of %02x: %b %b", c, text, zero)
		}
	}
	if got := narrow(0xFF64FF63FF62FF61); got != 0x64636261 {
		t.Errorf("narrow: %x", got)
	}
}

func TestTranspose(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var m [64]uint64
	for i := range m {
		m[i] = rng.Uint64()
	}
	got := m
	transpose(&got)
	for r := range 64 {
		for c := range 64 {
			if m[r]>>c&1 != got[c]>>r&1 {
				t.Fatalf("bit %d of row %d", c, r)
			}
		}
	}
}

func TestSqueeze(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mask, w := rapid.Uint64().Draw(t, "mask"), rapid.Uint64().Draw(t, "word")
		want, at := uint64(0), 0
		for i := range 64 {
			if mask>>i&1 != 0 {
				want |= w >> i & 1 << at
				at++
			}
		}
		if got := newSqueeze(mask).apply(w & mask); got != want {
			t.Fatalf("squeeze %x by %x: %x, want %x", w, mask, got, want)
		}
	})
}

func TestLogCodes(t *testing.T) {
	last := -1
	for n := range 1 << 18 {
		c := logCode(n)
		v := logValue(c)
		if (c == 0) != (n == 0) || v > n || v < n-n/8-1 || int(c) < last {
			t.Fatalf("count %d has code %d for %d", n, c, v)
		}
		last = int(c)
	}
	if logCode(1<<31) != logCode(1<<62) || bits.Len(uint(logValue(logCode(1<<40)))) != 31 {
		t.Fatal("large counts share the last code")
	}
}
