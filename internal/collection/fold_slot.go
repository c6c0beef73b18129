package collection

import (
	"database/sql/driver"
	"fmt"
	"math"
	"slices"
	"strings"

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
	count    int
	truth    bool // of a condition
	always   bool // a condition that every record meets
}

func (s *slot) reset() {
	s.keys, s.numbers, s.instants, s.hashes = s.keys[:0], s.numbers[:0], s.instants[:0], s.hashes[:0]
	s.count, s.truth = 0, false
}

// add takes a value as the driver gives it.
func (s *slot) add(v driver.Value) error {
	switch v := v.(type) {
	case nil:
	case string:
		if v != "" {
			s.text(v)
		}
	case []byte:
		if len(v) > 0 {
			s.text(string(v))
		}
	case int64:
		if s.typ == Number {
			s.float(float64(v))
		} else {
			s.integer(v)
		}
	case float64:
		s.float(v)
	default:
		return fmt.Errorf("cannot aggregate a %T", v)
	}
	return nil
}

func (s *slot) text(v string) {
	s.count++
	if s.wantKeys {
		s.keys = append(s.keys, s.texts.number(v))
	}
	if s.wantHashes {
		if s.fold {
			v = strings.ToLower(v)
		}
		s.hashes = append(s.hashes, xxhash.Sum64String(v))
	}
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
