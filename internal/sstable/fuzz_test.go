package sstable

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// around makes a table whose leaf is the given block: what a checksum of a
// damaged block that happens to hold would let through.
func around(leaf []byte, height int) []byte {
	var out bytes.Buffer
	w := NewWriter(&out, Options{})
	h, _ := w.put(leaf)
	f := footer{entries: 1, marks: 1, last: []byte("z"), data: root{h, height}, filter: root{h, height}}
	raw := f.bytes()
	_ = w.write(slices.Concat(raw, trailerBytes(w.off, raw)))
	_ = w.out.Flush()
	return out.Bytes()
}

// FuzzBlock reads arbitrary bytes as a data block, as an index block, and as a
// filter: nothing panics, hangs or is larger than it may be.
func FuzzBlock(f *testing.F) {
	var b blockBuilder
	for _, key := range []string{"a", "ab", "abc", "b"} {
		b.add([]byte(key), handle{off: headerLen, stored: 10, raw: 10}.append(nil))
	}
	f.Add(slices.Clone(b.finish()), []byte("ab"))
	f.Add([]byte{0, 1, 0, 'a', 0, 0, 0, 0, 1, 0, 0, 0}, []byte("a"))
	f.Add([]byte{255, 255, 255, 255}, []byte{})
	f.Fuzz(func(t *testing.T, leaf, key []byte) {
		if len(leaf) > maxBlock || len(leaf) == 0 {
			return
		}
		for height := range 3 {
			table := around(leaf, height)
			r, err := Open(bytes.NewReader(table), int64(len(table)), nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _, getErr := r.Get(key)
			r.MayHold(key)
			it, n := r.Scan(key, nil), 0
			for it.Next() {
				if n++; n > len(table) {
					t.Fatalf("%d entries of %d bytes", n, len(table))
				}
			}
			var damage *DamageError
			if err := errors.Join(getErr, it.Err(), Check(r)); err != nil && !errors.As(err, &damage) {
				t.Fatalf("%v is no damage", err)
			}
		}
	})
}

// FuzzTable reads arbitrary bytes as a table.
func FuzzTable(f *testing.F) {
	for _, codec := range []Compression{None, S2, Zstd} {
		table, _ := reference(f, codec)
		f.Add(table)
	}
	f.Add(around([]byte("x"), 1))
	f.Fuzz(func(t *testing.T, table []byte) {
		r, err := Open(bytes.NewReader(table), int64(len(table)), nil)
		if err == nil {
			err = Check(r)
		}
		var damage *DamageError
		if err != nil && !errors.As(err, &damage) && !errors.Is(err, ErrVersion) {
			t.Fatalf("%v is neither damage nor a newer format", err)
		}
	})
}

// FuzzFooter reads arbitrary bytes as a footer whose checksum holds.
func FuzzFooter(f *testing.F) {
	f.Add((&footer{}).bytes())
	f.Add((&footer{entries: 7, last: []byte("z"), data: root{handle{off: 16, stored: 9, raw: 9}, 1}}).bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		foot, err := parseFooter(raw, 1<<20)
		if err == nil && (foot.data.off+int64(foot.data.stored) > 1<<20 || foot.data.raw > maxBlock || foot.data.height > maxHeight) {
			t.Fatalf("%+v does not fit", foot)
		}
	})
}

// FuzzDecode decodes arbitrary bytes of each compression.
func FuzzDecode(f *testing.F) {
	raw := bytes.Repeat([]byte("some text, some text. "), 100)
	for _, codec := range []Compression{S2, Zstd} {
		e, err := newEncoder(codec)
		if err != nil {
			f.Fatal(err)
		}
		stored, _ := e.encode(raw)
		f.Add(stored, uint8(codec), len(raw))
	}
	var d decoder
	f.Fuzz(func(t *testing.T, stored []byte, codec uint8, n int) {
		if n < 0 || n > maxBlock {
			return
		}
		if got, err := d.decode(handle{raw: n, stored: len(stored), codec: Compression(codec)}, stored, nil); err == nil && len(got) != n {
			t.Fatalf("%d bytes, want %d", len(got), n)
		}
	})
}
