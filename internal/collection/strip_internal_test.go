package collection

import (
	"database/sql/driver"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/s2"
	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/store"
)

// drawStripValue draws what columns hold: often the same again.
func drawStripValue(t *rapid.T) driver.Value {
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		return nil
	case 1:
		return rapid.Int64().Draw(t, "integer")
	case 2:
		return rapid.Int64Range(-2, 2).Draw(t, "small")
	case 3:
		return rapid.SampledFrom([]float64{0, -1.5, math.MaxFloat64, math.Inf(1)}).Draw(t, "number")
	case 4:
		return rapid.StringMatching(`[0-9a-f]{30,70}`).Draw(t, "hex")
	case 5:
		return rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
	}
	return rapid.SampledFrom([]string{"", "a", "A", "Ärger", "\x00", strings.Repeat("long ", 50)}).Draw(t, "text")
}

// TestStripsHoldWhatWasPutIn: row by row, the empty text as nothing.
func TestStripsHoldWhatWasPutIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Custom(drawStripValue), 0, 600).Draw(t, "values")
		m := newStripMaker()
		for _, v := range values {
			if err := m.add(v); err != nil {
				t.Fatal(err)
			}
		}
		var s strip
		err := s.decode(m.encode())
		if err != nil {
			t.Fatal(err)
		}
		got := make([]driver.Value, 0, len(s.rows))
		for _, n := range s.rows {
			got = append(got, s.value(n))
		}
		want := make([]driver.Value, 0, len(values))
		for _, v := range values {
			if b, ok := v.([]byte); ok {
				v = string(b)
			}
			if v == "" {
				v = nil
			}
			want = append(want, v)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
	})
}

func (s *strip) value(n uint32) driver.Value {
	switch c := s.cells[n]; c.kind {
	case cellInteger:
		return c.n
	case cellNumber:
		return c.number()
	case cellText:
		return string(c.of(s.text))
	}
	return nil
}

// TestManyValuesInAStrip: numbers of cells of each width.
func TestManyValuesInAStrip(t *testing.T) {
	for _, n := range []int64{1, 255, 256, 65535, 65536, 70000} {
		m := newStripMaker()
		for i := range n {
			if err := m.add(i * i); err != nil {
				t.Fatal(err)
			}
		}
		var s strip
		err := s.decode(m.encode())
		if err != nil || len(s.rows) != int(n) || s.value(s.rows[n-1]) != (n-1)*(n-1) {
			t.Errorf("%d values: %v", n, err)
		}
	}
}

// FuzzDecodeStrip: whatever the bytes are, they give a strip whose rows have
// cells, or are told to be damaged.
func FuzzDecodeStrip(f *testing.F) {
	m := newStripMaker()
	for _, v := range []driver.Value{nil, int64(7), 1.5, "text", strings.Repeat("ab", 16)} {
		if err := m.add(v); err != nil {
			f.Fatal(err)
		}
	}
	body, err := s2.Decode(nil, m.encode()[4:])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		packed := s2.Encode(nil, body)
		sum := checksum(packed)
		var s strip
		if err := s.decode(append([]byte{byte(sum), byte(sum >> 8), byte(sum >> 16), byte(sum >> 24)}, packed...)); err != nil {
			if !errors.Is(err, store.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		for _, n := range s.rows {
			s.value(n)
		}
	})
}

// TestDamagedStripsAreTold: any changed byte.
func TestDamagedStripsAreTold(t *testing.T) {
	m := newStripMaker()
	for i := range int64(50) {
		if err := m.add(i); err != nil {
			t.Fatal(err)
		}
	}
	whole := m.encode()
	for i := range whole {
		damaged := append([]byte(nil), whole...)
		damaged[i] ^= 0x10
		if err := new(strip).decode(damaged); !errors.Is(err, store.ErrCorrupt) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if err := new(strip).decode(nil); !errors.Is(err, store.ErrCorrupt) {
		t.Fatal(err)
	}
}
