package query

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// masked reads hex bytes with ? for unknown half bytes, as in a YARA hex string.
func masked(text string) Masked {
	var m Masked
	for _, b := range strings.Fields(text) {
		value, _ := hex.DecodeString(strings.ReplaceAll(b, "?", "0"))
		mask, _ := hex.DecodeString(strings.Map(func(r rune) rune {
			if r == '?' {
				return '0'
			}
			return 'f'
		}, b))
		m.Bytes, m.Mask = append(m.Bytes, value...), append(m.Mask, mask...)
	}
	return m
}

// drawMasked makes a pattern that the given bytes satisfy.
func drawMasked(t *rapid.T, like []byte) Masked {
	m := Masked{Bytes: bytes.Clone(like), Mask: make([]byte, len(like))}
	for i := range m.Mask {
		m.Mask[i] = rapid.SampledFrom([]byte{0xFF, 0xFF, 0xDF, 0xF0, 0x0F, 0, 0x81}).Draw(t, "mask")
		if (i == 0 || i == len(like)-1) && m.Mask[i] == 0 {
			m.Mask[i] = 0xFF
		}
		m.Bytes[i] &= m.Mask[i]
	}
	return m
}

// defined is the definition of a Masked: the offsets where it holds.
func defined(m Masked, data []byte) []int {
	var out []int
	for at := 0; at+len(m.Bytes) <= len(data); at++ {
		same := true
		for i := range m.Bytes {
			same = same && data[at+i]&m.Mask[i] == m.Bytes[i]
		}
		if same {
			out = append(out, at)
		}
	}
	return out
}

// drawText gives bytes of a small alphabet, so that patterns often occur.
func drawText(t *rapid.T, label string, least, most int) []byte {
	return rapid.SliceOfN(rapid.SampledFrom([]byte("aAbB@`\x00\xff\x10")), least, most).Draw(t, label)
}

func TestMaskedIsFoundWhereItIsDefined(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkMasked(t, drawMasked(t, drawText(t, "like", 1, 24)), drawText(t, "data", 0, 400))
	})
}

func checkMasked(t interface{ Fatalf(string, ...any) }, m Masked, data []byte) {
	want := -1
	if all := defined(m, data); len(all) > 0 {
		want = all[0]
	}
	if got := m.Find(data); got != want {
		t.Fatalf("Find(%s in %x) = %d, want %d", m, data, got, want)
	}
	ok, err := Match(Simplify(m), &fileView{data: data})
	if err != nil || ok != (want >= 0) {
		t.Fatalf("Simplify(%s) = %s matches: %v, %v", m, Simplify(m), ok, err)
	}
}

// What lies across a border is announced by the bytes after it, whatever stands
// before them.
func TestPatternsSpill(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		like := drawText(t, "like", 2, 12)
		cut := rapid.IntRange(1, len(like)-1).Draw(t, "cut")
		after := append(bytes.Clone(like[cut:]), drawText(t, "rest", 0, 5)...)
		after = after[:rapid.IntRange(0, len(after)).Draw(t, "length")]
		for _, p := range []Pattern{Literal{Bytes: like}, Literal{Bytes: lower(like), Fold: true}, drawMasked(t, like)} {
			if !p.Spills(after) {
				t.Fatalf("%s does not spill into %x", p, after)
			}
		}
	})
	for _, p := range []Pattern{Literal{Bytes: []byte("abc")}, Literal{Bytes: []byte("abc"), Fold: true}, masked("61 6? 63")} {
		if p.Spills([]byte("xyz")) {
			t.Errorf("%s spills into xyz", p)
		}
	}
}

// A fixed run that is everywhere must not make the search quadratic, nor lose
// the one place where the pattern is.
func TestMaskedInDullBytes(t *testing.T) {
	m := masked("00 00 00 00 ?? 00 00 7?")
	data := make([]byte, 1<<20)
	if at := m.Find(data); at != -1 {
		t.Errorf("found at %d of nothing but zeroes", at)
	}
	copy(data[len(data)-8:], "\x00\x00\x00\x00\x55\x00\x00\x71")
	if at := m.Find(data); at != len(data)-8 {
		t.Errorf("found at %d, want %d", at, len(data)-8)
	}
}

func TestSimplifyTrimsMasked(t *testing.T) {
	for _, tt := range []struct {
		in   Masked
		want string
	}{
		{Masked{Bytes: []byte("\x00ab\x00"), Mask: []byte("\x00\xff\x0e\x00")}, "none"}, // asks for bits outside its mask
		{masked("?? 61 ?2 ??"), "masked(6102,ff0f)"},
		{masked("?? 61 62 ??"), `"ab"`},
		{masked("?? ??"), "all"},
		{Masked{}, "all"},
		{Masked{Bytes: []byte("a")}, "all"},
	} {
		if got := Simplify(tt.in).String(); got != tt.want {
			t.Errorf("Simplify(%s) = %s, want %s", tt.in, got, tt.want)
		}
	}
}

func FuzzMasked(f *testing.F) {
	f.Add([]byte("MZ\x90\x00"), []byte("\xff\xff\xf0\x0f"), []byte("xxMZ\x9f\xf0"))
	f.Add([]byte("ABCDEFGHIJ"), bytes.Repeat([]byte{0xDF}, 10), []byte("abcdefghiabcdefghij"))
	f.Add(make([]byte, 9), []byte("\xff\xff\xff\xff\x00\xff\xff\xff\xf0"), make([]byte, 600))
	f.Fuzz(func(t *testing.T, like, mask, data []byte) {
		n := min(len(like), len(mask))
		for i := range n {
			like[i] &= mask[i]
		}
		made, err := makeMasked(like[:n], mask[:n])
		if err == nil {
			checkMasked(t, made.(Masked), data)
		}
	})
}

func BenchmarkFindMasked(b *testing.B) {
	data := bytes.Repeat([]byte("\x48\x8b\x44\x24\x08\x00\x00\x00 and some text"), 4000)
	for name, m := range map[string]Masked{
		"run":     masked("48 8b ?? 24 08 11 22"),
		"common":  masked("00 00 00 ?? 61 6? 65"),
		"letters": {Bytes: []byte("NOT HERE"), Mask: []byte("\xdf\xdf\xdf\xff\xdf\xdf\xdf\xdf")},
		"nibbles": masked("4? 8? 4? 2? 0? 1?"),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for range b.N {
				m.Find(data)
			}
		})
	}
}
