package corpus

import (
	"encoding/binary"
	"strings"
)

// pe makes a PE file whose sections are filled by parts.
func (g *Generator) pe(size int, parts ...func(n int) []byte) []byte {
	return g.fill(g.peHeader(), size, parts...)
}

// peHeader is a DOS stub, a COFF and an optional header, and one section.
func (g *Generator) peHeader() []byte {
	const lfanew = 0x80
	le := binary.LittleEndian
	h := make([]byte, 0x200)
	copy(h, "MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff")
	le.PutUint32(h[0x3c:], lfanew)
	copy(h[0x4e:], "This program cannot be run in DOS mode.\r\r\n$")
	copy(h[lfanew:], "PE\x00\x00")
	le.PutUint16(h[lfanew+4:], 0x14c) // i386
	le.PutUint16(h[lfanew+6:], 1)     // sections
	le.PutUint32(h[lfanew+8:], 0x40000000+g.rng.Uint32N(0x20000000))
	le.PutUint16(h[lfanew+20:], 0xe0)
	le.PutUint16(h[lfanew+22:], 0x102)
	le.PutUint16(h[lfanew+24:], 0x10b) // PE32
	copy(h[lfanew+24+0xe0:], ".text\x00\x00\x00")
	return h
}

func (g *Generator) elfHeader() []byte {
	h := make([]byte, 64)
	copy(h, "\x7fELF\x02\x01\x01")
	h[16], h[18], h[20] = 3, 62, 1 // shared object, x86-64, version 1
	return h
}

// code looks like machine code to an index: few distinct opcodes, skewed
// operands, padding between functions.
func (g *Generator) code(n int) []byte {
	ops := [][]byte{
		{0x55, 0x8b, 0xec},
		{0x83, 0xec},
		{0x89, 0x45},
		{0x8b, 0x45},
		{0xff, 0x15},
		{0xe8},
		{0x74},
		{0x75},
		{0x85, 0xc0},
		{0x50},
		{0x6a, 0x00},
		{0x33, 0xc0},
		{0xc3},
		{0x0f, 0xb6},
		{0x48, 0x8d, 0x05},
		{0x48, 0x89},
	}
	out := make([]byte, 0, n+16)
	for len(out) < n {
		if g.rng.IntN(60) == 0 {
			out = append(out, "\xc9\xc3\xcc\xcc\xcc\xcc"...)
			continue
		}
		out = append(out, ops[g.rng.IntN(len(ops))]...)
		operand := byte(g.rng.ExpFloat64() * 24)
		out = append(out, operand)
		if g.rng.IntN(4) == 0 {
			out = append(out, byte(g.rng.Uint32()), byte(g.rng.Uint32N(8)), 0, 0)
		}
	}
	return out[:n]
}

func (g *Generator) random(n int) []byte {
	out := make([]byte, n+8)
	for i := 0; i < n; i += 8 {
		binary.LittleEndian.PutUint64(out[i:], g.rng.Uint64())
	}
	return out[:n]
}

// shared gives a section of one family: the same bytes in every member.
func (g *Generator) shared(n int) []byte {
	section := g.families[g.rng.IntN(len(g.families))]
	return section[:min(n, len(section))]
}

var stems = strings.Fields(`get set create open close read write file process memory window registry key value
	virtual alloc free library module handle thread event wait object system time query service control
	crypt hash key import export internet connect request send receive socket bind listen shell execute`)

func (g *Generator) word() string { return stems[g.rng.IntN(len(stems))] }

func (g *Generator) name() string {
	w, v := g.word(), g.word()
	return strings.ToUpper(w[:1]) + w[1:] + strings.ToUpper(v[:1]) + v[1:] + string("AWx"[g.rng.IntN(3)])
}

// imports is a table of zero-terminated function names with hints.
func (g *Generator) imports(n int) []byte {
	return g.gather(n, func() []byte { return append([]byte{byte(g.rng.Uint32()), byte(g.rng.IntN(4))}, g.name()+"\x00"...) })
}

func (g *Generator) symbols(n int) []byte {
	return g.gather(n, func() []byte { return []byte("_" + g.word() + "_" + g.word() + "\x00") })
}

func (g *Generator) lines(n int) []byte {
	return g.gather(n, func() []byte {
		if g.rng.IntN(9) == 0 {
			return []byte(g.word() + ".\r\n")
		}
		return []byte(g.word() + " ")
	})
}

func (g *Generator) wide(n int) []byte {
	return g.gather(n, func() []byte { return append(widen([]byte(g.name())), 0, 0) })
}

// userStrings is a heap of wide strings, each after a length byte. An odd
// length byte is often a letter, which must not hide the string from an index.
func (g *Generator) userStrings(n int) []byte {
	return g.gather(n, func() []byte {
		text := widen([]byte(g.name() + g.name()))
		return append(append([]byte{byte(len(text) + 1)}, text...), 0)
	})
}

func (g *Generator) gather(n int, next func() []byte) []byte {
	out := make([]byte, 0, n+128)
	for len(out) < n {
		out = append(out, next()...)
	}
	return out[:n]
}

// widen puts a zero after every byte.
func widen(text []byte) []byte {
	out := make([]byte, 0, 2*len(text))
	for _, c := range text {
		out = append(out, c, 0)
	}
	return out
}
