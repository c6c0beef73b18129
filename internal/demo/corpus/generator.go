package corpus

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Kinds of files, as given by Generator.Kind.
const (
	PE     = "pe"     // PE header, code, import names, wide resources
	ELF    = "elf"    // ELF header, code, symbol names
	Text   = "text"   // words, in lines
	UTF16  = "utf16"  // the same in UTF-16LE with a byte order mark
	Packed = "packed" // a PE header and high entropy
	DotNet = "dotnet" // PE header and a heap of length-prefixed wide strings
	Random = "random" // high entropy alone
	Family = "family" // a PE file of one of a few families: shared sections, some bytes of its own
)

// Kinds lists every kind.
func Kinds() []string {
	return []string{PE, ELF, Text, UTF16, Packed, DotNet, Random, Family}
}

// A Sample is one generated file.
type Sample struct {
	Name  string
	Kind  string
	Bytes []byte
}

// A Generator makes samples, one after another. The same seed gives the same
// samples. It is not safe for concurrent use.
type Generator struct {
	rng      *rand.Rand
	made     int
	families [][]byte
}

const familyCount = 4

// New returns a generator for a seed.
func New(seed uint64) *Generator {
	g := &Generator{rng: rand.New(rand.NewPCG(seed, 0x6d657773))}
	for range familyCount {
		g.families = append(g.families, g.code(20_000+g.rng.IntN(60_000)))
	}
	return g
}

// Next makes a sample of a random kind, of a size between 0 and limit bytes
// that is drawn from a heavy tail: most are small, most bytes are in few.
func (g *Generator) Next(limit int) Sample {
	kinds := Kinds()
	return g.Sample(kinds[g.rng.IntN(len(kinds))], g.Size(limit))
}

// Size draws a size between 0 and limit bytes.
func (g *Generator) Size(limit int) int {
	switch g.rng.IntN(20) {
	case 0:
		return min(g.rng.IntN(17), limit)
	case 1:
		return limit
	}
	const median, shape = 9_000, 1.7
	size := median * math.Exp(shape*g.rng.NormFloat64())
	return int(min(size, float64(limit)))
}

// Sample makes a sample of one kind and of exactly size bytes. A size below
// that of the kind's header cuts the header.
func (g *Generator) Sample(kind string, size int) Sample {
	g.made++
	s := Sample{Name: fmt.Sprintf("%06d.%s", g.made, kind), Kind: kind}
	switch kind {
	case PE:
		s.Bytes = g.pe(size, g.code, g.imports, g.wide)
	case ELF:
		s.Bytes = g.fill(g.elfHeader(), size, g.code, g.symbols)
	case Text:
		s.Bytes = g.fill(nil, size, g.lines)
	case UTF16:
		s.Bytes = g.fill([]byte{0xff, 0xfe}, size, func(n int) []byte { return widen(g.lines((n + 1) / 2)) })
	case Packed:
		s.Bytes = g.pe(size, g.random)
	case DotNet:
		s.Bytes = g.pe(size, g.userStrings, g.code)
	case Family:
		s.Bytes = g.pe(size, g.shared, g.random)
	default:
		s.Bytes = g.fill(nil, size, g.random)
	}
	return s
}

// fill appends runs of each kind in turn until there are size bytes.
func (g *Generator) fill(out []byte, size int, parts ...func(n int) []byte) []byte {
	for i := 0; len(out) < size; i++ {
		run := min(size-len(out), 512+g.rng.IntN(16_384))
		out = append(out, parts[i%len(parts)](run)...)
	}
	return out[:size]
}
