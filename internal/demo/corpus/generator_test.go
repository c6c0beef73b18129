package corpus

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestSameSeedSameFiles(t *testing.T) {
	a, b, other := New(7), New(7), New(8)
	differs := false
	for range 50 {
		x, y, z := a.Next(100_000), b.Next(100_000), other.Next(100_000)
		if x.Name != y.Name || !bytes.Equal(x.Bytes, y.Bytes) {
			t.Fatalf("%s and %s differ under one seed", x.Name, y.Name)
		}
		differs = differs || !bytes.Equal(x.Bytes, z.Bytes)
	}
	if !differs {
		t.Error("another seed gives the same files")
	}
}

func TestExactSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := New(rapid.Uint64().Draw(t, "seed"))
		kind := rapid.SampledFrom(Kinds()).Draw(t, "kind")
		size := rapid.IntRange(0, 200_000).Draw(t, "size")
		if got := len(g.Sample(kind, size).Bytes); got != size {
			t.Fatalf("%s has %d bytes, want %d", kind, got, size)
		}
	})
}

// TestTraits: what the kinds promise is in them.
func TestTraits(t *testing.T) {
	const size = 300_000
	g := New(1)
	made := map[string][]byte{}
	for _, kind := range Kinds() {
		made[kind] = g.Sample(kind, size).Bytes
	}
	for _, kind := range []string{PE, Packed, DotNet, Family} {
		b := made[kind]
		if !bytes.HasPrefix(b, []byte("MZ")) || !bytes.Equal(b[0x80:0x84], []byte("PE\x00\x00")) {
			t.Errorf("%s has no PE header", kind)
		}
	}
	if !bytes.HasPrefix(made[ELF], []byte("\x7fELF")) {
		t.Error("no ELF header")
	}
	if !bytes.Contains(made[DotNet], widen([]byte("File"))) {
		t.Error("no wide strings in a .NET file")
	}
	low, high := distinct(made[PE]), distinct(made[Packed])
	if low*2 > high {
		t.Errorf("distinct 4-byte runs: code %d, packed %d", low, high)
	}
	mate := g.Sample(Family, size).Bytes
	if !bytes.Contains(mate, made[Family][0x200:0x200+512]) && !sharesRun(mate, made[Family]) {
		t.Error("members of families share nothing")
	}
}

func distinct(b []byte) int {
	seen := map[string]bool{}
	for i := 0; i+4 <= len(b); i++ {
		seen[string(b[i:i+4])] = true
	}
	return len(seen)
}

// sharesRun tells whether some 512 bytes of a stand in b too.
func sharesRun(a, b []byte) bool {
	for i := 0; i+512 <= len(a); i += 256 {
		if bytes.Contains(b, a[i:i+512]) {
			return true
		}
	}
	return false
}

func TestHeavyTail(t *testing.T) {
	g := New(3)
	var sum, small, n int
	const limit = 2 << 20
	for range 2000 {
		size := g.Size(limit)
		if size < 0 || size > limit {
			t.Fatalf("size %d", size)
		}
		sum += size
		n++
		if size < 20_000 {
			small++
		}
	}
	if small < n/2 || sum/n < 40_000 {
		t.Errorf("%d of %d files are small, mean %d bytes: no heavy tail", small, n, sum/n)
	}
}
