package index

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/mewshq/mews/internal/query"
)

// tester is what *testing.T and *rapid.T have in common.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// testBox seals with a nonce made of what it seals, so that equal input gives
// equal bytes. It is no box for real use.
type testBox struct{ cipher.AEAD }

func newTestBox(t tester) cipher.AEAD {
	t.Helper()
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return testBox{gcm}
}

func (b testBox) NonceSize() int { return 0 }

func (b testBox) Seal(dst, _, plain, extra []byte) []byte {
	sum := sha256.Sum256(append(bytes.Clone(plain), extra...))
	nonce := sum[:b.AEAD.NonceSize()]
	return b.AEAD.Seal(append(dst, nonce...), nonce, plain, extra)
}

func (b testBox) Open(dst, _, sealed, extra []byte) ([]byte, error) {
	n := b.AEAD.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("%d bytes are no sealed chunk", len(sealed))
	}
	return b.AEAD.Open(dst, sealed[:n], sealed[n:], extra)
}

// plainBox seals nothing, so that a fuzzer reaches what is sealed.
type plainBox struct{}

func (plainBox) NonceSize() int { return 0 }
func (plainBox) Overhead() int  { return 0 }

func (plainBox) Seal(dst, _, plain, _ []byte) []byte { return append(dst, plain...) }

func (plainBox) Open(dst, _, sealed, _ []byte) ([]byte, error) { return append(dst, sealed...), nil }

// smallParams make columns of a few hundred bytes, so that small data has cuts,
// packed columns, both classes and unfilled columns.
func smallParams() Params {
	return Params{
		Classes: []Class{
			{Short: 512, Middle: 300, Long: 280, Limit: 200},
			{Short: 768, Middle: 460, Long: 280, Limit: 226, Enter: 180},
		},
		Step: 80, Overlap: 64, MaxColumn: 800, Probe: 240, MaxFilled: 4000,
		Region: 256, Open: 3, SealColumns: 100, SealBytes: 1 << 20,
	}
}

// evenParams are small ones with filters that fill fast, and two classes that
// differ in the short filter only.
func evenParams() Params {
	p := smallParams()
	p.Classes = []Class{
		{Short: 512, Middle: 256, Long: 256, Limit: 190},
		{Short: 1024, Middle: 256, Long: 256, Limit: 210, Enter: 180},
	}
	return p
}

func slice(s *Slicer, data []byte, chunk int) *Doc {
	for len(data) > 0 {
		n, _ := s.Next(data[:min(chunk, len(data))])
		data = data[n:]
	}
	return s.Finish()
}

func fileOf(no int, data []byte) File {
	return File{Seq: uint64(no + 1), SHA256: sha256.Sum256(data), Size: int64(len(data)), Type: []string{"pe32", "text", "elf64"}[no%3]}
}

func segmentBytes(t tester, p Params, corpus [][]byte) []byte {
	t.Helper()
	return sealedBytes(t, p, corpus, newTestBox(t))
}

func sealedBytes(t tester, p Params, corpus [][]byte, box cipher.AEAD) []byte {
	t.Helper()
	b, s := NewBuilder(p, box), NewSlicer(p)
	for i, data := range corpus {
		if err := b.Add(fileOf(i, data), slice(s, data, 1000)); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	n, err := b.WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatalf("wrote %d of %d bytes: %v", n, out.Len(), err)
	}
	return out.Bytes()
}

func open(t tester, b []byte) *Segment {
	t.Helper()
	s, err := OpenSegment(bytes.NewReader(b), int64(len(b)), newTestBox(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func search(t tester, s *Segment, plan query.Node) []Hit {
	t.Helper()
	hits, err := s.Search(context.Background(), Compile(plan), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return hits
}

// view shows a file to query.Match.
type view struct {
	data []byte
	file File
}

func (v view) Seq() uint64  { return v.file.Seq }
func (v view) Size() uint64 { return uint64(len(v.data)) }
func (v view) Type() string { return v.file.Type }
func (v view) Head() []byte { return v.data[:min(len(v.data), query.HeadLen)] }
func (v view) Digest(algo string) []byte {
	if algo == "sha256" {
		return v.file.SHA256[:]
	}
	return nil
}

func (v view) Contains(p query.Pattern) (bool, error) {
	return len(occurrences(v.data, p)) > 0, nil
}

// occurrences returns where p begins in data.
func occurrences(data []byte, p query.Pattern) []int {
	if m, ok := p.(query.Masked); ok {
		return maskedOccurrences(data, m)
	}
	lit := p.(query.Literal)
	b := slices.Clone(lit.Bytes)
	if lit.Fold {
		data, b = foldAll(data), foldAll(b)
	}
	var out []int
	for at := 0; at+len(b) <= len(data); at++ {
		k := bytes.Index(data[at:], b)
		if k < 0 {
			break
		}
		at += k
		out = append(out, at)
	}
	return out
}

func maskedOccurrences(data []byte, m query.Masked) []int {
	var out []int
	for at := 0; at+len(m.Bytes) <= len(data); at++ {
		i := 0
		for i < len(m.Bytes) && data[at+i]&m.Mask[i] == m.Bytes[i] {
			i++
		}
		if i == len(m.Bytes) {
			out = append(out, at)
		}
	}
	return out
}

func foldAll(b []byte) []byte {
	b = bytes.Clone(b)
	for i, c := range b {
		b[i] = foldByte(c)
	}
	return b
}

// missed reports what a search should have found and did not: files, and
// occurrences of literals outside the pieces.
func missed(corpus [][]byte, hits []Hit, plan query.Node) error {
	byFile := map[int]Hit{}
	for _, h := range hits {
		byFile[h.FileNo] = h
	}
	for no, data := range corpus {
		want, err := query.Match(plan, view{data, fileOf(no, data)})
		if err != nil {
			return err
		}
		h, ok := byFile[no]
		if want && !ok {
			return fmt.Errorf("file %d (%d bytes) is missed by %s", no, len(data), plan)
		}
		if !ok {
			continue
		}
		cols := h.Cols()
		for i, leaf := range query.Leaves(plan) {
			if p, ok := leaf.(query.Pattern); ok && p.Len() > 0 {
				if err := outside(data, p, cols[i]); err != nil {
					return fmt.Errorf("file %d, %s: %w", no, p, err)
				}
			}
		}
	}
	return nil
}

// outside reports an occurrence whose start lies in no piece.
func outside(data []byte, p query.Pattern, pieces []Piece) error {
	span := int64(min(p.Len(), 65))
	for _, at := range occurrences(data, p) {
		at := int64(at)
		if !slices.ContainsFunc(pieces, func(p Piece) bool { return p.Off <= at && at+span <= p.Off+p.Len }) {
			return fmt.Errorf("occurrence at %d is outside of %v", at, pieces)
		}
	}
	return nil
}
