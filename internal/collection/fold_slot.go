package collection

import (
	"bytes"
	"database/sql/driver"
	"math"
	"slices"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"
)

// A slot holds the values that one record has of one field, or whether it meets
// one condition, while the record is folded. It prepares values in the forms
// that aggregations want, and each only once.
type slot struct {
	typ  Type
	fold bool

	wantKeys, wantNumbers, wantInstants, wantHashes bool

	texts *dictionary // keys of text
	bits  *interner   // keys of everything else

	keys     []uint32
	numbers  []float64
	instants []int64
	hashes   []uint64
	lower    []byte // a text without case
	count    int
	truth    bool // of a condition
	always   bool // a condition that every record meets
}

func (s *slot) reset() {
	s.keys, s.numbers, s.instants, s.hashes = s.keys[:0], s.numbers[:0], s.instants[:0], s.hashes[:0]
	s.count, s.truth = 0, false
}

// add takes a value as columns hold it.
func (s *slot) add(v driver.Value) error {
	b := block{}
	if err := b.add([]driver.Value{v}, false); err != nil {
		return err
	}
	s.take(b.cells[0], b.text)
	return nil
}

// take takes a value of a block.
func (s *slot) take(c cell, text []byte) {
	switch c.kind {
	case cellText:
		s.text(c.of(text))
	case cellInteger:
		if s.typ == Number {
			s.float(float64(c.n))
		} else {
			s.integer(c.n)
		}
	case cellNumber:
		s.float(math.Float64frombits(uint64(c.n)))
	}
}

func (s *slot) text(v []byte) {
	s.count++
	if s.wantKeys {
		s.keys = append(s.keys, s.texts.number(v))
	}
	if s.wantHashes {
		if s.fold {
			s.lower = appendLower(s.lower[:0], v)
			v = s.lower
		}
		s.hashes = append(s.hashes, xxhash.Sum64(v))
	}
}

// appendLower is strings.ToLower without a new text for each.
func appendLower(to, v []byte) []byte {
	for _, c := range v {
		switch {
		case c >= utf8.RuneSelf:
			return append(to[:0], bytes.ToLower(v)...)
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}

func (s *slot) integer(v int64) {
	s.count++
	s.truth = v != 0
	if s.wantInstants {
		s.instants = append(s.instants, v)
	}
	if s.wantNumbers {
		s.numbers = append(s.numbers, float64(v))
	}
	s.number(uint64(v))
}

func (s *slot) float(v float64) {
	s.count++
	v += 0 // one zero, not two
	if s.wantNumbers {
		s.numbers = append(s.numbers, v)
	}
	s.number(math.Float64bits(v))
}

func (s *slot) number(bits uint64) {
	if s.wantKeys {
		s.keys = append(s.keys, s.bits.number(bits))
	}
	if s.wantHashes {
		s.hashes = append(s.hashes, mix(bits+0x9e3779b97f4a7c15))
	}
}

// finish drops values that the record has twice.
func (s *slot) finish() {
	if s.count < 2 {
		return
	}
	s.keys = unique(s.keys)
	s.numbers = unique(s.numbers)
	s.instants = unique(s.instants)
	s.hashes = unique(s.hashes)
}

func unique[T uint32 | uint64 | int64 | float64](values []T) []T {
	slices.Sort(values)
	return slices.Compact(values)
}

// An interner numbers different 64-bit values from 0.
type interner struct {
	mem    *ledger
	known  map[uint64]uint32
	values []uint64
}

func newInterner(mem *ledger) *interner {
	return &interner{mem: mem, known: map[uint64]uint32{}}
}

func (t *interner) number(bits uint64) uint32 {
	n, ok := t.known[bits]
	if !ok {
		n = uint32(len(t.values))
		t.known[bits] = n
		t.mem.take(24) // about what a map holds per entry
		t.values = grown(t.mem, t.values, len(t.values)+1, 8)
		t.values[n] = bits
	}
	return n
}
