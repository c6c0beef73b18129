package index

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/mewshq/mews/internal/query"
)

// FuzzSearch lets the fuzzer choose the files and the query, and holds a segment
// to brute force: no file may be missed, and no occurrence may lie outside of
// the pieces. The query is a program that takes its patterns from the files.
func FuzzSearch(f *testing.F) {
	text := []byte("It was a bright cold day in April, and the clocks were striking thirteen. \x00\x00M\x00Z\x00 http://Example.TEST/x")
	noise := make([]byte, 700)
	for i := range noise {
		noise[i] = byte(i * i * 31 >> 3)
	}
	f.Add(text, []byte{1, 2, 3}, []byte{0, 0, 3, 9, 0})
	f.Add(bytes.Repeat(text, 9), []byte{0, 1, 0, 2}, []byte{1, 0, 200, 70, 0, 2, 0, 4, 12, 3, 5})
	f.Add(noise, []byte{9, 9, 9, 0, 3}, []byte{2, 1, 0, 16, 0x81, 0, 2, 0, 66, 0, 2, 0, 9, 8, 0x42, 7, 6})
	f.Add(append(noise, text...), []byte{1, 5, 0, 4}, []byte{3, 2, 188, 30, 0xFF, 0, 0, 9, 40, 1, 7, 5})
	f.Fuzz(func(t *testing.T, all, cuts, program []byte) {
		if len(all) > 20_000 || len(cuts) > 30 || len(program) > 60 {
			t.Skip()
		}
		params := smallParams()
		if len(cuts)%2 == 1 {
			params = evenParams()
		}
		var files [][]byte
		rest := all
		for _, b := range cuts {
			n := min(len(rest), 17*int(b))
			files = append(files, rest[:n])
			rest = rest[n:]
		}
		files = append(files, rest)
		plan := assemble(program, all)
		s := open(t, segmentBytes(t, params, files))
		if err := missed(files, search(t, s, plan), plan); err != nil {
			t.Fatal(err)
		}
	})
}

// assemble makes a plan: an operation below 5 pushes a pattern, the others join
// what was pushed.
func assemble(program, corpus []byte) query.Node {
	var stack []query.Node
	for len(program) > 0 {
		op := program[0] % 8
		program = program[1:]
		if op < 5 {
			if len(program) < 4 || len(corpus) == 0 {
				break
			}
			stack = append(stack, patternAt(op, program[:4], corpus))
			program = program[4:]
			continue
		}
		from := max(0, len(stack)-int(op)+2) // three to five of them
		joined := append([]query.Node{}, stack[from:]...)
		stack = stack[:from]
		switch op {
		case 5:
			stack = append(stack, query.And{Kids: joined})
		case 6:
			stack = append(stack, query.Or{Kids: joined})
		case 7:
			stack = append(stack, query.MinOf{K: 2, Kids: joined})
		}
	}
	return query.And{Kids: stack}
}

// patternAt takes bytes of the corpus and hides some of their bits.
func patternAt(op byte, arg, corpus []byte) query.Node {
	at := int(binary.BigEndian.Uint16(arg)) % len(corpus)
	b := bytes.Clone(corpus[at:min(len(corpus), at+1+int(arg[2]))])
	switch op {
	case 0:
		return query.Literal{Bytes: b}
	case 1:
		return query.Literal{Bytes: foldAll(b), Fold: true}
	}
	m := query.Masked{Bytes: b, Mask: bytes.Repeat([]byte{0xFF}, len(b))}
	for i := range b {
		if every := 1 + int(arg[3]>>4); i%every == every/2 && i > 0 && i < len(b)-1 {
			m.Mask[i] = []byte{0, 0xF0, 0x0F, 0xDF}[(int(arg[3])+i*int(op-1))%4]
		}
		b[i] &= m.Mask[i]
	}
	return m
}
