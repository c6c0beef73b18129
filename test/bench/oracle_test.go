package main

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestMatcherAgreesWithPlainSearch checks the one pass over many probes against
// a search for each of them.
func TestMatcherAgreesWithPlainSearch(t *testing.T) {
	few := rapid.SliceOfN(rapid.ByteRange(0, 2), 0, 60)
	rapid.Check(t, func(t *rapid.T) {
		files := rapid.SliceOfN(few, 1, 5).Draw(t, "files")
		var probes []*probe
		for range rapid.IntRange(1, 8).Draw(t, "probes") {
			p := &probe{bytes: rapid.SliceOfN(rapid.ByteRange(0, 2), anchorLen, 9).Draw(t, "bytes")}
			if rapid.Bool().Draw(t, "masked") {
				p.mask = bytes.Repeat([]byte{0xff}, len(p.bytes))
				for i := anchorLen; i < len(p.bytes); i++ {
					p.mask[i] = rapid.SampledFrom([]byte{0, 0x0f, 0xf0, 0xff}).Draw(t, "mask")
					p.bytes[i] &= p.mask[i]
				}
			}
			probes = append(probes, p)
		}
		m, err := newMatcher(probes)
		if err != nil {
			t.Fatal(err)
		}
		for no, data := range files {
			m.scan(data, int32(no))
		}
		for _, p := range probes {
			var want []int32
			for no, data := range files {
				if slices.ContainsFunc(positions(data, len(p.bytes)), func(i int) bool { return p.holdsAt(data[i:]) }) {
					want = append(want, int32(no))
				}
			}
			if !slices.Equal(want, p.in) {
				t.Fatalf("%x/%x is in files %v, not %v", p.bytes, p.mask, want, p.in)
			}
		}
	})
}

func positions(data []byte, n int) (all []int) {
	for i := 0; i+n <= len(data); i++ {
		all = append(all, i)
	}
	return all
}

func TestMaskedProbe(t *testing.T) {
	p := &probe{bytes: []byte{1, 0x20, 3}, mask: []byte{0xff, 0xf0, 0xff}}
	if !p.holdsAt([]byte{1, 0x2f, 3}) || p.holdsAt([]byte{1, 0x3f, 3}) {
		t.Fatal("a nibble must count, and the other must not")
	}
	if _, ok := p.anchor(); ok {
		t.Fatal("three bytes hold no anchor")
	}
}
