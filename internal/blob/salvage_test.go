package blob

import (
	"bytes"
	"slices"
	"testing"
)

// Whatever stands in a damaged pack, only containers that were sealed here are
// found in it, each where it really is.
func FuzzSalvage(f *testing.F) {
	s, mem := testStore(f)
	first, a := stored(f, s, mem, "first blob")
	second, b := stored(f, s, mem, "second", "blob")
	pack := slices.Concat(a, b)
	deleted := bytes.Clone(pack)
	clear(deleted[wrapAt : wrapAt+wrapSize])
	for _, seed := range [][]byte{
		{},
		pack, deleted,
		slices.Concat(pack, encodeDirectory([]packed{{[idSize]byte{1}, 0, 10}, {[idSize]byte{2}, 10, 5}})),
		slices.Concat(b, []byte(footMagic), a[:len(a)-1], b, a),
		slices.Concat(a[:testHead], pack[1:], []byte(headMagic)),
		bytes.Repeat([]byte(headMagic+footMagic), 20),
		bytes.Repeat(slices.Concat(a[:testHead], []byte{0, 0, 0, 200}, []byte(footMagic)), 20),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		found, err := s.keys.salvage(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			t.Fatal(err)
		}
		end := 0
		for _, e := range found {
			if int(e.at) < end || int(e.at+e.length) > len(text) {
				t.Fatalf("%d bytes at %d, after %d", e.length, e.at, end)
			}
			end = int(e.at + e.length)
			r, err := s.read(memory{bytes.NewReader(text[e.at:end])})
			if err != nil || r.Name() != first && r.Name() != second {
				t.Fatalf("found what is no blob: %v", err)
			}
		}
	})
}

// Bytes that were made to cost time cost no more than reading them: every piece
// here starts with a header that opens, and none of them ends well.
func TestSalvageOfHostileBytes(t *testing.T) {
	s, mem := testStore(t)
	_, a := stored(t, s, mem, "blob")
	head := slices.Concat(a[:testHead], make([]byte, 150))
	for what, piece := range map[string][]byte{
		"heads":       head,
		"feet":        []byte("\x00\x7f\xff\xf0" + footMagic),
		"heads, feet": slices.Concat(head, []byte("\x00\x00\x00\x80"+footMagic)),
	} {
		text := bytes.Repeat(piece, 2*maxPackLen/len(piece))
		found, err := s.keys.salvage(bytes.NewReader(text), int64(len(text)))
		if len(found) > 0 || err != nil {
			t.Errorf("%s: found %d, %v", what, len(found), err)
		}
	}
	// What is behind the longest pack is not looked at.
	text := slices.Concat(a, make([]byte, maxPackLen+maxDirectory), a)
	if found, err := s.keys.salvage(bytes.NewReader(text), int64(len(text))); len(found) != 1 || err != nil {
		t.Errorf("found %d, %v", len(found), err)
	}
}
